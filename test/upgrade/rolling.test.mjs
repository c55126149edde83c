// Upgrades and downgrades while gateways of both versions serve, side by side and under load: every answer is right, no
// acknowledged write is lost, and the way back works. A 503 with Retry-After would be allowed; it is counted and told.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Cluster } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { Ledger, Person } from "../kills/load.mjs";
import { databaseAt, gatewayOf, installNextVersion, next, pairs } from "./versions.mjs";

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
    for (let count = 0; count < 6; count++)
      people.push(new Person(await olderGateway.client.newUser(), places, Math.random, ledger));
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
    people.forEach((person) => person.start());
    try {
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
    t.diagnostic(`answers ${JSON.stringify(ledger.counts)}`);
  });
}
