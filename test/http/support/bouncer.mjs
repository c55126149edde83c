// PgBouncer in transaction mode; with a single server connection every client shares one backend.
import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./cluster.mjs";
import { freePort } from "./gateway.mjs";
import { until } from "./poll.mjs";

// `connections` to the server at most; `ignored`: settings that clients may send and that go no further.
// { port, stop() }
export async function startBouncer(database, { connections = 1, ignored = "extra_float_digits" } = {}) {
  const directory = mkdtempSync(join(tmpdir(), "auth-api-bouncer-"));
  const port = await freePort();
  const configuration = join(directory, "pgbouncer.ini");
  const users = join(directory, "users.txt");
  writeFileSync(users, `"${database.user}" "${database.password}"\n`);
  writeFileSync(
    configuration,
    [
      "[databases]",
      `* = host=127.0.0.1 port=${database.cluster.port}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = plain",
      `auth_file = ${users}`,
      "pool_mode = transaction",
      `default_pool_size = ${connections}`,
      `ignore_startup_parameters = ${ignored}`,
    ].join("\n"),
  );
  const credentials = {};
  if (process.getuid() === 0) {
    // PgBouncer refuses to run as root
    Object.assign(credentials, { uid: 65534, gid: 65534 });
    for (const path of [directory, configuration, users]) chownSync(path, 65534, 65534);
  }
  chmodSync(users, 0o600);
  const child = spawn("/usr/sbin/pgbouncer", ["-q", configuration], {
    ...credentials,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (log += data));
  const forget = atExit(() => child.kill("SIGKILL"));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await until("PgBouncer to answer", async () => (await database.connect(port)).end().then(() => true)).catch(
    (cause) => {
      throw new Error(`PgBouncer did not start; its log:\n${log}`, { cause });
    },
  );
  return {
    port,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      forget();
      rmSync(directory, { recursive: true });
    },
  };
}
