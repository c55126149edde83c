// The figures of role checks: one by one, in policies, over HTTP, in batches and in lists.
//
// They are taken on the data of roles.sql and documents.sql, in the database of the gateway, and for "ten times the
// assignments" in a copy of it, with memory for all of it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  clusterScript, figure, login, median, pgbench, required, rounds, scratch, seconds, sql, startGateway, superuser, takeTurns, wrk,
} from "./measure.mjs";

const directory = dirname(fileURLToPath(import.meta.url));
const tenfold = "auth_db_tenfold";

const script = (name) => readFileSync(join(directory, name), "utf8");

function fill() {
  sql("ALTER SYSTEM SET shared_buffers = '1GB'; ALTER SYSTEM SET max_wal_size = '4GB'; ALTER SYSTEM SET jit = off");
  execFileSync(clusterScript, ["stop", required("BENCH_CLUSTER")]);
  execFileSync(clusterScript, ["start", required("BENCH_CLUSTER")]);
  sql(script("roles.sql"));
  sql(`CREATE DATABASE ${tenfold} TEMPLATE ${required("PGDATABASE")}`, "postgres");
  sql("SELECT bench.assign(54); VACUUM ANALYZE", tenfold);
  sql(script("documents.sql"));
  sql("VACUUM ANALYZE");
}

const microseconds = (value) => `${value.toFixed(value < 100 ? 1 : 0)} µs`;

function measurePointChecks() {
  const here = required("PGDATABASE");
  const check = "SELECT auth.user_has_role($1, 'project', $2, 'viewer')";
  const [one, engine, ten, asSql, asPlpgsql] = execFileSync(join(required("BENCH_BINARIES"), "point_check"), [
    String(rounds * seconds), here, "SELECT 1", here, check, tenfold, check,
    here, "SELECT bench.user_has_role($1, $2, 'viewer')", here, "SELECT bench.user_has_role_kept($1, $2, 'viewer')",
  ], { encoding: "utf8", env: { ...process.env, ...superuser(here) } }).trim().split("\n").map(Number);
  const cost = engine - one;
  figure("user_has_role above SELECT 1, prepared, one backend", cost, "<= 3 µs", cost <= 3,
    `${microseconds(engine)} - ${microseconds(one)}`);
  const faster = (Math.min(asSql, asPlpgsql) - one) / cost;
  figure("user_has_role / the better of an SQL and a PL/pgSQL function", faster, ">= 5", faster >= 5,
    `above SELECT 1: ${microseconds(asSql - one)} SQL, ${microseconds(asPlpgsql - one)} PL/pgSQL`);
  const growth = (ten - one) / cost;
  figure("user_has_role at ten times the assignments", growth, "<= 1.3", growth <= 1.3,
    `${microseconds(ten - one)} / ${microseconds(cost)}; whole statements: ${(ten / engine).toFixed(2)}`);
}

// The four queries as each role sees them. A pipeline is a transaction of the user, so that the identity's cost is
// spread over its statements, alike for all.
function policyQueries(user) {
  const [mine, account] = sql(`
    SELECT d.id, p.account_id FROM bench.documents AS d JOIN public.projects AS p ON p.id = d.project_id
      JOIN public.user_role_assignments AS a ON a.user_id = ${user} AND a.resource_id IN (p.id, p.organization_id)
     ORDER BY d.id LIMIT 1`).split("|");
  return {
    count: "SELECT count(*) FROM bench.documents",
    "primary key": `SELECT * FROM bench.documents WHERE id = ${mine}`,
    "newest 20": "SELECT * FROM bench.documents ORDER BY created_at DESC LIMIT 20",
    "join on an account": `SELECT count(*) FROM bench.documents AS d JOIN public.projects AS p ON p.id = d.project_id
      WHERE p.account_id = '${account}'`.replace(/\s+/g, " "),
  };
}

