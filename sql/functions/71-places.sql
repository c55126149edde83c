-- Places: where a user's roles lie in the hierarchy, and from it what the user sees and what the user administers. All
-- of them are plain queries that the planner merges into the one that asks. They are texts, not BEGIN ATOMIC, whose
-- dependency on each column would stand in the way of an upgrade's table steps.
--
-- 1. Whoever has a role on a resource sees it and everything below it, and the row of each parent, so that a tree can
--    be drawn, but not the parent's other children. Superusers see everything.
-- 2. Whoever is admin or above on a resource administers it and everything below it.

CREATE OR REPLACE FUNCTION auth.role_level(role text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $function$SELECT CASE role WHEN 'superadmin' THEN 4 WHEN 'admin' THEN 3 WHEN 'editor' THEN 2 WHEN 'viewer' THEN 1 END$function$;
COMMENT ON FUNCTION auth.role_level(text) IS
$$Returns how strong a role is: superadmin 4, admin 3, editor 2, viewer 1; NULL for anything else. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.is_superuser(user_id bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT EXISTS (SELECT FROM @extschema@.users AS u
                  WHERE u.id = is_superuser.user_id AND u.is_superuser AND u.status = 'active')
$function$;
COMMENT ON FUNCTION auth.is_superuser(bigint) IS
$$Tells whether a user is an active superuser. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.places(user_id bigint)
RETURNS TABLE (level integer, organization_id uuid, account_id uuid, project_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
AS $function$
  SELECT auth.role_level(a.role), coalesce(p.organization_id, c.organization_id, o.id), coalesce(p.account_id, c.id),
         p.id
    FROM @extschema@.user_role_assignments AS a
    LEFT JOIN @extschema@.organizations AS o ON a.resource_type = 'organization' AND o.id = a.resource_id
    LEFT JOIN @extschema@.accounts AS c ON a.resource_type = 'account' AND c.id = a.resource_id
    LEFT JOIN @extschema@.projects AS p ON a.resource_type = 'project' AND p.id = a.resource_id
   WHERE a.user_id = places.user_id AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
     AND coalesce(o.id, c.id, p.id) IS NOT NULL
$function$;
COMMENT ON FUNCTION auth.places(bigint) IS
$$Lists a user's unexpired roles by the place that each is held on: its organization, account and project, the
latter two NULL where the role is held further up. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_organizations(user_id bigint) RETURNS SETOF @extschema@.organizations
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT o.* FROM @extschema@.organizations AS o WHERE (SELECT auth.is_superuser(visible_organizations.user_id))
  UNION ALL
  SELECT o.* FROM @extschema@.organizations AS o
   WHERE NOT (SELECT auth.is_superuser(visible_organizations.user_id))
     AND o.id = ANY (ARRAY(SELECT h.organization_id FROM auth.places(visible_organizations.user_id) AS h))
$function$;
COMMENT ON FUNCTION auth.visible_organizations(bigint) IS
$$Lists the organizations that a user sees. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_accounts(user_id bigint) RETURNS SETOF @extschema@.accounts
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT c.* FROM @extschema@.accounts AS c WHERE (SELECT auth.is_superuser(visible_accounts.user_id))
  UNION ALL
  SELECT c.* FROM @extschema@.accounts AS c
   WHERE NOT (SELECT auth.is_superuser(visible_accounts.user_id))
     AND (c.id = ANY (ARRAY(SELECT h.account_id FROM auth.places(visible_accounts.user_id) AS h))
          OR c.organization_id = ANY (ARRAY(
               SELECT h.organization_id FROM auth.places(visible_accounts.user_id) AS h WHERE h.account_id IS NULL)))
$function$;
COMMENT ON FUNCTION auth.visible_accounts(bigint) IS
$$Lists the accounts that a user sees. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.projects_of(user_id bigint, minimum_level integer) RETURNS SETOF @extschema@.projects
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT p.* FROM @extschema@.projects AS p WHERE (SELECT auth.is_superuser(projects_of.user_id))
  UNION ALL
  SELECT p.* FROM @extschema@.projects AS p
   WHERE NOT (SELECT auth.is_superuser(projects_of.user_id))
     AND (p.id = ANY (ARRAY(
            SELECT h.project_id FROM auth.places(projects_of.user_id) AS h
             WHERE h.level >= projects_of.minimum_level))
          OR p.account_id = ANY (ARRAY(
               SELECT h.account_id FROM auth.places(projects_of.user_id) AS h
                WHERE h.level >= projects_of.minimum_level AND h.project_id IS NULL))
          OR p.organization_id = ANY (ARRAY(
               SELECT h.organization_id FROM auth.places(projects_of.user_id) AS h
                WHERE h.level >= projects_of.minimum_level AND h.account_id IS NULL)))
$function$;
COMMENT ON FUNCTION auth.projects_of(bigint, integer) IS
$$Lists the projects on which, or above which, a user has a role of at least a level; all for a superuser. With
level 1: those that the user sees. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.administered_resources(user_id bigint)
RETURNS TABLE (resource_type text, resource_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT 'organization', h.organization_id
    FROM auth.places(administered_resources.user_id) AS h WHERE h.level >= 3 AND h.account_id IS NULL
  UNION ALL
  SELECT 'account', c.id FROM @extschema@.accounts AS c
   WHERE c.id = ANY (ARRAY(
           SELECT h.account_id FROM auth.places(administered_resources.user_id) AS h
            WHERE h.level >= 3 AND h.project_id IS NULL))
      OR c.organization_id = ANY (ARRAY(
           SELECT h.organization_id FROM auth.places(administered_resources.user_id) AS h
            WHERE h.level >= 3 AND h.account_id IS NULL))
  UNION ALL
  SELECT 'project', p.id FROM auth.projects_of(administered_resources.user_id, 3) AS p
$function$;
COMMENT ON FUNCTION auth.administered_resources(bigint) IS
$$Lists the resources that a user administers by a role, of whoever is no superuser. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.can_see(user_id bigint, resource_type text, resource_id uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN CASE resource_type
    WHEN 'organization' THEN
      EXISTS (SELECT FROM auth.visible_organizations(user_id) AS v WHERE v.id = resource_id)
    WHEN 'account' THEN EXISTS (SELECT FROM auth.visible_accounts(user_id) AS v WHERE v.id = resource_id)
    WHEN 'project' THEN EXISTS (SELECT FROM auth.projects_of(user_id, 1) AS v WHERE v.id = resource_id)
    ELSE false
  END;
END
$function$;
COMMENT ON FUNCTION auth.can_see(bigint, text, uuid) IS
$$Tells whether a resource exists and a user sees it. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.resource_with_parents(resource_type text, resource_id uuid)
RETURNS TABLE (type text, id uuid)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
AS $function$
  SELECT 'organization', o.id FROM @extschema@.organizations AS o
   WHERE resource_with_parents.resource_type = 'organization' AND o.id = resource_with_parents.resource_id
  UNION ALL
  SELECT r.* FROM @extschema@.accounts AS c
   CROSS JOIN LATERAL (VALUES ('account', c.id), ('organization', c.organization_id)) AS r
   WHERE resource_with_parents.resource_type = 'account' AND c.id = resource_with_parents.resource_id
  UNION ALL
  SELECT r.* FROM @extschema@.projects AS p
   CROSS JOIN LATERAL (VALUES ('project', p.id), ('account', p.account_id), ('organization', p.organization_id)) AS r
   WHERE resource_with_parents.resource_type = 'project' AND p.id = resource_with_parents.resource_id
$function$;
COMMENT ON FUNCTION auth.resource_with_parents(text, uuid) IS
$$Lists a resource and what it belongs to; nothing when it does not exist. Errors: none. Callers: functions of
this extension.$$;

CREATE OR REPLACE FUNCTION auth.parent_type(resource_type text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $function$SELECT CASE resource_type WHEN 'project' THEN 'account' WHEN 'account' THEN 'organization' END$function$;
COMMENT ON FUNCTION auth.parent_type(text) IS
$$Returns what a project or an account belongs to: account, organization; NULL for anything else. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.parent_of(resource_type text, resource_id uuid) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT r.id FROM auth.resource_with_parents(parent_of.resource_type, parent_of.resource_id) AS r
   WHERE r.type = auth.parent_type(parent_of.resource_type)
$function$;
COMMENT ON FUNCTION auth.parent_of(text, uuid) IS
$$Returns the account of a project, the organization of an account; NULL for anything else. Errors: none.
Callers: functions of this extension.$$;
