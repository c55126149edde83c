-- Role checks: the doors to the C++ that says which roles a user holds (extension/role_checks.cpp).
--
-- 1. A role counts on its resource and everything below it; of several, the strongest counts; an assignment past its
--    expires_at does not, by the statement's clock. A user who is not active has no role, a superuser has every role
--    on every resource that exists.
-- 2. The answer is that of the statement's own snapshot, never an older one (extension/statement_stamp.hpp).
-- 3. In a policy, has_*_role runs as an index condition where that is quicker (extension/planner_support.cpp); it means
--    the same as: id = ANY (auth.*_ids(role)).
-- 4. None of these is SECURITY DEFINER and none needs a right on a table: who may execute it may ask. has_*_role and
--    *_ids speak of the caller only; user_has_role of anybody.
-- 5. Parallel workers do not know who is authenticated, hence PARALLEL RESTRICTED.

CREATE OR REPLACE FUNCTION auth.role_check_support(internal) RETURNS internal
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'role_check_support';
COMMENT ON FUNCTION auth.role_check_support(internal) IS
$$Planner support of auth.has_organization_role, auth.has_account_role and auth.has_project_role: index condition,
selectivity and cost. Errors: none. Callers: the planner.$$;

CREATE OR REPLACE FUNCTION auth.has_organization_role(organization_id uuid, role text) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 4 SUPPORT auth.role_check_support
AS 'MODULE_PATHNAME', 'has_organization_role';
COMMENT ON FUNCTION auth.has_organization_role(uuid, text) IS
$$Whether the authenticated user (auth.authenticate) has at least that role on an organization. organization_id: the
organization. role: superadmin, admin, editor or viewer. Made for policies, so it never fails: false when nobody is
authenticated, for NULL, for an organization that does not exist and for an unknown role. Errors: none. Callers:
auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.has_account_role(account_id uuid, role text) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 4 SUPPORT auth.role_check_support
AS 'MODULE_PATHNAME', 'has_account_role';
COMMENT ON FUNCTION auth.has_account_role(uuid, text) IS
$$Whether the authenticated user (auth.authenticate) has at least that role on an account, there or on its
organization. account_id: the account. role: superadmin, admin, editor or viewer. Made for policies, so it never
fails: false when nobody is authenticated, for NULL, for an account that does not exist and for an unknown role.
Errors: none. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.has_project_role(project_id uuid, role text) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 4 SUPPORT auth.role_check_support
AS 'MODULE_PATHNAME', 'has_project_role';
COMMENT ON FUNCTION auth.has_project_role(uuid, text) IS
$$Whether the authenticated user (auth.authenticate) has at least that role on a project, there, on its account or on
its organization. project_id: the project. role: superadmin, admin, editor or viewer. Made for policies, so it never
fails: false when nobody is authenticated, for NULL, for a project that does not exist and for an unknown role.
Errors: none. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.organization_ids(role text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 200
AS 'MODULE_PATHNAME', 'organization_ids';
COMMENT ON FUNCTION auth.organization_ids(text) IS
$$Returns the organizations on which the authenticated user (auth.authenticate) has at least that role, sorted; empty
when nobody is authenticated. role: superadmin, admin, editor or viewer. Errors: 22023 for an unknown role. Callers:
auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.account_ids(role text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 200
AS 'MODULE_PATHNAME', 'account_ids';
COMMENT ON FUNCTION auth.account_ids(text) IS
$$Returns the accounts on which the authenticated user (auth.authenticate) has at least that role, there or by their
organization, sorted; empty when nobody is authenticated. role: superadmin, admin, editor or viewer. Errors: 22023 for
an unknown role. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.project_ids(role text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 200
AS 'MODULE_PATHNAME', 'project_ids';
COMMENT ON FUNCTION auth.project_ids(text) IS
$$Returns the projects on which the authenticated user (auth.authenticate) has at least that role, there, by their
account or by their organization, sorted; empty when nobody is authenticated. role: superadmin, admin, editor or viewer.
Errors: 22023 for an unknown role. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.user_has_role(user_id bigint, resource_type text, resource_id uuid, role text)
RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'user_has_role';
COMMENT ON FUNCTION auth.user_has_role(bigint, text, uuid, text) IS
$$Whether a user has at least that role on a resource, there or on one of its parents. user_id: anybody's.
resource_type: organization, account or project. resource_id: the resource. role: superadmin, admin, editor or viewer.
False for NULL, and for a user or resource that does not exist. Errors: 22023 for an unknown role or resource type.
Callers: auth_caller (a service that is trusted to ask about others); also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.role_actions(role text, resource_type text) RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'role_actions';
COMMENT ON FUNCTION auth.role_actions(text, text) IS
$$Returns the actions that a role allows by itself on resources of a type; {*} stands for every action. role: superadmin,
admin, editor or viewer. resource_type: organization, account or project. Errors: 22023 for an unknown role or resource
type. Callers: auth_caller; functions of this extension.$$;
