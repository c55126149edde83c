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
after(() => cluster.destroy());

test("SIGTERM under load: what is in flight is finished, what is new refused, and the exit code is 0 in time", async () => {
  const gateway = await startGateway(database);
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

test("SIGTERM: a request that was sent before it is answered whole", async () => {
  const gateway = await startGateway(database, { environment: { GATEWAY_WORKERS: "1" } });
  const user = await gateway.client.newUser();
  const body = JSON.stringify({ email: user.email, password: user.password });
  const request =
    "POST /api/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n" +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const answers = await Promise.all(
    Array.from(
      { length: 8 },
      () =>
        new Promise((resolve, reject) => {
          let text = "";
          const socket = connect(gateway.port, "127.0.0.1", () => socket.write(request));
          socket.on("data", (data) => (text += data));
          socket.once("close", () => resolve(text));
          socket.once("error", reject);
        }),
    ).concat(
      (async () => {
        // The first hash is running in the database, the rest wait behind it.
        await until(
          "a log-in to be in flight",
          async () =>
            (
              await database.query(
                "SELECT FROM pg_stat_activity WHERE application_name = 'auth-gateway' AND state = 'active'",
              )
            ).length > 0,
          { every: 1 },
        );
        assert.equal(await gateway.stop("SIGTERM"), 0);
      })(),
    ),
  );
  for (const answer of answers.slice(0, 8)) {
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*"access_token"[^]*\}$/);
    assert.match(answer, /^connection: close\r$/im);
  }
});

test("SIGINT stops it as SIGTERM does", async () => {
  const gateway = await startGateway(database);
  assert.equal(await gateway.stop("SIGINT"), 0);
});

test("with the database down at start: live, not healthy, the reason said, and healthy once it is there", async () => {
  await cluster.stop();
  const gateway = await startGateway(database, { expect: 503 });
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
  const gateway = await startGateway(empty, { expect: 503 });
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
