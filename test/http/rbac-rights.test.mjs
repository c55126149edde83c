// Every route of /api/rbac, called once by nobody, by a user without rights, by an editor below, by the organization's
// administrator and by a superuser. The routes come from the table, so one that is added cannot slip by.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { freshEmail } from "./support/client.mjs";
import { assertProblem } from "./support/problem.mjs";
import { Maker, newSuperuser } from "./support/rbac.mjs";
import { startSystem } from "./support/system.mjs";

const system = await startSystem();
const { client, database } = system;
const make = new Maker(database);
const people = {};
const one = {};

before(async () => {
  people.stranger = await client.newUser();
  people.editor = await client.newUser();
  people.admin = await client.newUser();
  people.superuser = await newSuperuser(system);
  one.organization = await make.organization();
  one.account = await make.account(one.organization);
  one.project = await make.project(one.account);
  one.group = await make.group(one.organization);
  await make.assignment(people.editor, "editor", "project", one.project);
  await make.assignment(people.admin, "admin", "organization", one.organization);
});

const all = [200, 200, 200, 200];
// What stranger, editor, admin and superuser are answered; and a request, with something fresh to act on.
const routes = {
  "GET /me": [all, () => ({})],
  "GET /organizations": [all, () => ({})],
  "POST /organizations": [[403, 403, 403, 201], () => ({ json: { name: freshEmail() } })],
  "GET /organizations/{organization_id}": [
    [404, 200, 200, 200],
    () => ({ organization_id: one.organization.id }),
  ],
  "PATCH /organizations/{organization_id}": [
    [404, 403, 200, 200],
    () => ({ organization_id: one.organization.id, json: { description: "x" } }),
  ],
  "DELETE /organizations/{organization_id}": [
    [404, 404, 403, 204],
    async (who) => {
      const organization = await make.organization();
      if (who === people.admin) await make.assignment(people.admin, "admin", "organization", organization);
      return { organization_id: organization.id };
    },
  ],
  "GET /accounts": [all, () => ({})],
  "POST /accounts": [
    [404, 403, 201, 201],
    () => ({ json: { organization_id: one.organization.id, name: "n" } }),
  ],
  "GET /accounts/{account_id}": [[404, 200, 200, 200], () => ({ account_id: one.account.id })],
  "PATCH /accounts/{account_id}": [
    [404, 403, 200, 200],
    () => ({ account_id: one.account.id, json: { name: "n" } }),
  ],
  "DELETE /accounts/{account_id}": [
    [404, 404, 204, 204],
    async () => ({ account_id: (await make.account(one.organization)).id }),
  ],
  "GET /projects": [all, () => ({})],
  "POST /projects": [
    [404, 403, 201, 201],
    () => ({ json: { account_id: one.account.id, organization_id: one.organization.id, name: "n" } }),
  ],
  "GET /projects/{project_id}": [[404, 200, 200, 200], () => ({ project_id: one.project.id })],
  "PATCH /projects/{project_id}": [
    [404, 403, 200, 200],
    () => ({ project_id: one.project.id, json: { name: "n" } }),
  ],
  "DELETE /projects/{project_id}": [
    [404, 404, 204, 204],
    async () => ({ project_id: (await make.project(one.account)).id }),
  ],
  "GET /user_role_assignments": [all, () => ({})],
  "POST /user_role_assignments": [
    [404, 403, 201, 201],
    async () => ({
      json: {
        user_id: Number((await make.user()).id),
        role: "viewer",
        resource_type: "project",
        resource_id: one.project.id,
      },
    }),
  ],
  "DELETE /user_role_assignments/{user_id}/{resource_id}": [
    [404, 403, 204, 204],
    async () => {
      const user = await make.user();
      await make.assignment(user, "viewer", "project", one.project);
      return { user_id: user.id, resource_id: one.project.id };
    },
  ],
  "GET /role_changes": [all, () => ({})],
  "GET /permission_overrides": [all, () => ({})],
  "POST /permission_overrides": [
    [404, 403, 201, 201],
    async () => ({
      json: {
        user_id: Number((await make.user()).id),
        resource_type: "project",
        resource_id: one.project.id,
        deny_actions: ["x"],
      },
    }),
  ],
  "PATCH /permission_overrides/{user_id}/{resource_id}": [
    [404, 403, 200, 200],
    async () => ({ ...(await someOverride()), json: { deny_actions: ["y"] } }),
  ],
  "DELETE /permission_overrides/{user_id}/{resource_id}": [[404, 403, 204, 204], () => someOverride()],
  "GET /roles": [all, () => ({})],
  "POST /roles": [
    [403, 403, 403, 201],
    () => ({ json: { name: freshEmail(), base_type: "viewer", scope_type: "project" } }),
  ],
  "GET /roles/{role_id}": [all, async () => ({ role_id: (await make.role()).id })],
  "PATCH /roles/{role_id}": [
    [403, 403, 403, 200],
    async () => ({ role_id: (await make.role()).id, json: { description: "x" } }),
  ],
  "DELETE /roles/{role_id}": [[403, 403, 403, 204], async () => ({ role_id: (await make.role()).id })],
  "POST /roles/{role_id}/permissions": [
    [403, 403, 403, 201],
    async () => ({ role_id: (await make.role()).id, json: { service_name: "s", allowed_actions: ["x"] } }),
  ],
  "PATCH /roles/{role_id}/permissions/{permission_id}": [
    [403, 403, 403, 200],
    async () => ({ ...(await someRolePermission()), json: { allowed_actions: ["y"] } }),
  ],
  "DELETE /roles/{role_id}/permissions/{permission_id}": [[403, 403, 403, 204], () => someRolePermission()],
  "GET /groups": [all, () => ({})],
  "POST /groups": [
    [404, 403, 201, 201],
    () => ({ json: { organization_id: one.organization.id, name: freshEmail() } }),
  ],
  "GET /groups/{group_id}": [[404, 200, 200, 200], () => ({ group_id: one.group.id })],
  "PATCH /groups/{group_id}": [
    [404, 403, 200, 200],
    () => ({ group_id: one.group.id, json: { description: "x" } }),
  ],
  "DELETE /groups/{group_id}": [
    [404, 403, 204, 204],
    async () => ({ group_id: (await make.group(one.organization)).id }),
  ],
  "POST /groups/{group_id}/permissions": [
    [404, 403, 201, 201],
    () => ({ group_id: one.group.id, json: { service_name: freshEmail(), deny_actions: ["x"] } }),
  ],
  "PATCH /groups/{group_id}/permissions/{permission_id}": [
    [404, 403, 200, 200],
    async () => ({ ...(await someGroupPermission()), json: { deny_actions: ["y"] } }),
  ],
  "DELETE /groups/{group_id}/permissions/{permission_id}": [
    [404, 403, 204, 204],
    () => someGroupPermission(),
  ],
  "GET /groups/{group_id}/members": [[404, 200, 200, 200], () => ({ group_id: one.group.id })],
  "POST /groups/{group_id}/members": [
    [404, 403, 201, 201],
    async () => ({
      group_id: one.group.id,
      json: {
        user_id: Number((await make.user()).id),
        resource_id: one.project.id,
        resource_type: "project",
      },
    }),
  ],
  "DELETE /groups/{group_id}/members/{user_id}/{resource_id}": [
    [404, 403, 204, 204],
    async () => {
      const user = await make.user();
      await make.membership(user, one.group, "project", one.project);
      return { group_id: one.group.id, user_id: user.id, resource_id: one.project.id };
    },
  ],
  "GET /users/{user_id}/groups": [[404, 404, 200, 200], async () => ({ user_id: (await make.user()).id })],
};

