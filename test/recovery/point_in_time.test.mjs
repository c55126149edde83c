// A base backup and the archived log lead back to the second before a bad change, by the commands of
// docs/backups-and-upgrades.md: what was there then is there again, what came later is not, and people log in.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { Cluster, documentedNames } from "../http/support/cluster.mjs";
import { freePort, startGateway } from "../http/support/gateway.mjs";
import { commandsOf, runAsServer } from "../http/support/page.mjs";
import { until } from "../http/support/poll.mjs";

const page = "backups-and-upgrades.md";
const cluster = await Cluster.create();
const names = {
  CONFIG: cluster.configFile,
  BACKUPS: join(cluster.directory, "backups"),
  RECOVERED: join(cluster.directory, "recovered"),
  SPARE_PORT: String(await freePort()),
};
const [archive, baseBackup] = commandsOf(page, "Archiving, for a recovery to any second");
const [recover, takeOver] = commandsOf(page, "To the second before a bad change");
const database = await cluster.createDatabase({ like: documentedNames });
const gateway = await startGateway(database);
after(async () => {
  await runAsServer(cluster, [`pg_ctl stop --silent --mode=immediate --pgdata="$RECOVERED" || true`], names);
  await gateway.stop();
  await cluster.destroy();
});

await runAsServer(cluster, [archive], names);
await cluster.stop();
await cluster.start();
await until("service to return", async () => (await gateway.client.get("/api/health")).status === 200);
const early = await gateway.client.newUser("early");
await runAsServer(cluster, [baseBackup], names);
const later = await gateway.client.newUser("later"); // only the archived log knows this one
const [{ before }] = await database.query("SELECT clock_timestamp()::text AS before");
await database.query("DELETE FROM users");
const latest = await gateway.client.newUser("latest");

const login = (client, user) => client.login(user.email, user.password).then(({ status }) => status);

test("a server unpacked beside the shared one serves what was there before the change, and only that", async () => {
  assert.equal(await login(gateway.client, early), 401, "the change was bad");
  await runAsServer(cluster, [recover], { ...names, BEFORE: before });
  const beside = await startGateway(database.url(names.SPARE_PORT));
  try {
    assert.equal(await login(beside.client, early), 200);
    assert.equal(await login(beside.client, later), 200);
    assert.equal(await login(beside.client, latest), 401);
    assert.equal((await beside.client.me(early.access_token)).body.email, early.email);
    assert.equal((await beside.client.refresh(later.refresh_token)).status, 200);
  } finally {
    await beside.stop();
  }
});

test("it becomes the present database while the gateway, never restarted, waits for it", async () => {
  await runAsServer(cluster, [takeOver], names);
  await until("service to return", async () => (await gateway.client.get("/api/health")).status === 200);
  assert.equal(await login(gateway.client, early), 200);
  assert.equal(await login(gateway.client, later), 200);
  assert.equal(await login(gateway.client, latest), 401);
  assert.equal((await gateway.client.newUser()).id > later.id, true);
  const kept = await database.query("SELECT FROM pg_database WHERE datname = 'auth_db_damaged'");
  assert.equal(kept.length, 1, "the damaged database is kept");
});
