// Each fault that auth.doctor() and `auth-gateway doctor` know is made for real, is found, and is gone once the
// remedy that they print has been typed as it stands.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Authority, showCertificate } from "../connections/support/authority.mjs";
import { Cluster, using } from "../http/support/cluster.mjs";
import { runGateway, startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";

const cluster = await Cluster.create("fsync = on");
const database = await cluster.createDatabase();
const { user } = database;
const admin = await database.connectSuperuser();
await database.query(`SELECT auth.create_superuser('doctor@example.com', 'plain-walnut-ferry-otter-92')`);
await database.query(`SELECT auth.ensure_signing_key()`);
after(async () => {
  await admin.end();
  await cluster.destroy();
});

const rows = async (check) =>
  (await admin.query("SELECT * FROM auth.doctor()")).rows.filter((row) => row.check_name === check);
const isFine = async (check) => (await rows(check)).every(({ status }) => status === "ok");
// As somebody would: psql, one statement after the other, until it works (another session may be in the way).
const type = (statements) =>
  execFileSync("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1"], {
    env: cluster.environment(database.name),
    input: statements,
    stdio: ["pipe", "pipe", "pipe"],
  });
const ask = (environment = {}) =>
  runGateway(["doctor"], { SQLALCHEMY_DATABASE_URL: database.url(), GATEWAY_WORKERS: "1", ...environment });

test("a fresh installation has nothing but the TLS that it was not given", async () => {
  const ill = (await admin.query("SELECT * FROM auth.doctor() WHERE status <> 'ok'")).rows;
  assert.deepEqual(
    ill.map(({ check_name, status }) => [check_name, status]),
    [["ssl", "warning"]],
  );
  const { code, stdout, stderr } = await ask();
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^ok +extension +auth_api/m);
});

