// Administration by several at once: whoever is first decides, and whoever waited acts on what the first one left.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./support/poll.mjs";
import { Maker, newSuperuser } from "./support/rbac.mjs";
import { startSystem } from "./support/system.mjs";

const system = await startSystem();
const { client, database } = system;
const make = new Maker(database);
const people = {};
const connections = [];

before(async () => {
  people.root = await newSuperuser(system);
  for (const name of ["boss", "peer", "target"]) people[name] = await client.newUser();
});
after(() => Promise.all(connections.map((connection) => connection.end())));

// A backend of somebody's own, in a transaction; `run` sends a statement, `waiting` resolves once it waits for a lock.
async function session(who, isolation = "READ COMMITTED") {
  const connection = await database.connectSuperuser();
  connections.push(connection);
  const { rows } = await connection.query("SELECT pg_backend_pid() AS pid");
  await connection.query(`BEGIN ISOLATION LEVEL ${isolation}`);
  await connection.query("SELECT auth.authenticate($1)", [who.access_token]);
  return {
    run: (call, ...values) => connection.query(`SELECT auth.${call}`, values),
    // Resolves to the SQLSTATE, so that a refusal that comes while the test does something else is not lost.
    attempt: (call, ...values) =>
      connection.query(`SELECT auth.${call}`, values).then(
        () => "00000",
        ({ code }) => code,
      ),
    waiting: () =>
      until("the backend to wait for a lock", async () => {
        const [{ waits }] = await database.query("SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits", [
          rows[0].pid,
        ]);
        return waits;
      }),
    commit: () => connection.query("COMMIT"),
  };
}

async function world() {
  const organization = await make.organization();
  const account = await make.account(organization);
  const project = await make.project(account);
  await make.assignment(people.boss, "admin", "organization", organization);
  return { organization, account, project };
}
const held = async (user, resource) =>
  (
    await database.query("SELECT role FROM user_role_assignments WHERE user_id = $1 AND resource_id = $2", [
      user.id,
      resource.id,
    ])
  )[0]?.role;
const grant = "grant_role($1, $2, $3, $4)";

test("a grant on a resource that is being deleted waits, and finds it gone", async () => {
  const { project } = await world();
  const [deleting, granting] = [await session(people.root), await session(people.boss)];
  await deleting.run("delete_project($1)", project.id);
  const granted = granting.attempt(grant, people.target.id, "project", project.id, "viewer");
  await granting.waiting();
  await deleting.commit();
  assert.equal(await granted, "A0404");
  assert.equal(await held(people.target, project), undefined);
});

test("a deletion, also of what is above, waits for a grant and takes it along", async () => {
  for (const call of ["delete_project", "delete_account", "delete_organization"]) {
    const { organization, account, project } = await world();
    const { id } = { delete_project: project, delete_account: account, delete_organization: organization }[
      call
    ];
    const [granting, deleting] = [await session(people.boss), await session(people.root)];
    await granting.run(grant, people.target.id, "project", project.id, "viewer");
    const deleted = deleting.attempt(`${call}($1)`, id);
    await deleting.waiting();
    await granting.commit();
    assert.equal(await deleted, "00000");
    await deleting.commit();
    assert.equal(await held(people.target, project), undefined);
    const history = await database.query(
      "SELECT change FROM auth.role_history WHERE user_id = $1 AND resource_id = $2 ORDER BY at",
      [people.target.id, project.id],
    );
    assert.deepEqual(
      history.map(({ change }) => change),
      ["granted", "revoked"],
    );
  }
});

test("an administrator whose role is revoked in the same moment is refused", async () => {
  const { organization, project } = await world();
  const [revoking, granting] = [await session(people.root), await session(people.boss)];
  await revoking.run("revoke_role($1, $2)", people.boss.id, organization.id);
  const granted = granting.attempt(grant, people.target.id, "project", project.id, "viewer");
  await granting.waiting();
  await revoking.commit();
  assert.equal(await granted, "A0403");
});

test("one whose role is lowered in the same moment acts by what is left", async () => {
  const { organization, project } = await world();
  await make.assignment(people.boss, "admin", "project", project);
  const [lowering, granting] = [await session(people.root), await session(people.boss)];
  await lowering.run(grant, people.boss.id, "organization", organization.id, "viewer");
  const granted = granting.attempt(grant, people.target.id, "project", project.id, "editor");
  await Promise.race([granting.waiting(), granted]);
  await lowering.commit();
  assert.equal(await granted, "00000");
  await granting.commit();
  const [{ by_right }] = await database.query(
    "SELECT by_right FROM auth.role_history WHERE user_id = $1 AND resource_id = $2",
    [people.target.id, project.id],
  );
  assert.equal(by_right, `admin on project ${project.id}`);
});

test("a revocation of an administrator waits for what the administrator is doing", async () => {
  const { organization, project } = await world();
  const [granting, revoking] = [await session(people.boss), await session(people.root)];
  await granting.run(grant, people.target.id, "project", project.id, "viewer");
  const revoked = revoking.attempt("revoke_role($1, $2)", people.boss.id, organization.id);
  await revoking.waiting();
  await granting.commit();
  assert.equal(await revoked, "00000");
  await revoking.commit();
  assert.equal(await held(people.target, project), "viewer");
});

test("a superuser who is made an ordinary user in the same moment is refused", async () => {
  const demoted = await newSuperuser(system);
  const [taking, creating] = [await database.connectSuperuser(), await session(demoted)];
  connections.push(taking);
  await taking.query("BEGIN");
  await taking.query("UPDATE users SET is_superuser = false WHERE id = $1", [demoted.id]);
  const created = creating.attempt("create_organization($1)", "made too late");
  await creating.waiting();
  await taking.query("COMMIT");
  assert.equal(await created, "A0403");
});

