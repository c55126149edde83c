// /api/rbac as clients of the replaced service call it: its fields, its codes, its PATCH and its upserts.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { freshEmail } from "./support/client.mjs";
import { assertInvalid, assertProblem } from "./support/problem.mjs";
import { Maker, newSuperuser, unknown } from "./support/rbac.mjs";
import { startSystem } from "./support/system.mjs";

const system = await startSystem();
const { client, database } = system;
const make = new Maker(database);
let root, user;

const api = (method, path, json, token = root.access_token) =>
  client.request(method, `/api/rbac${path}`, { json, token });
const keys = (object) => Object.keys(object).sort();
const times = ["created_at", "updated_at"];
const assertMembers = (object, ...members) => assert.deepEqual(keys(object), [...members].sort());

// Sends what must succeed and returns the body.
async function done(status, method, path, json) {
  const answer = await api(method, path, json);
  assert.equal(answer.status, status, answer.text);
  return answer.body;
}

before(async () => {
  root = await newSuperuser(system);
  user = await client.newUser();
});

describe("organizations, accounts and projects", () => {
  const tree = {};
  test("are created with the documented members", async () => {
    const name = freshEmail();
    tree.organization = await done(201, "POST", "/organizations", { name, description: "d" });
    assertMembers(tree.organization, "id", "name", "description", ...times);
    assertProblem(await api("POST", "/organizations", { name }), 409);
    const organization_id = tree.organization.id;
    tree.account = await done(201, "POST", "/accounts", { organization_id, name: "a" });
    assertMembers(tree.account, "id", "organization_id", "name", "description", ...times);
    assert.equal(tree.account.description, null);
    tree.project = await done(201, "POST", "/projects", {
      account_id: tree.account.id,
      organization_id,
      name: "p",
    });
    assertMembers(tree.project, "id", "account_id", "organization_id", "name", "description", ...times);
  });

  test("refuse parents that are not there or not theirs", async () => {
    const elsewhere = await make.organization();
    assertProblem(
      await api("POST", "/accounts", { organization_id: unknown, name: "a" }),
      404,
      "Organization not found",
    );
    const project = { account_id: tree.account.id, organization_id: elsewhere.id, name: "p" };
    assertProblem(
      await api("POST", "/projects", project),
      400,
      "Account does not belong to the organization",
    );
    assertProblem(
      await api("POST", "/projects", { ...project, account_id: unknown }),
      404,
      "Account not found",
    );
  });

  test("are listed by skip and limit with their total, and by their parent", async () => {
    const { organization, account, project } = tree;
    for (const name of ["b", "c"]) await make.account({ id: organization.id });
    const first = await done(200, "GET", `/accounts?organization_id=${organization.id}&limit=1`);
    const rest = await done(200, "GET", `/accounts?organization_id=${organization.id}&skip=1`);
    assert.equal(first.total, 3);
    assert.deepEqual([first.accounts.length, rest.accounts.length], [1, 2]);
    assert.deepEqual(first.accounts[0], account);
    assert.deepEqual(await done(200, "GET", `/projects?account_id=${account.id}`), {
      projects: [project],
      total: 1,
    });
    assert.ok(
      (await done(200, "GET", "/organizations?limit=1000")).organizations.some(
        ({ id }) => id === organization.id,
      ),
    );
  });

  test("refuse what the binder or the page cannot take", async () => {
    for (const query of ["skip=x", "limit=x"]) {
      assertInvalid(await api("GET", `/accounts?${query}`), `query.${query.slice(0, -2)}`);
    }
    for (const query of ["skip=-1", "limit=0", "limit=1001"]) {
      assertProblem(await api("GET", `/accounts?${query}`), 422, new RegExp(`^${query.split("=")[0]}: `));
    }
    assertInvalid(await api("GET", "/accounts/x"), "path.account_id");
    assertInvalid(
      await api("POST", "/accounts", { organization_id: "x" }),
      "body.organization_id",
      "body.name",
    );
    assertProblem(await api("POST", "/organizations", { name: "x".repeat(10_000) }), 422, /^name: /);
  });

  test("PATCH changes what it names, an empty description removes it", async () => {
    const path = `/accounts/${tree.account.id}`;
    const described = await done(200, "PATCH", path, { description: "d", name: null });
    assert.deepEqual([described.name, described.description], ["a", "d"]);
    const renamed = await done(200, "PATCH", path, { name: "b" });
    assert.deepEqual([renamed.name, renamed.description], ["b", "d"]);
    assert.ok(renamed.updated_at > described.updated_at);
    assert.equal((await done(200, "PATCH", path, { description: "" })).description, null);
  });

  test("move with PATCH, and what lies below moves along", async () => {
    const elsewhere = await make.organization();
    const moved = await done(200, "PATCH", `/accounts/${tree.account.id}`, { organization_id: elsewhere.id });
    assert.equal(moved.organization_id, elsewhere.id);
    assert.equal((await done(200, "GET", `/projects/${tree.project.id}`)).organization_id, elsewhere.id);
    const other = await make.account({ id: tree.organization.id });
    const back = await done(200, "PATCH", `/projects/${tree.project.id}`, { account_id: other.id });
    assert.deepEqual([back.account_id, back.organization_id], [other.id, tree.organization.id]);
    assertProblem(
      await api("PATCH", `/projects/${tree.project.id}`, { account_id: unknown }),
      404,
      "Account not found",
    );
  });

  test("are gone after DELETE, with all that was below", async () => {
    assert.equal((await api("DELETE", `/organizations/${tree.organization.id}`)).status, 204);
    assertProblem(await api("GET", `/organizations/${tree.organization.id}`), 404, "Organization not found");
    assertProblem(await api("GET", `/projects/${tree.project.id}`), 404, "Project not found");
    assertProblem(await api("DELETE", `/organizations/${tree.organization.id}`), 404);
  });
});

