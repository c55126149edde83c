// Where the URL and its password may come from: the environment, a file for either, a passfile, a service, a
// Unix socket. Each leads to the same database, and no message ever shows the password.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Cluster } from "../http/support/cluster.mjs";
import { runGateway, startGateway } from "../http/support/gateway.mjs";

const owned = !process.env.AUTH_API_TEST_CLUSTER;
const cluster = await Cluster.shared();
const database = await cluster.createDatabase();
const { name, user, password } = database;
const directory = mkdtempSync(join(tmpdir(), "auth-api-secrets-"));
after(async () => {
  rmSync(directory, { recursive: true });
  if (owned) await cluster.destroy();
});
const file = (title, content) => {
  const path = join(directory, title);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

const place = `127.0.0.1:${cluster.port}`;
const withoutPassword = `postgresql://${user}@${place}/${name}`;
const passfile = file("pgpass", `${place}:${name}:${user}:${password}\n`);
const services = file(
  "services.conf",
  `[auth]\nhost=localhost\nport=${cluster.port}\ndbname=${name}\nuser=${user}\npassword=${password}\n` +
    "options=-c work_mem=5MB\n",
);

const ways = {
  "a URL": { SQLALCHEMY_DATABASE_URL: database.url() },
  "a URL under its other name": { DATABASE_URL: database.url() },
  "a URL with a driver's name, as SQLAlchemy wants it": {
    DATABASE_URL: database.url().replace("postgresql:", "postgresql+asyncpg:"),
  },
  "a file that holds the URL": { SQLALCHEMY_DATABASE_URL_FILE: file("url", `${database.url()}\n`) },
  "a file that holds the other URL": { DATABASE_URL_FILE: file("url-without-line-end", database.url()) },
  PGPASSWORD: { DATABASE_URL: withoutPassword, PGPASSWORD: password },
  "a file that holds the password": {
    DATABASE_URL: withoutPassword,
    PGPASSWORD_FILE: file("password", `${password}\n`),
  },
  "a password in the URL, whatever the file says": {
    DATABASE_URL: database.url(),
    PGPASSWORD_FILE: file("other", "wrong"),
  },
  "a passfile": { DATABASE_URL: `${withoutPassword}?passfile=${passfile}` },
  "a passfile by PGPASSFILE": { DATABASE_URL: withoutPassword, PGPASSFILE: passfile },
  "a service": { DATABASE_URL: "postgresql://?service=auth", PGSERVICEFILE: services },
  "libpq's variables": {
    DATABASE_URL: "postgresql://",
    PGHOST: "127.0.0.1",
    PGPORT: String(cluster.port),
    PGUSER: user,
    PGDATABASE: name,
    PGPASSWORD: password,
  },
  "a Unix socket": {
    DATABASE_URL: `postgresql://${user}:${password}@/${name}?host=${cluster.socketDirectory}&port=${cluster.port}`,
  },
  "a Unix socket in the host's place": {
    DATABASE_URL: `postgresql://${user}:${password}@${encodeURIComponent(cluster.socketDirectory)}:${cluster.port}/${name}`,
  },
};

describe("the database is found by", () => {
  for (const [way, environment] of Object.entries(ways)) {
    test(way, async () => {
      const gateway = await startGateway("", {
        environment: { SQLALCHEMY_DATABASE_URL: "", GATEWAY_WORKERS: "1", ...environment },
      });
      await gateway.client.newUser();
      await gateway.stop();
      assert.ok(!gateway.log().includes(password), "the log shows the password");
      const listed = await runGateway(["routes"], environment);
      assert.equal(listed.code, 0, listed.stderr);
    });
  }
});

test("a password of every kind of character may be in a file", async () => {
  const odd = `a b%&?#@/:'"\\=+é💧,`;
  await database.query(`ALTER ROLE ${user} PASSWORD '${odd.replaceAll("'", "''")}'`);
  try {
    const { code, stderr } = await runGateway(["routes"], {
      DATABASE_URL: withoutPassword,
      PGPASSWORD_FILE: file("odd", `${odd}\n`),
    });
    assert.equal(code, 0, stderr);
  } finally {
    await database.query(`ALTER ROLE ${user} PASSWORD '${password}'`);
  }
});

test("what a service says of options is kept beside the gateway's own", async () => {
  await database.query(`
    CREATE FUNCTION public.show_settings() RETURNS jsonb LANGUAGE sql STABLE AS $$
      SELECT jsonb_build_object('work_mem', current_setting('work_mem'),
                                'statement_timeout', current_setting('statement_timeout')) $$;
    GRANT EXECUTE ON FUNCTION public.show_settings() TO auth_gateway;
    INSERT INTO auth.routes (method, path, function, lane, summary)
    VALUES ('GET', '/settings', 'public.show_settings', 'call', 'Shows settings')`);
  const gateway = await startGateway("", {
    environment: { SQLALCHEMY_DATABASE_URL: "", ...ways["a service"] },
  });
  const { body } = await gateway.client.get("/settings");
  await gateway.stop();
  assert.deepEqual(body, { work_mem: "5MB", statement_timeout: "30s" });
});

describe("what cannot be used is refused at the start, without a secret in the message:", () => {
  for (const [what, environment, message] of [
    [
      "a service that is not defined",
      { DATABASE_URL: "postgresql://?service=nobody", PGSERVICEFILE: services },
      /"nobody" not found/,
    ],
    [
      "a file that is not there",
      { DATABASE_URL_FILE: "/nowhere/url" },
      /cannot read the file '\/nowhere\/url'/,
    ],
    ["a file that is empty", { DATABASE_URL_FILE: file("empty", "") }, /is empty/],
    [
      "a value and a file for it",
      { DATABASE_URL: database.url(), DATABASE_URL_FILE: passfile },
      /set only one/,
    ],
    [
      "a password and a file for it",
      { DATABASE_URL: withoutPassword, PGPASSWORD: password, PGPASSWORD_FILE: passfile },
      /set only one/,
    ],
    ["nothing", {}, /SQLALCHEMY_DATABASE_URL: not set/],
  ]) {
    test(what, async () => {
      const { code, stderr } = await runGateway(["serve"], environment);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.ok(!stderr.includes(password));
    });
  }
});

test("a passfile that others may read is not used, and the message says what is missing", async () => {
  const loose = file("loose", `${place}:${name}:${user}:${password}\n`);
  chmodSync(loose, 0o644);
  const { code, stderr } = await runGateway(["routes"], {
    DATABASE_URL: `${withoutPassword}?passfile=${loose}`,
  });
  assert.equal(code, 1);
  assert.match(stderr, /passfile of mode 0600/);
});