async function measurePolicies() {
  sql("SELECT auth.set_setting('access_token_seconds', '86400')");
  const as = (user, role, statement, batch) => {
    const token = sql(`SELECT access_token FROM auth.issue_session(${user})`);
    const before = ["BEGIN;", `SELECT auth.authenticate('${token}');`, `SET LOCAL ROLE ${role};`];
    return () => pgbench(`${statement};`, { batch, before, after: ["COMMIT;"], server: superuser(required("PGDATABASE")) });
  };

  for (const [name, statement] of Object.entries(policyQueries(30001))) {
    const ways = [as(30001, "bench_engine", statement, 100), as(30001, "bench_by_hand", statement, 100)];
    if (name === "count") {
      const ids = sql("SELECT array_agg(resource_id) FROM public.user_role_assignments WHERE user_id = 30001");
      ways.push(as(30001, "bench_everybody", `${statement} WHERE project_id = ANY ('${ids}')`, 100));
    }
    const [engine, byHand, literal] = (await takeTurns(...ways)).map(median);
    figure(`policy, user with 15 projects: ${name} / hand-written`, engine / byHand, "<= 1.2", engine / byHand <= 1.2,
      `${microseconds(engine)} / ${microseconds(byHand)}`);
    if (literal !== undefined) {
      figure(`policy, user with 15 projects: ${name} / literal list`, engine / literal, "<= 2", engine / literal <= 2,
        `${microseconds(engine)} / ${microseconds(literal)}`);
    }
  }
  for (const [name, statement] of Object.entries(policyQueries(30002))) {
    const batch = name === "count" ? 5 : 100;
    const [engine, none] = (await takeTurns(
      as(30002, "bench_engine", statement, batch), as(30002, "bench_everybody", statement, batch))).map(median);
    figure(`policy, user who sees everything: ${name} / no policy`, engine / none, "<= 3", engine / none <= 3,
      `${microseconds(engine)} / ${microseconds(none)}`);
  }
}

async function measureHttp() {
  const gateway = await startGateway();
  const token = await login(gateway.url);
  const file = join(scratch, "checks");
  writeFileSync(file, sql(`SELECT 100 + floor(random() * 20000)::integer || ' ' || r.id
    FROM generate_series(1, 20000) AS n JOIN bench.resources AS r ON r.number = 1100 + (n * 7919::bigint) % 10000`));
  const variables = { BENCH_TOKEN: token, BENCH_CHECKS: file };
  const single = () => wrk(gateway.url, { connections: 64, script: "check.lua", variables });
  const batch = () => wrk(gateway.url, { connections: 8, script: "check.lua", variables: { ...variables, BENCH_BATCH: "1000" } });
  const live = () => wrk(`${gateway.url}/api/health/live`, { connections: 64 });
  await single();
  const [liveRuns, singleRuns, batchRuns] = await takeTurns(live, single, batch);
  const perSecond = (runs) => median(runs.map((run) => run.perSecond));
  const ratio = perSecond(singleRuns) / perSecond(liveRuns);
  figure("check over HTTP / GET /api/health/live, 64 connections", ratio, ">= 0.45", ratio >= 0.45,
    `${perSecond(singleRuns).toFixed(0)}/s / ${perSecond(liveRuns).toFixed(0)}/s`);
  const [p50, p99] = ["p50", "p99"].map((name) => median(singleRuns.map((run) => run[name])));
  figure("check over HTTP: p99 / p50", p99 / p50, "<= 5", p99 / p50 <= 5,
    `${(p99 / 1000).toFixed(1)} ms / ${(p50 / 1000).toFixed(1)} ms`);
  const gain = (1000 * perSecond(batchRuns)) / perSecond(singleRuns);
  figure("checks a second in batches of 1,000 / one by one, over HTTP", gain, ">= 10", gain >= 10,
    `${(1000 * perSecond(batchRuns)).toFixed(0)}/s / ${perSecond(singleRuns).toFixed(0)}/s`);
  await gateway.stop();
}

// Last, as it makes 100,000 users more.
async function measureLists() {
  sql(`INSERT INTO public.users (id, email) SELECT n, 'subject' || n || '@bench.example' FROM generate_series(100001, 200000) AS n;
    INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
    SELECT u.id, r.id, r.type, 'viewer' FROM public.users AS u
      JOIN bench.resources AS r ON r.number = 1100 OR (r.number = 1101 AND u.id <= 101000) WHERE u.id > 100000;
    VACUUM ANALYZE`);
  const project = (number) => sql(`SELECT id FROM bench.resources WHERE number = ${number}`);
  const list = (id) => () => pgbench(`SELECT * FROM auth.list_subjects('project', '${id}', 'view_project');`,
    { batch: 20, server: superuser(required("PGDATABASE")) });
  const [many, few] = (await takeTurns(list(project(1100)), list(project(1101)))).map(median);
  figure("first 100 subjects of a project with 100,000 / with 1,000", many / few, "<= 2", many / few <= 2,
    `${microseconds(many)} / ${microseconds(few)}`);
}

export async function measureRoles() {
  fill();
  measurePointChecks();
  await measurePolicies();
  await measureHttp();
  await measureLists();
}