describe("a fault is found, and its remedy mends it:", () => {
  const faults = [
    ["grants", "error", "GRANT SELECT ON public.users TO PUBLIC", /PUBLIC has SELECT on table/],
    [
      "grants",
      "error",
      "GRANT EXECUTE ON FUNCTION auth.create_superuser TO PUBLIC",
      /PUBLIC has EXECUTE on function/,
    ],
    ["grants", "error", "GRANT CREATE ON SCHEMA auth TO PUBLIC", /PUBLIC has CREATE on schema auth/],
    [
      "grants",
      "error",
      "GRANT SELECT, UPDATE ON auth.password_hashes TO auth_gateway",
      /auth_gateway.* has SELECT, UPDATE/,
    ],
    ["grants", "error", `GRANT SELECT ON public.users TO ${user}`, new RegExp(`${user}.* has SELECT`)],
    ["grants", "error", `GRANT pg_read_all_data TO ${user}`, /holds pg_read_all_data/],
    ["grants", "error", `GRANT auth_owner TO ${user}`, /may become auth_owner/],
    ["owners", "error", "ALTER FUNCTION auth.me OWNER TO postgres", /auth\.me\(text\) belongs to postgres/],
    ["owners", "error", "ALTER TABLE public.users OWNER TO postgres", /users belongs to postgres/],
    [
      "logins",
      "warning",
      `REVOKE auth_gateway FROM ${user}`,
      /no login role holds auth_gateway/,
      (remedy) => remedy.replace("auth_user", user),
    ],
    ["logins", "error", `ALTER ROLE ${user} SUPERUSER`, /is a superuser/],
    [
      "log_parameters",
      "warning",
      `ALTER ROLE ${user} RESET log_parameter_max_length`,
      /were statements of .* ever logged/,
    ],
    [
      "log_parameters",
      "error",
      `ALTER ROLE ${user} RESET log_parameter_max_length; ALTER ROLE ${user} SET log_min_duration_statement = 500`,
      /are logged with their parameters/,
    ],
    [
      "log_parameters",
      "error",
      `ALTER ROLE ${user} SET log_parameter_max_length_on_error = 64`,
      /that fail are logged/,
    ],
    [
      "log_statement",
      "warning",
      `ALTER DATABASE ${database.name} SET log_statement = 'all'`,
      /every statement of/,
    ],
    ["password_encryption", "warning", "ALTER SYSTEM SET password_encryption = 'md5'", /as MD5/],
    ["durability", "error", "ALTER SYSTEM SET full_page_writes = off", /full_page_writes is off/],
    ["durability", "error", "ALTER SYSTEM SET fsync = off", /fsync is off/],
    ["autovacuum", "error", "ALTER SYSTEM SET autovacuum = off", /autovacuum is off/],
    ["indexes", "error", "DROP INDEX public.user_activity_user_id_timestamp_idx", /no index on \(user_id\)/],
    [
      "indexes",
      "error",
      "ALTER TABLE public.users DROP CONSTRAINT users_email_key",
      /no unique constraint of \(email\)/,
    ],
    [
      "indexes",
      "error",
      "ALTER TABLE public.organizations DROP CONSTRAINT organizations_name_key",
      /no unique constraint of \(name\)/,
    ],
    [
      "constraints",
      "error",
      "ALTER TABLE public.users ADD CONSTRAINT positive CHECK (id <> 0) NOT VALID",
      /constraint positive .* never checked/,
    ],
    ["triggers", "error", "ALTER TABLE auth.settings DISABLE TRIGGER ALL", /settings are disabled/],
    [
      "routes",
      "error",
      "INSERT INTO auth.routes (method, path, function, lane, summary) VALUES ('GET', '/gone', 'public.gone', 'call', 'x')",
      /GET \/gone is left out/,
    ],
    [
      "routes",
      "error",
      "REVOKE EXECUTE ON FUNCTION auth.me FROM auth_gateway",
      /auth_gateway may not execute auth\.me/,
    ],
    ["connections", "warning", `ALTER ROLE ${user} CONNECTION LIMIT 10`, /may have 10 connections/],
    ["connections", "warning", `ALTER DATABASE ${database.name} CONNECTION LIMIT 20`, /takes 20 connections/],
  ];
  for (const [check, status, fault, meaning, asTyped = (remedy) => remedy] of faults) {
    test(fault, async () => {
      type(`${fault}; SELECT pg_reload_conf();`);
      await until("it to be found", async () => !(await isFine(check)), { deadline: 20_000 });
      const found = (await rows(check)).filter((row) => row.status !== "ok");
      assert.ok(
        found.some((row) => row.status === status && meaning.test(row.finding)),
        JSON.stringify(found),
      );
      for (const { remedy } of found) type(asTyped(remedy));
      await until("it to be gone", () => isFine(check), { deadline: 20_000 });
    });
  }

  test("an index whose building was interrupted", async () => {
    const other = await database.connectSuperuser();
    await other.query("BEGIN; LOCK public.users IN ROW EXCLUSIVE MODE");
    assert.throws(() =>
      type("SET lock_timeout = '100ms'; CREATE INDEX CONCURRENTLY half_made ON public.users (full_name);"),
    );
    await other.query("ROLLBACK");
    await other.end();
    const [found] = (await rows("indexes")).filter((row) => row.status !== "ok");
    assert.match(found.finding, /index public\.half_made is not valid|index half_made is not valid/);
    type(found.remedy);
    assert.ok(await isFine("indexes"));
    type("DROP INDEX public.half_made");
  });

  test("a password kept as MD5: named, and told only to those who may see it", async () => {
    type(`SET password_encryption = 'md5'; ALTER ROLE ${user} PASSWORD '${database.password}';`);
    const [found] = (await rows("password_encryption")).filter((row) => row.status !== "ok");
    assert.match(found.finding, new RegExp(`password of ${user} is kept as an MD5 hash`));
    type(found.remedy.replace("…", database.password));
    assert.ok(await isFine("password_encryption"));
  });

  test("a line of pg_hba.conf that lets everybody in", async () => {
    const file = join(cluster.dataDirectory, "pg_hba.conf");
    const content = readFileSync(file, "utf8");
    for (const [line, meaning] of [
      ["host all all 203.0.113.0/24 trust", /line \d+ of pg_hba.conf lets in whoever connects/],
      ["host all all 203.0.113.0/24 password", /sends passwords in plain text/],
      ["host all all 203.0.113.0/99 trust", /line \d+ of pg_hba.conf: invalid CIDR mask/],
    ]) {
      writeFileSync(file, `${content}${line}\n`);
      const found = (await rows("pg_hba")).filter((row) => row.status !== "ok");
      assert.ok(
        found.some((row) => meaning.test(row.finding)),
        JSON.stringify(found),
      );
    }
    writeFileSync(file, content);
    assert.ok(await isFine("pg_hba"));
  });

  test("a library of another version than the extension's", async () => {
    const [{ extversion }] = await database.query(
      "SELECT extversion FROM pg_extension WHERE extname = 'auth_api'",
    );
    await admin.query("UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'auth_api'");
    const [found] = await rows("version");
    assert.equal(found.status, "error");
    assert.match(found.finding, new RegExp(`database is 0\\.9, the library on this server is ${extversion}`));
    assert.match((await ask()).stdout, /warning +extension +auth_api is 0\.9 in the database/);
    await admin.query("UPDATE pg_extension SET extversion = $1 WHERE extname = 'auth_api'", [extversion]);
    assert.ok(await isFine("version"));
  });
});

