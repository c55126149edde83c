// The figures of the main job: log-ins, sessions, the gateway itself.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import {
  figure, login, median, openIdleConnections, pause, pgbench, required, residentMebibytes, seconds, sql, startGateway,
  takeTurns, wrk,
} from "./measure.mjs";

const environment = process.env;
const cores = cpus().length;
const firstAccount = 1000000;

// A thousand users, sixteen of whom log in, none of them the one whose session is asked for: log-ins of one account wait
// for each other, as they change its row. Returns the sixteen addresses. They have the superuser's password, for want of a
// way to hash another.
function addAccounts() {
  return sql(`
    INSERT INTO public.users (id, email) SELECT ${firstAccount} + n, 'account' || n || '@bench.example' FROM generate_series(1, 1024) AS n;
    INSERT INTO auth.password_hashes (user_id, password_hash)
    SELECT a.id, h.password_hash FROM public.users AS a, auth.password_hashes AS h JOIN public.users AS u ON u.id = h.user_id
     WHERE u.email = '${required("ADMIN_EMAIL")}' AND a.id > ${firstAccount} AND a.id % 64 = 0
    RETURNING (SELECT u.email FROM public.users AS u WHERE u.id = user_id)`).split("\n").join(" ");
}

export async function measureSessions() {
  environment.BENCH_EMAILS = addAccounts();
  environment.BENCH_PASSWORD = required("ADMIN_PASSWORD");

  const starts = [];
  for (let round = 0; round < 5; round++) {
    const gateway = await startGateway();
    starts.push(gateway.startMilliseconds);
    await gateway.stop();
  }
  const gateway = await startGateway();

  const close = await openIdleConnections(gateway.port, 256);
  await pause(500);
  const resident = residentMebibytes(gateway.pid);
  close();

  const token = await login(gateway.url);
  const authorization = { Authorization: `Bearer ${token}` };
  const me = (duration = seconds) =>
    wrk(`${gateway.url}/api/auth/me`, { connections: 64, headers: authorization, duration });
  const live = () => wrk(`${gateway.url}/api/health/live`, { connections: 64 });
  const logins = (duration = seconds) => wrk(gateway.url, { connections: 16, script: "login.lua", duration });
  await me(1); // connections are open and statements prepared before the first figure

  const [liveRuns, meRuns] = await takeTurns(live, me);
  const livePerSecond = median(liveRuns.map((run) => run.perSecond));
  const mePerSecond = median(meRuns.map((run) => run.perSecond));
  figure("GET /api/auth/me / GET /api/health/live, 64 connections", mePerSecond / livePerSecond, ">= 0.5",
    mePerSecond / livePerSecond >= 0.5, `${mePerSecond.toFixed(0)}/s / ${livePerSecond.toFixed(0)}/s`);

  const [alone, crowded] = await takeTurns(me, async () => {
    const storm = logins(seconds + 2);
    await pause(1000);
    const run = await me();
    await storm;
    return run;
  });
  const aloneP99 = median(alone.map((run) => run.p99));
  const crowdedP99 = median(crowded.map((run) => run.p99));
  figure("p99 of /api/auth/me with 16 clients logging in / alone", crowdedP99 / aloneP99, "<= 4",
    crowdedP99 / aloneP99 <= 4, `${(crowdedP99 / 1000).toFixed(1)} ms / ${(aloneP99 / 1000).toFixed(1)} ms`);

  const [hashTimes, loginRuns] = await takeTurns(
    () => Number(execFileSync(join(required("BENCH_BINARIES"), "argon2id"), ["19456", "2"], { encoding: "utf8" })),
    logins);
  const hashMilliseconds = median(hashTimes);
  const loginsPerSecond = median(loginRuns.map((run) => run.perSecond));
  const loginRatio = loginsPerSecond / ((cores * 1000) / hashMilliseconds);
  figure("log-ins a second / (cores / one bare Argon2id hash)", loginRatio, ">= 0.85", loginRatio >= 0.85,
    `${loginsPerSecond.toFixed(0)}/s; ${cores} cores, ${hashMilliseconds.toFixed(1)} ms a hash`);

  const [selectRuns, authenticateRuns] = await takeTurns(
    () => pgbench("SELECT 1;"), () => pgbench(`SELECT auth.authenticate('${token}');`));
  const authenticateMicroseconds = median(authenticateRuns) - median(selectRuns);
  figure("auth.authenticate(token) above SELECT 1, prepared, one backend", authenticateMicroseconds, "<= 15 µs",
    authenticateMicroseconds <= 15,
    `${median(authenticateRuns).toFixed(1)} µs - ${median(selectRuns).toFixed(1)} µs`);

  figure("gateway resident memory, 256 idle connections", resident, "<= 25 MiB", resident <= 25,
    `${residentMebibytes(gateway.pid).toFixed(1)} MiB after all of the above`);
  figure("auth-gateway serve, start to first 200 of /api/health", median(starts), "<= 150 ms", median(starts) <= 150,
    `${starts.map((start) => start.toFixed(0)).join(", ")} ms`);
  await gateway.stop();
  sql(`DELETE FROM public.users WHERE id > ${firstAccount}`);
}
