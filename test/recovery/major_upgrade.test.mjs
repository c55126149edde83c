// pg_upgrade carries everything over, by the command of docs/backups-and-upgrades.md: no table keeps an OID, which is
// the one thing that does not survive it. From 15 to 15, the one version that there is an extension for.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { after, test } from "node:test";
import { Cluster, Database, documentedNames } from "../http/support/cluster.mjs";
import { freshEmail, freshPassword } from "../http/support/client.mjs";
import { assertSame, fingerprint } from "../http/support/fingerprint.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { commandsOf, runAsServer } from "../http/support/page.mjs";

const [from, to] = await Promise.all([Cluster.create(), Cluster.create()]);
const database = await from.createDatabase({ like: documentedNames });
// But for what pg_upgrade writes anew: how a view's text is cast, which privileges were there when the extension was
// made, and whose the extension is (its own user's).
const carried = async (of) =>
  (await fingerprint(of))
    .filter((line) => !/^(view|privilege \| initial) /.test(line))
    .map((line) => line.replaceAll(/<installer>|auth_user|\bpostgres\b/g, "<administrator>"))
    .sort();
after(() => Promise.all([from.destroy(), to.destroy()]));

test("no column of any table holds an OID", async () => {
  const rows = await database.query(`
    SELECT attrelid::regclass || '.' || attname AS column
      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
     WHERE relnamespace IN ('auth'::regnamespace, 'public'::regnamespace) AND relkind = 'r' AND attnum > 0
       AND (atttypid = 'oid'::regtype OR format_type(atttypid, NULL) ~ '^(oid|reg[a-z]+|xid|cid|tid)(\\[\\])?$')`);
  assert.deepEqual(rows, []);
});

test("after pg_upgrade the database has the same fingerprint, and old passwords and tokens are good", async () => {
  const old = await startGateway(database);
  const user = await old.client.newUser();
  await database.asSuperuser((session) =>
    session.query(`
      CREATE FUNCTION public.greet() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"hello": "world"}'::jsonb $$;
      INSERT INTO auth.routes (method, path, function, success_status, lane, summary)
      VALUES ('GET', '/hello', 'public.greet', 200, 'call', 'Greets')`),
  );
  const before = await carried(database);
  await old.stop();
  await Promise.all([from.stop(), to.stop()]);
  copyFileSync(from.keyFile, to.keyFile);
  await runAsServer(to, commandsOf("backups-and-upgrades.md", "A new major version of PostgreSQL"), {
    OLD_BIN: from.binDirectory,
    NEW_BIN: to.binDirectory,
    OLD_DATA: from.dataDirectory,
    NEW_DATA: to.dataDirectory,
    OLD_CONFIG: from.configFile,
    NEW_CONFIG: to.configFile,
  });
  await to.start();
  const carriedOver = new Database(to, database.name, database.user, database.password);
  assertSame(await carried(carriedOver), before);
  const gateway = await startGateway(carriedOver);
  try {
    assert.equal((await gateway.client.login(user.email, user.password)).status, 200);
    assert.equal((await gateway.client.me(user.access_token)).body.email, user.email);
    assert.equal((await gateway.client.refresh(user.refresh_token)).status, 200);
    assert.deepEqual((await gateway.client.get("/hello")).body, { hello: "world" });
    assert.equal((await gateway.client.register(freshEmail(), freshPassword())).status, 201);
    await carriedOver.query("ALTER EXTENSION auth_api UPDATE");
  } finally {
    await gateway.stop();
  }
});
