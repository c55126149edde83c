// The system that the promises are held against: a cluster, the database set up by the statements of
// docs/installation.md as they stand, the extension made by `auth-gateway migrate upgrade`, a superuser, a gateway.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { freshPassword } from "../http/support/client.mjs";
import { Cluster, Database, repository, using } from "../http/support/cluster.mjs";
import { runGateway, startGateway } from "../http/support/gateway.mjs";
import { runAsServer } from "../http/support/page.mjs";

export const began = performance.now();
export const cluster = await Cluster.create("shared_preload_libraries = pg_stat_statements");
export const database = new Database(cluster, "auth_db", "auth_user", randomBytes(18).toString("hex"));

// What an administrator types, and nothing else.
export const setUp = /^ *```sql\n([^]*?)^ *```$/m
  .exec(readFileSync(join(repository, "docs/installation.md"), "utf8"))[1]
  .replaceAll(/^ {3}/gm, "");
// Another service that has been on the server for longer.
export const others = new Database(cluster, "shop", "postgres", "");
await using(cluster.superuser(), (session) => session.query("CREATE DATABASE shop"));
await others.query("CREATE TABLE orders AS SELECT n FROM generate_series(1, 10) AS n");
export const dumpOfOthers = async () =>
  (await runAsServer(cluster, ['pg_dump "$DATABASE"'], { DATABASE: others.name })).stdout
    .replaceAll(/^\\(un)?restrict .*$/gm, ""); // a random word, against dumps that inject commands
export const othersBefore = await dumpOfOthers();

await runAsServer(cluster, [`psql -X -q -v ON_ERROR_STOP=1 <<'SQL'\n${setUp.replace("…", database.password)}SQL`]);

// `auth-gateway` with these words and nothing but the URL; resolves to { code, stdout, stderr }.
export const command = (words, url = database.url(), more = {}) =>
  runGateway(words, { SQLALCHEMY_DATABASE_URL: url, ...more });

const created = await command(["migrate", "upgrade"]);
assert.equal(created.code, 0, created.stderr);

const password = freshPassword();
const made = await command(["create-superuser", "--email", "admin@example.com"], database.url(), {
  SUPERUSER_PASSWORD: password,
});
assert.equal(made.code, 0, made.stderr);

export const gateway = await startGateway(database);
export const { client } = gateway;
export const superuser = async () => client.newSession({ email: "admin@example.com", password });
export const firstLogin = await superuser();
export const secondsToFirstLogin = (performance.now() - began) / 1000;

// A gateway for as long as `work` takes.
export async function withGateway(options, work, of = database) {
  const running = await startGateway(of, options);
  try {
    return await work(running.client, running);
  } finally {
    await running.stop();
  }
}

export const backends = (condition = "true") =>
  database.query(
    `SELECT * FROM pg_stat_activity LEFT JOIN pg_stat_ssl USING (pid)
      WHERE application_name = 'auth-gateway' AND ${condition} ORDER BY pid`,
  );

// TCP sockets of a process: [{ state, local, remote }], the latter two as address:port.
export function socketsOf({ pid }) {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`)
      .map((descriptor) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
        } catch {
          return undefined; // closed in the meantime
        }
      })
      .filter(Boolean),
  );
  const place = (text) => {
    const [address, port] = text.split(":");
    return { address, port: parseInt(port, 16) };
  };
  return ["tcp", "tcp6"].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => own.has(fields[9]))
      .map((fields) => ({
        isListening: fields[3] === "0A",
        local: place(fields[1]),
        remote: place(fields[2]),
      })),
  );
}

export async function takeDown() {
  await gateway.stop();
  await cluster.destroy();
}
