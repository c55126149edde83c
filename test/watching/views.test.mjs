// The views that an operator watches show what is there, to those who may see it, also where pg_stat_statements
// is not installed, or installed and not loaded.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { Cluster, using } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";

const cluster = await Cluster.create();
const database = await cluster.createDatabase();
after(() => cluster.destroy());
await database.query("CREATE ROLE watcher LOGIN PASSWORD 'watching'; GRANT pg_monitor TO watcher");
const watcher = {
  ...cluster.superuser(database.name),
  host: "127.0.0.1",
  user: "watcher",
  password: "watching",
};
const owner = { connectionString: database.url() };
const read = (configuration, text) =>
  using(configuration, async (session) => (await session.query(text)).rows);
const readers = {
  "a superuser": cluster.superuser(database.name),
  pg_monitor: watcher,
  "the extension's owner": owner,
};

describe("auth.connections", () => {
  test("counts the gateway's, by application, role, client and state", async () => {
    const gateway = await startGateway(database);
    try {
      for (const reader of [readers["a superuser"], watcher]) {
        await until("all of them", async () => {
          const rows = await read(
            reader,
            "SELECT * FROM auth.connections WHERE application = 'auth-gateway'",
          );
          return (
            rows.length === 1 &&
            Number(rows[0].connections) === 10 &&
            rows[0].client === "127.0.0.1" &&
            rows[0].role === database.user &&
            rows[0].database === database.name &&
            rows[0].state === "idle"
          );
        });
      }
    } finally {
      await gateway.stop();
    }
  });

  test("shows how long the longest transaction has lasted", async () => {
    const idle = await database.connect();
    await idle.query("BEGIN; SELECT 1");
    const rows = await read(
      watcher,
      `SELECT longest_transaction > '0' AS lasts FROM auth.connections WHERE state = 'idle in transaction'`,
    );
    assert.deepEqual(rows, [{ lasts: true }]);
    await idle.end();
  });

  test("counts everybody's also for a reader who may not see what they do", async () => {
    const count = "SELECT sum(connections)::integer AS count FROM auth.connections";
    const others = await Promise.all([1, 2, 3].map(() => database.connectSuperuser()));
    assert.ok((await read(owner, count))[0].count >= 4);
    await Promise.all(others.map((session) => session.end()));
  });
});

describe("sizes", () => {
  for (const [who, reader] of Object.entries(readers)) {
    test(`of every table and database, for ${who}`, async () => {
      const tables = await read(reader, "SELECT * FROM auth.table_sizes");
      const [{ count }] = await database.query("SELECT count(*)::integer FROM auth.list_tables()");
      assert.equal(tables.length, count);
      const users = tables.find((row) => row.table === "users" || row.table === "public.users");
      assert.ok(Number(users.total_bytes) >= Number(users.table_bytes) + Number(users.index_bytes));
      const databases = await read(reader, "SELECT * FROM auth.database_sizes");
      const own = databases.find((row) => row.is_this);
      assert.equal(own.database, database.name);
      assert.ok(Number(own.bytes) > 1_000_000 && /MB|kB/.test(own.size));
    });
  }

  test("of a database that the reader may not enter are not shown, and are no error", async () => {
    await database.query("CREATE DATABASE closed");
    await database.query("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
    const bytes = (reader) => read(reader, "SELECT bytes FROM auth.database_sizes WHERE database = 'closed'");
    assert.deepEqual(await bytes(owner), [{ bytes: null }]);
    assert.ok((await bytes(watcher))[0].bytes > 0);
  });
});

describe("slow functions", () => {
  const notice = async (reader) => {
    const output = execFileSync("psql", ["-XAt", "-c", "SELECT count(*) FROM auth.slow_functions"], {
      env: {
        ...process.env,
        PGHOST: reader.host,
        PGPORT: String(reader.port),
        PGUSER: reader.user,
        PGPASSWORD: reader.password ?? "",
        PGDATABASE: database.name,
      },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    return output.trim();
  };
  const notices = async (reader) => {
    const told = [];
    await using(reader, async (session) => {
      session.on("notice", ({ message, hint }) => told.push(`${message}: ${hint}`));
      assert.deepEqual((await session.query("SELECT * FROM auth.slow_functions")).rows, []);
    });
    return told.join();
  };

  test("without pg_stat_statements: none, and a notice that says how to get it", async () => {
    for (const reader of Object.values(readers)) {
      assert.match(await notices(reader), /not installed.*CREATE EXTENSION pg_stat_statements/);
    }
    assert.equal(await notice(watcher), "0");
  });

  test("installed and not loaded: none, and a notice that says what is missing", async () => {
    await database.query(
      'CREATE SCHEMA "odd schema"; CREATE EXTENSION pg_stat_statements SCHEMA "odd schema"',
    );
    assert.match(
      await notices(watcher),
      /watcher may not read.*GRANT USAGE ON SCHEMA "odd schema" TO watcher/,
    );
    await database.query('GRANT USAGE ON SCHEMA "odd schema" TO pg_monitor');
    assert.match(await notices(watcher), /not loaded.*shared_preload_libraries/);
  });

  describe("loaded", () => {
    before(async () => {
      await database.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
      await cluster.stop();
      await cluster.start();
    });

    test("every function that was called is there, with its calls and its time", async () => {
      const gateway = await startGateway(database);
      const user = await gateway.client.newUser();
      for (let round = 0; round < 5; round++) await gateway.client.me(user.access_token);
      await gateway.stop();
      await database.query(
        "SELECT count(auth.hash_password('a password of some length')) FROM generate_series(1, 3)",
      );

      const rows = await read(watcher, "SELECT * FROM auth.slow_functions");
      const of = (name) => rows.find((row) => row.function === `auth.${name}`);
      assert.equal(of("me").calls, "5");
      assert.ok(of("login").mean_ms > 1 && of("login").total_ms >= of("login").max_ms);
      assert.ok(rows.every((row, index) => index === 0 || rows[index - 1].total_ms >= row.total_ms));
      assert.ok(Math.abs(rows.reduce((sum, row) => sum + row.share, 0) - 1) < 1e-9);
      assert.deepEqual(
        (await read(readers["a superuser"], "SELECT * FROM auth.slow_functions")).length > 0,
        true,
      );
    });
  });
});

test("callers may read none of it", async () => {
  await database.query(
    "CREATE ROLE caller LOGIN PASSWORD 'calling'; GRANT auth_caller, auth_gateway TO caller",
  );
  await using({ ...watcher, user: "caller", password: "calling" }, async (session) => {
    for (const view of ["connections", "table_sizes", "database_sizes", "slow_functions"]) {
      await assert.rejects(session.query(`SELECT * FROM auth.${view}`), { code: "42501" });
    }
  });
});