describe("the key file:", () => {
  const away = `${cluster.keyFile}.away`;
  const problem = async () => (await rows("key_file"))[0];

  test("gone, open to others, too short, or another's: each is told apart", async () => {
    renameSync(cluster.keyFile, away);
    assert.match((await problem()).finding, /cannot be opened: No such file/);
    renameSync(away, cluster.keyFile);

    chmodSync(cluster.keyFile, 0o644);
    assert.match((await problem()).finding, /open to others: its mode must be 0600/);
    chmodSync(cluster.keyFile, 0o600);

    const key = readFileSync(cluster.keyFile);
    writeFileSync(cluster.keyFile, "short");
    assert.match((await problem()).finding, /must hold 32 bytes/);
    writeFileSync(cluster.keyFile, Buffer.alloc(32, 7));
    const other = await problem();
    assert.match(other.finding, /does not open the signing key/);
    assert.match(other.remedy, /Bring back the key file/);
    writeFileSync(cluster.keyFile, key);
    assert.equal((await problem()).status, "ok");
  });

  test("not set: the remedy says how to make one", async () => {
    type("ALTER SYSTEM SET auth_api.key_file = ''; SELECT pg_reload_conf();");
    await until("the setting", async () => (await problem()).status === "error");
    assert.match((await problem()).finding, /no key file is set/);
    assert.match((await problem()).remedy, /head -c 32 \/dev\/urandom/);
    type("ALTER SYSTEM RESET auth_api.key_file; SELECT pg_reload_conf();");
    await until("the setting", async () => (await problem()).status === "ok");
  });
});

describe("who may ask", () => {
  test("the owner of the extension and pg_monitor: what is closed to them is skipped and says so", async () => {
    await admin.query("CREATE ROLE watcher LOGIN PASSWORD 'watching'; GRANT pg_monitor TO watcher");
    for (const [role, password] of [
      [user, database.password],
      ["watcher", "watching"],
    ]) {
      await using(
        { ...cluster.superuser(database.name), host: "127.0.0.1", user: role, password },
        async (session) => {
          const found = (await session.query("SELECT * FROM auth.doctor()")).rows;
          const skipped = found.filter((row) => row.status === "skipped");
          assert.ok(skipped.some((row) => row.check_name === "password_encryption"));
          assert.ok(skipped.every((row) => row.remedy === "run as superuser"));
          assert.ok(found.length >= 17);
        },
      );
    }
  });

  test("nobody else", async () => {
    await admin.query(
      "CREATE ROLE stranger LOGIN PASSWORD 'strange'; GRANT auth_gateway, auth_caller TO stranger",
    );
    const stranger = {
      ...cluster.superuser(database.name),
      host: "127.0.0.1",
      user: "stranger",
      password: "strange",
    };
    await using(stranger, async (session) => {
      await assert.rejects(session.query("SELECT * FROM auth.doctor()"), { code: "42501" });
      await assert.rejects(session.query("SELECT * FROM auth.connections"), { code: "42501" });
    });
    const url = `postgresql://stranger:strange@127.0.0.1:${cluster.port}/${database.name}`;
    const { stdout } = await ask({ SQLALCHEMY_DATABASE_URL: url });
    assert.match(stdout, /skipped +inside +stranger may not run auth.doctor\(\)/);
    await admin.query("DROP OWNED BY stranger; DROP ROLE stranger");
  });
});

