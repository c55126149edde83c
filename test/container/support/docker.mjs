// Docker and Compose, as a user of them would call them. Whatever is made here bears the run's name, and
// test/container/run.sh removes it.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../http/support/client.mjs";
import { atExit, repository } from "../../http/support/cluster.mjs";
import { until } from "../../http/support/poll.mjs";

const { AUTH_API_TEST_RUN: run, AUTH_API_IMAGE, AUTH_API_POSTGRES_IMAGE, AUTH_API_SERVER_IMAGE } = process.env;
if (!run) throw new Error("run these tests by test/container/run.sh, which builds the images");
export const images = { gateway: AUTH_API_IMAGE, postgres: AUTH_API_POSTGRES_IMAGE, server: AUTH_API_SERVER_IMAGE };

export const uniqueName = (what) => `${run}-${what}-${randomBytes(3).toString("hex")}`;

// A container, or the first start of a database, on a machine that does other things too.
export const patience = { deadline: 90_000, every: 100 };

// Runs a program to its end: { code, stdout, stderr }, never an exception.
export function attempt(program, args, { input, env, cwd } = {}) {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, cwd: cwd ?? repository, maxBuffer: 1 << 26 };
    const child = execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    );
    child.stdin.on("error", () => {}); // it may end without reading
    child.stdin.end(input ?? "");
  });
}

// The same, but anything but success throws; resolves to standard output without the last line end.
export async function succeed(program, args, options) {
  const { code, stdout, stderr } = await attempt(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

export const docker = (...args) => succeed("docker", args);
export const tryDocker = (...args) => attempt("docker", args);
export const inspect = async (name) => JSON.parse(await docker("inspect", name))[0];
export const logsOf = async (name) => {
  const { stdout, stderr } = await tryDocker("logs", name);
  return stdout + stderr;
};

// Starts a container and resolves to its name; `args` are docker run's, the image and its command.
export async function startContainer(what, ...args) {
  const name = uniqueName(what);
  await docker("run", "--detach", "--name", name, ...args);
  return name;
}

export async function publishedPort(name, port) {
  const line = (await docker("port", name, `${port}/tcp`)).split("\n")[0];
  return Number(line.slice(line.lastIndexOf(":") + 1));
}

// This machine, as a container's network and it itself can address it.
export const hostAddressFrom = async (name) => (await inspect(name)).NetworkSettings.Gateway;

export function untilHealthy(name, status = "healthy") {
  return until(
    `${name} to be ${status}`,
    async () => (await inspect(name)).State.Health.Status === status,
    patience,
  ).catch(async (error) => {
    throw new Error(`${error.message}; its log:\n${await logsOf(name)}`);
  });
}

// Compose, whichever there is, in the repository's root with an --env-file of these settings.
const hasPlugin = (await attempt("docker", ["compose", "version"])).code === 0;
export const composeCommand = hasPlugin ? ["docker", "compose"] : ["docker-compose"];

export class Compose {
  constructor(file, settings) {
    this.project = uniqueName("compose");
    const directory = mkdtempSync(join(tmpdir(), "auth-api-compose-"));
    atExit(() => rmSync(directory, { recursive: true, force: true }));
    this.environmentFile = join(directory, "environment");
    this.file = file;
    this.set(settings);
  }
  set(settings) {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(this.environmentFile, lines.join(""), { mode: 0o600 });
  }
  attempt(...args) {
    const [program, ...first] = composeCommand;
    return attempt(program, [
      ...first, "--file", this.file, "--env-file", this.environmentFile, "--project-name", this.project, ...args,
    ]);
  }
  async run(...args) {
    const { code, stdout, stderr } = await this.attempt(...args);
    if (code !== 0) {
      const logs = await this.attempt("logs", "--no-color");
      throw new Error(`compose ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}\n${logs.stdout}`);
    }
    return stdout.trimEnd();
  }
  // Names of a service's containers, those that have ended too.
  async containers(service) {
    const filters = [`label=com.docker.compose.project=${this.project}`, `label=com.docker.compose.service=${service}`];
    const output = await docker(
      "ps", "--all", "--format", "{{.Names}}", ...filters.flatMap((filter) => ["--filter", filter]),
    );
    return output.split("\n").filter(Boolean).sort();
  }
  down() {
    return this.run("down", "--volumes", "--timeout", "5");
  }
}

// Resolves to a client of the gateway that is published on `port`, once it is healthy.
export async function healthyClient(port) {
  const client = new Client(`http://127.0.0.1:${port}`);
  await until(`health on port ${port}`, async () => (await client.get("/api/health")).status === 200, patience);
  return client;
}

// A PostgreSQL server of somebody else's, in a container: Debian's own, reachable from outside, with our package
// installed (images.postgres) or without (images.server).
export class ExternalServer {
  static async start(image = images.server) {
    const server = new ExternalServer();
    server.name = await startContainer(
      "server", "--publish", "5432", "--user", "root", "--entrypoint", "sh", image, "-c",
      `pg_createcluster 15 main --locale=C.UTF-8 >/dev/null
       echo 'host all all all scram-sha-256' >> /etc/postgresql/15/main/pg_hba.conf
       echo "listen_addresses = '*'" > /etc/postgresql/15/main/conf.d/here.conf
       exec pg_ctlcluster --foreground 15 main start`,
    );
    server.host = await hostAddressFrom(server.name);
    server.port = await publishedPort(server.name, 5432);
    await until("the server to answer", () => server.psql("postgres", "SELECT 1"), patience);
    return server;
  }
  // As its superuser; resolves to unaligned rows.
  psql(database, sql) {
    return succeed(
      "docker",
      ["exec", "--interactive", "--user", "postgres", this.name,
        "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", database],
      { input: sql },
    );
  }
  // A shell command there, as root.
  shell(command) {
    return docker("exec", this.name, "sh", "-c", command);
  }
  // Without the two lines whose word pg_dump invents anew each time.
  async dump(database) {
    const text = await docker("exec", "--user", "postgres", this.name, "pg_dump", database);
    return text.replace(/^\\(un)?restrict .*$/gm, "");
  }
  // The documented database.
  async createDatabase() {
    this.password = randomBytes(18).toString("hex");
    await this.psql("postgres", `
      LOAD 'auth_api';
      ALTER SYSTEM SET auth_api.key_file = '/etc/auth-api/key';
      SELECT pg_reload_conf();
      CREATE USER auth_user WITH PASSWORD '${this.password}';
      CREATE DATABASE auth_db;
      GRANT ALL PRIVILEGES ON DATABASE auth_db TO auth_user;
      \\connect auth_db
      GRANT ALL ON SCHEMA public TO auth_user;`);
  }
  get url() {
    return `postgresql://auth_user:${this.password}@${this.host}:${this.port}/auth_db`;
  }
}
