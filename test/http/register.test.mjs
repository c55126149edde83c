// Registering: what is answered, what is refused, and what a client can never have by asking for it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { freshEmail, freshPassword } from "./support/client.mjs";
import { assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

test("register answers 201 with the documented user and nothing more", async () => {
  const email = freshEmail();
  const { status, body } = await client.register(email, freshPassword(), { full_name: "Ada Lovelace" });
  assert.equal(status, 201);
  assert.deepEqual(Object.keys(body).sort(), [
    "created_at",
    "email",
    "full_name",
    "id",
    "is_verified",
    "mfa_enabled",
    "updated_at",
  ]);
  assert.equal(body.email, email);
  assert.equal(body.full_name, "Ada Lovelace");
  assert.ok(Number.isSafeInteger(body.id));
  assert.equal(body.mfa_enabled, false);
  assert.match(body.created_at, instant);
});

test("register trims the e-mail and folds its case", async () => {
  const email = freshEmail();
  const password = freshPassword();
  const { body } = await client.register(`  ${email.toUpperCase()} `, password);
  assert.equal(body.email, email);
  assert.equal((await client.login(email.toUpperCase(), password)).status, 200);
});

test("register refuses an e-mail that is taken, in whatever case", async () => {
  const { email } = await client.newUser();
  for (const taken of [email, email.toUpperCase()]) {
    assertProblem(await client.register(taken, freshPassword()), 400, "Email already registered");
  }
});

test("register makes one user when ten clients register one e-mail at once", async () => {
  const email = freshEmail();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => client.register(email, freshPassword())),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, ...Array(9).fill(400)]);
  const rows = await database.query("SELECT FROM users WHERE email = $1", [email]);
  assert.equal(rows.length, 1);
});

test("register never takes a privilege or a state from the client", async () => {
  const email = freshEmail();
  const password = freshPassword();
  const wishes = {
    application_admin: true,
    is_manager: true,
    is_superuser: true,
    is_one_time_password: true,
    is_verified: true,
    is_password_temporary: true,
    mfa_enabled: true,
    status: "pending",
    id: 1,
    _access_token: "x",
    _client_ip: "10.0.0.1",
    _user_agent: "forged",
  };
  assert.equal((await client.register(email, password, wishes)).status, 201);
  const { access_token } = await client.newSession({ email, password });
  const { body } = await client.me(access_token);
  for (const flag of [
    "application_admin",
    "is_manager",
    "is_superuser",
    "is_password_temporary",
    "mfa_enabled",
  ]) {
    assert.equal(body[flag], false, flag);
  }
  assert.equal(body.status, "active");
  assert.notEqual(body.id, 1);
  const [trace] = await database.query(
    "SELECT count(*)::int AS forged FROM user_activity WHERE user_id = $1 AND host(ip_address) = '10.0.0.1'",
    [body.id],
  );
  assert.equal(trace.forged, 0);
});

test("register says why a password is weak and what would help, and does not repeat it", async () => {
  for (const password of ["password1", "Password123!", "aaaaaaaaaaaa", "qwertyuiop"]) {
    const { body, text } = assertProblem(await client.register(freshEmail(), password), 422);
    assert.ok(body.detail.length > 20, body.detail);
    assert.ok(!text.includes(password));
  }
});

test("register counts the user's own e-mail and name as weak words", async () => {
  const answer = await client.register("persephone.vandenberg@example.com", "persephone.vandenberg1", {
    full_name: "Persephone Vandenberg",
  });
  assertProblem(answer, 422);
});

test("register wants 9 characters, and takes 1024 bytes but not one more", async () => {
  const strong = randomBytes(1024).toString("base64url");
  assertProblem(await client.register(freshEmail(), "xK9#qZ2w"), 422, /\b9\b/);
  for (const password of ["xK9#qZ2wL", strong.slice(0, 1024)]) {
    const user = { email: freshEmail(), password };
    assert.equal((await client.register(user.email, password)).status, 201);
    assert.equal((await client.login(user.email, password)).status, 200);
    assertProblem(await client.login(user.email, password.slice(0, -1)), 401);
  }
  for (const password of [strong.slice(0, 1025), "x".repeat(10_000), `${"é".repeat(512)}x`]) {
    assertProblem(await client.register(freshEmail(), password), 422, /\b1024\b/);
  }
});

test("a password is the same however its characters are composed", async () => {
  const user = { email: freshEmail(), password: "na\u0131ve-Zo\u00eb-\u1e69ilent-quartz" };
  assert.equal((await client.register(user.email, user.password.normalize("NFD"))).status, 201);
  assert.equal((await client.login(user.email, user.password.normalize("NFC"))).status, 200);
  assertProblem(await client.login(user.email, user.password.replace("\u0131", "i")), 401);
});

test("register refuses what is no e-mail", async () => {
  const wrong = [
    "",
    " ",
    "ada",
    "ada@",
    "@example.com",
    "ada@example..com",
    "a b@example.com",
    "ada@exam\nple.com",
    "ada@ex\u202eample.com",
    "Ada <ada@example.com>",
    `${"a".repeat(10_000)}@example.com`,
  ];
  for (const email of wrong) assertProblem(await client.register(email, freshPassword()), 422);
});
