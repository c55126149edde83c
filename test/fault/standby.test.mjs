// A hot standby answers whatever only reads: tokens verify there, sessions are looked up there, and a gateway
// in front of it serves its read lane.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Cluster, using } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { assertProblem } from "../http/support/problem.mjs";

const primary = await Cluster.create();
const database = await primary.createDatabase();
const gateway = await startGateway(database);
const standby = await primary.standby();
const reading = await startGateway(database.url(standby.port));
after(async () => {
  await Promise.all([gateway.stop(), reading.stop()]);
  await standby.destroy();
  await primary.destroy();
});

// Resolves once the standby has replayed what the primary has written so far.
async function caughtUp() {
  const [{ lsn }] = await database.query("SELECT pg_current_wal_lsn() AS lsn");
  await using(standby.superuser(database.name), (session) =>
    until(
      "the standby to catch up",
      async () =>
        (await session.query("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done", [lsn])).rows[0].done,
    ),
  );
}

test("a token verifies on the standby by SQL, with the identity of its transaction", async () => {
  const user = await gateway.client.newUser();
  await caughtUp();
  await using({ connectionString: database.url(standby.port) }, async (session) => {
    assert.equal((await session.query("SELECT pg_is_in_recovery() AS standby")).rows[0].standby, true);
    await session.query("BEGIN");
    const { rows } = await session.query("SELECT auth.authenticate($1) AS id", [user.access_token]);
    assert.equal(rows[0].id, String(user.id));
    assert.equal((await session.query("SELECT auth.current_user_id() AS id")).rows[0].id, String(user.id));
    await session.query("COMMIT");
  });
});

test("me, validate-session and the published keys answer from the standby as from the primary", async () => {
  const user = await gateway.client.newUser();
  await caughtUp();
  for (const [method, path] of [
    ["GET", "/api/auth/me"],
    ["POST", "/api/auth/validate-session"],
    ["GET", "/.well-known/jwks.json"],
  ]) {
    const [there, here] = await Promise.all(
      [reading, gateway].map(({ client }) => client.request(method, path, { token: user.access_token })),
    );
    assert.equal(there.status, 200, there.text);
    assert.deepEqual(there.body, here.body);
  }
});

test("a session that was revoked on the primary is refused on the standby as soon as it knows", async () => {
  const user = await gateway.client.newUser();
  await caughtUp();
  assert.equal((await reading.client.me(user.access_token)).status, 200);
  await gateway.client.post("/api/auth/logout", { refresh_token: user.refresh_token });
  await caughtUp();
  assertProblem(await reading.client.me(user.access_token), 401, "Could not validate credentials");
});

test("what must write is refused on the standby with 503, and says nothing of the server's own words", async () => {
  const user = await gateway.client.newUser();
  await caughtUp();
  const { text } = assertProblem(await reading.client.login(user.email, user.password), 503);
  assert.doesNotMatch(text, /cannot execute|transaction|recovery/);
});

test("a promoted standby goes on where the primary ended", async () => {
  const user = await gateway.client.newUser();
  await caughtUp();
  await primary.stop("immediate");
  await using(standby.superuser(), (session) => session.query("SELECT pg_promote()"));
  await until(
    "the promoted server to write",
    async () => (await reading.client.refresh(user.refresh_token)).status === 200,
  );
  assert.equal((await reading.client.me(user.access_token)).body.email, user.email);
});
