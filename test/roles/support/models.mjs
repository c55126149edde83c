// Random models of roles: small, so that everything meets everything, and made from a seed alone.
//
// The same uuid may name an organization, an account and a project at once: nothing forbids it, and only an engine that
// compares types as well as ids tells them apart.
export const roles = ["viewer", "editor", "admin", "superadmin"];
export const types = ["organization", "account", "project"];
export const actions = ["view_project", "edit_project", "manage_account", "publish", "*", ""];
export const services = ["billing", "reports"];
const statuses = ["inactive", "suspended", "pending", "deleted"];

// Mulberry32: small, and the same on every machine.
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const chance = {
    below: (bound) => Math.floor(next() * bound),
    happens: (probability) => next() < probability,
    one: (list) => list[chance.below(list.length)],
    some: (list, probability) => list.filter(() => next() < probability),
    uuid: () => {
      const digits = Array.from({ length: 32 }, () => chance.below(16).toString(16)).join("");
      return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    },
  };
  return chance;
}

// Empties what a model fills; the roles that every installation has stay.
export const clear = `
  DELETE FROM public.users;
  DELETE FROM public.organizations;
  DELETE FROM public.user_role_assignments;
  DELETE FROM auth.groups;
  DELETE FROM auth.roles WHERE NOT is_system;`;

// A model as rows by table, in an order in which they can be inserted. Times are in milliseconds from now.
export function makeModel(chance) {
  const users = Array.from({ length: 14 }, (_, index) => {
    const status = chance.happens(0.25) ? chance.one(statuses) : "active";
    return {
      id: index + 1,
      email: `user${index + 1}@model.example`,
      status,
      is_superuser: chance.happens(0.1),
      deleted_at: status === "deleted" ? "2026-01-01" : null,
    };
  });

  const organizations = [];
  const accounts = [];
  const projects = [];
  const reused = (ids) => (chance.happens(0.15) && ids.length > 0 ? chance.one(ids) : chance.uuid());
  for (let number = 0; number < 3; number++) {
    const organization = { id: chance.uuid(), name: `organization ${number}` };
    organizations.push(organization);
    for (let account = chance.below(4); account > 0; account--) {
      const id = reused(
        organizations.map((row) => row.id).filter((known) => !accounts.some((row) => row.id === known)),
      );
      accounts.push({ id, organization_id: organization.id, name: `account ${account}` });
      for (let project = chance.below(4); project > 0; project--) {
        const known = [...organizations, ...accounts].map((row) => row.id);
        const free = known.filter((used) => !projects.some((row) => row.id === used));
        projects.push({
          id: reused(free),
          account_id: id,
          organization_id: organization.id,
          name: `project ${project}`,
        });
      }
    }
  }
  const resources = [
    ...organizations.map(({ id }) => ({ type: "organization", id })),
    ...accounts.map(({ id }) => ({ type: "account", id })),
    ...projects.map(({ id }) => ({ type: "project", id })),
  ];
  // Attachments have no foreign key to their resource, so one may name a type that its id is not, or nothing at all.
  const place = () => {
    const { type, id } = chance.one(resources);
    const resource_type = chance.happens(0.05) ? chance.one(types) : type;
    return { resource_id: chance.happens(0.03) ? chance.uuid() : id, resource_type };
  };

  const custom = Array.from({ length: 5 }, (_, index) => ({
    id: chance.uuid(),
    name: `role ${index}`,
    base_type: chance.one(roles),
    scope_type: chance.one(types),
  }));
  // Some roles have no permissions at all, some have none for a service, some have an empty list.
  const role_permissions = custom.flatMap(({ id }) =>
    chance.some(services, 0.5).map((service_name) => ({
      id: chance.uuid(),
      role_id: id,
      service_name,
      allowed_actions: chance.some(actions, 0.3),
    })),
  );

  const assignments = new Map();
  const overrides = new Map();
  const memberships = new Map();
  const groups = Array.from({ length: 3 }, (_, index) => ({
    id: chance.uuid(),
    organization_id: chance.one(organizations).id,
    name: `group ${index}`,
  }));
  const group_permissions = groups.flatMap(({ id }) =>
    chance.some(services, 0.6).map((service_name) => ({
      id: chance.uuid(),
      group_id: id,
      service_name,
      deny_actions: chance.some(actions, 0.25),
    })),
  );
  for (const { id: user_id } of users) {
    for (let count = chance.below(6); count > 0; count--) {
      const where = place();
      const named = custom.filter((role) => role.scope_type === where.resource_type);
      const role = chance.happens(0.35) && named.length > 0 ? chance.one(named) : null;
      assignments.set(`${user_id} ${where.resource_id}`, {
        user_id,
        ...where,
        role: role?.base_type ?? chance.one(roles),
        role_id: role?.id ?? null,
        expires_in: chance.one([null, null, null, -1000, 0, 20, 200, 3_600_000]),
      });
    }
    for (let count = chance.below(3); count > 0; count--) {
      const where = place();
      overrides.set(`${user_id} ${where.resource_id}`, {
        user_id,
        ...where,
        allow_actions: chance.some(actions, 0.3),
        deny_actions: chance.some(actions, 0.2),
      });
    }
    for (let count = chance.below(3); count > 0; count--) {
      const where = place();
      const group_id = chance.one(groups).id;
      memberships.set(`${user_id} ${group_id} ${where.resource_id}`, { user_id, group_id, ...where });
    }
  }
  return {
    "public.users": users,
    "public.organizations": organizations,
    "public.accounts": accounts,
    "public.projects": projects,
    "auth.roles": custom,
    "auth.role_permissions": role_permissions,
    "public.user_role_assignments": [...assignments.values()],
    "auth.permission_overrides": [...overrides.values()],
    "auth.groups": groups,
    "auth.group_permissions": group_permissions,
    "auth.user_group_memberships": [...memberships.values()],
  };
}