describe("role assignments", () => {
  test("are upserts, with the documented members and those that are new", async () => {
    const { id: resource_id } = await make.organization();
    const grant = { user_id: user.id, role: "viewer", resource_type: "organization", resource_id };
    const granted = await done(201, "POST", "/user_role_assignments", grant);
    assertMembers(granted, ...Object.keys(grant), "created_at", "role_id", "expires_at");
    const again = await done(201, "POST", "/user_role_assignments", { ...grant, role: "admin" });
    assert.deepEqual(again, { ...granted, role: "admin" });
    const listed = await done(
      200,
      "GET",
      `/user_role_assignments?user_id=${user.id}&resource_id=${resource_id}`,
    );
    assert.deepEqual(listed, { assignments: [again], total: 1 });

    const changes = await done(200, "GET", `/role_changes?resource_id=${resource_id}`);
    assert.deepEqual(
      changes.changes.map(({ change, role }) => [change, role]),
      [
        ["changed", "admin"],
        ["granted", "viewer"],
      ],
    );
    assert.deepEqual([changes.changes[0].changed_by, changes.changes[0].by_right], [root.id, "superuser"]);
    assert.equal(changes.next, null);
  });

  test("end at expires_at, and by DELETE with a reason", async () => {
    const project = await make.project(await make.account(await make.organization()));
    const grant = { user_id: user.id, role: "viewer", resource_type: "project", resource_id: project.id };
    const path = `/user_role_assignments/${user.id}/${project.id}`;
    assertProblem(
      await api("POST", "/user_role_assignments", { ...grant, expires_at: "2020-01-01T00:00:00Z" }),
      422,
      /^expires_at: /,
    );
    assertProblem(await api("POST", "/user_role_assignments", { ...grant, expires_at: "soon" }), 422);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const granted = await done(201, "POST", "/user_role_assignments", { ...grant, expires_at: tomorrow });
    assert.equal(Date.parse(granted.expires_at), Date.parse(tomorrow));
    assert.equal((await api("GET", `/projects/${project.id}`, undefined, user.access_token)).status, 200);
    await database.query("UPDATE user_role_assignments SET expires_at = now() WHERE resource_id = $1", [
      project.id,
    ]);
    assertProblem(await api("GET", `/projects/${project.id}`, undefined, user.access_token), 404);
    assert.equal((await api("DELETE", `${path}?reason=over`)).status, 204);
    assertProblem(await api("DELETE", path), 404, "Assignment not found");
    const { changes } = await done(200, "GET", `/role_changes?resource_id=${project.id}&limit=1`);
    assert.deepEqual([changes[0].change, changes[0].reason], ["revoked", "over"]);
  });

  test("refuse what does not exist", async () => {
    const { id: resource_id } = await make.organization();
    const grant = { user_id: user.id, role: "viewer", resource_type: "organization", resource_id };
    const post = (more) => api("POST", "/user_role_assignments", { ...grant, ...more });
    assertProblem(await post({ user_id: 2 ** 40 }), 404, "User not found");
    assertProblem(await post({ resource_id: unknown }), 404, "Organization not found");
    assertProblem(await post({ resource_type: "project" }), 404, "Project not found");
    assertProblem(await post({ role: "owner" }), 422, /^role: /);
    assertProblem(await post({ resource_type: "folder" }), 422, /^resource_type: /);
    assertInvalid(await post({ user_id: "1" }), "body.user_id");
    assertInvalid(await api("DELETE", "/user_role_assignments/x/y"), "path.user_id", "path.resource_id");
  });

  test("name a role of the operator's own", async () => {
    const project = await make.project(await make.account(await make.organization()));
    const name = freshEmail();
    const role = await done(201, "POST", "/roles", { name, base_type: "editor", scope_type: "project" });
    assertMembers(
      role,
      "id",
      "name",
      "description",
      "base_type",
      "scope_type",
      "is_system",
      "permissions",
      ...times,
    );
    assert.equal(role.is_system, false);
    assertProblem(await api("POST", "/roles", { name, base_type: "editor", scope_type: "project" }), 409);
    const permission = await done(201, "POST", `/roles/${role.id}/permissions`, {
      service_name: "s",
      allowed_actions: ["view", "edit"],
    });
    assertMembers(permission, "id", "role_id", "service_name", "allowed_actions", ...times);
    assertProblem(
      await api("POST", `/roles/${role.id}/permissions`, { service_name: "s", allowed_actions: [] }),
      409,
    );
    assert.deepEqual((await done(200, "GET", `/roles/${role.id}`)).permissions, [permission]);
    assert.ok(
      (await done(200, "GET", "/roles?is_system=false&base_type=editor")).roles.some(
        ({ id }) => id === role.id,
      ),
    );

    const grant = { user_id: user.id, role_id: role.id, resource_type: "project", resource_id: project.id };
    const granted = await done(201, "POST", "/user_role_assignments", grant);
    assert.deepEqual([granted.role, granted.role_id], ["editor", role.id]);
    assertProblem(await api("DELETE", `/roles/${role.id}`), 409, "The role is assigned to users");
    await done(204, "DELETE", `/user_role_assignments/${user.id}/${project.id}`);
    assert.deepEqual(
      (await done(200, "PATCH", `/roles/${role.id}/permissions/${permission.id}`, { allowed_actions: ["*"] }))
        .allowed_actions,
      ["*"],
    );
    await done(204, "DELETE", `/roles/${role.id}/permissions/${permission.id}`);
    await done(204, "DELETE", `/roles/${role.id}`);
    assertProblem(await api("GET", `/roles/${role.id}`), 404, "Role not found");
  });
});

