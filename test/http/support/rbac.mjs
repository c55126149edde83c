// A small organization with people in it, for the tests of /api/rbac.
import { randomBytes, randomUUID } from "node:crypto";
import { freshEmail, freshPassword } from "./client.mjs";

const name = (what) => `${what} ${randomBytes(6).toString("hex")}`;

// Makes rows past the API, so that a test has something of its own to act on.
export class Maker {
  constructor(database) {
    this.database = database;
  }

  async row(table, row) {
    const columns = Object.keys(row);
    const places = columns.map((_, index) => `$${index + 1}`);
    const [made] = await this.database.query(
      `INSERT INTO ${table} (${columns}) VALUES (${places}) RETURNING *`,
      Object.values(row),
    );
    return made;
  }

  organization() {
    return this.row("organizations", { name: name("organization") });
  }
  account(organization) {
    return this.row("accounts", { organization_id: organization.id, name: name("account") });
  }
  project(account) {
    const { id: account_id, organization_id } = account;
    return this.row("projects", { account_id, organization_id, name: name("project") });
  }
  group(organization) {
    return this.row("auth.groups", { organization_id: organization.id, name: name("group") });
  }
  groupPermission(group) {
    return this.row("auth.group_permissions", {
      group_id: group.id,
      service_name: name("s"),
      deny_actions: ["x"],
    });
  }
  role(base_type = "viewer", scope_type = "project") {
    return this.row("auth.roles", { name: name("role"), base_type, scope_type });
  }
  rolePermission(role) {
    return this.row("auth.role_permissions", {
      role_id: role.id,
      service_name: name("s"),
      allowed_actions: ["x"],
    });
  }
  // A user who never logs in.
  user() {
    return this.row("users", { email: freshEmail() });
  }
  assignment(user, role, resource_type, { id: resource_id }, more = {}) {
    return this.row("user_role_assignments", { user_id: user.id, role, resource_type, resource_id, ...more });
  }
  override(user, resource_type, { id: resource_id }) {
    return this.row("auth.permission_overrides", {
      user_id: user.id,
      resource_type,
      resource_id,
      deny_actions: ["x"],
    });
  }
  membership(user, group, resource_type, { id: resource_id }) {
    return this.row("auth.user_group_memberships", {
      user_id: user.id,
      group_id: group.id,
      resource_type,
      resource_id,
    });
  }
}

// A superuser who is logged in.
export async function newSuperuser({ client, database }) {
  const user = { email: freshEmail("root"), password: freshPassword() };
  const [{ id }] = await database.asUser(
    async (session) =>
      (await session.query("SELECT auth.create_superuser($1, $2)::int AS id", [user.email, user.password]))
        .rows,
  );
  return { id, ...user, ...(await client.newSession(user)) };
}

export const unknown = randomUUID();
