// The gateway's own beginning and end: it finishes what it has begun, and it waits for a database that is not
// there.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, test } from "node:test";
import { Cluster } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { assertProblem } from "../http/support/problem.mjs";

const cluster = await Cluster.create();
const database = await cluster.createDatabase();
const gateways = [];
after(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop("SIGKILL")));
  await cluster.destroy();
});

async function start(options, of = database) {
  const gateway = await startGateway(of, options);
  gateways.push(gateway);
  return gateway;
}

test("SIGTERM under load: what is in flight is finished, what is new refused, and the exit code is 0 in time", async () => {
  const gateway = await start();
  const user = await gateway.client.newUser();
  const seen = { whole: 0, refused: 0, broken: [] };
  let stopping = false;
  const logins = Array.from({ length: 12 }, async () => {
    for (;;) {
      try {
        const { status, body } = await gateway.client.login(user.email, user.password);
        if (status === 200 && body.access_token) seen.whole++;
        else if (status === 503) seen.refused++;
        else seen.broken.push(status);
      } catch (error) {
        // Once it stops, a connection that has sent nothing yet may be refused or closed; before that, never.
        if (!stopping) seen.broken.push(error);
        return;
      }
    }
  });
  await until("the load to run", () => seen.whole > 20);
  stopping = true;
  const begin = performance.now();
  assert.equal(await gateway.stop("SIGTERM"), 0);
  assert.ok(performance.now() - begin < 5000, "it stopped in time");
  await Promise.all(logins);
  assert.deepEqual(seen.broken, []);
});

test("SIGTERM: requests that the database is still working on are answered whole", async () => {
  const gateway = await start();
  const user = await gateway.client.newUser();
  const body = JSON.stringify({ email: user.email, password: user.password });
  const request = [
    "POST /api/auth/login HTTP/1.1",
    "Host: test",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
  // Whoever holds the user's row holds up every log-in of that user.
  const holder = await database.connectSuperuser();
  await holder.query("BEGIN");
  await holder.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user.id]);
  const answers = Array.from({ length: 4 }, () => {
    const socket = connect(gateway.port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.on("data", (data) => (text += data));
    return new Promise((resolve, reject) => {
      socket.once("close", () => resolve(text));
      socket.once("error", reject);
    });
  });
  await until(
    "a log-in to wait for the row",
    async () =>
      (
        await holder.query(`SELECT FROM pg_stat_activity
      WHERE application_name = 'auth-gateway' AND wait_event_type = 'Lock' AND pg_blocking_pids(pid) <> '{}'`)
      ).rows.length > 0,
  );
  const stopped = gateway.stop("SIGTERM");
  await until("new connections to be refused", () =>
    gateway.client.get("/").then(
      ({ status }) => status === 503,
      () => true,
    ),
  );
  await holder.query("COMMIT");
  await holder.end();
  for (const answer of await Promise.all(answers)) {
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*"access_token"[^]*\}$/);
    assert.match(answer, /^connection: close\r$/im);
  }
  assert.equal(await stopped, 0);
});

test("SIGINT stops it as SIGTERM does", async () => {
  const gateway = await start();
  assert.equal(await gateway.stop("SIGINT"), 0);
});

test("with the database down at start: live, not healthy, the reason said, and healthy once it is there", async () => {
  await cluster.stop();
  const gateway = await start({ expect: 503 });
  try {
    assert.equal((await gateway.client.get("/api/health/live")).status, 200);
    const { body, headers } = await gateway.client.get("/api/health");
    assert.match(JSON.stringify(body), /refused|connect/i);
    assert.ok(!JSON.stringify(body).includes(database.password));
    assert.ok(headers.get("x-request-id"));
    const refused = assertProblem(await gateway.client.login("ada@example.com", "a-passphrase"), 503);
    assert.ok(Number(refused.headers.get("retry-after")) >= 0);
    await cluster.start();
    const begin = performance.now();
    await until("health to return", async () => (await gateway.client.get("/api/health")).status === 200);
    assert.ok(performance.now() - begin < 2000, `healthy after ${performance.now() - begin} ms`);
    await gateway.client.newUser();
  } finally {
    await cluster.start();
    assert.equal(await gateway.stop(), 0);
  }
});

test("with a database that lacks the extension: live, and health says what to do", async () => {
  const empty = await cluster.createDatabase({ extension: false });
  const gateway = await start({ expect: 503 }, empty);
  try {
    assert.match((await gateway.client.get("/api/health")).text, /auth_api|migrate/);
    assert.equal((await gateway.client.get("/api/health/live")).status, 200);
    await empty.asUser((session) => session.query("CREATE EXTENSION auth_api"));
    await until("health to return", async () => (await gateway.client.get("/api/health")).status === 200);
    await gateway.client.newUser();
  } finally {
    await gateway.stop();
  }
});
