// What is killed by signal 9 and started again: a backend, a gateway, the postmaster. Each `kill` resolves, to the
// present time, once the database can be used again.
import { spawn } from "node:child_process";
import { closeSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { using } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";

const patience = { deadline: 30_000, every: 50 };

// The postmaster as a child of this process, so that it is back in no more time than it takes it to recover.
export class Postmaster {
  #child;

  // `cluster` is stopped.
  constructor(cluster) {
    this.cluster = cluster;
    this.port = cluster.port;
  }

  async start() {
    await until(
      "PostgreSQL to start",
      async () => {
        if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) this.#spawn();
        return using(this.cluster.superuser(), (session) => session.query("SELECT 1"));
      },
      patience,
    );
  }

  // It ends at once while backends of its predecessor still hold the shared memory; start() tries again.
  #spawn() {
    const { uid, gid } = statSync(this.cluster.dataDirectory);
    const log = openSync(join(this.cluster.directory, "log"), "a");
    this.#child = spawn(
      join(this.cluster.binDirectory, "postgres"),
      ["-D", this.cluster.dataDirectory, "-p", String(this.port)],
      {
        ...(process.getuid() === 0 ? { uid, gid } : {}),
        cwd: this.cluster.dataDirectory,
        stdio: ["ignore", log, log],
      },
    );
    this.#child.once("error", () => {});
    closeSync(log);
  }

  async kill() {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
    await this.start();
    return performance.now();
  }
}

// The server ends all backends when one has crashed; the witness's end says that it has noticed.
export async function killBackend(database, random) {
  const witness = await database.connectSuperuser();
  const noticed = new Promise((resolve) => witness.once("end", resolve));
  const { rows } = await witness.query(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'auth-gateway' ORDER BY pid",
  );
  if (rows.length === 0) throw new Error("no gateway is connected");
  process.kill(rows[Math.floor(random() * rows.length)].pid, "SIGKILL");
  await noticed;
  await until(
    "the server to answer again",
    () => using(database.cluster.superuser(), (session) => session.query("SELECT 1")),
    patience,
  );
  return performance.now();
}

// A gateway that others know by name: what is behind the name may be killed and started anew.
export class Gateway {
  isDisturbed = false; // between the beginning of a kill and the successor's first healthy answer

  static async start(name, database, environment) {
    const gateway = new Gateway();
    Object.assign(gateway, { name, database, environment });
    gateway.running = await startGateway(database, { environment });
    return gateway;
  }

  get client() {
    return this.running.client;
  }

  async kill() {
    this.isDisturbed = true;
    await this.running.stop("SIGKILL");
    const moment = performance.now();
    this.running = await startGateway(this.database, { environment: this.environment, port: this.running.port });
    this.isDisturbed = false;
    return moment;
  }
}
