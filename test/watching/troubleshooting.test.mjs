// The faults of docs/troubleshooting.md, each made for real: a subcommand ends with a message that names cause
// and cure, the gateway writes the same to its log and answers 503, and it serves once the cure was applied.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Cluster, repository } from "../http/support/cluster.mjs";
import { freePort, runGateway, startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";

const cluster = await Cluster.create("max_connections = 40");
const database = await cluster.createDatabase();
const { user, password, name } = database;
const admin = await database.connectSuperuser();
after(async () => {
  await admin.end();
  await cluster.destroy();
});
const table = readFileSync(join(repository, "docs/troubleshooting.md"), "utf8");
const place = `127.0.0.1:${cluster.port}`;
const hba = join(cluster.dataDirectory, "pg_hba.conf");
const reload = () => admin.query("SELECT pg_reload_conf()");

// `url` fails with `cause`; after `cure` the same gateway serves.
async function fails(url, { cause, advice, command = ["routes"], cure }) {
  const once = await runGateway(command, { SQLALCHEMY_DATABASE_URL: url });
  assert.equal(once.code, 1, once.stdout);
  assert.match(once.stderr, cause);
  assert.match(once.stderr, advice);
  assert.ok(!once.stderr.includes(password), "the message shows the password");

  const gateway = await startGateway(url, { expect: 503, environment: { GATEWAY_WORKERS: "1" } });
  try {
    const told = await until("its log to say so", () =>
      gateway
        .log()
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => cause.test(line.replaceAll('\\"', '"')))
        .at(-1),
    );
    const line = JSON.parse(told);
    assert.equal(line.level, "error");
    assert.match(line.advice, advice);
    assert.ok(!gateway.log().includes(password), "the log shows the password");
    const health = await gateway.client.get("/api/health");
    assert.equal(health.status, 503);
    assert.match(health.headers.get("retry-after"), /^\d+$/);
    assert.doesNotMatch(
      health.text,
      /FATAL|127\.0\.0\.1|auth_user/,
      "clients are told nothing of the server",
    );
    if (cure) {
      await cure();
      await until("it to serve", async () => (await gateway.client.get("/api/health")).status === 200, {
        deadline: 30_000,
      });
      assert.equal((await runGateway(command, { SQLALCHEMY_DATABASE_URL: url })).code, 0);
    }
  } finally {
    await gateway.stop();
  }
  // The page has a row for it, with the words that one sees.
  assert.ok(
    table.split("\n").some((row) => row.startsWith("|") && cause.test(row)),
    `docs/troubleshooting.md has no row for ${cause}`,
  );
}