test("a grant that waited for a stronger one does not replace it", async () => {
  const { project } = await world();
  const [strong, weak] = [await session(people.root), await session(people.boss)];
  await strong.run(grant, people.target.id, "project", project.id, "superadmin");
  const granted = weak.attempt(grant, people.target.id, "project", project.id, "viewer");
  await weak.waiting();
  await strong.commit();
  assert.equal(await granted, "A0403");
  assert.equal(await held(people.target, project), "superadmin");
});

test("of two administrators who revoke each other at once, one stays", async () => {
  for (let round = 0; round < 5; round++) {
    const { organization } = await world();
    await make.assignment(people.peer, "admin", "organization", organization);
    const answers = await Promise.all(
      [
        [people.boss, people.peer],
        [people.peer, people.boss],
      ].map(([who, whom]) =>
        client.delete(`/api/rbac/user_role_assignments/${whom.id}/${organization.id}`, {
          token: who.access_token,
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.equal(statuses[0], 204, statuses.join());
    assert.ok([403, 404, 503].includes(statuses[1]), statuses.join());
    const left = [await held(people.boss, organization), await held(people.peer, organization)];
    assert.equal(left.filter((role) => role === "admin").length, 1);
  }
});

test("an administrator of the old organization cannot act on an account that is moving away", async () => {
  const { account } = await world();
  const elsewhere = await make.organization();
  const [moving, granting] = [await session(people.root), await session(people.boss)];
  await moving.run("change_account($1, organization_id => $2)", account.id, elsewhere.id);
  const granted = granting.attempt(grant, people.target.id, "account", account.id, "viewer");
  await granting.waiting();
  await moving.commit();
  assert.equal(await granted, "A0403");
});

test("of two moves at once the later one is told", async () => {
  const { account } = await world();
  const [there, elsewhere] = [await make.organization(), await make.organization()];
  const [first, second] = [await session(people.root), await session(people.root)];
  await first.run("change_account($1, organization_id => $2)", account.id, there.id);
  const moved = second.attempt("change_account($1, organization_id => $2)", account.id, elsewhere.id);
  await second.waiting();
  await first.commit();
  assert.equal(await moved, "A0409");
});

test("of two deletions at once the later one finds nothing", async () => {
  const { organization } = await world();
  const [first, second] = [await session(people.root), await session(people.root)];
  await first.run("delete_organization($1)", organization.id);
  const deleted = second.attempt("delete_organization($1)", organization.id);
  await second.waiting();
  await first.commit();
  assert.equal(await deleted, "A0404");
});

test("under an old snapshot a lost right is a serialization failure, not an act", async () => {
  for (const isolation of ["REPEATABLE READ", "SERIALIZABLE"]) {
    const { organization, project } = await world();
    const granting = await session(people.boss, isolation);
    await granting.run("show_own_access()");
    const revoking = await session(people.root);
    await revoking.run("revoke_role($1, $2)", people.boss.id, organization.id);
    await revoking.commit();
    assert.equal(await granting.attempt(grant, people.target.id, "project", project.id, "viewer"), "40001");
  }
});

test("many at once leave no attachment without its resource and a history that agrees with the tables", async () => {
  const organizations = await Promise.all([1, 2, 3].map(() => world()));
  const elsewhere = organizations[1].organization.id;
  const token = people.root.access_token;
  const requests = organizations.flatMap(({ organization, account, project }) => [
    ...["viewer", "editor", "admin"].flatMap((role) =>
      [people.target, people.peer].map(
        (user) => () =>
          client.post(
            "/api/rbac/user_role_assignments",
            { user_id: user.id, role, resource_type: "project", resource_id: project.id },
            { token },
          ),
      ),
    ),
    () => client.delete(`/api/rbac/user_role_assignments/${people.target.id}/${project.id}`, { token }),
    () =>
      client.request("PATCH", `/api/rbac/accounts/${account.id}`, {
        json: { organization_id: elsewhere },
        token,
      }),
    () => client.request("PATCH", `/api/rbac/projects/${project.id}`, { json: { name: "n" }, token }),
    () => client.delete(`/api/rbac/projects/${project.id}`, { token }),
    () => client.delete(`/api/rbac/organizations/${organization.id}`, { token }),
  ]);
  const answers = await Promise.all(requests.sort(() => Math.random() - 0.5).map((request) => request()));
  for (const { status, text } of answers) assert.ok([200, 201, 204, 404, 409, 503].includes(status), text);

  const everything = `(SELECT id FROM organizations UNION ALL SELECT id FROM accounts UNION ALL SELECT id FROM projects)`;
  assert.deepEqual(
    await database.query(`SELECT * FROM user_role_assignments WHERE resource_id NOT IN ${everything}`),
    [],
  );
  const disagreements = await database.query(`
    SELECT * FROM (
      SELECT DISTINCT ON (user_id, resource_id) user_id, resource_id, role FROM auth.role_history
      ORDER BY user_id, resource_id, at DESC) AS last
    FULL JOIN user_role_assignments AS a USING (user_id, resource_id)
    WHERE a.role IS DISTINCT FROM CASE (
      SELECT change FROM auth.role_history AS h
      WHERE h.user_id = last.user_id AND h.resource_id = last.resource_id ORDER BY at DESC LIMIT 1)
      WHEN 'revoked' THEN NULL ELSE last.role END`);
  assert.deepEqual(disagreements, []);
});
