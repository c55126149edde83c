// A gateway process of a test's own: its port, its log, its end.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { atExit, repository } from "./cluster.mjs";
import { Client } from "./client.mjs";
import { until } from "./poll.mjs";

const binary = process.env.GATEWAY_BINARY ?? join(repository, "build/auth-gateway");

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// `command` with its arguments, run to its end: { code, stdout, stderr }.
export function runGateway(command, environment) {
  return new Promise((resolve) => {
    const child = spawn(binary, command, { env: { PATH: process.env.PATH, ...environment } });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"]) child[stream].on("data", (data) => (output[stream] += data));
    child.once("close", (code) => resolve({ code, ...output }));
  });
}

// Serves `database` (a Database or a URL) and resolves once /api/health answers `expect`. `port`: its predecessor's;
// `program`: the gateway of another version.
// { url, port, client, process, log(), exited, stop(signal) → exit code }
export async function startGateway(
  database,
  { environment = {}, flags = [], expect = 200, port, program = binary } = {},
) {
  port ??= await freePort();
  const child = spawn(program, ["serve", ...flags], {
    env: {
      PATH: process.env.PATH,
      SQLALCHEMY_DATABASE_URL: typeof database === "string" ? database : database.url(),
      AUTH_API_HOST: "127.0.0.1",
      AUTH_API_PORT: String(port),
      GATEWAY_WORKERS: "2",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (log += data));
  const forget = atExit(() => child.kill("SIGKILL"));
  const exited = new Promise((resolve) =>
    child.once("exit", (code, signal) => {
      forget();
      resolve(code ?? signal);
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  const client = new Client(url);
  const healthy = until(
    `the gateway's health to be ${expect}`,
    async () => (await client.get("/api/health")).status === expect,
  );
  const ended = exited.then((code) => {
    throw new Error(`it ended with ${code}`);
  });
  await Promise.race([healthy, ended]).catch((cause) => {
    child.kill("SIGKILL");
    healthy.catch(() => {});
    throw new Error(`the gateway did not start; its log:\n${log}`, { cause });
  });
  ended.catch(() => {}); // from here on an end is the caller's to judge
  return {
    url,
    port,
    client,
    process: child,
    exited,
    log: () => log,
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return exited;
    },
  };
}
