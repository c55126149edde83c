// Logging in: who gets tokens, and how little anybody else learns.
import assert from "node:assert/strict";
import { test } from "node:test";
import { freshEmail, freshPassword } from "./support/client.mjs";
import { assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();
const keys = (object) => Object.keys(object).sort();

async function withSetting(name, value, work) {
  const before = (await database.query("SELECT auth.setting($1) AS value", [name]))[0].value;
  await database.query("SELECT auth.set_setting($1, $2)", [name, value]);
  try {
    await work();
  } finally {
    await database.query("SELECT auth.set_setting($1, $2)", [name, before]);
  }
}

test("login answers the documented tokens", async () => {
  const { email, password } = await client.newUser();
  const { status, body, headers } = await client.login(email, password);
  assert.equal(status, 200);
  assert.deepEqual(keys(body), [
    "access_token",
    "expires_in",
    "password_change_required",
    "refresh_token",
    "token_type",
  ]);
  assert.equal(body.token_type, "bearer");
  assert.equal(body.expires_in, 900);
  assert.equal(body.password_change_required, false);
  assert.match(headers.get("cache-control"), /no-store/);
});

test("login takes last_login to now", async () => {
  const user = await client.newUser();
  const { body } = await client.me(user.access_token);
  assert.ok(Math.abs(Date.parse(body.last_login) - Date.now()) < 60_000);
});

test("login answers an unknown e-mail and a wrong password alike", async () => {
  const { email } = await client.newUser();
  const wrong = assertProblem(await client.login(email, freshPassword()), 401, "Incorrect email or password");
  const unknown = assertProblem(await client.login(freshEmail(), freshPassword()), 401);
  assert.deepEqual(unknown.body, wrong.body);
  const fields = ({ headers }) => [...headers.keys()].sort();
  assert.deepEqual(fields(unknown), fields(wrong));
});

test("login takes as long for an unknown e-mail as for a wrong password", async () => {
  const { email } = await client.newUser();
  const unknown = freshEmail();
  const took = { wrong: [], unknown: [] };
  const attempt = async (kind, address) => {
    const begin = performance.now();
    await client.login(address, "an-incorrect-passphrase");
    took[kind].push(performance.now() - begin);
  };
  // What else this machine does makes attempts longer, never shorter: so the quick quarter is compared, and more of them
  // are made before a verdict.
  const quick = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)];
  let ratio;
  for (let look = 0; look < 4; look++) {
    for (let round = 0; round < 40; round++) {
      await attempt("wrong", email);
      await attempt("unknown", unknown);
    }
    ratio = quick(took.wrong) / quick(took.unknown);
    if (ratio > 1 / 1.25 && ratio < 1.25) return;
  }
  assert.fail(`a wrong password takes ${ratio.toFixed(2)} times as long`);
});

test("login refuses a user who is not active as if the password were wrong", async () => {
  for (const state of ["inactive", "suspended", "pending", "deleted"]) {
    const user = await client.newUser();
    await database.query(
      "UPDATE users SET status = $1, deleted_at = CASE $1 WHEN 'deleted' THEN now() END WHERE id = $2",
      [state, user.id],
    );
    assertProblem(await client.login(user.email, user.password), 401, "Incorrect email or password");
  }
});

test("login leaves a trace of an attempt that failed", async () => {
  const user = await client.newUser();
  await client.login(user.email, freshPassword());
  const rows = await database.query("SELECT action FROM user_activity WHERE user_id = $1", [user.id]);
  assert.ok(
    rows.some(({ action }) => /fail/.test(action)),
    JSON.stringify(rows),
  );
});

test("login locks after the threshold, for the right password too, and for an unknown e-mail alike", async () => {
  await withSetting("lockout_threshold", "5", async () => {
    const user = await client.newUser();
    for (const email of [user.email, freshEmail()]) {
      for (let attempt = 0; attempt < 5; attempt++)
        assertProblem(await client.login(email, "wrong-passphrase"), 401);
      const locked = assertProblem(await client.login(email, user.password), 423, "account_locked");
      assert.equal(locked.headers.get("x-error-type"), "account_locked");
    }
  });
});

test("login counts every one of twenty wrong passwords at once", async () => {
  await withSetting("lockout_threshold", "20", async () => {
    const user = await client.newUser();
    await Promise.all(Array.from({ length: 20 }, () => client.login(user.email, "wrong-passphrase")));
    assertProblem(await client.login(user.email, user.password), 423, "account_locked");
  });
});

test("with e-mail verification on, login waits for it and register tells no known address", async () => {
  await withSetting("email_verification", "true", async () => {
    const user = { email: freshEmail(), password: freshPassword() };
    const first = await client.register(user.email, user.password);
    const again = await client.register(user.email, freshPassword());
    assert.equal(first.status, 201);
    assert.equal(again.status, 201);
    assert.deepEqual(again.body, first.body);
    const refused = assertProblem(await client.login(user.email, user.password), 403, "email_not_verified");
    assert.equal(refused.headers.get("x-error-type"), "email_not_verified");
    assertProblem(await client.login(user.email, "wrong-passphrase"), 401, "Incorrect email or password");
  });
});
