// Promises of section "Production" of docs/external-postgresql.md, with docker/compose.prod.yaml as it stands and a
// PostgreSQL server that belongs to others, too.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Client, freshEmail, freshPassword } from "../http/support/client.mjs";
import { repository } from "../http/support/cluster.mjs";
import { freePort } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { Compose, ExternalServer, docker, healthyClient, images, inspect, patience } from "./support/docker.mjs";

let server;
let compose;
let othersDump;
let port;

// Three free ports in a row, for a range.
async function freePorts() {
  const refuses = (candidate) =>
    fetch(`http://127.0.0.1:${candidate}`).then(() => false, ({ cause }) => cause?.code === "ECONNREFUSED");
  for (;;) {
    const first = await freePort();
    if (first < 65000 && (await refuses(first + 1)) && (await refuses(first + 2))) return first;
  }
}

before(async () => {
  server = await ExternalServer.start(images.postgres);
  await server.psql("postgres", `
    CREATE ROLE shop LOGIN; CREATE DATABASE shop OWNER shop;
    \\connect shop
    SET ROLE shop;
    CREATE SCHEMA app;
    CREATE TABLE app.users (id int PRIMARY KEY, email text);
    CREATE FUNCTION app.greet() RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$;
    INSERT INTO app.users SELECT n, 'user' || n FROM generate_series(1, 1000) AS n;`);
  othersDump = await server.dump("shop");
  await server.createDatabase();
  port = await freePorts();
  compose = new Compose("docker/compose.prod.yaml", { SQLALCHEMY_DATABASE_URL: server.url, AUTH_API_PORT: port });
});

after(() => compose?.down());

const migration = (...command) => compose.attempt("run", "--rm", "migration", ...command);

