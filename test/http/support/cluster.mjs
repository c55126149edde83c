// Private PostgreSQL clusters and databases for tests, made by the same script that `make run` uses.
//
// A suite takes a database of its own (settings, routes and keys are per database), so suites run side by
// side in one cluster; a suite that stops, kills or reconfigures the server takes a cluster of its own. What
// a process made, it removes when it ends, however it ends.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";

export { pg };
export const repository = fileURLToPath(new URL("../../..", import.meta.url));
const script = join(repository, "control/cluster.sh");
const run = promisify(execFile);
const token = () => randomBytes(6).toString("hex");

// Removes at the end of this process whatever is still registered.
const leftovers = new Set();
process.on("exit", () =>
  leftovers.forEach((remove) => {
    try {
      remove();
    } catch {
      /* the rest still goes */
    }
  }),
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
export function atExit(remove) {
  leftovers.add(remove);
  return () => leftovers.delete(remove);
}

export class Cluster {
  constructor(directory) {
    this.directory = directory;
  }

  // A new, running cluster; `settings` are lines of postgresql.conf. fsync is off: no test pulls the plug.
  static async create(...settings) {
    const cluster = new Cluster(join(tmpdir(), `auth-api-test-${token()}`));
    cluster.forget = atExit(() => execFileSync(script, ["destroy", cluster.directory]));
    await run(script, ["create", cluster.directory, "fsync=off", ...settings]);
    await cluster.start();
    return cluster;
  }

  // The cluster that whoever runs the suites made for all of them (AUTH_API_TEST_CLUSTER), or else one of our
  // own.
  static async shared() {
    const directory = process.env.AUTH_API_TEST_CLUSTER;
    return directory ? new Cluster(directory) : Cluster.create();
  }

  // A running hot standby of this cluster.
  async standby() {
    const standby = new Cluster(`${this.directory}-standby`);
    standby.forget = atExit(() => execFileSync(script, ["destroy", standby.directory]));
    await run(script, ["clone", this.directory, standby.directory]);
    await standby.start();
    return standby;
  }

  start() {
    return run(script, ["start", this.directory]);
  }
  stop(mode = "fast") {
    return run(script, ["stop", this.directory, mode]);
  }
  async destroy() {
    await run(script, ["destroy", this.directory]);
    this.forget?.();
  }

  get port() {
    return Number(readFileSync(join(this.directory, "port"), "utf8"));
  }
  get log() {
    return readFileSync(join(this.directory, "log"), "utf8");
  }
  get keyFile() {
    return join(this.directory, "key");
  }
  get dataDirectory() {
    return join(this.directory, "data");
  }
  get configFile() {
    return join(this.dataDirectory, "postgresql.conf");
  }
  get socketDirectory() {
    return join(this.directory, "socket");
  }

  // PostgreSQL's programs, of the version under test.
  get binDirectory() {
    return execFileSync(process.env.PG_CONFIG ?? "pg_config", ["--bindir"], { encoding: "utf8" }).trim();
  }

  // Where the cluster's own copy of the extension's SQL and control files lies.
  get extensionDirectory() {
    const shared = execFileSync(process.env.PG_CONFIG ?? "pg_config", ["--sharedir"], {
      encoding: "utf8",
    }).trim();
    return join(this.directory, "stage", shared, "extension");
  }

  // How the superuser reaches `database`, for pg and (as PG* variables) for PostgreSQL's own programs.
  superuser(database = "postgres") {
    return { host: this.socketDirectory, port: this.port, user: "postgres", database };
  }
  environment(database = "postgres") {
    return {
      ...process.env,
      PGHOST: this.socketDirectory,
      PGPORT: String(this.port),
      PGUSER: "postgres",
      PGDATABASE: database,
    };
  }

  // A database with a login role of its own, made by the documented steps; `like` another database, with its
  // names and password. Without `extension`, an empty one.
  async createDatabase({ extension = true, like } = {}) {
    const suffix = token();
    const { name, user, password } = like ?? {
      name: `auth_db_${suffix}`,
      user: `auth_user_${suffix}`,
      password: randomBytes(18).toString("hex"),
    };
    const database = new Database(this, name, user, password);
    const admin = await open(this.superuser());
    try {
      await admin.query(`CREATE USER ${database.user} WITH PASSWORD '${database.password}'`);
      await admin.query(`ALTER ROLE ${database.user} SET log_parameter_max_length = 0`);
      await admin.query(`CREATE DATABASE ${database.name}`);
      await admin.query(`GRANT ALL PRIVILEGES ON DATABASE ${database.name} TO ${database.user}`);
      await database.asSuperuser((client) => client.query(`GRANT ALL ON SCHEMA public TO ${database.user}`));
      if (extension) {
        // Roles belong to the whole cluster: of two first installations at once, one would fail to create
        // them.
        await admin.query("SELECT pg_advisory_lock(hashtext('auth_api tests: CREATE EXTENSION'))");
        await database.asUser((client) => client.query("CREATE EXTENSION auth_api"));
      }
    } finally {
      await admin.end();
    }
    return database;
  }
}

// For `like`, in a cluster that is one test's own: what the documentation calls them.
export const documentedNames = { name: "auth_db", user: "auth_user", password: randomBytes(18).toString("hex") };

export class Database {
  constructor(cluster, name, user, password) {
    Object.assign(this, { cluster, name, user, password });
  }

  // What the gateway's SQLALCHEMY_DATABASE_URL says; `port` for a detour (a pooler, a standby).
  url(port = this.cluster.port) {
    return `postgresql://${this.user}:${this.password}@127.0.0.1:${port}/${this.name}`;
  }

  asSuperuser(work) {
    return using(this.cluster.superuser(this.name), work);
  }
  asUser(work) {
    return using({ connectionString: this.url() }, work);
  }

  // Connections that the caller ends.
  connectSuperuser() {
    return open(this.cluster.superuser(this.name));
  }
  connect(port) {
    return open({ connectionString: this.url(port) });
  }

  // Rows of one statement, run by the superuser.
  query(text, values) {
    return this.asSuperuser(async (client) => (await client.query(text, values)).rows);
  }
}

export async function open(configuration) {
  const client = new pg.Client({ ...configuration, application_name: "auth-api-tests" });
  client.on("error", () => {}); // a server that goes away is part of some tests; the next query says so
  await client.connect();
  return client;
}

export async function using(configuration, work) {
  const client = await open(configuration);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
