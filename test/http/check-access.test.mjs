// Access checks over HTTP: who may ask, what contradicts the tables, batches, and the audit line that a superuser leaves.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertInvalid, assertProblem } from "./support/problem.mjs";
import { until } from "./support/poll.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database, gateway } = await startSystem();
const unknown = "00000000-0000-4000-8000-00000000dead";
const mayNot = "You may ask about yourself, or about resources that you administer";

let organization, account, project, otherProject, member, administrator, root;

const check = (token, user_id, action, resource, more) =>
  client.post("/api/authz/check_access", { user_id, action, resource, ...more }, { token });
const batch = (token, checks) => client.post("/api/authz/check_access/batch", { checks }, { token });
const onProject = (more) => ({ type: "project", id: project, organization_id: organization, ...more });
const grant = (user, type, id, role) =>
  database.query(
    "INSERT INTO user_role_assignments (user_id, resource_type, resource_id, role) VALUES ($1, $2, $3, $4)",
    [user.id, type, id, role],
  );

before(async () => {
  [{ organization, account, project }] = await database.query(`
    WITH o AS (INSERT INTO organizations (name) VALUES ('One') RETURNING id),
         a AS (INSERT INTO accounts (organization_id, name) SELECT id, 'A' FROM o RETURNING id, organization_id),
         p AS (INSERT INTO projects (account_id, organization_id, name) SELECT id, organization_id, 'P' FROM a
               RETURNING id, account_id, organization_id)
    SELECT organization_id AS organization, account_id AS account, id AS project FROM p`);
  [{ id: otherProject }] = await database.query(`
    WITH o AS (INSERT INTO organizations (name) VALUES ('Two') RETURNING id),
         a AS (INSERT INTO accounts (organization_id, name) SELECT id, 'A' FROM o RETURNING id, organization_id)
    INSERT INTO projects (account_id, organization_id, name) SELECT id, organization_id, 'P' FROM a RETURNING id`);
  [member, administrator, root] = await Promise.all(["member", "administrator", "root"].map((name) => client.newUser(name)));
  await grant(member, "project", project, "viewer");
  await grant(administrator, "account", account, "admin");
  await database.query("UPDATE users SET is_superuser = true WHERE id = $1", [root.id]);
});

describe("a check", () => {
  test("answers what the tables say, and why", async () => {
    const allowed = await check(member.access_token, member.id, "view_project", onProject());
    assert.equal(allowed.status, 200, allowed.text);
    assert.deepEqual(allowed.body, { allowed: true, deny_reason: null, granted_by: "role", user_status: "active" });
    const denied = await check(member.access_token, member.id, "edit_project", onProject({ account_id: account }));
    assert.deepEqual(denied.body, {
      allowed: false,
      deny_reason: "no_role_grants_action",
      granted_by: null,
      user_status: "active",
    });
  });

  test("needs a caller", async () => {
    assertProblem(await check(undefined, member.id, "view_project", onProject()), 401, "Not authenticated");
    assertProblem(await check("x", member.id, "view_project", onProject()), 401, "Could not validate credentials");
    assertProblem(await batch(undefined, [{ user_id: 1, action: "a", resource: onProject() }]), 401);
  });

  test("is for oneself, for administrators of the resource and for superusers", async () => {
    for (const caller of [administrator, root, member]) {
      const answer = await check(caller.access_token, member.id, "view_project", onProject());
      assert.equal(answer.body.allowed, true, answer.text);
    }
    const elsewhere = { type: "project", id: otherProject };
    assertProblem(await check(member.access_token, administrator.id, "view_project", onProject()), 403, mayNot);
    assertProblem(await check(administrator.access_token, member.id, "view_project", elsewhere), 403, mayNot);
    assertProblem(await check(administrator.access_token, 999999, "view_project", { type: "project", id: unknown }), 403, mayNot);
    assert.equal((await check(root.access_token, member.id, "view_project", elsewhere)).body.allowed, false);
  });

  test("denies ids that contradict the tables: the hierarchy is looked up, never believed", async () => {
    for (const resource of [
      onProject({ organization_id: unknown }),
      onProject({ account_id: unknown }),
      { type: "project", id: otherProject, organization_id: organization },
      { type: "organization", id: organization, organization_id: organization, account_id: account },
    ]) {
      const { body, text } = await check(root.access_token, root.id, "view_project", resource);
      assert.deepEqual([body.allowed, body.deny_reason], [false, "hierarchy_mismatch"], text);
    }
  });

  test("of an unknown user is a 404, of an unknown resource a denial", async () => {
    assertProblem(await check(root.access_token, 999999, "view_project", onProject()), 404, "User 999999 not found");
    for (const resource of [{ type: "project", id: unknown }, { type: "workflow", id: project }]) {
      const { body, text } = await check(root.access_token, root.id, "view_project", resource);
      assert.equal(body.deny_reason, "resource_not_found", text);
    }
  });

  test("that is incomplete or of wrong types is a 422 that names the place", async () => {
    const token = member.access_token;
    assertInvalid(await client.post("/api/authz/check_access", {}, { token }), "body.user_id", "body.action", "body.resource");
    assertInvalid(await check(token, "x", "a", onProject()), "body.user_id");
    for (const [resource, detail] of [
      [{}, "resource.type: Field required"],
      [{ type: "project" }, "resource.id: Field required"],
      [{ type: "project", id: "x" }, "resource.id: Input should be a valid UUID"],
      [{ type: 1, id: project }, "resource.type: Input should be a valid string"],
      ["project", "resource: Input should be a valid dictionary"],
      [[], "resource: Input should be a valid dictionary"],
    ]) {
      assertProblem(await check(token, member.id, "view_project", resource), 422, detail);
    }
    const { body } = await check(token, member.id, "x".repeat(10_000), onProject());
    assert.equal(body.deny_reason, "no_role_grants_action");
  });

  test("of a user who is not active says so", async () => {
    const user = await client.newUser("suspended");
    await grant(user, "project", project, "viewer");
    await database.query("UPDATE users SET status = 'suspended' WHERE id = $1", [user.id]);
    const { body } = await check(root.access_token, user.id, "view_project", onProject());
    assert.deepEqual(body, { allowed: false, deny_reason: "user_not_active", granted_by: null, user_status: "suspended" });
  });

  test("that allows a superuser leaves an audit line with the request's id", async () => {
    const answer = await client.post(
      "/api/authz/check_access",
      { user_id: root.id, action: "launch", resource: onProject() },
      { token: root.access_token, headers: { "X-Request-ID": "audit-me" } },
    );
    assert.equal(answer.body.granted_by, "superuser");
    const lines = () =>
      gateway
        .log()
        .split("\n")
        .filter((line) => line.includes('"level":"audit"') && line.includes("audit-me"));
    await until("the audit line", () => lines().length === 1);
    assert.match(lines()[0], new RegExp(`superuser allowed: user ${root.id}, action \\\\"launch\\\\"`));
  });
});

