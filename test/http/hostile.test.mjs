// Whatever a client sends to whatever route: a refusal that says why, never a 5xx, never the database's own words. The
// routes and their arguments are read from the catalog, so a new endpoint is attacked without anybody's help.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { freshEmail, freshPassword } from "./support/client.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database, gateway } = await startSystem();
const routes = await database.query("SELECT method, path, argument_names AS names FROM auth.list_routes()");
const user = await client.newUser();
const [email, password] = [freshEmail("root"), freshPassword()];
await database.query("SELECT auth.create_superuser($1, $2)", [email, password]);
const root = await client.newSession({ email, password });

const values = {
  null: null,
  "the empty string": "",
  "a blank": " ",
  "10,000 bytes": "x".repeat(10_000),
  "10,000 characters of four bytes": "\u{1f4a9}".repeat(10_000),
  "a NUL": "a\u0000b",
  "a lone surrogate": "a\ud800b",
  "a right-to-left override": "\u202eabc",
  "a combining avalanche": `a${"\u0301".repeat(5_000)}`,
  "a line break and a header": "x\r\nSet-Cookie: a=b",
  SQL: "'; DROP TABLE users; --",
  "a format": "%s%n$1{}\\",
  "a composite literal": "(1,2)",
  "an array literal": "{a,b}",
  zero: 0,
  "a huge number": 1e308,
  "a fraction": 0.1,
  "a negative number": -9007199254740993,
  true: true,
  "an array": [],
  "an object": {},
  "a nested object": { a: { b: [{ c: null }] } },
};

