// The generated description of the API, judged by a validator that is not ours, and the promise that an
// endpoint is a function and a row.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { startGateway } from "./support/gateway.mjs";
import { assertInvalid, assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();
const { body: document, status } = await client.get("/openapi.json");

test("openapi.json is a valid OpenAPI 3.1 document", async () => {
  assert.equal(status, 200);
  assert.match(document.openapi, /^3\.1\.\d+$/);
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors, null, 2));
});

test("openapi.json holds every route, each with its success status, summary and description", async () => {
  const routes = await database.query(
    "SELECT method, path, success_status, summary, description FROM auth.list_routes()",
  );
  assert.ok(routes.length >= 14);
  for (const { method, path, success_status, summary, description } of routes) {
    const operation = document.paths[path]?.[method.toLowerCase()];
    assert.ok(operation, `${method} ${path}`);
    assert.ok(operation.responses[success_status], `${method} ${path} ${success_status}`);
    assert.equal(operation.summary, summary);
    assert.ok(description && operation.description.length > 0, `${method} ${path} has no description`);
  }
});

test("openapi.json tells a client nothing about arguments that only the gateway may give", () => {
  const names = [];
  JSON.stringify(document, (key, value) => {
    names.push(key, value?.name);
    return value;
  });
  assert.deepEqual(
    names.filter((name) => typeof name === "string" && /^_/.test(name)),
    [],
  );
});

test("openapi.json gives no two operations one id", () => {
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

test("openapi.json marks exactly the routes that need a bearer token", async () => {
  const { body: me } = { body: document.paths["/api/auth/me"].get };
  assert.ok(me.security?.length > 0);
  assert.ok(!document.paths["/api/auth/login"].post.security?.length);
});

test("an operator's own endpoint is a function, a grant and a row", async () => {
  await database.asSuperuser((session) =>
    session.query(`
    CREATE SCHEMA shop;
    GRANT USAGE ON SCHEMA shop TO auth_gateway;
    CREATE FUNCTION shop.quote(item text, quantity integer DEFAULT 1, express boolean DEFAULT false,
                               _access_token text DEFAULT NULL)
      RETURNS jsonb LANGUAGE sql AS $$
        SELECT jsonb_build_object('item', item, 'quantity', quantity, 'express', express,
                                  'user_id', auth.require_user(_access_token)) $$;
    COMMENT ON FUNCTION shop.quote IS 'Quotes a price.';
    REVOKE EXECUTE ON FUNCTION shop.quote FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION shop.quote TO auth_gateway;
    CREATE FUNCTION shop.forget(item text) RETURNS void LANGUAGE sql AS '';
    INSERT INTO auth.routes (method, path, function, success_status, lane, summary) VALUES
      ('POST', '/shop/{item}/quote', 'shop.quote', 201, 'call', 'Quote'),
      ('DELETE', '/shop/{item}', 'shop.forget', 204, 'call', 'Forget');`),
  );
  const user = await client.newUser();
  const restarted = await startGateway(database);
  try {
    const shop = restarted.client;
    const token = user.access_token;
    const quoted = await shop.post("/shop/t%C3%A9a%2Fcup/quote?express=true", { quantity: 3 }, { token });
    assert.equal(quoted.status, 201, quoted.text);
    assert.deepEqual(quoted.body, { item: "téa/cup", quantity: 3, express: true, user_id: user.id });
    const defaulted = await shop.post("/shop/tea/quote", {}, { token });
    assert.deepEqual(defaulted.body, { item: "tea", quantity: 1, express: false, user_id: user.id });
    assert.equal((await shop.delete("/shop/tea")).status, 204);
    assertProblem(await shop.post("/shop/tea/quote", {}), 401, "Not authenticated");
    for (const quantity of ["three", 3.5, 1e10, true, [3]]) {
      assertInvalid(await shop.post("/shop/tea/quote", { quantity }, { token }), "body.quantity");
    }
    assertInvalid(await shop.post("/shop/tea/quote?express=perhaps", {}, { token }), "query.express");
    const { body } = await shop.get("/openapi.json");
    assert.match(body.paths["/shop/{item}/quote"].post.description, /Quotes a price\./);
    assert.ok((await new Validator().validate(body)).valid);
  } finally {
    await restarted.stop();
  }
});
