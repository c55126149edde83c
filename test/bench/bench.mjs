// Takes every figure that this project claims, in one run on one machine, and prints them beside their targets.
//
// A speed is a ratio against something measured in the same run, since machines differ and share their cores with
// others: each pair is taken in turns (A B A B A B) and the medians are compared. The gateway runs with the settings
// that a user gets by default, access log on (to a file).
//
// Environment: PG* reach the database as the gateway's login role, ADMIN_EMAIL and ADMIN_PASSWORD name a user (all
// from .run/env), GATEWAY_BINARY, BENCH_BINARIES (folder of argon2id), BENCH_JSON (result file).
import { spawn, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync, openSync, mkdtempSync } from "node:fs";
import { createServer, connect } from "node:net";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const directory = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "auth-api-bench-"));
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const cores = cpus().length;
const environment = process.env;
const required = (name) => environment[name] ?? fail(`bench: ${name} is not set; run it by "make bench"`);
const fail = (message) => { console.error(message); process.exit(1); };
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Starts a gateway and resolves once GET /api/health answered 200; `startMilliseconds` is spawn to that answer.
async function startGateway() {
  const port = await freePort();
  const url = new URL("postgresql://localhost");
  url.username = required("PGUSER");
  url.password = required("PGPASSWORD");
  url.hostname = required("PGHOST").startsWith("/") ? "127.0.0.1" : environment.PGHOST;
  url.port = required("PGPORT");
  url.pathname = required("PGDATABASE");
  const log = openSync(join(scratch, "gateway.log"), "a");
  const begin = performance.now();
  const child = spawn(required("GATEWAY_BINARY"), ["serve"], {
    env: { PATH: environment.PATH, SQLALCHEMY_DATABASE_URL: url.href, AUTH_API_PORT: String(port) },
    stdio: ["ignore", log, log],
  });
  while (!(await isHealthy(port))) {
    if (child.exitCode !== null) fail(`bench: the gateway ended: ${readFileSync(join(scratch, "gateway.log"))}`);
    if (performance.now() - begin > 10000) fail("bench: the gateway was not healthy within 10 s");
  }
  const startMilliseconds = performance.now() - begin;
  const stop = () => new Promise((resolve) => { child.once("exit", resolve); child.kill("SIGTERM"); });
  return { port, pid: child.pid, url: `http://127.0.0.1:${port}`, startMilliseconds, stop };
}

// A raw socket, since fetch() would add its own set-up time to the start that is measured.
function isHealthy(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () =>
      socket.write("GET /api/health HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"));
    socket.once("data", (data) => { resolve(data.toString().startsWith("HTTP/1.1 200")); socket.destroy(); });
    socket.once("error", () => setTimeout(() => resolve(false), 1));
    socket.once("close", () => resolve(false));
  });
}

function wrk(url, { connections, script = "report.lua", headers = {}, duration = seconds }) {
  const flags = ["-t", "1", "-c", String(connections), "-d", `${duration}s`, "--timeout", "30s", "-s", join(directory, script)];
  for (const [name, value] of Object.entries(headers)) flags.push("-H", `${name}: ${value}`);
  return new Promise((resolve) => {
    let output = "";
    const child = spawn("wrk", [...flags, url], { env: { ...environment, BENCH_DIRECTORY: directory } });
    child.stdout.on("data", (data) => (output += data));
    child.once("exit", () => {
      const result = JSON.parse(/RESULT (.*)/.exec(output)?.[1] ?? fail(`bench: wrk said: ${output}`));
      if (result.refused || result.broken) fail(`bench: ${url}: ${JSON.stringify(result)}`);
      resolve({ ...result, perSecond: result.requests / (result.duration / 1e6) });
    });
  });
}

// Microseconds a statement takes in one backend, prepared. A hundred go in one pipeline, so that the figure is the
// backend's work and not how fast two processes can wake each other.
function pgbench(statement) {
  const script = join(scratch, "statement.sql");
  const batch = 100;
  writeFileSync(script, ["\\startpipeline", ...Array(batch).fill(statement), "\\endpipeline", ""].join("\n"));
  const output = execFileSync("pgbench",
    ["-n", "-M", "prepared", "-c", "1", "-T", String(seconds), "-f", script], { encoding: "utf8", stdio: "pipe" });
  return Number(/latency average = ([\d.]+) ms/.exec(output)[1]) * 1000 / batch;
}

async function takeTurns(...measures) {
  const results = measures.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, measure] of measures.entries()) results[index].push(await measure());
  }
  return results;
}

function residentMebibytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

async function openIdleConnections(port, count) {
  const sockets = await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("data", () => resolve(socket));
    socket.write("GET /api/health/live HTTP/1.1\r\nHost: bench\r\n\r\n");
  })));
  return () => sockets.forEach((socket) => socket.destroy());
}

async function login(url) {
  const response = await fetch(`${url}/api/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: required("ADMIN_EMAIL"), password: required("ADMIN_PASSWORD") }),
  });
  if (response.status !== 200) fail(`bench: log-in answered ${response.status}: ${await response.text()}`);
  return (await response.json()).access_token;
}

const figures = [];
const figure = (name, value, target, holds, detail) => figures.push({ name, value, target, holds, detail });

environment.BENCH_EMAIL = required("ADMIN_EMAIL");
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

for (const { name, value, target, holds, detail } of figures) {
  console.log(`${holds ? "holds " : "MISSED"}  ${name.padEnd(64)} ${value.toFixed(2).padStart(8)}  ${target.padEnd(10)}  (${detail})`);
}
writeFileSync(required("BENCH_JSON"), JSON.stringify({ taken: new Date().toISOString(), cores, figures }, null, 2) + "\n");
