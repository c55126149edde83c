// Those who change rights, each over a connection of its own and with nothing to wait for.
import { random } from "../support/models.mjs";

// Errors that a change or a check meets by rights among others that do the same: a serialization failure (also a standby's
// conflict with what it replays), a deadlock, a lock not free in time, a row that another has just made, a parent that
// another has just removed.
const expected = ["40001", "40P01", "55P03", "23505", "23503"];
export const isExpected = (error) => expected.includes(error.code);

const resource = (chance) => `(SELECT r FROM race.resources AS r WHERE r.number = ${1 + chance.below(39)})`;
const user = (chance) => 1 + chance.below(24);
const project = (chance) => `race.id('project', ${chance.below(27)})`;
export const rightsOf = (userId) => `user_id = ${userId} AND resource_id IN (SELECT id FROM race.resources)`;

const changes = [
  // Grants and revocations, by far the most.
  ...Array(6).fill((chance) => {
    const role = chance.one(["viewer", "editor", "admin", "superadmin"]);
    return `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
      SELECT ${user(chance)}, (r).id, (r).type, '${role}' FROM ${resource(chance)} AS r
      ON CONFLICT (user_id, resource_id) DO UPDATE SET role = excluded.role, role_id = NULL, expires_at = NULL`;
  }),
  ...Array(6).fill((chance) => `DELETE FROM public.user_role_assignments WHERE ${rightsOf(user(chance))}`),
  (
    chance,
  ) => `UPDATE public.user_role_assignments SET expires_at = clock_timestamp() + ${chance.below(20)} * interval '1 ms'
    WHERE ${rightsOf(user(chance))}`,
  (
    chance,
  ) => `UPDATE public.user_role_assignments AS a SET role = 'editor', role_id = r.id FROM auth.roles AS r
    WHERE ${rightsOf(user(chance))} AND NOT r.is_system AND r.scope_type = a.resource_type`,
  // Who the user is.
  (chance) =>
    `UPDATE public.users SET status = '${chance.one(["active", "active", "suspended"])}' WHERE id = ${user(chance)}`,
  (chance) =>
    `UPDATE public.users SET is_superuser = ${chance.happens(0.3)} WHERE id = ${1 + chance.below(2)}`,
  // Where the resource is.
  (chance) => `UPDATE public.accounts SET organization_id = race.id('organization', ${chance.below(3)})
    WHERE id = race.id('account', ${chance.below(9)})`,
  (chance) => `UPDATE public.projects AS p SET account_id = a.id, organization_id = a.organization_id
    FROM public.accounts AS a WHERE p.id = ${project(chance)} AND a.id = race.id('account', ${chance.below(9)})`,
  (chance) => {
    const id = project(chance);
    return `DO $$ BEGIN
      DELETE FROM public.projects WHERE id = ${id};
      ${chance.happens(0.5) ? "COMMIT;" : ""}
      INSERT INTO public.projects (id, account_id, organization_id, name)
      SELECT ${id}, a.id, a.organization_id, 'again' FROM public.accounts AS a WHERE a.id = race.id('account', ${chance.below(9)})
      ON CONFLICT DO NOTHING;
    END $$`;
  },
  // Overrides, groups and the permissions of roles.
  (
    chance,
  ) => `INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, allow_actions, deny_actions)
    SELECT ${user(chance)}, (r).id, (r).type, '{${chance.some(["publish", "view_project"], 0.5)}}',
           '{${chance.some(["publish", "edit_project"], 0.3)}}' FROM ${resource(chance)} AS r
    ON CONFLICT (user_id, resource_id) DO UPDATE
      SET allow_actions = excluded.allow_actions, deny_actions = excluded.deny_actions`,
  (chance) => `DELETE FROM auth.permission_overrides WHERE user_id = ${user(chance)}`,
  (chance) => `INSERT INTO auth.user_group_memberships (user_id, group_id, resource_id, resource_type)
    SELECT ${user(chance)}, race.id('group', 0), (r).id, (r).type FROM ${resource(chance)} AS r ON CONFLICT DO NOTHING`,
  (chance) => `DELETE FROM auth.user_group_memberships WHERE user_id = ${user(chance)}`,
  (chance) =>
    `UPDATE auth.group_permissions SET deny_actions = '{${chance.some(["publish", "edit_project", "*"], 0.4)}}'`,
  (chance) =>
    `UPDATE auth.role_permissions SET allowed_actions = '{${chance.some(["publish", "view_project", "*"], 0.4)}}'`,
  // Nothing, but every row lies somewhere else afterwards.
  (chance) =>
    `UPDATE public.${chance.one(["users", "accounts", "projects", "user_role_assignments"])} SET created_at = now()`,
];

const housekeeping = [
  (chance) => `VACUUM public.${chance.one(["users", "accounts", "projects", "user_role_assignments"])}`,
  (chance) => `VACUUM FULL public.${chance.one(["users", "accounts", "projects", "user_role_assignments"])}`,
  () => "CLUSTER public.user_role_assignments USING user_role_assignments_pkey",
  () => "REINDEX TABLE public.user_role_assignments",
  () => "ANALYZE public.user_role_assignments",
];

// Changes until `race` is over; counts what it has done in race.changes.
export async function change(race, session, seed) {
  const chance = random(seed);
  await session.query("SET lock_timeout = '500ms'");
  while (!race.over) {
    try {
      if (chance.happens(0.03)) {
        await session.query(chance.one(housekeeping)(chance));
      } else if (chance.happens(0.2)) {
        // Several changes at once, and not always for good.
        const level = chance.one(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]);
        await session.query(`BEGIN ISOLATION LEVEL ${level}`);
        for (let count = 1 + chance.below(3); count > 0; count--) {
          const statement = chance.one(changes)(chance);
          if (!statement.startsWith("DO")) await session.query(statement);
        }
        await session.query(chance.happens(0.4) ? "ROLLBACK" : "COMMIT");
      } else {
        await session.query(chance.one(changes)(chance));
      }
      race.changes++;
    } catch (error) {
      if (!isExpected(error)) throw error;
      await session.query("ROLLBACK");
    }
  }
}
