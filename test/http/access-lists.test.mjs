// Explanations and lists of access over HTTP: what they answer, and to whom.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertInvalid, assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";
import { makeWorld } from "./support/world.mjs";

const system = await startSystem();
const { client } = system;
const world = await makeWorld(system);
const { root, alice, bob, carol, eve, organization, account, projects } = world;

const get = (what, parameters, person = root) =>
  client.get(`/api/authz/${what}?${new URLSearchParams(parameters)}`, { token: person?.access_token });
async function answered(what, parameters, person) {
  const answer = await get(what, parameters, person);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}
const explain = { user_id: alice.id, action: "edit_project", resource_type: "project", resource_id: projects[0] };
const subjects = { resource_type: "project", resource_id: projects[0], action: "view_project" };
const resources = { user_id: alice.id, action: "view_project", resource_type: "project" };
const actions = { user_id: alice.id, resource_type: "project", resource_id: projects[0] };

test("health needs no token and has the fields it always had", async () => {
  const { status, body } = await client.get("/api/authz/health");
  assert.equal(status, 200);
  assert.deepEqual(body, { status: "healthy", opa: "healthy", message: "Decisions are made by the database" });
});

test("an explanation has its steps in order and ends with the decision", async () => {
  assert.deepEqual(await answered("explain_access", explain), {
    allowed: true,
    steps: [
      { rule: "user", effect: "passes", object: `user ${alice.id}`, reason: "status is active" },
      {
        rule: "resource",
        effect: "passes",
        object: 'project "one"',
        reason: `lies in account "Sales" in organization "${world.organization_name}"`,
      },
      {
        rule: "role",
        effect: "grants",
        object: 'role editor on project "one"',
        reason: "allows edit_project, view_project on a project",
      },
      { rule: "decision", effect: "allowed", object: 'edit_project on project "one"', reason: "role" },
    ],
  });
  assert.equal((await answered("explain_access", { ...explain, user_id: bob.id })).allowed, false);
});

test("lists are paged by next_after", async () => {
  const sorted = [root.id, alice.id, bob.id, carol.id].sort((a, b) => a - b);
  assert.deepEqual(await answered("list_subjects", subjects), { user_ids: sorted, next_after: null });
  const first = await answered("list_subjects", { ...subjects, max_items: 3 });
  assert.deepEqual(first, { user_ids: sorted.slice(0, 3), next_after: sorted[2] });
  const rest = await answered("list_subjects", { ...subjects, max_items: 3, after: first.next_after });
  assert.deepEqual(rest, { user_ids: sorted.slice(3), next_after: null });

  const both = [...projects].sort();
  assert.deepEqual(await answered("list_resources", resources), { resource_ids: both, next_after: null });
  const one = await answered("list_resources", { ...resources, max_items: 1 });
  assert.deepEqual(one, { resource_ids: [both[0]], next_after: both[0] });
  assert.deepEqual(await answered("list_resources", { ...resources, max_items: 1, after: one.next_after }), {
    resource_ids: [both[1]],
    next_after: null,
  });
  assert.deepEqual(await answered("list_actions", actions), { actions: ["edit_project", "view_project"] });
  assert.deepEqual((await answered("list_actions", { ...actions, user_id: root.id })).actions[0], "*");
  assert.deepEqual(await answered("list_actions", { ...actions, user_id: eve.id }), { actions: [] });
});

describe("who may ask", () => {
  test("nobody without a token", async () => {
    for (const [what, parameters] of Object.entries({
      explain_access: explain,
      list_subjects: subjects,
      list_resources: resources,
      list_actions: actions,
    }))
      assertProblem(await get(what, parameters, null), 401, "Not authenticated");
  });
  test("about oneself, what shows nothing but one's own rights", async () => {
    assert.equal((await answered("list_resources", resources, alice)).resource_ids.length, 2);
    assert.equal((await answered("list_actions", actions, alice)).actions.length, 2);
    assert.deepEqual(await answered("list_actions", { ...actions, user_id: eve.id }, eve), { actions: [] });
    // An explanation names groups and resources above.
    assertProblem(await get("explain_access", explain, alice), 403);
    assertProblem(await get("list_subjects", subjects, alice), 403);
  });
  test("about others, an admin of the resource", async () => {
    for (const [what, parameters] of [
      ["explain_access", explain],
      ["list_subjects", subjects],
      ["list_actions", actions],
    ]) {
      await answered(what, parameters, carol);
      assertProblem(await get(what, parameters, bob), 403);
      const above = { ...parameters, resource_type: "organization", resource_id: organization };
      assertProblem(await get(what, above, carol), 403);
      const nowhere = { ...parameters, resource_id: "00000000-0000-4000-8000-000000000000" };
      assertProblem(await get(what, nowhere, carol), 403);
      await answered(what, nowhere, root);
    }
    assertProblem(await get("list_resources", resources, carol), 403);
  });
});

test("arguments that are none are refused", async () => {
  for (const [what, parameters] of [
    ["explain_access", explain],
    ["list_subjects", subjects],
    ["list_resources", resources],
    ["list_actions", actions],
  ]) {
    for (const name of Object.keys(parameters)) {
      const { [name]: _, ...rest } = parameters;
      assertInvalid(await get(what, rest), `query.${name}`);
    }
    if ("user_id" in parameters) assertInvalid(await get(what, { ...parameters, user_id: "x" }), "query.user_id");
    if ("resource_id" in parameters)
      assertInvalid(await get(what, { ...parameters, resource_id: "x" }), "query.resource_id");
    const answer = await get(what, { ...parameters, resource_type: "spaceship" });
    if (what === "explain_access") assert.equal(answer.body.steps.at(-1).reason, "resource_not_found");
    else assertProblem(answer, 422);
  }
  for (const max_items of [0, -1, 1001]) {
    assertProblem(await get("list_subjects", { ...subjects, max_items }), 422, /^max_items/);
    assertProblem(await get("list_resources", { ...resources, max_items }), 422, /^max_items/);
  }
  assertProblem(
    await client.get(`/api/authz/list_actions?user_id=${alice.id}&user_id=${bob.id}`, { token: root.access_token }),
    422,
  );
});

test("an assignment on the account lists what is below it", async () => {
  await world.assign(eve, "account", account, "viewer");
  assert.equal((await answered("list_resources", { ...resources, user_id: eve.id })).resource_ids.length, 2);
  await world.assign(eve, "account", account, "viewer", new Date(Date.now() - 1000));
  assert.equal((await answered("list_resources", { ...resources, user_id: eve.id })).resource_ids.length, 0);
});
