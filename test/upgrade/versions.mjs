// The versions that upgrades and downgrades are tested between: every released one and this tree's, and this tree's and a
// next one that is made here, by the Makefile's own rules: one more column, one more function, another one changed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { atExit, repository } from "../http/support/cluster.mjs";

const run = promisify(execFile);
export const current = /^default_version = '(.*)'/m.exec(
  readFileSync(join(repository, "control/auth_api.control"), "utf8"),
)[1];
export const next = "99.0";

const releasedDirectory = join(repository, "sql/released");
export const released = (existsSync(releasedDirectory) ? readdirSync(releasedDirectory) : []).filter(
  (version) => version !== current,
);

// [older, newer], each with a way there and back.
export const pairs = [...released.map((version) => [version, current]), [current, next]];

// Builds the next version's scripts in a copy of the sources and adds them to the cluster's own copy of the
// extension.
export async function installNextVersion(cluster) {
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
  edit("sql/tables/20-users.sql", (text) =>
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
    "ALTER TABLE @extschema@.users ADD COLUMN colour text NOT NULL DEFAULT 'grey';\n",
  );
  writeFileSync(
    join(tree, `sql/upgrade/${next}--${current}.sql`),
    "ALTER TABLE @extschema@.users DROP COLUMN colour;\nDROP FUNCTION auth.default_colour();\n",
  );
  const install = (from, name) => {
    const to = join(cluster.extensionDirectory, name);
    copyFileSync(from, to);
    chmodSync(to, 0o644);
  };
  const scripts = [
    `auth_api--${next}.sql`,
    `auth_api--${current}--${next}.sql`,
    `auth_api--${next}--${current}.sql`,
  ];
  await run("make", ["--directory", tree, ...scripts.map((name) => `build/${name}`)]);
  for (const name of scripts) install(join(tree, "build", name), name);
  install(join(tree, "control/auth_api.control"), "auth_api.control");
}

// A database of `cluster` with the extension at `version`, then taken through `steps`.
export async function databaseAt(cluster, version, ...steps) {
  const database = await cluster.createDatabase({ extension: false });
  await database.asUser(async (session) => {
    await session.query(`CREATE EXTENSION auth_api VERSION '${version}'`);
    for (const step of steps) await session.query(`ALTER EXTENSION auth_api UPDATE TO '${step}'`);
  });
  return database;
}

// The gateway that served that version, where test/upgrade/older-gateways.sh could build it; undefined elsewhere.
export function gatewayOf(version) {
  const program = join(repository, "build/released", version, "build/auth-gateway");
  return existsSync(program) ? program : undefined;
}
