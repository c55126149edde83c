// Staying logged in and leaving: bearer tokens, refresh, the list of sessions, every way in which one ends.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freshPassword } from "./support/client.mjs";
import { assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();
const credentials = "Could not validate credentials";
const userResponse = ["created_at", "email", "full_name", "id", "is_verified", "mfa_enabled", "updated_at"];
const keys = (object) => Object.keys(object).sort();

describe("a bearer token", () => {
  const routes = [
    ["GET", "/api/auth/me"],
    ["GET", "/api/auth/sessions"],
    ["POST", "/api/auth/validate-session"],
    ["POST", "/api/auth/extend-session"],
    ["POST", "/api/auth/logout-all"],
    ["DELETE", "/api/auth/sessions/00000000-0000-4000-8000-000000000000"],
  ];
  const bodies = [
    ["POST", "/api/auth/change-password"],
    ["POST", "/api/user/change-password-user"],
  ].map((route) => [...route, { current_password: "x", new_password: freshPassword() }]);

  test("that is missing, malformed or another kind is a 401 with a challenge on every route that needs one", async () => {
    const { refresh_token, access_token } = await client.newUser();
    for (const [method, path, json] of [...routes, ...bodies]) {
      assertProblem(await client.request(method, path, { json }), 401, "Not authenticated");
      for (const token of ["x", "a.b.c", refresh_token, `${access_token}x`, access_token.slice(0, -1)]) {
        assertProblem(await client.request(method, path, { json, token }), 401, credentials);
      }
      assertProblem(
        await client.request(method, path, { json, headers: { Authorization: "Basic dXNlcjpwYXNz" } }),
        401,
      );
    }
  });

  test("is the header's, never the body's or the query's", async () => {
    const { access_token } = await client.newUser();
    const query = `?_access_token=${access_token}&access_token=${access_token}`;
    assertProblem(await client.get(`/api/auth/me${query}`), 401, "Not authenticated");
    assertProblem(await client.post("/api/auth/validate-session", { _access_token: access_token }), 401);
  });

  test("is found whatever the scheme's case", async () => {
    const { access_token } = await client.newUser();
    assert.equal(
      (await client.me(undefined, { headers: { Authorization: `bEARER ${access_token}` } })).status,
      200,
    );
  });

  test("stops working at logout, revocation, suspension, deletion and password change", async () => {
    const ends = {
      logout: (user) => client.post("/api/auth/logout", { refresh_token: user.refresh_token }),
      "logout-all": (user) => client.post("/api/auth/logout-all", undefined, { token: user.access_token }),
      suspension: (user) => database.query("UPDATE users SET status = 'suspended' WHERE id = $1", [user.id]),
      deletion: (user) => database.query("DELETE FROM users WHERE id = $1", [user.id]),
      "password change elsewhere": async (user) => {
        const other = await client.newSession(user);
        const json = { current_password: user.password, new_password: freshPassword() };
        assert.equal(
          (await client.post("/api/auth/change-password", json, { token: other.access_token })).status,
          200,
        );
      },
    };
    // The replaced system says on these two routes what is wrong.
    const details = ["session_invalidated", "no_active_sessions", "user_inactive", "user_not_found"];
    for (const [name, end] of Object.entries(ends)) {
      const user = await client.newUser();
      assert.equal((await client.me(user.access_token)).status, 200);
      await end(user);
      for (const [method, path] of routes) {
        const answer = assertProblem(await client.request(method, path, { token: user.access_token }), 401);
        const expected = path.endsWith("-session") ? details : [credentials];
        assert.ok(expected.includes(answer.body.detail), `${name}: ${method} ${path}: ${answer.body.detail}`);
      }
      assertProblem(await client.refresh(user.refresh_token), 401, "Invalid refresh token");
    }
  });
});

describe("me", () => {
  test("answers the documented detail of its own user", async () => {
    const user = await client.newUser();
    const { status, body } = await client.me(user.access_token);
    assert.equal(status, 200);
    assert.deepEqual(
      keys(body),
      [
        ...userResponse,
        "status",
        "last_login",
        "is_password_temporary",
        "is_superuser",
        "application_admin",
        "is_manager",
        "sms_mfa_enabled",
        "phone_verified",
        "phone_number",
        "email_mfa_enabled",
        "biometric_mfa_enabled",
      ].sort(),
    );
    assert.equal(body.id, user.id);
    assert.equal(body.email, user.email);
  });
});

describe("refresh", () => {
  test("rotates both tokens", async () => {
    const user = await client.newUser();
    const { status, body } = await client.refresh(user.refresh_token);
    assert.equal(status, 200);
    assert.equal(body.token_type, "bearer");
    assert.notEqual(body.refresh_token, user.refresh_token);
    assert.notEqual(body.access_token, user.access_token);
    assert.equal((await client.me(body.access_token)).body.email, user.email);
  });

  test("refuses what was never a refresh token", async () => {
    const { access_token } = await client.newUser();
    for (const token of ["", "x", access_token, "é".repeat(100), "A".repeat(43), "x".repeat(10_000)]) {
      assertProblem(await client.refresh(token), 401, "Invalid refresh token");
    }
  });

  test("ends with the session's idle life", async () => {
    const user = await client.newUser();
    await database.query("UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1", [
      user.id,
    ]);
    assertProblem(await client.refresh(user.refresh_token), 401, "Invalid refresh token");
    assertProblem(await client.me(user.access_token), 401, credentials);
  });

  test("slides the idle life, but never past the absolute life", async () => {
    const user = await client.newUser();
    const left = async () =>
      (
        await database.query(
          "SELECT extract(epoch FROM expires_at - now())::float AS seconds FROM sessions WHERE user_id = $1",
          [user.id],
        )
      )[0].seconds;
    await database.query("UPDATE sessions SET expires_at = now() + interval '1 minute' WHERE user_id = $1", [
      user.id,
    ]);
    const { body } = await client.refresh(user.refresh_token);
    assert.ok((await left()) > 29 * 86_400);
    await database.query(
      `UPDATE sessions SET created_at = now() - interval '90 days' + interval '1 hour',
                           expires_at = now() + interval '1 minute' WHERE user_id = $1`,
      [user.id],
    );
    assert.equal((await client.refresh(body.refresh_token)).status, 200);
    assert.ok((await left()) > 3500 && (await left()) <= 3600, String(await left()));
  });
});

describe("logout", () => {
  test("ends the session of that token only, and answers an unknown token alike", async () => {
    const user = await client.newUser();
    const other = await client.newSession(user);
    const known = await client.post("/api/auth/logout", { refresh_token: user.refresh_token });
    const again = await client.post("/api/auth/logout", { refresh_token: user.refresh_token });
    const unknown = await client.post("/api/auth/logout", { refresh_token: "never-issued" });
    for (const answer of [known, again, unknown]) {
      assert.equal(answer.status, 200);
      assert.equal(typeof answer.body.message, "string");
      assert.deepEqual(answer.body, known.body);
    }
    assert.equal((await client.me(other.access_token)).status, 200);
  });

  test("of all ends every session", async () => {
    const user = await client.newUser();
    const other = await client.newSession(user);
    assert.equal(
      (await client.post("/api/auth/logout-all", undefined, { token: other.access_token })).status,
      200,
    );
    assertProblem(await client.me(user.access_token), 401, credentials);
    assertProblem(await client.refresh(other.refresh_token), 401, "Invalid refresh token");
  });
});

describe("sessions", () => {
  test("lists the user's own live sessions and knows the current one, even among equal user agents", async () => {
    const user = await client.newUser();
    const other = await client.newSession(user);
    const ended = await client.newSession(user);
    await client.post("/api/auth/logout", { refresh_token: ended.refresh_token });
    const { status, body } = await client.get("/api/auth/sessions", { token: other.access_token });
    assert.equal(status, 200);
    assert.equal(body.length, 2);
    for (const session of body) {
      assert.deepEqual(keys(session), [
        "created_at",
        "expires_at",
        "id",
        "ip_address",
        "is_current",
        "user_agent",
      ]);
      assert.equal(session.ip_address, "127.0.0.1");
    }
    assert.equal(body.filter(({ is_current }) => is_current).length, 1);
  });

  test("keep the client's address and user agent as sent, and no forged forwarding", async () => {
    const user = await client.newUser();
    const agent = "Mozilla/5.0 (\"quoted\", {braces}, 'single', $1)";
    const { access_token } = await client.newSession(user, {
      headers: { "User-Agent": agent, "X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9" },
    });
    const { body } = await client.get("/api/auth/sessions", { token: access_token });
    const current = body.find(({ is_current }) => is_current);
    assert.equal(current.user_agent, agent);
    assert.equal(current.ip_address, "127.0.0.1");
  });

  test("can be revoked by their user, who is told 404 for anybody else's", async () => {
    const [user, stranger] = [await client.newUser(), await client.newUser()];
    const other = await client.newSession(user);
    const { body } = await client.get("/api/auth/sessions", { token: user.access_token });
    const { id } = body.find(({ is_current }) => !is_current);
    assertProblem(
      await client.delete(`/api/auth/sessions/${id}`, { token: stranger.access_token }),
      404,
      "Session not found",
    );
    const revoked = await client.delete(`/api/auth/sessions/${id}`, { token: user.access_token });
    assert.equal(revoked.status, 200);
    assert.equal(typeof revoked.body.message, "string");
    assertProblem(await client.me(other.access_token), 401, credentials);
    assertProblem(await client.delete(`/api/auth/sessions/${id}`, { token: user.access_token }), 404);
  });

  test("validate with the documented answer", async () => {
    const user = await client.newUser();
    const { status, body } = await client.post("/api/auth/validate-session", undefined, {
      token: user.access_token,
    });
    assert.equal(status, 200);
    assert.deepEqual(body, {
      valid: true,
      user_id: user.id,
      email: user.email,
      is_password_temporary: false,
    });
  });

  test("extend, and are never shortened by it", async () => {
    const user = await client.newUser();
    const expiry = async () =>
      (await database.query("SELECT expires_at FROM sessions WHERE user_id = $1", [user.id]))[0].expires_at;
    const before = await expiry();
    const { status, body } = await client.post("/api/auth/extend-session", undefined, {
      token: user.access_token,
    });
    assert.equal(status, 200);
    assert.equal(body.extended, true);
    assert.equal(body.extension_minutes, 180);
    assert.ok((await expiry()) >= before);

    await database.query("UPDATE sessions SET expires_at = now() + interval '1 minute' WHERE user_id = $1", [
      user.id,
    ]);
    const extended = await client.post("/api/auth/extend-session", undefined, { token: user.access_token });
    assert.ok(Date.parse(extended.body.new_expires_at) > Date.now() + 170 * 60_000);
    assert.equal(Date.parse(extended.body.new_expires_at), (await expiry()).getTime());
  });
});