describe("a batch", () => {
  test("answers each question, in order, as it would be answered alone", async () => {
    const questions = [
      { user_id: member.id, action: "view_project", resource: onProject() },
      { user_id: member.id, action: "edit_project", resource: onProject() },
      { user_id: 999999, action: "view_project", resource: onProject() },
      { user_id: administrator.id, action: "edit_project", resource: onProject(), service: "files" },
      { user_id: member.id, action: "view_project", resource: { type: "project", id: otherProject } },
    ];
    const { status, body, text } = await batch(root.access_token, questions);
    assert.equal(status, 200, text);
    assert.deepEqual(
      body.results.map(({ allowed, deny_reason }) => deny_reason ?? allowed),
      [true, "no_role_grants_action", "user_not_found", true, "no_role_grants_action"],
    );
    for (const [place, question] of questions.entries()) {
      if (question.user_id === 999999) continue;
      const alone = await client.post("/api/authz/check_access", question, { token: root.access_token });
      assert.deepEqual(body.results[place], alone.body);
    }
  });

  test("of a thousand is answered, of none or more is refused", async () => {
    const question = { user_id: member.id, action: "view_project", resource: onProject({ account_id: account }) };
    const { status, body } = await batch(member.access_token, Array(1000).fill(question));
    assert.equal(status, 200);
    assert.equal(body.results.length, 1000);
    assert.ok(body.results.every(({ allowed }) => allowed));
    for (const checks of [[], Array(1001).fill(question)]) {
      assertProblem(await batch(member.access_token, checks), 422, "checks: Input should have from 1 to 1000 items");
    }
    assert.equal((await batch(member.access_token, Array(10_000).fill(question))).status, 413);
  });

  test("with one question that the caller may not ask is refused as a whole", async () => {
    const own = { user_id: member.id, action: "view_project", resource: onProject() };
    const { access_token } = member;
    assertProblem(await batch(access_token, [own, { ...own, user_id: root.id }]), 403, mayNot);
    assertProblem(await batch(access_token, [own, { ...own, user_id: "1" }]), 422, /^checks\.1\.user_id: /);
    assertProblem(await batch(access_token, [own, null, 1]), 422, /^checks\.1: /);
    assertProblem(await batch(access_token, { 0: own }), 422, /^checks: /);
  });
});
