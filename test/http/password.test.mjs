// Changing a password: only who knows the current one, and no other session outlives it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { freshPassword } from "./support/client.mjs";
import { assertInvalid, assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();
const credentials = "Could not validate credentials";

for (const path of ["/api/auth/change-password", "/api/user/change-password-user"]) {
  test(`${path} asks for the current password`, async () => {
    const user = await client.newUser();
    const change = (json) => client.post(path, json, { token: user.access_token });
    const next = freshPassword();
    assertInvalid(await change({ new_password: next }), "body.current_password");
    assertProblem(
      await change({ current_password: freshPassword(), new_password: next }),
      400,
      "Current password is incorrect",
    );
    assertProblem(
      await change({ current_password: user.password, new_password: user.password }),
      400,
      "New password must be different from current password",
    );
    assertProblem(await change({ current_password: user.password, new_password: "password1" }), 422);
    assert.equal((await client.login(user.email, user.password)).status, 200);
  });

  test(`${path} ends the other sessions and the old password`, async () => {
    const user = await client.newUser();
    const other = await client.newSession(user);
    const next = freshPassword();
    const json = { current_password: user.password, new_password: next };
    const { status, body } = await client.post(path, json, { token: user.access_token });
    assert.equal(status, 200);
    assert.equal(typeof body.message, "string");
    assertProblem(await client.refresh(other.refresh_token), 401);
    assertProblem(await client.me(other.access_token), 401, credentials);
    assertProblem(await client.login(user.email, user.password), 401);
    assert.equal((await client.login(user.email, next)).status, 200);
  });
}

test("of two changes at once one wins, the other is told so, and one password is left", async () => {
  for (let round = 0; round < 5; round++) {
    const user = await client.newUser();
    const other = await client.newSession(user);
    const wishes = [freshPassword(), freshPassword()];
    const answers = await Promise.all(
      [user, other].map(({ access_token: token }, index) =>
        client.post(
          "/api/auth/change-password",
          { current_password: user.password, new_password: wishes[index] },
          { token },
        ),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
    // The loser's session ended, or its current password was no longer that, or it lost the race for the row.
    assert.ok(
      statuses.every((status) => [200, 400, 401, 409].includes(status)),
      String(statuses),
    );
    for (const [index, password] of wishes.entries()) {
      const { status } = await client.login(user.email, password);
      assert.equal(status, statuses[index] === 200 ? 200 : 401);
    }
  }
});

test("a log-in with the old password that is under way during the change leaves no session behind", async () => {
  for (let round = 0; round < 5; round++) {
    const user = await client.newUser();
    const change = { current_password: user.password, new_password: freshPassword() };
    const [changed, ...logins] = await Promise.all([
      client.post("/api/auth/change-password", change, { token: user.access_token }),
      ...Array.from({ length: 6 }, () => client.login(user.email, user.password)),
    ]);
    assert.equal(changed.status, 200);
    for (const { status, body } of logins) {
      assert.ok(status === 200 || status === 401, String(status));
      if (status === 200) assertProblem(await client.me(body.access_token), 401, credentials);
    }
    const live = await database.query("SELECT FROM sessions WHERE user_id = $1 AND is_active", [user.id]);
    assert.equal(live.length, 1);
  }
});