describe("groups", () => {
  test("deny by service and never allow", async () => {
    const organization = await make.organization();
    const group = await done(201, "POST", "/groups", { organization_id: organization.id, name: "g" });
    assertMembers(group, "id", "organization_id", "name", "description", "permissions", ...times);
    assertProblem(await api("POST", "/groups", { organization_id: organization.id, name: "g" }), 409);
    const path = `/groups/${group.id}/permissions`;
    const permission = await done(201, "POST", path, {
      service_name: "s",
      allow_actions: [],
      deny_actions: ["x"],
    });
    assertMembers(permission, "id", "group_id", "service_name", "allow_actions", "deny_actions", ...times);
    assert.deepEqual(permission.allow_actions, []);
    assertProblem(
      await api("POST", path, { service_name: "t", allow_actions: ["x"] }),
      422,
      "allow_actions: Groups can only deny; to allow actions, grant a role",
    );
    assertInvalid(
      await api("POST", path, { service_name: "t", deny_actions: ["x", 1] }),
      "body.deny_actions.1",
    );
    assertProblem(await api("POST", path, { service_name: "s" }), 409);
    const changed = await done(200, "PATCH", `${path}/${permission.id}`, { deny_actions: ["*"] });
    assert.deepEqual(changed.deny_actions, ["*"]);
    assert.deepEqual((await done(200, "PATCH", `${path}/${permission.id}`, {})).deny_actions, ["*"]);
    assert.equal((await done(200, "PATCH", `/groups/${group.id}`, { name: "h" })).name, "h");
    await done(204, "DELETE", `${path}/${permission.id}`);
    await done(204, "DELETE", `/groups/${group.id}`);
    assertProblem(await api("GET", `/groups/${group.id}`), 404, "Group not found");
  });

  test("have members for a resource of their organization", async () => {
    const organization = await make.organization();
    const group = await make.group(organization);
    const elsewhere = await make.organization();
    const path = `/groups/${group.id}/members`;
    const member = { user_id: user.id, resource_id: organization.id, resource_type: "organization" };
    const added = await done(201, "POST", path, member);
    assertMembers(added, ...Object.keys(member), "group_id", "created_at");
    assertProblem(await api("POST", path, member), 409);
    assertProblem(await api("POST", path, { ...member, resource_id: elsewhere.id }), 400);
    assert.deepEqual(await done(200, "GET", path), { memberships: [added], total: 1 });
    assert.equal((await done(200, "GET", `${path}?resource_id=${unknown}`)).total, 0);
    const groups = await done(200, "GET", `/users/${user.id}/groups?resource_id=${organization.id}`);
    assert.equal(groups.memberships[0].group.id, group.id);
    await done(204, "DELETE", `${path}/${user.id}/${organization.id}`);
    assertProblem(await api("DELETE", `${path}/${user.id}/${organization.id}`), 404, "Membership not found");
    assertProblem(await api("GET", `/users/${2 ** 40}/groups`), 404, "User not found");
  });
});

