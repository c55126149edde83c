// A backup is worth what a restore makes of it: the dump of a used system, restored by the commands of
// docs/backups-and-upgrades.md into a fresh cluster that has the same key file, is that system.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Cluster, documentedNames } from "../http/support/cluster.mjs";
import { freshEmail, freshPassword } from "../http/support/client.mjs";
import { assertSame, fingerprint } from "../http/support/fingerprint.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { commandsOf, runAsServer } from "../http/support/page.mjs";

const page = "backups-and-upgrades.md";
const [source, target] = await Promise.all([Cluster.create(), Cluster.create()]);
const names = { BACKUPS: join(source.directory, "backups") };
const database = await source.createDatabase({ like: documentedNames });
const user = await usedSystem();
await runAsServer(source, commandsOf(page, "A dump"), names);

// The key file is in place before the server of the restored database starts.
await target.stop();
copyFileSync(source.keyFile, target.keyFile);
await target.start();
const restored = await target.createDatabase({ like: database });
await runAsServer(target, commandsOf(page, "Restoring a dump"), names);
const gateway = await startGateway(restored);
const { client } = gateway;
after(async () => {
  await gateway.stop();
  await Promise.all([source.destroy(), target.destroy()]);
});

// A system with something in every corner that a dump could forget.
async function usedSystem() {
  const before = await startGateway(database);
  try {
    const made = await before.client.newUser();
    await database.query("SELECT auth.rotate_signing_key()");
    await database.query("SELECT auth.set_setting('access_token_seconds', '1200')");
    await database.asSuperuser((session) =>
      session.query(`
      CREATE FUNCTION public.greet() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"hello": "world"}'::jsonb $$;
      INSERT INTO auth.routes (method, path, function, success_status, lane, summary)
      VALUES ('GET', '/hello', 'public.greet', 200, 'call', 'Greets');
      INSERT INTO organizations (name) VALUES ('Umbrella');
      INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
      SELECT ${made.id}, id, 'organization', 'admin' FROM organizations;
      UPDATE user_role_assignments SET role = 'viewer'`),
    );
    return made;
  } finally {
    await before.stop();
  }
}

test("the old password logs in", async () => {
  assert.equal((await client.login(user.email, user.password)).status, 200);
});

test("an access token from before the dump is still good", async () => {
  const { status, body } = await client.me(user.access_token);
  assert.equal(status, 200);
  assert.equal(body.email, user.email);
});

test("a refresh token from before the dump is still good", async () => {
  const { status, body } = await client.refresh(user.refresh_token);
  assert.equal(status, 200);
  assert.equal((await client.me(body.access_token)).body.id, user.id);
});

test("settings, the operator's own route and the other tables' rows are there", async () => {
  assert.equal(
    (await restored.query("SELECT auth.setting('access_token_seconds') AS value"))[0].value,
    "1200",
  );
  assert.deepEqual((await client.get("/hello")).body, { hello: "world" });
  assert.equal((await restored.query("SELECT name FROM organizations"))[0].name, "Umbrella");
});

test("roles and their history are what they were, and restoring them is no part of it", async () => {
  for (const table of ["user_role_assignments", "auth.role_history", "auth.belonging_history"]) {
    const rows = `SELECT to_jsonb(t)::text AS row FROM ${table} AS t ORDER BY 1`;
    const kept = await restored.query(rows);
    assert.deepEqual(kept, await database.query(rows));
    assert.ok(kept.length > 0, table);
  }
});

test("the next user's id follows those that are taken", async () => {
  const { status, body } = await client.register(freshEmail(), freshPassword());
  assert.equal(status, 201);
  assert.ok(body.id > user.id);
});

test("a restored database and the one that was dumped have one fingerprint", async () => {
  assertSame(await fingerprint(restored), await fingerprint(database));
});
