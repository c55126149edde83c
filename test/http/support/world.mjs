// People and resources for the tests that ask who may do what.
import { freshEmail, freshPassword } from "./client.mjs";

// Two projects of one account of one organization; alice edits the first and views the second, bob views the first,
// carol administers the account, eve has nothing, root is a superuser. Each is { id, access_token, … }.
export async function makeWorld({ client, database }) {
  const [{ organization, organization_name, account, projects }] = await database.query(
    `WITH o AS (INSERT INTO organizations (name) VALUES ('Acme ' || gen_random_uuid()) RETURNING id, name),
          a AS (INSERT INTO accounts (organization_id, name) SELECT id, 'Sales' FROM o RETURNING id, organization_id),
          p AS (INSERT INTO projects (account_id, organization_id, name)
                SELECT a.id, a.organization_id, n FROM a, unnest(ARRAY['one', 'two']) AS n RETURNING id, name)
     SELECT (SELECT id FROM o) AS organization, (SELECT name FROM o) AS organization_name,
            (SELECT id FROM a) AS account, (SELECT array_agg(id ORDER BY name)::text[] FROM p) AS projects`,
  );
  const root = { email: freshEmail("root"), password: freshPassword() };
  [{ id: root.id }] = await database.query("SELECT auth.create_superuser($1, $2)::int AS id", [
    root.email,
    root.password,
  ]);
  Object.assign(root, await client.newSession(root));
  const people = {};
  for (const name of ["alice", "bob", "carol", "eve"]) people[name] = await client.newUser(name);
  const assign = (user, type, resource, role, expires_at = null) =>
    database.query(
      `INSERT INTO user_role_assignments (user_id, resource_type, resource_id, role, expires_at)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (user_id, resource_id) DO UPDATE SET role = excluded.role, expires_at = excluded.expires_at`,
      [user.id, type, resource, role, expires_at],
    );
  await assign(people.alice, "project", projects[0], "editor");
  await assign(people.alice, "project", projects[1], "viewer");
  await assign(people.bob, "project", projects[0], "viewer");
  await assign(people.carol, "account", account, "admin");
  return { root, ...people, organization, organization_name, account, projects, assign };
}