describe("permission overrides", () => {
  test("are upserts that replace both lists, and PATCH replaces one", async () => {
    const { id: resource_id } = await make.organization();
    const override = { user_id: user.id, resource_type: "organization", resource_id };
    const set = await done(201, "POST", "/permission_overrides", { ...override, allow_actions: ["a"] });
    assertMembers(set, ...Object.keys(override), "allow_actions", "deny_actions", ...times);
    assert.deepEqual([set.allow_actions, set.deny_actions], [["a"], []]);
    const replaced = await done(201, "POST", "/permission_overrides", { ...override, deny_actions: ["d"] });
    assert.deepEqual([replaced.allow_actions, replaced.deny_actions], [[], ["d"]]);
    const path = `/permission_overrides/${user.id}/${resource_id}`;
    const patched = await done(200, "PATCH", path, { allow_actions: ["a"], deny_actions: null });
    assert.deepEqual([patched.allow_actions, patched.deny_actions], [["a"], ["d"]]);
    const listed = await done(
      200,
      "GET",
      `/permission_overrides?user_id=${user.id}&resource_id=${resource_id}`,
    );
    assert.deepEqual(listed, { overrides: [patched], total: 1 });
    await done(204, "DELETE", path);
    assertProblem(await api("PATCH", path, { deny_actions: [] }), 404, "Override not found");
    assertProblem(await api("POST", "/permission_overrides", { ...override, deny_actions: ["*"] }), 422);
  });
});

test("me shows what the caller's rights are made of", async () => {
  const someone = await client.newUser();
  const organization = await make.organization();
  await make.assignment(someone, "viewer", "organization", organization);
  await make.membership(someone, await make.group(organization), "organization", organization);
  await make.override(someone, "organization", organization);
  const { body } = await api("GET", "/me", undefined, someone.access_token);
  assertMembers(
    body,
    "user_id",
    "is_superuser",
    "role_assignments",
    "group_memberships",
    "permission_overrides",
  );
  assert.deepEqual([body.user_id, body.is_superuser], [someone.id, false]);
  assert.equal(body.role_assignments[0].role, "viewer");
  assert.deepEqual(body.group_memberships[0].group.permissions, []);
  assert.deepEqual(body.permission_overrides[0].deny_actions, ["x"]);
});

test("pages of role_changes follow one another by next", async () => {
  const organization = await make.organization();
  for (let count = 0; count < 5; count++)
    await make.assignment(await make.user(), "viewer", "organization", organization);
  const seen = [];
  let after = "";
  do {
    const page = await done(200, "GET", `/role_changes?resource_id=${organization.id}&limit=2${after}`);
    seen.push(...page.changes.map(({ user_id }) => user_id));
    after = page.next && `&after=${encodeURIComponent(page.next)}`;
  } while (after);
  assert.equal(seen.length, 5);
  assert.equal(new Set(seen).size, 5);
  assertProblem(await api("GET", "/role_changes?after=x"), 422, /^after: /);
});