describe("docker/compose.prod.yaml", () => {
  test("promise 6: `up -d`, and /api/health is healthy", async () => {
    await compose.run("up", "-d");
    const client = await healthyClient(port);
    const { body } = await client.get("/api/health");
    assert.equal(body.status, "healthy");
    assert.match(body.database.extension_version, /^\d+\.\d+$/);
  });

  test("promise 14: the gateway starts only once the migration has ended with success", async () => {
    const [migrated] = await compose.containers("migration");
    const [gateway] = await compose.containers("auth_api");
    const [first, second] = [(await inspect(migrated)).State, (await inspect(gateway)).State];
    assert.equal(first.Status, "exited");
    assert.equal(first.ExitCode, 0);
    assert.ok(new Date(first.FinishedAt) <= new Date(second.StartedAt), `${first.FinishedAt} ${second.StartedAt}`);
    assert.match(await docker("logs", migrated), /auth_api \S+ created/);
  });

  test("promise 20 and 28: no database container, and one published port", async () => {
    assert.equal((await compose.run("config", "--services")).split("\n").sort().join(), "auth_api,migration");
    const [gateway] = await compose.containers("auth_api");
    const { NetworkSettings, HostConfig } = await inspect(gateway);
    assert.deepEqual(Object.keys(NetworkSettings.Ports), ["8004/tcp"]);
    assert.equal(HostConfig.ReadonlyRootfs, true);
    assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
  });

  test("promise 22 and 25: limits, and a gateway that dies comes back", async () => {
    const [gateway] = await compose.containers("auth_api");
    const { HostConfig } = await inspect(gateway);
    assert.equal(HostConfig.NanoCpus, 2e9);
    assert.equal(HostConfig.Memory, 2 ** 31);
    assert.equal(HostConfig.RestartPolicy.Name, "always");
    process.kill((await inspect(gateway)).State.Pid, "SIGKILL");
    await until("a restart", async () => (await inspect(gateway)).RestartCount >= 1, patience);
    await healthyClient(port);
  });

  test("promise 14: upgrade head, current, history, downgrade, in both spellings", async () => {
    const current = await migration("current");
    assert.equal(current.code, 0, current.stderr);
    const version = current.stdout.match(/^(\S+) \(head\)$/m)[1];
    assert.equal((await migration("alembic", "current")).stdout, current.stdout);
    assert.match((await migration("upgrade", "head")).stdout, /is at .* already/);

    const history = (await migration("alembic", "history")).stdout.trim().split("\n");
    assert.match(history.at(-1), new RegExp(`^${version} \\(head\\) \\(installed\\)`));
    const back = await migration("downgrade", "-1");
    if (history.length === 1) {
      assert.equal(back.code, 1);
      assert.match(back.stderr, /There is no version before/);
      return;
    }
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stdout, new RegExp(`updated from ${version} to `));
    const older = (await migration("current")).stdout.trim();
    assert.equal((await migration("upgrade", version)).code, 0);
    const named = await migration("alembic", "downgrade", older);
    assert.equal(named.code, 0, named.stderr);
    assert.equal((await migration("alembic", "upgrade", "head")).code, 0);
    assert.equal((await migration("current")).stdout, current.stdout);
  });

  test("promise 21: three gateways behind a range of ports are one", async () => {
    compose.set({ SQLALCHEMY_DATABASE_URL: server.url, AUTH_API_PORT: `${port}-${port + 2}` });
    await compose.run("up", "-d", "--scale", "auth_api=3");
    const gateways = await Promise.all([0, 1, 2].map((more) => healthyClient(port + more)));
    const [first, second, third] = gateways;
    const user = { email: freshEmail(), password: freshPassword() };
    assert.equal((await first.register(user.email, user.password)).status, 201);
    const session = await first.newSession(user);
    assert.equal((await second.me(session.access_token)).body.email, user.email);

    const refreshed = await second.refresh(session.refresh_token);
    assert.equal(refreshed.status, 200, refreshed.text);
    assert.equal((await third.post("/api/auth/logout", { refresh_token: refreshed.body.refresh_token })).status, 200);
    for (const gateway of gateways) {
      for (const token of [session.access_token, refreshed.body.access_token]) {
        assert.equal((await gateway.me(token)).status, 401, gateway.url);
      }
    }
    const keys = await Promise.all(gateways.map(async (gateway) => (await gateway.get("/.well-known/jwks.json")).text));
    assert.equal(new Set(keys).size, 1);
  });

  test("promise 10: all of them call themselves auth-gateway", async () => {
    const names = await server.psql("auth_db",
      "SELECT DISTINCT application_name FROM pg_stat_activity WHERE usename = 'auth_user'");
    assert.equal(names, "auth-gateway");
  });

  test("promise 24: an update is `up -d` again, and sessions outlive it", async () => {
    const client = await healthyClient(port);
    const { access_token } = await client.newUser();
    await compose.run("up", "-d", "--force-recreate", "--scale", "auth_api=3");
    await healthyClient(port);
    assert.equal((await client.me(access_token)).status, 200);
  });

  test("promise 9: says why a server cannot be reached, from within the gateway's own container", async () => {
    const unreachable = "postgresql://auth_user:x@192.0.2.1:5432/auth_db?connect_timeout=2";
    const { code, stderr } = await compose.attempt(
      "run", "--rm", "-e", `SQLALCHEMY_DATABASE_URL=${unreachable}`, "migration", "current");
    assert.equal(code, 1);
    assert.match(stderr, /Cannot connect to the database: /);
  });

  test("promise 12: the URL from a Docker secret, by the file that the page shows", async () => {
    const page = readFileSync(join(repository, "docs/external-postgresql.md"), "utf8");
    const directory = mkdtempSync(join(tmpdir(), "auth-api-secret-"));
    const [secret, overlay] = [join(directory, "database_url"), join(directory, "secrets.yaml")];
    const settings = { SQLALCHEMY_DATABASE_URL_FILE: "/run/secrets/database_url", AUTH_API_PORT: await freePort() };
    const sealed = new Compose("docker/compose.prod.yaml", settings);
    try {
      chmodSync(directory, 0o711);
      writeFileSync(secret, `${server.url}\n`);
      writeFileSync(overlay, page.match(/^```yaml\n([^]*?)^```$/m)[1].replace("/etc/auth-api/database_url", secret));
      await sealed.run("--file", overlay, "up", "-d");
      await healthyClient(settings.AUTH_API_PORT);
      const [gateway] = await sealed.containers("auth_api");
      assert.ok(!JSON.stringify(await inspect(gateway)).includes(server.password));
    } finally {
      await sealed.down();
      rmSync(directory, { recursive: true });
    }
  });

  test("promise 2: the second service's database on the server is byte for byte what it was", async () => {
    assert.equal(await server.dump("shop"), othersDump);
    assert.equal(await server.psql("shop", "SELECT count(*) FROM pg_extension WHERE extname = 'auth_api'"), "0");
  });

  test("does not start without a database, and the migration says why", async () => {
    const bare = new Compose("docker/compose.prod.yaml", { AUTH_API_PORT: await freePort() });
    try {
      assert.notEqual((await bare.attempt("up", "-d")).code, 0);
      const [migrated] = await bare.containers("migration");
      assert.equal((await inspect(migrated)).State.ExitCode, 1);
      const client = new Client(`http://127.0.0.1:${port + 3}`);
      await assert.rejects(client.get("/api/health"));
    } finally {
      await bare.down();
    }
  });
});