describe("a gateway that cannot serve says why and what to do:", () => {
  test("connection refused", async () => {
    const port = await freePort();
    await fails(`postgresql://${user}:${password}@127.0.0.1:${port}/${name}`, {
      cause: /Connection refused/,
      advice: /Nothing listens there.*listen_addresses/s,
    });
  });

  test("connection refused, until the server starts", async () => {
    await cluster.stop();
    await fails(database.url(), {
      cause: /Connection refused/,
      advice: /is PostgreSQL running/,
      cure: () => cluster.start(),
    });
    Object.assign(admin, await database.connectSuperuser());
  });

  test("host not found", async () => {
    await fails(`postgresql://${user}:${password}@db.invalid/${name}`, {
      cause: /could not translate host name "db.invalid"/,
      advice: /The name db.invalid is unknown here.*getent hosts db.invalid/s,
    });
  });

  test("authentication failed", async () => {
    await database.query(`ALTER ROLE ${user} PASSWORD 'another'`);
    await fails(database.url(), {
      cause: /28P01: password authentication failed for user/,
      advice: new RegExp(`ALTER ROLE ${user} PASSWORD`),
      cure: () => database.query(`ALTER ROLE ${user} PASSWORD '${password}'`),
    });
  });

  test("no password", async () => {
    await fails(`postgresql://${user}@${place}/${name}`, {
      cause: /no password supplied/,
      advice: /PGPASSWORD_FILE, or a passfile/,
    });
  });

  test("a role that does not exist, or may not log in", async () => {
    const content = readFileSync(hba, "utf8");
    writeFileSync(hba, `host all nobody_at_all 127.0.0.1/32 trust\n${content}`);
    await database.query("SELECT pg_reload_conf()");
    await until("the rule", async () =>
      /does not exist/.test(
        (await runGateway(["routes"], { DATABASE_URL: `postgresql://nobody_at_all@${place}/${name}` }))
          .stderr,
      ),
    );
    await fails(`postgresql://nobody_at_all@${place}/${name}`, {
      cause: /28000: role "nobody_at_all" does not exist/,
      advice: /CREATE USER nobody_at_all/,
    });
    writeFileSync(hba, content);
    await database.query("SELECT pg_reload_conf()");
  });

  test("pg_hba.conf", async () => {
    const content = readFileSync(hba, "utf8");
    writeFileSync(hba, content.replace(/^host .*$/m, ""));
    await database.query("SELECT pg_reload_conf()");
    await until("the rule", async () =>
      /no pg_hba/.test((await runGateway(["routes"], { DATABASE_URL: database.url() })).stderr),
    );
    await fails(database.url(), {
      cause: /no pg_hba.conf entry for host/,
      advice: /hostssl auth_db auth_user/,
      cure: async () => {
        writeFileSync(hba, content);
        await database.query("SELECT pg_reload_conf()");
      },
    });
  });

  test("permission denied for the database", async () => {
    await database.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC, ${user}`);
    await fails(database.url(), {
      cause: /42501: permission denied for database/,
      advice: new RegExp(`GRANT CONNECT ON DATABASE ${name}`),
      cure: () => database.query(`GRANT CONNECT ON DATABASE ${name} TO ${user}`),
    });
  });

  test("permission denied for the functions", async () => {
    await database.query(`REVOKE auth_gateway FROM ${user}; REVOKE ALL ON SCHEMA auth FROM ${user}`);
    await fails(database.url(), {
      cause: /permission denied for (schema auth|function list_routes)/,
      advice: /GRANT auth_gateway TO auth_user/,
      cure: () => database.query(`GRANT auth_gateway TO ${user}; GRANT USAGE ON SCHEMA auth TO ${user}`),
    });
  });

  test("database missing", async () => {
    await fails(`postgresql://${user}:${password}@${place}/lost_db`, {
      cause: /3D000: database "lost_db" does not exist/,
      advice: /CREATE DATABASE lost_db/,
      command: ["migrate", "current"],
    });
  });

  test("extension missing", async () => {
    const empty = await cluster.createDatabase({ extension: false });
    await fails(empty.url(), {
      cause: /schema "auth" does not exist/,
      advice: /not installed in this database: auth-gateway migrate upgrade/,
      cure: async () => {
        const { code, stderr } = await runGateway(["migrate", "upgrade"], {
          SQLALCHEMY_DATABASE_URL: empty.url(),
        });
        assert.equal(code, 0, stderr);
      },
    });
  });

  test("too many connections: for the role, and for the server", async () => {
    await database.query(`ALTER ROLE ${user} CONNECTION LIMIT 0`);
    await fails(database.url(), {
      cause: /53300: too many connections for role/,
      advice: /SELECT \* FROM auth\.connections/,
      cure: () => database.query(`ALTER ROLE ${user} CONNECTION LIMIT -1`),
    });

    // Of 40 slots, three are kept for superusers and one is admin's. Whoever is on the way out has one for a moment more.
    const others = [];
    const isFull = () =>
      database.connect().then(
        (session) => void others.push(session),
        () => true,
      );
    await until("all slots to be taken", async () => (await isFull()) && others.length === 36);
    await fails(database.url(), {
      cause: /53300: (remaining connection slots are reserved|sorry, too many clients)/,
      advice: /lower DB_POOL_SIZE.*max_connections/s,
      cure: () => Promise.all(others.map((session) => session.end())),
    });
  });
});

test("a reason is told once, and a new one at once", async (t) => {
  const port = await freePort();
  const gateway = await startGateway(`postgresql://${user}:${password}@127.0.0.1:${port},${place}/lost_db`, {
    expect: 503,
  });
  t.after(() => gateway.stop());
  await until("the reason", () => /lost_db/.test(gateway.log()));
  for (let asked = 0; asked < 20; asked++) await gateway.client.get("/api/health");
  await until(
    "some more attempts",
    async () =>
      [
        ...(await gateway.client.get("/metrics")).text.matchAll(
          /^auth_database_failed_connects_total\{.*\} (\d+)/gm,
        ),
      ].reduce((sum, [, count]) => sum + Number(count), 0) > 30,
  );
  assert.equal(gateway.log().match(/cannot connect to the database/g).length, 1);
  await database.query("CREATE DATABASE lost_db");
  await until("the next reason", () => /schema \\"auth\\" does not exist/.test(gateway.log()));
  assert.match(gateway.log(), /connected to the database again/);
  await gateway.stop();
  await database.query("DROP DATABASE lost_db");
});
