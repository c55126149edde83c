// What holds for every request: bodies, types, sizes, tenants, request ids, CORS, caching.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freshEmail, freshPassword } from "./support/client.mjs";
import { assertInvalid, assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client } = await startSystem({ environment: { CORS_ORIGINS: "https://app.example.com" } });

describe("a body", () => {
  const register = "/api/auth/register";

  test("without a member that has no default is a 422 that names each", async () => {
    const errors = assertInvalid(await client.post(register, {}), "body.email", "body.password");
    assert.ok(errors.every(({ type }) => type === "missing"));
    assertInvalid(await client.post(register, { email: freshEmail(), password: null }), "body.password");
  });

  test("with a member of the wrong type is a 422 that names it", async () => {
    for (const email of [42, true, [], {}, ["a@example.com"]]) {
      assertInvalid(await client.post(register, { email, password: freshPassword() }), "body.email");
    }
    const { access_token } = await client.newUser();
    for (const id of ["1", "not-a-uuid", "00000000-0000-0000-0000-00000000000g", "%F0%9F%92%A9"]) {
      assertInvalid(
        await client.delete(`/api/auth/sessions/${id}`, { token: access_token }),
        "path.session_id",
      );
    }
  });

  test("with a NUL or a lone surrogate is refused, not a 500", async () => {
    for (const password of ["abc\u0000def-quartz-7", "abc\ud800def-quartz-7"]) {
      const { status } = await client.register(freshEmail(), password);
      assert.ok(status === 422 || status === 400, String(status));
    }
  });

  test("may hold members that nobody knows", async () => {
    const answer = await client.register(freshEmail(), freshPassword(), {
      favourite_colour: { nested: [1, null] },
    });
    assert.equal(answer.status, 201);
  });

  test("that is not JSON is a 400", async () => {
    const headers = { "Content-Type": "application/json" };
    for (const body of [
      "{",
      "{'email': 1}",
      '{"email": "a@example.com"} trailing',
      "\u0000",
      "[".repeat(30_000),
      '{"email": 01}',
      "NaN",
      Buffer.from([0x7b, 0xff, 0x7d]),
    ]) {
      assertProblem(await client.request("POST", register, { body, headers }), 400);
    }
  });

  test("that is JSON but no object is a 422", async () => {
    for (const json of [[], "text", 7, true]) assertProblem(await client.post(register, json), 422);
  });

  test("of another media type is a 415", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/jsonp",
      "multipart/form-data",
    ]) {
      const answer = await client.request("POST", register, {
        body: "{}",
        headers: { "Content-Type": type },
      });
      assertProblem(answer, 415);
    }
  });

  test("may say its charset", async () => {
    const answer = await client.request("POST", register, {
      body: JSON.stringify({ email: freshEmail(), password: freshPassword() }),
      headers: { "Content-Type": "Application/JSON; charset=utf-8" },
    });
    assert.equal(answer.status, 201);
  });

  test("of more than 64 KiB is a 413", async () => {
    const answer = await client.register(freshEmail(), freshPassword(), { padding: "x".repeat(65_536) });
    assertProblem(answer, 413);
  });
});

describe("routing", () => {
  test("knows 404 from 405, which lists what is allowed", async () => {
    assertProblem(await client.get("/api/auth/nothing"), 404);
    const wrong = assertProblem(await client.get("/api/auth/login"), 405);
    assert.match(wrong.headers.get("allow"), /\bPOST\b/);
  });

  test("takes the replaced system's tenant by header, and no other", async () => {
    const user = await client.newUser();
    const withTenant = (tenant) => client.me(user.access_token, { headers: { "X-Tenant-ID": tenant } });
    assert.equal((await withTenant("default")).status, 200);
    assert.equal((await withTenant("DEFAULT")).status, 200);
    for (const tenant of ["other", "public", "default; SET search_path = x", "a".repeat(1000)]) {
      assertProblem(await withTenant(tenant), 404);
    }
    assert.equal((await client.get("/api/health", { headers: { "X-Tenant-ID": "default" } })).status, 200);
  });

  test("returns a request's own id, and makes one when it is missing or malformed", async () => {
    const own = "0f8fad5b-d9cb-469f-a165-70867728950e";
    const answer = await client.get("/", { headers: { "X-Request-ID": own } });
    assert.equal(answer.headers.get("x-request-id"), own);
    assert.deepEqual(answer.body, { status: "ok" });
    const made = await Promise.all(
      [{}, { "X-Request-ID": "two words" }, { "X-Request-ID": "x".repeat(1000) }].map(async (headers) =>
        (await client.get("/", { headers })).headers.get("x-request-id"),
      ),
    );
    assert.equal(new Set(made).size, 3);
    made.forEach((id) => assert.match(id, /^[\w-]{8,64}$/));
  });

  test("lets no answer that carries an identity be cached", async () => {
    const user = await client.newUser();
    for (const answer of [
      await client.me(user.access_token),
      await client.me("bad"),
      await client.refresh(user.refresh_token),
    ]) {
      assert.match(answer.headers.get("cache-control"), /no-store/);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    }
  });
});

describe("cross-origin requests", () => {
  const preflight = (Origin) =>
    client.request("OPTIONS", "/api/auth/login", {
      headers: {
        Origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
      },
    });

  test("are allowed from the configured origin, which is named and never a wildcard", async () => {
    const { status, headers } = await preflight("https://app.example.com");
    assert.equal(status, 204);
    assert.equal(headers.get("access-control-allow-origin"), "https://app.example.com");
    assert.match(headers.get("access-control-allow-methods"), /\bPOST\b/);
    assert.match(headers.get("access-control-allow-headers"), /content-type/i);
    assert.match(headers.get("vary"), /origin/i);
    const answer = await client.me("bad", { headers: { Origin: "https://app.example.com" } });
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://app.example.com");
  });

  test("are not allowed from any other", async () => {
    for (const origin of [
      "https://evil.example",
      "https://app.example.com.evil.example",
      "null",
      "http://app.example.com",
      "https://app.example.com:8443",
    ]) {
      assert.equal((await preflight(origin)).headers.get("access-control-allow-origin"), null, origin);
      const answer = await client.get("/", { headers: { Origin: origin } });
      assert.equal(answer.headers.get("access-control-allow-origin"), null, origin);
    }
  });
});