// The database's own vocabulary must not reach a client, and a refusal must be a problem document.
function assertCivil(answer, what) {
  assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text}`);
  if (answer.status < 400) return;
  assert.match(answer.headers.get("content-type"), /^application\/problem\+json/, what);
  assert.equal(answer.body.status, answer.status, what);
  assert.doesNotMatch(
    answer.text,
    /relation|syntax|violates|constraint|plpgsql|SQLSTATE|\bERROR\b|invalid input/,
    what,
  );
}

const fill = (path) => path.replace(/\{\w+\}/g, "00000000-0000-4000-8000-000000000000");

for (const { method, path, names } of routes) {
  test(`${method} ${path} answers any value of any member without failing`, async () => {
    const own = names.filter((name) => !name.startsWith("_") && !path.includes(`{${name}}`));
    for (const [name, value] of Object.entries(values)) {
      for (const target of own) {
        const json = {
          email: freshEmail(),
          password: freshPassword(),
          refresh_token: "x",
          current_password: "x",
          new_password: freshPassword(),
          [target]: value,
        };
        const query = new URLSearchParams(Object.entries(json).filter(([name]) => own.includes(name)));
        const answer =
          method === "GET"
            ? await client.get(`${fill(path)}?${query}`, { token: user.access_token })
            : await client.request(method, fill(path), { json, token: user.access_token });
        assertCivil(answer, `${target} ${name}`);
      }
      if (typeof value === "string" && value.length < 9_000 && path.includes("{")) {
        const segment = encodeURIComponent(value.toWellFormed?.() ?? value.replace(/\p{Surrogate}/gu, "?"));
        const target = path.replace(/\{\w+\}/g, segment);
        assertCivil(await client.request(method, target, { token: user.access_token }), `path ${name}`);
      }
    }
  });

  test(`${method} ${path} answers any header that it passes on without failing`, async () => {
    const token = (await client.newSession(user)).access_token;
    for (const headers of [
      { "User-Agent": "x".repeat(5_000) },
      { "User-Agent": "\u00e9\u00ff\u0080" },
      { "User-Agent": "" },
      { "X-Refresh-Token": "x".repeat(5_000) },
      { "X-Refresh-Token": "\u00ff'\"\\" },
      { "X-Forwarded-For": "not an address, 999.1.1.1, ::1" },
      { "X-Forwarded-For": `${"1.2.3.4, ".repeat(500)}1.2.3.4` },
      { "Accept-Language": "{}[]\"'" },
      { Authorization: "Bearer" },
      { Authorization: `Bearer ${"x".repeat(6_000)}` },
      { Authorization: `Bearer ${"a.".repeat(2_000)}` },
      { Authorization: "Bearer \u00e9.\u00e9.\u00e9" },
      { Authorization: `Bearer ${token} ${token}` },
    ]) {
      const json = method === "GET" ? undefined : {};
      const answer = await client.request(method, fill(path), { json, token, headers });
      assertCivil(answer, JSON.stringify(headers).slice(0, 80));
    }
  });
}

// Functions that read the body themselves (`_body`) show no arguments: every value at every place of a document that
// has whatever any of them looks for, asked by somebody who may ask everything.
const uuid = "00000000-0000-4000-8000-000000000000";
const document = {
  subject: { type: "user", id: String(user.id), properties: {} },
  action: { name: "view_project" },
  resource: { type: "project", id: uuid },
  context: { service: "s" },
  page: { limit: 1, token: "" },
  options: { evaluations_semantic: "execute_all" },
  evaluations: [{ action: { name: "x" } }],
  input: {
    user: { id: user.id },
    action: "view_project",
    resource: { type: "project", id: uuid, organization_id: uuid, account_id: uuid },
    service: "s",
  },
  checks: [{ user_id: user.id, action: "view_project", service: "s", resource: { type: "project", id: uuid } }],
};
const places = (value, path = []) =>
  typeof value === "object"
    ? Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...places(inner, [...path, key])])
    : [];

for (const { method, path } of routes.filter(({ names }) => names.includes("_body"))) {
  // AuthZEN and OPA call it 400, the API itself 422.
  const refusal = path.startsWith("/api/") ? 422 : 400;
  test(`${method} ${path} answers any value at any place of its body without failing`, async () => {
    for (const place of places(document)) {
      const attack = async ([name, value]) => {
        const json = structuredClone(document);
        place.slice(0, -1).reduce((inner, key) => inner[key], json)[place.at(-1)] = value;
        const answer = await client.request(method, path, { json, token: root.access_token });
        assertCivil(answer, `${place.join(".")} ${name}`);
        assert.ok([200, refusal].includes(answer.status), `${place.join(".")} ${name}: ${answer.status}`);
      };
      await Promise.all(Object.entries(values).map(attack));
    }
  });
}

test("random bodies and random bytes answer without failing", async () => {
  const headers = { "Content-Type": "application/json" };
  const seeds = ['{"email":"a@example.com","password":"p"}', '{"refresh_token":"\\u0041"}', "[1,2,{}]"];
  for (let round = 0; round < 300; round++) {
    const body = Buffer.from(seeds[round % seeds.length]);
    for (let change = 0; change < 1 + (round % 4); change++) {
      body[randomBytes(2).readUInt16LE() % body.length] = randomBytes(1)[0];
    }
    const path = ["/api/auth/login", "/api/auth/refresh", "/api/auth/register"][round % 3];
    assertCivil(await client.request("POST", path, { headers, body }), body.toString("latin1"));
  }
});

test("numbers that no double holds, repeated members and deep nesting answer without failing", async () => {
  const headers = { "Content-Type": "application/json" };
  for (const body of [
    '{"email": 1e999, "password": "p"}',
    `{"email": ${"9".repeat(5_000)}, "password": "p"}`,
    '{"email": "a@example.com", "email": "b@example.com", "password": "p"}',
    `{"email": "a@example.com", "password": "p", "more": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    `{"a":${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}}`,
    `{${Array.from({ length: 4_000 }, (_, index) => `"k${index}": 0`).join(",")}}`,
  ]) {
    assertCivil(await client.request("POST", "/api/auth/login", { headers, body }), body.slice(0, 60));
  }
});

test("after all of this the gateway and its database are as well as before, and the log holds no failure", async () => {
  assert.equal((await client.get("/api/health")).status, 200);
  assert.equal((await client.newUser()).email.length > 0, true);
  const failures = gateway
    .log()
    .split("\n")
    .filter((line) => /"status":\s*5\d\d/.test(line));
  assert.deepEqual(failures, []);
});
