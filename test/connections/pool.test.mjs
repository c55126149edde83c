// The pool keeps its documented promises, as the server sees them in pg_stat_activity: how many connections
// there are at rest and at most, how long a request waits for one, how old one becomes, what it is called.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Cluster } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { assertProblem } from "../http/support/problem.mjs";

const cluster = await Cluster.create();
const database = await cluster.createDatabase();
await database.query(`
  CREATE FUNCTION public.nap(seconds float8) RETURNS jsonb LANGUAGE sql VOLATILE
    AS $$ SELECT jsonb_build_object('slept', pg_sleep(seconds)::text || seconds) $$;
  GRANT EXECUTE ON FUNCTION public.nap TO auth_gateway;
  INSERT INTO auth.routes (method, path, function, lane, summary)
  VALUES ('GET', '/nap/{seconds}', 'public.nap', 'call', 'Sleeps')`);
const admin = await database.connectSuperuser();
after(async () => {
  await admin.end();
  await cluster.destroy();
});
const backends = async () =>
  (
    await admin.query(
      "SELECT pid, application_name, query FROM pg_stat_activity WHERE usename = $1 AND backend_type = 'client backend'",
      [database.user],
    )
  ).rows;

test("4 workers: 20 connections at rest, 60 under load and never more, 20 again after it", async () => {
  const gateway = await startGateway(database, { environment: { GATEWAY_WORKERS: "4" } });
  try {
    await until("20 connections", async () => (await backends()).length === 20);

    let finished = false;
    let most = 0;
    let looks = 0;
    const load = Promise.all(
      Array.from({ length: 120 }, async () => {
        while (!finished) assert.equal((await gateway.client.get("/nap/4")).status, 200);
      }),
    );
    const watching = (async () => {
      for (; !finished; looks++) {
        most = Math.max(most, (await backends()).length);
        await pause(20);
      }
    })();
    await until("60 connections", () => most >= 60, { deadline: 60_000 });
    const seen = looks;
    await until("some more looks", () => looks > seen + 20, { deadline: 60_000 });
    finished = true;
    await Promise.all([load, watching]);
    assert.equal(most, 60);
    await until("the additional ones to be closed", async () => (await backends()).length === 20, {
      deadline: 60_000,
    });
  } finally {
    await gateway.stop();
  }
  await until("none to be left", async () => (await backends()).length === 0);
});

test("every connection is called auth-gateway", async () => {
  const gateway = await startGateway(database);
  await until("all connections", async () => (await backends()).length === 10);
  assert.deepEqual([...new Set((await backends()).map((row) => row.application_name))], ["auth-gateway"]);
  await gateway.stop();
});

test("a request waits DB_POOL_TIMEOUT for a connection and is then answered 503 with Retry-After", async () => {
  const gateway = await startGateway(database, {
    environment: { GATEWAY_WORKERS: "1", DB_POOL_SIZE: "3", DB_MAX_OVERFLOW: "0", DB_POOL_TIMEOUT: "1.5" },
  });
  try {
    const asleep = async () => (await backends()).find((row) => /nap/.test(row.query));
    const long = gateway.client.get("/nap/29");
    const { pid } = await until("it to sleep", asleep);
    const begin = performance.now();
    const late = await Promise.race([gateway.client.get("/nap/0"), long]);
    assert.ok(performance.now() - begin >= 1500);
    assertProblem(late, 503);
    assert.match(late.headers.get("retry-after"), /^[1-9]\d*$/);
    await admin.query("SELECT pg_cancel_backend($1)", [pid]);
    assert.equal((await long).status, 504);
    assert.equal((await gateway.client.get("/nap/0")).status, 200);
  } finally {
    await gateway.stop();
  }
});

test("a request whose connection becomes free in time is served", async () => {
  const gateway = await startGateway(database, {
    environment: { GATEWAY_WORKERS: "1", DB_POOL_SIZE: "3", DB_MAX_OVERFLOW: "0", DB_POOL_TIMEOUT: "30" },
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => gateway.client.get("/nap/0.2")));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  await gateway.stop();
});

test("DB_POOL_RECYCLE: every connection is replaced when it is that old, and no request fails of it", async () => {
  const gateway = await startGateway(database, {
    environment: { GATEWAY_WORKERS: "1", DB_POOL_RECYCLE: "1" },
  });
  try {
    const user = await gateway.client.newUser();
    await until("all connections", async () => (await backends()).length === 5);
    const first = new Set((await backends()).map(({ pid }) => pid));
    const statuses = {};
    let finished = false;
    const load = Promise.all(
      ["/api/auth/me", "/api/auth/sessions", "/nap/0.01"].map(async (path) => {
        while (!finished) {
          const { status } = await gateway.client.get(path, { token: user.access_token });
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
      }),
    );
    for (let round = 0; round < 3; round++) {
      const before = new Set((await backends()).map(({ pid }) => pid));
      await until(
        "other connections",
        async () => {
          const now = await backends();
          return now.length >= 5 && now.every(({ pid }) => !before.has(pid));
        },
        { deadline: 30_000 },
      );
    }
    assert.ok((await backends()).every(({ pid }) => !first.has(pid)));
    finished = true;
    await load;
    assert.deepEqual(Object.keys(statuses), ["200"]);
  } finally {
    await gateway.stop();
  }
});
