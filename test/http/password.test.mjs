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
