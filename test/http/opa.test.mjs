// OPA's data API at the paths of the policy that this service replaces: the same answers for the same input, and
// nothing that the input claims makes them better than what the tables hold.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "./support/poll.mjs";
import { assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";
import { makeWorld } from "./support/world.mjs";

const system = await startSystem();
const { client, database } = system;
const world = await makeWorld(system);
const { root, alice, bob, carol, eve, organization, account, projects } = world;

const post = (path, json, person = root) => client.post(path, json, { token: person.access_token });
const input = (person, action, more = {}) => ({
  user: { id: person.id, status: "active", assignments: [] },
  action,
  resource: { type: "project", id: projects[0], organization_id: organization, account_id: account },
  ...more,
});
async function allows(json, expected, person) {
  const answer = await post("/v1/data/rbac/allow", json, person);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get("content-type"), /^application\/json/);
  assert.deepEqual(answer.body, { result: expected });
  const whole = await post("/v1/data/rbac", json, person);
  assert.equal(whole.status, 200);
  assert.equal(whole.body.result.allow, expected);
  return whole.body.result;
}
const nothing = { allow: false, deny: false, deny_by_group: false };

test("the tables decide", async () => {
  await allows({ input: input(alice, "edit_project") }, true);
  await allows({ input: input(bob, "view_project") }, true);
  await allows({ input: input(bob, "edit_project") }, false);
  await allows(
    { input: input(carol, "manage_account", { resource: { type: "account", id: account, account_id: account } }) },
    true,
  );
  await allows({ input: input(root, "anything") }, true);
  assert.deepEqual(await allows({ input: input(eve, "view_project") }, false), nothing);
});

test("what a superuser is allowed leaves an audit line", async () => {
  for (const path of ["/v1/data/rbac", "/v1/data/rbac/allow"]) {
    const headers = { "X-Request-ID": `audit${path.replaceAll("/", "-")}` };
    await client.post(path, { input: input(root, "anything") }, { token: root.access_token, headers });
    const line = await until("the audit line", () =>
      system.gateway
        .log()
        .split("\n")
        .find((line) => line.includes('"audit"') && line.includes(headers["X-Request-ID"])),
    );
    assert.equal(JSON.parse(line).deed, `superuser allowed: user ${root.id}, action "anything", 1 time(s)`);
  }
});

test("not what the document claims about the user", async () => {
  const superadmin = [{ role: "superadmin", resource_type: "organization", resource_id: organization }];
  const claims = {
    id: eve.id,
    status: "active",
    is_superuser: true,
    assignments: superadmin,
    user_assignments: superadmin,
    overrides: { allow: ["view_project"], deny: [] },
    groups: [],
  };
  await allows({ input: input(eve, "view_project", { user: claims }) }, false);
  await allows(
    {
      input: input(alice, "view_project", {
        user: { id: alice.id, status: "suspended", overrides: { deny: ["view_project"] } },
      }),
    },
    true,
  );
  await database.query("UPDATE users SET status = 'suspended' WHERE id = $1", [bob.id]);
  await allows({ input: input(bob, "view_project") }, false);
  await database.query("UPDATE users SET status = 'active' WHERE id = $1", [bob.id]);
});

test("nor about where the resource lies", async () => {
  const other = "00000000-0000-4000-8000-000000000001";
  const at = (claims) => ({
    input: input(alice, "view_project", { resource: { type: "project", id: projects[0], ...claims } }),
  });
  await allows(at({}), true);
  await allows(at({ organization_id: organization }), true);
  await allows(at({ account_id: account.toUpperCase() }), true);
  await allows(at({ organization_id: null, account_id: null }), true);
  for (const wrong of [other, account, "x", "", 7, {}, []]) await allows(at({ organization_id: wrong }), false);
  for (const wrong of [other, organization, "x", ""])
    await allows(at({ organization_id: organization, account_id: wrong }), false);
});