async function someOverride() {
  const user = await make.user();
  await make.override(user, "project", one.project);
  return { user_id: user.id, resource_id: one.project.id };
}
async function someRolePermission() {
  const role = await make.role();
  return { role_id: role.id, permission_id: (await make.rolePermission(role)).id };
}
async function someGroupPermission() {
  return { group_id: one.group.id, permission_id: (await make.groupPermission(one.group)).id };
}

async function call(route, request, who) {
  const { json, ...segments } = await request(who);
  const [method, pattern] = route.split(" ");
  const path = pattern.replace(/\{(\w+)\}/g, (_, segment) => segments[segment]);
  return client.request(method, `/api/rbac${path}`, { json, token: who?.access_token });
}

test("every route of /api/rbac is tried here", async () => {
  const listed = await database.query(
    "SELECT method || ' ' || substr(path, 10) AS route FROM auth.routes WHERE path LIKE '/api/rbac/%' ORDER BY 1",
  );
  assert.deepEqual(
    listed.map(({ route }) => route),
    Object.keys(routes).sort(),
  );
});

describe("each caller is answered as the rules say by", () => {
  for (const [route, [statuses, request]] of Object.entries(routes)) {
    test(route, async () => {
      assertProblem(await call(route, request), 401, "Not authenticated");
      for (const [index, name] of ["stranger", "editor", "admin", "superuser"].entries()) {
        const answer = await call(route, request, people[name]);
        assert.equal(answer.status, statuses[index], `${name}: ${answer.text}`);
        if (answer.status >= 400) assertProblem(answer, answer.status);
        if (answer.status === 204) assert.equal(answer.text, "");
      }
    });
  }
});
