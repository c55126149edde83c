// /metrics tells the truth, in Prometheus' text format; the dashboard and the page that list its metrics know all
// of them and no other.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Cluster, repository } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";

const cluster = await Cluster.create();
const database = await cluster.createDatabase();
await database.query(`
  CREATE FUNCTION public.nap(seconds float8) RETURNS jsonb LANGUAGE sql VOLATILE
    AS $$ SELECT jsonb_build_object('slept', pg_sleep(seconds)::text || seconds) $$;
  GRANT EXECUTE ON FUNCTION public.nap TO auth_gateway;
  INSERT INTO auth.routes (method, path, function, lane, summary)
  VALUES ('GET', '/nap/{seconds}', 'public.nap', 'call', 'Sleeps')`);
const gateway = await startGateway(database, {
  environment: { GATEWAY_WORKERS: "1", DB_POOL_SIZE: "3", DB_MAX_OVERFLOW: "0", DB_POOL_TIMEOUT: "3" },
});
const { client } = gateway;
after(async () => {
  await gateway.stop();
  await cluster.destroy();
});

// The samples: name → [{ labels, value }]; every line must be of the format.
async function read() {
  const { text, headers } = await client.get("/metrics");
  assert.match(headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
  const metrics = new Map();
  const types = new Map();
  for (const line of text.split("\n").filter(Boolean)) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    if (type) types.set(type[1], type[2]);
    if (line.startsWith("#")) {
      assert.match(line, /^# (HELP \w+ \S.*|TYPE \w+ \w+)$/);
      continue;
    }
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    assert.ok(Number.isFinite(Number(value)), line);
    const sample = {
      value: Number(value),
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]),
      ),
    };
    metrics.set(name, [...(metrics.get(name) ?? []), sample]);
    const base = name.replace(/_(bucket|sum|count)$/, "");
    assert.ok(types.has(name) || types.get(base) === "histogram", `${name} has no type`);
  }
  return metrics;
}
const value = async (name, labels = {}) =>
  ((await read()).get(name) ?? [])
    .filter((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
    .reduce((sum, sample) => sum + sample.value, 0);
const base = (name) => name.replace(/_(bucket|sum|count)$/, "");

test("the dashboard shows every auth_ metric, and no metric that does not exist", async () => {
  await client.get("/api/auth/me");
  const existing = new Set([...(await read()).keys()].map(base));
  const dashboard = JSON.parse(readFileSync(join(repository, "docs/grafana/auth-api.json"), "utf8"));
  const shown = new Set();
  for (const { targets } of dashboard.panels) {
    for (const { expr } of targets)
      for (const [name] of expr.matchAll(/\b(auth|process)_\w+/g)) shown.add(base(name));
  }
  for (const { query } of dashboard.templating.list)
    for (const [name] of query.matchAll(/\bauth_\w+/g)) shown.add(name);
  assert.deepEqual(
    [...shown].filter((name) => !existing.has(name)),
    [],
  );
  assert.deepEqual(
    [...existing].filter((name) => !shown.has(name)),
    [],
  );
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
});

test("docs/monitoring.md lists every metric, and no other", async () => {
  const existing = new Set([...(await read()).keys()].map(base));
  const page = readFileSync(join(repository, "docs/monitoring.md"), "utf8");
  const listed = new Set(
    [...page.matchAll(/^\| `(\w+)`/gm)]
      .map(([, name]) => name)
      .filter((name) => /^(auth|process)_/.test(name)),
  );
  assert.deepEqual([...listed].sort(), [...existing].sort());
});

test("a request counts once, by route pattern, method and status, with its duration", async () => {
  const labels = { route: "/api/auth/me", method: "GET", status: "401" };
  const before = await value("auth_http_requests_total", labels);
  for (let asked = 0; asked < 3; asked++) await client.get("/api/auth/me?token=secret");
  assert.equal(await value("auth_http_requests_total", labels), before + 3);
  assert.equal(await value("auth_http_request_duration_seconds_count", labels), before + 3);
  assert.ok(
    ![...(await read()).values()]
      .flat()
      .some(({ labels: all }) => Object.values(all).join().includes("secret")),
  );
});

test("what is in flight, what waits, and what waited too long", async () => {
  const sleeping = client.get("/nap/29");
  await until(
    "one in flight",
    async () => (await value("auth_database_in_flight_requests", { lane: "call" })) === 1,
  );
  assert.equal(await value("auth_database_connections", { lane: "call", state: "busy" }), 1);
  const waiting = client.get("/nap/0");
  await until(
    "one that waits",
    async () => (await value("auth_database_waiting_requests", { lane: "call" })) === 1,
    { every: 1 },
  );
  assert.equal((await waiting).status, 503);
  assert.equal(await value("auth_database_refused_requests_total", { lane: "call", reason: "timeout" }), 1);
  await database.query(
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%nap%' AND pid <> pg_backend_pid()",
  );
  assert.equal((await sleeping).status, 504);
  await until("none", async () => (await value("auth_database_in_flight_requests")) === 0);
});

test("the pool: connections at rest, and as many as are allowed", async () => {
  await until("three", async () => (await value("auth_database_connections", { state: "idle" })) === 3);
  assert.equal(await value("auth_database_allowed_connections"), 3);
  assert.equal(await value("auth_database_up"), 1);
});

test("the process: its start, memory, processor time, descriptors, and version", async () => {
  const started = await value("process_start_time_seconds");
  assert.ok(Math.abs(Date.now() / 1000 - started) < 600);
  assert.ok((await value("process_resident_memory_bytes")) > 1e6);
  assert.ok((await value("process_open_fds")) > 10);
  const spent = await value("process_cpu_seconds_total");
  assert.ok(spent > 0 && (await value("process_cpu_seconds_total")) >= spent);
  assert.equal((await read()).get("auth_build_info")[0].value, 1);
  assert.equal(await value("auth_log_lines_dropped_total"), 0);
});

test("an outage: down, lost and failed connections, refused requests; then up again", async () => {
  const made = await value("auth_database_connects_total");
  await cluster.stop("immediate");
  await until("it to be noticed", async () => (await value("auth_database_up")) === 0);
  assert.equal(await value("auth_database_connections", { state: "idle" }), 0);
  await until("failures", async () => (await value("auth_database_failed_connects_total")) > 3);
  assert.ok((await value("auth_database_lost_connections_total")) >= 3);
  await client.get("/api/auth/me");
  assert.ok((await value("auth_database_refused_requests_total", { reason: "unavailable" })) >= 1);
  await cluster.start();
  await until("it to be up again", async () => (await value("auth_database_up")) === 1);
  assert.ok((await value("auth_database_connects_total")) > made);
});
