// Promise: the gateway's image runs with nothing that it does not need, and its health check tells the truth; the
// database's image sets itself up once, whatever interrupts it, and opens nothing without a password.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { freshEmail, freshPassword } from "../http/support/client.mjs";
import { until } from "../http/support/poll.mjs";
import {
  attempt, docker, healthyClient, images, inspect, logsOf, patience, publishedPort, startContainer, tryDocker,
  uniqueName, untilHealthy,
} from "./support/docker.mjs";

const confined = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
const network = uniqueName("network");
const volume = uniqueName("volume");
const password = "A password: with / and @";
const url = `postgresql://auth_user:${encodeURIComponent(password)}@database:5432/auth_db`;
let database;

const mount = `${volume}:/var/lib/postgresql/auth-api`;
const place = ["--network", network, "--network-alias", "database", "--volume", mount];
const startDatabase = (...args) => startContainer("database", ...place, ...args);
const inDatabase = (sql) => docker("exec", database, "psql", "-X", "-At", "-d", "auth_db", "-c", sql);

before(async () => {
  await docker("network", "create", network);
});

describe("the image with PostgreSQL", () => {
  test("does not start without a password for auth_user, and says so", async () => {
    const { code, stderr } = await tryDocker("run", "--rm", "--name", uniqueName("bare"), images.postgres);
    assert.notEqual(code, 0);
    assert.match(stderr, /AUTH_PASSWORD .* is not set/);
  });

  test("begins anew when its first start is cut short, and is ready after the second", async () => {
    const first = await startDatabase("--env", `AUTH_PASSWORD=${password}`, images.postgres);
    const written = () => docker("exec", first, "sh", "-c", "ls /var/lib/postgresql/auth-api/data.new/base");
    await until("initdb to have begun", () => written().then(() => true), { ...patience, every: 5 });
    await docker("kill", first);
    await docker("rm", first);
    database = await startDatabase("--env", `AUTH_PASSWORD=${password}`, images.postgres, "max_connections=50");
    await untilHealthy(database);
    assert.equal(await inDatabase("SELECT extname FROM pg_extension WHERE extname = 'auth_api'"), "auth_api");
    assert.equal(await inDatabase("SHOW max_connections"), "50", "a setting given as an argument");
  });

  test("is not root, and keeps its key from everybody else", async () => {
    assert.equal(await docker("exec", database, "id", "-un"), "postgres");
    const found = await docker("exec", database, "stat", "-c", "%a %U %s", "/var/lib/postgresql/auth-api/key");
    assert.equal(found, "600 postgres 32");
  });

  test("lets nobody in over the network without a password, the superuser not at all", async () => {
    const command = ["psql", "-w", "-h", "127.0.0.1", "-d", "auth_db", "-c", "SELECT 1"];
    const refused = await tryDocker("exec", database, ...command);
    assert.match(refused.stderr, /no password supplied|authentication failed/);
  });

  test("takes the password from a file, and not from both", async () => {
    const both = ["--env", "AUTH_PASSWORD=x", "--env", "AUTH_PASSWORD_FILE=/dev/null"];
    const { code, stderr } = await tryDocker("run", "--rm", "--name", uniqueName("both"), ...both, images.postgres);
    assert.notEqual(code, 0);
    assert.match(stderr, /set only one of them/);
  });
});

describe("the image with the gateway", () => {
  const email = freshEmail();
  const userPassword = freshPassword();
  let gateway;
  let client;

  before(async () => {
    gateway = await startContainer(
      "gateway", ...confined, "--network", network, "--publish", "8004", "--env", `SQLALCHEMY_DATABASE_URL=${url}`,
      images.gateway,
    );
    client = await healthyClient(await publishedPort(gateway, 8004));
  });

  test("serves as user 10001 on a read-only file system, without a single capability", async () => {
    assert.equal((await client.register(email, userPassword)).status, 201);
    assert.equal((await client.login(email, userPassword)).status, 200);
    const status = await docker("exec", gateway, "cat", "/proc/1/status");
    assert.match(status, /^Uid:\s+10001\s+10001\s+10001\s+10001$/m);
    assert.match(status, /^CapBnd:\s+0+$/m);
    const write = await tryDocker("exec", gateway, "sh", "-c", "echo > /tmp/x");
    assert.match(write.stderr, /Read-only file system/);
  });

  test("holds neither a compiler nor a setuid program that the base image has not", async () => {
    const find = ["run", "--rm", "--name", uniqueName("setuid"), "--entrypoint", "find"];
    const setuid = (image) => docker(...find, image, "/usr", "-xdev", "-perm", "-4000");
    assert.equal(await setuid(images.gateway), await setuid("debian:bookworm-slim"));
    const sizes = [];
    for (const image of [images.gateway, "debian:bookworm-slim"]) sizes.push((await inspect(image)).Size);
    assert.ok(sizes[0] - sizes[1] < 50e6, `it adds ${(sizes[0] - sizes[1]) / 1e6} MB`);
  });

  test("is healthy by its own health check", async () => {
    assert.deepEqual((await inspect(gateway)).Config.Healthcheck.Test, ["CMD", "auth-gateway", "health"]);
    await untilHealthy(gateway);
    assert.match(await docker("exec", gateway, "auth-gateway", "health"), /"status":"healthy"/);
  });

  test("understands the familiar spellings of a migration", async () => {
    const call = (...command) =>
      docker(
        "run", "--rm", "--name", uniqueName("migration"), ...confined, "--network", network,
        "--env", `SQLALCHEMY_DATABASE_URL=${url}`, images.gateway, ...command,
      );
    const current = await call("migrate", "current");
    assert.match(current, /^\d+\.\d+ \(head\)$/);
    for (const spelling of [["current"], ["alembic", "current"], ["auth-gateway", "migrate", "current"]]) {
      assert.equal(await call(...spelling), current, spelling.join(" "));
    }
    assert.match(await call("alembic", "upgrade", "head"), /is at .* already/);
  });

  test("finds every user again after the database's restart, and is unhealthy in between", async () => {
    await docker("stop", database);
    const ill = await tryDocker("exec", gateway, "auth-gateway", "health");
    assert.equal(ill.code, 1);
    assert.doesNotMatch(ill.stdout, /"status":"healthy"/);
    await docker("start", database);
    await healthyClient(new URL(client.url).port);
    assert.equal((await client.login(email, userPassword)).status, 200);
  });

  test("says what is wrong, and exits, without a database URL; its health then fails, too", async () => {
    const { code, stderr } = await tryDocker("run", "--rm", "--name", uniqueName("bare"), images.gateway);
    assert.equal(code, 1);
    assert.match(stderr, /SQLALCHEMY_DATABASE_URL: not set/);
    const health = await tryDocker("run", "--rm", "--name", uniqueName("alone"), images.gateway, "health");
    assert.equal(health.code, 1);
    assert.match(health.stdout, /does not answer on port 8004/);
  });

  test("ends at once, and with success, when it is stopped", async () => {
    await docker("stop", "--time", "20", gateway);
    assert.equal((await inspect(gateway)).State.ExitCode, 0, await logsOf(gateway));
  });
});

after(async () => {
  await attempt("docker", ["rm", "--force", "--volumes", ...(database ? [database] : [])]);
});
