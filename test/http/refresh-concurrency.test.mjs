// Refresh tokens under races and theft: one token, one successor; who uses a spent one ends the session.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();

async function session(user) {
  const rows = await database.query("SELECT id, is_active, end_reason FROM sessions WHERE user_id = $1", [
    user.id,
  ]);
  assert.equal(rows.length, 1);
  return rows[0];
}
const liveTokens = async (user) =>
  (
    await database.query(
      `SELECT FROM auth.refresh_tokens t JOIN sessions s ON s.id = t.session_id
   WHERE s.user_id = $1 AND t.rotated_at IS NULL`,
      [user.id],
    )
  ).length;
const age = (user, seconds) =>
  database.query(
    `UPDATE auth.refresh_tokens t SET rotated_at = rotated_at - make_interval(secs => $2)
   FROM sessions s WHERE s.id = t.session_id AND s.user_id = $1`,
    [user.id, seconds],
  );

test("of 50 concurrent refreshes of one token exactly one rotates, and all answers agree", async () => {
  const user = await client.newUser();
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.refresh(user.refresh_token)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  const successors = new Set(answers.map(({ body }) => body.refresh_token));
  assert.equal(successors.size, 1);
  assert.ok(!successors.has(user.refresh_token));
  assert.equal(await liveTokens(user), 1);
  assert.equal((await session(user)).is_active, true);
  for (const { body } of answers) assert.equal((await client.me(body.access_token)).body.email, user.email);
  assert.equal((await client.refresh([...successors][0])).status, 200);
});

test("of 50 concurrent refreshes by 10 users every answer is its own user's", async () => {
  const users = await Promise.all(Array.from({ length: 10 }, () => client.newUser()));
  await Promise.all(
    users.flatMap((user) =>
      Array.from({ length: 5 }, async () => {
        const { body } = await client.refresh(user.refresh_token);
        assert.equal((await client.me(body.access_token)).body.id, user.id);
      }),
    ),
  );
});

test("a retry whose answer was lost gets the same successor", async () => {
  const user = await client.newUser();
  const first = await client.refresh(user.refresh_token);
  const retry = await client.refresh(user.refresh_token);
  assert.equal(retry.status, 200);
  assert.equal(retry.body.refresh_token, first.body.refresh_token);
  assert.notEqual(retry.body.access_token, first.body.access_token);
  assert.equal(await liveTokens(user), 1);
});

test("a spent token used after its successor was used ends the session for both sides", async () => {
  const user = await client.newUser();
  const first = (await client.refresh(user.refresh_token)).body;
  const second = (await client.refresh(first.refresh_token)).body;
  assertProblem(await client.refresh(user.refresh_token), 401, "Invalid refresh token");
  const { is_active, end_reason } = await session(user);
  assert.equal(is_active, false);
  assert.equal(end_reason, "refresh_token_reused");
  assertProblem(await client.me(second.access_token), 401);
  assertProblem(await client.refresh(second.refresh_token), 401, "Invalid refresh token");
  const activity = await database.query("SELECT action FROM user_activity WHERE user_id = $1", [user.id]);
  assert.ok(
    activity.some(({ action }) => /reuse/.test(action)),
    JSON.stringify(activity),
  );
});

test("a spent token used after the grace ends the session, though its successor was never used", async () => {
  const user = await client.newUser();
  const { body } = await client.refresh(user.refresh_token);
  await age(user, 11);
  assertProblem(await client.refresh(user.refresh_token), 401, "Invalid refresh token");
  assertProblem(await client.refresh(body.refresh_token), 401, "Invalid refresh token");
  assert.equal((await session(user)).end_reason, "refresh_token_reused");
});

test("a grace of 0 allows no retry at all", async () => {
  await database.query("SELECT auth.set_setting('refresh_grace_seconds', '0')");
  try {
    const user = await client.newUser();
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.refresh(user.refresh_token)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal((await session(user)).is_active, false);
  } finally {
    await database.query("SELECT auth.set_setting('refresh_grace_seconds', '10')");
  }
});

test("a stolen token ends one session and no other of the same user", async () => {
  const user = await client.newUser();
  const other = await client.newSession(user);
  const first = (await client.refresh(user.refresh_token)).body;
  await client.refresh(first.refresh_token);
  assertProblem(await client.refresh(user.refresh_token), 401);
  assert.equal((await client.refresh(other.refresh_token)).status, 200);
});

test("refreshing and logging out at once never leaves a live session behind", async () => {
  for (let round = 0; round < 10; round++) {
    const user = await client.newUser();
    const [refreshed] = await Promise.all([
      client.refresh(user.refresh_token),
      client.post("/api/auth/logout", { refresh_token: user.refresh_token }),
    ]);
    assert.ok([200, 401].includes(refreshed.status));
    assert.equal((await session(user)).is_active, false);
    if (refreshed.status === 200) assertProblem(await client.refresh(refreshed.body.refresh_token), 401);
  }
});
