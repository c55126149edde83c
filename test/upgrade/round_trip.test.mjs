// Upgrades and downgrades, shown on a next version that is made here, by the Makefile's own rules, from the
// tree as it is: one more column, one more function, another one changed. Whatever way a database came to a
// version, it is that version.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { atExit, Cluster, repository } from "../http/support/cluster.mjs";
import { freshEmail, freshPassword } from "../http/support/client.mjs";
import { assertSame, fingerprint } from "../http/support/fingerprint.mjs";
import { runGateway, startGateway } from "../http/support/gateway.mjs";

const run = promisify(execFile);
const current = /^default_version = '(.*)'/m.exec(
  readFileSync(join(repository, "control/auth_api.control"), "utf8"),
)[1];
const next = "99.0";
const cluster = await Cluster.create();
after(() => cluster.destroy());
await installNextVersion();

// Builds the next version's scripts in a copy of the sources and adds them to the cluster's own copy of the
// extension.
async function installNextVersion() {
  const tree = mkdtempSync(join(tmpdir(), "auth-api-next-"));
  atExit(() => rmSync(tree, { recursive: true }));
  for (const path of ["Makefile", "sql", "control"])
    cpSync(join(repository, path), join(tree, path), { recursive: true });
  const edit = (path, change) => {
    const before = readFileSync(join(tree, path), "utf8");
    const afterwards = change(before);
    assert.notEqual(afterwards, before, `${path} is not what this test expects`);
    writeFileSync(join(tree, path), afterwards);
  };
  mkdirSync(join(tree, "sql/upgrade"), { recursive: true });
  await run("make", ["--directory", tree, "freeze"]);
  edit("control/auth_api.control", (text) => text.replace(`'${current}'`, `'${next}'`));
  edit("sql/tables/32-projects.sql", (text) =>
    text.replace(
      /(updated_at timestamptz NOT NULL DEFAULT now\(\),\n)/,
      "$1  colour text NOT NULL DEFAULT 'grey',\n",
    ),
  );
  writeFileSync(
    join(tree, "sql/functions/99-colours.sql"),
    "CREATE OR REPLACE FUNCTION auth.default_colour() RETURNS text LANGUAGE sql AS $$ SELECT 'grey' $$;\n",
  );
  edit("sql/functions/33-logout.sql", (text) => text.replaceAll("Successfully logged out", "Logged out"));
  writeFileSync(
    join(tree, `sql/upgrade/${current}--${next}.sql`),
    "ALTER TABLE @extschema@.projects ADD COLUMN colour text NOT NULL DEFAULT 'grey';\n",
  );
  writeFileSync(
    join(tree, `sql/upgrade/${next}--${current}.sql`),
    "ALTER TABLE @extschema@.projects DROP COLUMN colour;\nDROP FUNCTION auth.default_colour();\n",
  );
  const scripts = [
    `auth_api--${next}.sql`,
    `auth_api--${current}--${next}.sql`,
    `auth_api--${next}--${current}.sql`,
  ];
  await run("make", ["--directory", tree, ...scripts.map((name) => `build/${name}`)]);
  for (const name of scripts) install(join(tree, "build", name), name);
  install(join(tree, "control/auth_api.control"), "auth_api.control");
}

function install(from, name) {
  const to = join(cluster.extensionDirectory, name);
  copyFileSync(from, to);
  chmodSync(to, 0o644);
}

// A database with the extension at `version`, then taken through `steps`.
async function databaseAt(version, ...steps) {
  const database = await cluster.createDatabase({ extension: false });
  await database.asUser(async (session) => {
    await session.query(`CREATE EXTENSION auth_api VERSION '${version}'`);
    for (const step of steps) await session.query(`ALTER EXTENSION auth_api UPDATE TO '${step}'`);
  });
  return database;
}

const freshCurrent = await fingerprint(await databaseAt(current));
const freshNext = await fingerprint(await databaseAt(next));

test("the next version differs from this one, or nothing here could fail", () => {
  assert.notDeepEqual(freshNext, freshCurrent);
});

test("a fresh installation and an upgraded one are equal", async () => {
  assertSame(await fingerprint(await databaseAt(current, next)), freshNext);
});

test("a downgraded one equals a fresh installation of the older version", async () => {
  assertSame(await fingerprint(await databaseAt(next, current)), freshCurrent);
});

test("there and back and there again changes nothing", async () => {
  assertSame(await fingerprint(await databaseAt(current, next, current, next)), freshNext);
});

test("users, sessions and their tokens live through an upgrade and a downgrade under a running gateway", async () => {
  const database = await databaseAt(current);
  const gateway = await startGateway(database);
  try {
    const user = await gateway.client.newUser();
    for (const version of [next, current]) {
      await database.asUser((session) => session.query(`ALTER EXTENSION auth_api UPDATE TO '${version}'`));
      assert.equal((await gateway.client.me(user.access_token)).body.email, user.email);
      assert.equal((await gateway.client.login(user.email, user.password)).status, 200);
      assert.equal((await gateway.client.register(freshEmail(), freshPassword())).status, 201);
    }
    assert.equal((await gateway.client.refresh(user.refresh_token)).status, 200);
  } finally {
    await gateway.stop();
  }
});

test("auth-gateway migrate does the same, and says where it is", async () => {
  const database = await cluster.createDatabase({ extension: false });
  const migrate = async (...words) => {
    const result = await runGateway(["migrate", ...words], { SQLALCHEMY_DATABASE_URL: database.url() });
    assert.equal(result.code, 0, `migrate ${words.join(" ")}: ${result.stderr}`);
    return result.stdout;
  };
  await migrate("upgrade", current);
  assert.ok((await migrate("current")).includes(current));
  await migrate("upgrade");
  assert.ok((await migrate("current")).includes(next));
  assertSame(await fingerprint(database), freshNext, "upgraded to the head");
  const history = await migrate("history");
  assert.ok(history.indexOf(current) < history.indexOf(next) && history.includes(current), history);
  await migrate("downgrade", "-1");
  assert.ok((await migrate("current")).includes(current));
  assertSame(await fingerprint(database), freshCurrent, "downgraded by one");
  await migrate("upgrade", "head");
  await migrate("downgrade", current);
  assertSame(await fingerprint(database), freshCurrent, "downgraded by name");
});

test("auth-gateway migrate refuses a version that there is not, changes nothing and says so", async () => {
  const database = await databaseAt(current);
  for (const words of [
    ["upgrade", "98.7"],
    ["downgrade", "0.1"],
    ["downgrade", "-5"],
    ["upgrade", "'; DROP TABLE users"],
  ]) {
    const { code, stderr } = await runGateway(["migrate", ...words], {
      SQLALCHEMY_DATABASE_URL: database.url(),
    });
    assert.notEqual(code, 0, words.join(" "));
    assert.ok(stderr.length > 10);
  }
  assertSame(await fingerprint(database), freshCurrent);
});
