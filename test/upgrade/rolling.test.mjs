// Upgrades and downgrades while gateways of both versions serve, side by side and under load: every answer is right, no
// acknowledged write is lost, and the way back works. A 503 with Retry-After would be allowed; it is counted and told.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Cluster } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { Ledger, Person } from "../kills/load.mjs";
import { current, databaseAt, gatewayOf, installNextVersion, next, pairs } from "./versions.mjs";

const cluster = await Cluster.create();
after(() => cluster.destroy());
await installNextVersion(cluster);

for (const [older, newer] of pairs) {
  test(`${older} to ${newer} and back, twice, under load`, async (t) => {
    // The next version exists as SQL only; this tree's gateway is the gateway of both.
    const program = newer === next ? undefined : gatewayOf(older);
    if (!program && newer !== next) {
      const warning = `THE GATEWAY OF VERSION ${older} COULD NOT BE BUILT HERE (build/released/${older}.log says why): ` +
        "this tree's gateway takes its place, so this run does NOT show that both versions serve side by side";
      console.error(`\n!!! ${warning}\n`);
      t.diagnostic(warning);
    }
    const database = await databaseAt(cluster, older);
    await database.query("SELECT auth.set_setting('refresh_grace_seconds', '60')");
    const [olderGateway, newerGateway] = await Promise.all([
      startGateway(database, program ? { program } : {}),
      startGateway(database),
    ]);
    const places = [
      { name: `the gateway of ${older}`, client: olderGateway.client, isDisturbed: false },
      { name: `the gateway of ${newer}`, client: newerGateway.client, isDisturbed: false },
    ];
    const ledger = new Ledger();
    const people = [];
    const everybodyServed = async () => {
      const begin = performance.now();
      await until(
        "everybody to be served by both",
        () =>
          ledger.mistakes.length > 0 ||
          people.every((person) => places.every((place) => person.servedSince(begin, place))),
        { deadline: 60_000 },
      );
      assert.deepEqual(ledger.mistakes, []);
    };
    try {
      for (let count = 0; count < 6; count++)
        people.push(new Person(await olderGateway.client.newUser(), places, Math.random, ledger));
      people.forEach((person) => person.start());
      await everybodyServed();
      for (const version of [newer, older, newer, older]) {
        const begin = performance.now();
        await database.asUser((session) => session.query(`ALTER EXTENSION auth_api UPDATE TO '${version}'`));
        t.diagnostic(`to ${version}: ${(performance.now() - begin).toFixed(0)} ms`);
        await everybodyServed();
        for (const { client } of places) {
          const { status, body } = await client.get("/api/health");
          assert.equal(status, 200);
          assert.equal(body.database.extension_version, version);
        }
      }
    } finally {
      await Promise.all(people.map((person) => person.leave()));
      for (const gateway of [olderGateway, newerGateway]) assert.equal(await gateway.stop(), 0);
    }
    assert.deepEqual(ledger.mistakes, []);
    await ledger.assertKept(database);
    t.diagnostic(`answers ${JSON.stringify(ledger.counts)}, refusals ${JSON.stringify(ledger.refusals)}`);
  });
}

test("a long transaction holds up the update and nobody else", async () => {
  const database = await databaseAt(cluster, current);
  const gateway = await startGateway(database);
  const user = await gateway.client.newUser();
  const dump = await database.connectSuperuser();
  await dump.query("BEGIN");
  await dump.query("LOCK TABLE users IN ACCESS SHARE MODE"); // as pg_dump does, for as long as it takes
  let isUpdated = false;
  const update = database
    .asUser((session) => session.query(`ALTER EXTENSION auth_api UPDATE TO '${next}'`))
    .then(() => (isUpdated = true));
  try {
    await until("the update to wait", async () =>
      (await dump.query("SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")).rows.length > 0);
    for (let turn = 0; turn < 5; turn++) {
      assert.equal((await gateway.client.me(user.access_token)).status, 200);
      assert.equal((await gateway.client.login(user.email, user.password)).status, 200);
    }
    assert.equal(isUpdated, false);
  } finally {
    await dump.query("COMMIT");
    await dump.end();
    await update;
    await gateway.stop();
  }
});
