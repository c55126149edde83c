// Promises about who may do what.
import assert from "node:assert/strict";
import { promise } from "./promise.mjs";
import { client, database, superuser, withGateway } from "./system.mjs";

// A project, a viewer of it, and how `there` (a gateway) decides for the viewer.
async function project(name) {
  const { access_token: administrator } = await superuser();
  const post = async (path, json, token = administrator) => client.post(path, json, { token });
  const create = async (path, json) => {
    const { status, body, text } = await post(path, json);
    assert.equal(status, 201, text);
    return body.id;
  };
  const organization_id = await create("/api/rbac/organizations", { name });
  const account_id = await create("/api/rbac/accounts", { name, organization_id });
  const resource_id = await create("/api/rbac/projects", { name, account_id, organization_id });
  const user = await client.newUser();
  const role = { user_id: user.id, resource_type: "project", resource_id, role: "viewer" };
  await create("/api/rbac/user_role_assignments", role);
  const decide = async (there) => {
    const { status, body, text } = await there.post(
      "/api/authz/check_access",
      { user_id: user.id, action: "view_project", resource: { type: "project", id: resource_id, organization_id } },
      { token: administrator },
    );
    assert.equal(status, 200, text);
    return body;
  };
  return { administrator, post, user, resource_id, decide };
}

promise(27, {
  text: "Policy edits take effect at once, without a restart, by superusers only, validated, audit-logged",
  verdict: "replaced: policies are rows (roles, overrides, groups) instead of Rego; the audit is a table",
  shown: "an override denies on every gateway with the next request; others may not set it; nonsense is refused; history and audit name both",
  async test() {
    const { post, user, resource_id, decide, administrator } = await project("Policies");
    const override = { user_id: user.id, resource_type: "project", resource_id, deny_actions: ["view_project"] };
    await withGateway({}, async (second) => {
      for (const there of [client, second]) assert.equal((await decide(there)).allowed, true);
      assert.equal((await post("/api/rbac/permission_overrides", override, user.access_token)).status, 403);
      const nonsense = await post("/api/rbac/permission_overrides", { ...override, resource_type: "planet" });
      assert.ok(nonsense.status >= 400 && nonsense.status < 500, nonsense.text);
      const made = await post("/api/rbac/permission_overrides", override);
      assert.equal(made.status, 201, made.text);
      for (const there of [client, second]) assert.equal((await decide(there)).allowed, false);
    });
    const { body } = await client.get(`/api/rbac/role_changes?user_id=${user.id}`, { token: administrator });
    assert.deepEqual(body.changes.map(({ change, role }) => [change, role]), [["granted", "viewer"]]);
    const audited = await database.query(
      "SELECT FROM user_activity WHERE action = 'permission_override_set' AND details::text LIKE '%' || $1 || '%'",
      [resource_id],
    );
    assert.equal(audited.length, 1);
  },
});

promise(29, {
  text: "A user who is not active is denied at once, with user_not_active, on every decision",
  shown: "every status but active, decided by two gateways, and active again",
  async test() {
    const { user, decide } = await project("Statuses");
    const setStatus = (status) =>
      database.query("UPDATE users SET status = $2 WHERE id = $1", [user.id, status]);
    await withGateway({}, async (second) => {
      for (const status of ["inactive", "suspended", "pending", "active"]) {
        await setStatus(status);
        for (const there of [client, second]) {
          const { allowed, deny_reason, user_status } = await decide(there);
          assert.equal(user_status, status);
          assert.equal(allowed, status === "active", status);
          if (status !== "active") assert.equal(deny_reason, "user_not_active");
        }
      }
    });
  },
});