describe("auth-gateway doctor, from outside:", () => {
  test("exits with 1 when something is an error, and prints what to type", async () => {
    await admin.query("GRANT SELECT ON public.users TO PUBLIC");
    const { code, stdout } = await ask();
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^error +grants +PUBLIC has SELECT on table .*users\n +→ REVOKE ALL ON TABLE .*users FROM PUBLIC;$/m,
    );
    await admin.query("REVOKE SELECT ON public.users FROM PUBLIC");
  });

  test("a database that cannot be reached", async () => {
    const { code, stderr } = await ask({ SQLALCHEMY_DATABASE_URL: "postgresql://u@127.0.0.1:1/d" });
    assert.equal(code, 1);
    assert.match(stderr, /Connection refused/);
    assert.match(stderr, /Nothing listens there/);
  });

  test("a database without the extension", async () => {
    const empty = await cluster.createDatabase({ extension: false });
    const { code, stdout } = await ask({ SQLALCHEMY_DATABASE_URL: empty.url() });
    assert.equal(code, 1);
    assert.match(stdout, /error +extension +auth_api is not installed.*\n +→ auth-gateway migrate upgrade/);
  });

  test("a role that lacks auth_gateway, and one that has too much", async () => {
    await admin.query(`REVOKE auth_gateway FROM ${user}`);
    const { code, stdout } = await ask();
    assert.equal(code, 1);
    const [, remedy] = /does not hold auth_gateway\n +→ (.*)/.exec(stdout);
    type(remedy);
    assert.equal((await ask()).code, 0);

    await admin.query("CREATE ROLE mighty SUPERUSER LOGIN PASSWORD 'mighty'");
    const url = `postgresql://mighty:mighty@127.0.0.1:${cluster.port}/${database.name}`;
    assert.match(
      (await ask({ SQLALCHEMY_DATABASE_URL: url })).stdout,
      /error +role +the gateway logs in as mighty, a superuser/,
    );
    await admin.query("DROP ROLE mighty");
  });

  test("a pool that is larger than max_connections", async () => {
    const { stdout } = await ask({ GATEWAY_WORKERS: "8" });
    assert.match(
      stdout,
      /warning +pool +this gateway has 40 connections at rest and 120 at most; the server takes 97\n +→ ALTER SYSTEM SET max_connections = 123;/,
    );
    const { code, stdout: worse } = await ask({ GATEWAY_WORKERS: "64" });
    assert.equal(code, 1);
    assert.match(worse, /error +pool/);
  });

  test("clocks that differ", async () => {
    const directory = mkdtempSync(join(tmpdir(), "auth-api-clock-"));
    const source = join(directory, "clock.c");
    const library = join(directory, "clock.so");
    writeFileSync(
      source,
      `#define _GNU_SOURCE
       #include <stdlib.h>
       #include <sys/syscall.h>
       #include <time.h>
       #include <unistd.h>
       int clock_gettime(clockid_t clock, struct timespec *time) {
         int result = (int)syscall(SYS_clock_gettime, clock, time);
         if (clock == CLOCK_REALTIME) time->tv_sec += atoi(getenv("CLOCK_IS_OFF_BY"));
         return result;
       }`,
    );
    execFileSync("gcc", ["-shared", "-fPIC", "-o", library, source]);
    const skewed = (seconds) => ask({ LD_PRELOAD: library, CLOCK_IS_OFF_BY: String(seconds) });
    try {
      assert.match((await skewed(0)).stdout, /ok +clock/);
      assert.match(
        (await skewed(10)).stdout,
        /warning +clock .* differ by (9\.\d|10\.\d) s\n +→ .*timedatectl set-ntp true/,
      );
      const { code, stdout } = await skewed(-120);
      assert.equal(code, 1);
      assert.match(stdout, /error +clock +this clock and the database's differ by 1\d\d\.\d s/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("certificates", () => {
  const authority = new Authority("doctor's authority");
  const trusting = `sslmode=verify-full&sslrootcert=${authority.certificate}`;
  const url = (parameters) =>
    `${database.url().replace("@127.0.0.1", "@db.auth.example")}?hostaddr=127.0.0.1&${parameters}`;
  const names = ["DNS:db.auth.example"];

  before(async () => {
    await showCertificate(cluster, admin, authority.issue("db.auth.example", { names, to: 5 }));
    await until(
      "TLS",
      async () => (await ask({ SQLALCHEMY_DATABASE_URL: url("sslmode=require") })).code === 0,
    );
  });

  test("that expire within a month are told, with the days that are left and the authority's own", async () => {
    const { code, stdout } = await ask({ SQLALCHEMY_DATABASE_URL: url(trusting) });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /ok +encryption +TLSv1\.3, the server's certificate is verified/);
    assert.match(
      stdout,
      /warning +certificates +the database's certificate \(db\.auth\.example\) expires in [45] days\n +→ renew ssl_cert_file/,
    );
    assert.match(
      stdout,
      /warning +certificates +the authority's certificate \(doctor's authority\) expires in 9 days/,
    );
    assert.match(stdout, /ok +ssl +the server offers TLS/);
  });

  test("that have expired are an error, also where nobody verifies them", async () => {
    await showCertificate(cluster, admin, authority.issue("db.auth.example", { names, from: -9, to: -2 }));
    await until("it", async () => {
      const { code, stdout } = await ask({ SQLALCHEMY_DATABASE_URL: url("sslmode=require") });
      return code === 1 && /error +certificates +the database's certificate .* has expired/.test(stdout);
    });
  });

  test("of the gateway's own are watched as well", async () => {
    await showCertificate(
      cluster,
      admin,
      authority.issue("db.auth.example", { names }),
      authority.certificate,
    );
    const own = authority.issue(user, { to: 3 });
    const parameters = `${trusting}&sslcert=${own.certificate}&sslkey=${own.key}`;
    await until("it", async () =>
      /warning +certificates +the gateway's own certificate .* expires in [23] days/.test(
        (await ask({ SQLALCHEMY_DATABASE_URL: url(parameters) })).stdout,
      ),
    );
  });
});

test("the doctor changes nothing, and takes no lock that a gateway would feel", async () => {
  const gateway = await startGateway(database);
  const person = await gateway.client.newUser();
  await admin.query("BEGIN; SET TRANSACTION READ ONLY; SELECT * FROM auth.doctor()");
  assert.equal((await gateway.client.login(person.email, person.password)).status, 200);
  await admin.query("ROLLBACK");
  await gateway.stop();
});

test("a hot standby is examined as well as its primary", async () => {
  const standby = await cluster.standby();
  try {
    await using(standby.superuser(database.name), async (session) => {
      const { rows: found } = await session.query("SELECT * FROM auth.doctor() WHERE status = 'error'");
      assert.deepEqual(found, []);
    });
    const url = database.url(standby.port);
    const { code, stdout } = await ask({ SQLALCHEMY_DATABASE_URL: url });
    assert.equal(code, 0, stdout);
  } finally {
    await standby.destroy();
  }
});
