// Who may do what in the database, enumerated from the catalog, so that a new object cannot slip by.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startSystem } from "./support/system.mjs";

const { database } = await startSystem();

test("auth_gateway can read and write no table, column or sequence", async () => {
  const rows = await database.query(`
    SELECT c.oid::regclass AS relation, privilege
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
         unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) privilege
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema')
      AND (has_table_privilege('auth_gateway', c.oid, privilege)
           OR (privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
               AND has_any_column_privilege('auth_gateway', c.oid, privilege)))
    UNION ALL
    SELECT c.oid::regclass, privilege
    FROM pg_class c, unnest('{USAGE,SELECT,UPDATE}'::text[]) privilege
    WHERE c.relkind = 'S' AND has_sequence_privilege('auth_gateway', c.oid, privilege)`);
  assert.deepEqual(rows, []);
});

test("PUBLIC can execute no function of the extension, use no schema and read no table", async () => {
  const members = `
    FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'auth_api')`;
  const [{ functions }] = await database.query(
    `SELECT count(*)::int AS functions ${members} AND d.classid = 'pg_proc'::regclass`,
  );
  assert.ok(functions >= 30, `only ${functions} functions`);
  const open = await database.query(
    `
    SELECT p.oid::regprocedure AS object FROM pg_proc p,
      LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
    WHERE acl.grantee = 0 AND p.oid IN (SELECT objid ${members} AND classid = 'pg_proc'::regclass)
    UNION ALL
    SELECT c.oid::regclass FROM pg_class c, LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
    WHERE acl.grantee = 0 AND c.oid IN (SELECT objid ${members} AND classid = 'pg_class'::regclass)
    UNION ALL
    SELECT n.nspname FROM pg_namespace n, LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl
    WHERE acl.grantee = 0 AND n.nspname = 'auth'`.replace(/oid::reg(procedure|class)/g, "oid::reg$1::text"),
  );
  assert.deepEqual(open, []);
});

test("auth_gateway may execute what routes name, and nothing that would hand out a session or a key", async () => {
  const routed = new Set(
    (await database.query("SELECT DISTINCT function FROM auth.routes")).map((row) => row.function),
  );
  const executable = await database.query(`
    SELECT p.pronamespace::regnamespace || '.' || p.proname AS name FROM pg_proc p
    WHERE p.pronamespace = 'auth'::regnamespace AND has_function_privilege('auth_gateway', p.oid, 'EXECUTE')`);
  const beyond = executable
    .map(({ name }) => name)
    .filter((name) => !routed.has(name))
    .sort();
  for (const name of beyond) {
    assert.doesNotMatch(name, /issue_|hash|seal|open_|generate|rotate|create_superuser|setting|random/, name);
  }
  for (const name of routed)
    assert.ok(
      executable.some((row) => row.name === name),
      `${name} is not executable`,
    );
});

test("the login role reads no user, hash, key or token", async () => {
  await database.asUser(async (session) => {
    const { rows } = await session.query(`
      SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS name FROM pg_class c
      JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e'
      WHERE relkind IN ('r', 'p') AND nspname IN ('auth', 'public')`);
    assert.ok(rows.length >= 14);
    for (const { name } of rows) await assert.rejects(session.query(`SELECT FROM ${name}`), { code: "42501" });
  });
});