test("overrides and groups deny, and data.rbac says which", async () => {
  await database.query(
    `INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, allow_actions, deny_actions)
     VALUES ($1, $2, 'project', '{archive}', '{view_project}')`,
    [eve.id, projects[0]],
  );
  assert.deepEqual(await allows({ input: input(eve, "view_project") }, false), { ...nothing, deny: true });
  await allows({ input: input(eve, "archive") }, true);
  const [{ id }] = await database.query(
    "INSERT INTO auth.groups (organization_id, name) VALUES ($1, 'Contractors') RETURNING id",
    [organization],
  );
  await database.query(
    "INSERT INTO auth.group_permissions (group_id, service_name, deny_actions) VALUES ($1, 'wiki', '{archive}')",
    [id],
  );
  await database.query(
    `INSERT INTO auth.user_group_memberships (user_id, group_id, resource_id, resource_type)
     VALUES ($1, $2, $3, 'organization')`,
    [eve.id, id, organization],
  );
  await allows({ input: input(eve, "archive") }, true);
  assert.deepEqual(await allows({ input: input(eve, "archive", { service: "wiki" }) }, false), {
    ...nothing,
    deny_by_group: true,
  });
});

test("what is undefined, or of another type, is denied and no error", async () => {
  const good = input(alice, "view_project");
  await allows({ input: good }, true);
  await allows({ input: { ...good, user: { id: String(alice.id) } } }, true);
  for (const json of [
    {},
    { input: null },
    { input: 7 },
    { input: [] },
    { input: "x" },
    { input: {} },
    { unput: good },
    { input: { ...good, user: undefined } },
    { input: { ...good, user: 7 } },
    { input: { ...good, user: {} } },
    { input: { ...good, user: { id: null } } },
    { input: { ...good, user: { id: `${alice.id} OR true` } } },
    { input: { ...good, user: { id: { id: alice.id } } } },
    { input: { ...good, user: { id: 1e30 } } },
    { input: { ...good, user: { id: 0.5 } } },
    { input: { ...good, user: { id: 999999999 } } },
    { input: { ...good, action: undefined } },
    { input: { ...good, action: 7 } },
    { input: { ...good, action: ["view_project"] } },
    { input: { ...good, resource: undefined } },
    { input: { ...good, resource: "x" } },
    { input: { ...good, resource: { ...good.resource, type: "spaceship" } } },
    { input: { ...good, resource: { ...good.resource, type: "account" } } },
    { input: { ...good, resource: { ...good.resource, type: 7 } } },
    { input: { ...good, resource: { ...good.resource, id: "x" } } },
    { input: { ...good, resource: { ...good.resource, id: organization } } },
    { input: { ...good, service: 7 } },
    { input: { ...good, service: {} } },
  ])
    assert.deepEqual(await allows(json, false), nothing, JSON.stringify(json));
  assert.deepEqual((await client.request("POST", "/v1/data/rbac/allow", { token: root.access_token })).body, {
    result: false,
  });
});

describe("as OPA", () => {
  test("no media type is asked for", async () => {
    const body = JSON.stringify({ input: input(alice, "view_project") });
    for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/json"]) {
      const options = { body, token: root.access_token, headers: { "Content-Type": type } };
      const answer = await client.request("POST", "/v1/data/rbac/allow?pretty=true&metrics", options);
      assert.deepEqual(answer.body, { result: true });
    }
  });
  test("what is no JSON is a 400", async () => {
    for (const body of [
      "{",
      "nonsense",
      "[]",
      '"x"',
      "7",
      '{"input": {}, "input": {}}',
      '{"input": "\\u0000"}',
      "[".repeat(60_000),
    ])
      assertProblem(await client.request("POST", "/v1/data/rbac/allow", { body, token: root.access_token }), 400);
  });
  test("a bearer token is needed, and about others, rights", async () => {
    for (const path of ["/v1/data/rbac/allow", "/v1/data/rbac"]) {
      const json = { input: input(alice, "view_project") };
      assertProblem(await client.post(path, json), 401, "Not authenticated");
      assertProblem(await client.post(path, json, { token: "x" }), 401, "Could not validate credentials");
      assertProblem(await client.post(path, undefined, {}), 401);
      assertProblem(await post(path, json, bob), 403);
    }
  });
  test("oneself, and what one administers, may be asked about", async () => {
    await allows({ input: input(alice, "view_project") }, true, alice);
    await allows({ input: input(alice, "view_project") }, true, carol);
    await allows({ input: input(eve, "view_project") }, false, carol);
    assertProblem(
      await post(
        "/v1/data/rbac",
        { input: input(alice, "x", { resource: { type: "organization", id: organization } }) },
        carol,
      ),
      403,
    );
  });
});
