// How the bench measures: gateways, wrk, pgbench, turns and medians, and the list of figures that comes of it.
//
// A speed is a ratio against something measured in the same run, since machines differ and share their cores with
// others: each pair is taken in turns (A B A B A B) and the medians are compared.
import { spawn, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync, openSync, mkdtempSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const directory = dirname(fileURLToPath(import.meta.url));
const environment = process.env;
export const scratch = mkdtempSync(join(tmpdir(), "auth-api-bench-"));
export const rounds = Number(environment.BENCH_ROUNDS ?? 3);
export const seconds = Number(environment.BENCH_SECONDS ?? 5);
export const fail = (message) => { console.error(message); process.exit(1); };
export const required = (name) => environment[name] ?? fail(`bench: ${name} is not set; run it by "make bench"`);
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The PG* variables of the cluster's superuser.
export const clusterScript = join(directory, "../../control/cluster.sh");
export function superuser(database) {
  const lines = execFileSync(clusterScript, ["env", required("BENCH_CLUSTER")], { encoding: "utf8" });
  return { ...Object.fromEntries([...lines.matchAll(/(PG\w+)=(\S+)/g)].map(([, name, value]) => [name, value])), PGDATABASE: database };
}
export function sql(statements, database = required("PGDATABASE")) {
  return execFileSync("psql", ["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"],
    { encoding: "utf8", input: statements, env: { ...environment, ...superuser(database) } }).trim();
}

// What has been measured so far, in the order of the table that is printed.
export const figures = [];
export const figure = (name, value, target, holds, detail) => figures.push({ name, value, target, holds, detail });

// As spawn(), of a program that ends with this process, whatever ends that.
function spawnForBench(program, flags, options) {
  const child = spawn(program, flags, options);
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}
const children = new Set();
process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Starts a gateway and resolves once GET /api/health answered 200; `startMilliseconds` is from its exec() to that answer:
// spawn() returns when the program has begun, and how long this process takes to fork is not the gateway's.
export async function startGateway() {
  const port = await freePort();
  const url = new URL("postgresql://localhost");
  url.username = required("PGUSER");
  url.password = required("PGPASSWORD");
  url.hostname = required("PGHOST").startsWith("/") ? "127.0.0.1" : environment.PGHOST;
  url.port = required("PGPORT");
  url.pathname = required("PGDATABASE");
  const log = openSync(join(scratch, "gateway.log"), "a");
  const child = spawnForBench(required("GATEWAY_BINARY"), ["serve"], {
    env: { PATH: environment.PATH, SQLALCHEMY_DATABASE_URL: url.href, AUTH_API_PORT: String(port) },
    stdio: ["ignore", log, log],
  });
  const begin = performance.now();
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

export function wrk(url, { connections, script = "report.lua", headers = {}, duration = seconds, variables = {} }) {
  const flags = ["-t", "1", "-c", String(connections), "-d", `${duration}s`, "--timeout", "30s", "-s", join(directory, script)];
  for (const [name, value] of Object.entries(headers)) flags.push("-H", `${name}: ${value}`);
  return new Promise((resolve) => {
    let output = "";
    const child = spawnForBench("wrk", [...flags, url], { env: { ...environment, BENCH_DIRECTORY: directory, ...variables } });
    child.stdout.on("data", (data) => (output += data));
    child.once("exit", () => {
      const result = JSON.parse(/RESULT (.*)/.exec(output)?.[1] ?? fail(`bench: wrk said: ${output}`));
      if (result.refused || result.broken) fail(`bench: ${url}: ${JSON.stringify(result)}`);
      resolve({ ...result, perSecond: result.requests / (result.duration / 1e6) });
    });
  });
}

// Microseconds a statement takes in one backend, prepared. Many go in one pipeline, so that the figure is the backend's
// work and not how fast two processes can wake each other. `before` and `after` are statements around each pipeline's
// `batch`, counted as part of it; `server` are the PG* variables of another user than the gateway's.
export function pgbench(statement, { batch = 100, before = [], after = [], server = {} } = {}) {
  const script = join(scratch, "statement.sql");
  const lines = ["\\startpipeline", ...before, ...Array(batch).fill(statement), ...after, "\\endpipeline", ""];
  writeFileSync(script, lines.join("\n"));
  const output = execFileSync(
    "pgbench", ["-n", "-M", "prepared", "-c", "1", "-T", String(seconds), "-f", script],
    { encoding: "utf8", stdio: "pipe", env: { ...environment, ...server } });
  return Number(/latency average = ([\d.]+) ms/.exec(output)[1]) * 1000 / batch;
}

export async function takeTurns(...measures) {
  const results = measures.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, measure] of measures.entries()) results[index].push(await measure());
  }
  return results;
}

export function residentMebibytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

export async function openIdleConnections(port, count) {
  const sockets = await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("data", () => resolve(socket));
    socket.write("GET /api/health/live HTTP/1.1\r\nHost: bench\r\n\r\n");
  })));
  return () => sockets.forEach((socket) => socket.destroy());
}

export async function login(url) {
  const response = await fetch(`${url}/api/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: required("ADMIN_EMAIL"), password: required("ADMIN_PASSWORD") }),
  });
  if (response.status !== 200) fail(`bench: log-in answered ${response.status}: ${await response.text()}`);
  return (await response.json()).access_token;
}