export async function insertModel(session, model) {
  for (const [table, rows] of Object.entries(model)) {
    if (rows.length === 0) continue;
    const columns = Object.keys(rows[0]);
    const values = columns.map((column) =>
      column === "expires_in"
        ? "statement_timestamp() + (item ->> 'expires_in')::float8 * interval '1 ms'"
        : `row.${column}`,
    );
    const names = columns.map((column) => (column === "expires_in" ? "expires_at" : column));
    await session.query(
      `INSERT INTO ${table} (${names}) SELECT ${values}
         FROM jsonb_array_elements($1) AS item, jsonb_populate_record(NULL::${table}, item) AS row`,
      [JSON.stringify(rows)],
    );
  }
}

// Statements that change a model at random; none of them can fail.
export function makeChanges(chance, model) {
  const user = () => chance.one(model["public.users"]).id;
  const organization = () => chance.one(model["public.organizations"]).id;
  const table = () => chance.one(["organizations", "accounts", "projects"]);
  const changes = [
    () => [
      `UPDATE public.accounts SET organization_id = $1 WHERE id = (SELECT id FROM public.accounts ORDER BY id OFFSET $2 LIMIT 1)
          AND EXISTS (SELECT FROM public.organizations WHERE id = $1)`,
      [organization(), chance.below(4)],
    ],
    () => [
      `UPDATE public.projects AS p SET account_id = a.id, organization_id = a.organization_id
         FROM (SELECT * FROM public.accounts ORDER BY id OFFSET $1 LIMIT 1) AS a
        WHERE p.id = (SELECT id FROM public.projects ORDER BY id OFFSET $2 LIMIT 1)`,
      [chance.below(6), chance.below(8)],
    ],
    () => [
      `DELETE FROM public.${table()} AS t WHERE t.id IN (SELECT id FROM public.projects ORDER BY id OFFSET $1 LIMIT 1)`,
      [chance.below(10)],
    ],
    () => [
      `DELETE FROM public.user_role_assignments WHERE user_id = $1 AND role <> $2`,
      [user(), chance.one(roles)],
    ],
    () => [
      `UPDATE public.user_role_assignments SET role = $2, role_id = NULL WHERE user_id = $1`,
      [user(), chance.one(roles)],
    ],
    () => [
      `UPDATE public.user_role_assignments SET expires_at = statement_timestamp() + $2 * interval '1 ms' WHERE user_id = $1`,
      [user(), chance.one([-1, 0, 5, 50, 500])],
    ],
    () => {
      const status = chance.one([...statuses, "active", "active", "active"]);
      return [
        `UPDATE public.users SET status = $2, is_superuser = $3, deleted_at = CASE WHEN $2 = 'deleted' THEN now() END
          WHERE id = $1`,
        [user(), status, chance.happens(0.15)],
      ];
    },
    () => [`DELETE FROM public.users WHERE id = $1`, [user()]],
    () => [
      `UPDATE auth.permission_overrides SET deny_actions = allow_actions, allow_actions = deny_actions WHERE user_id = $1`,
      [user()],
    ],
    () => [`DELETE FROM auth.user_group_memberships WHERE user_id = $1`, [user()]],
    () => [`UPDATE auth.group_permissions SET deny_actions = $1`, [chance.some(actions, 0.2)]],
    () => [`DELETE FROM auth.role_permissions WHERE service_name = $1`, [chance.one(services)]],
    () => [`UPDATE auth.role_permissions SET allowed_actions = $1`, [chance.some(actions, 0.3)]],
  ];
  return Array.from({ length: 6 }, () => chance.one(changes)());
}
