-- The evaluator: the rules of roles and actions once more, in plain SQL and straight from their description, for the
-- tests to compare the engine with. Slow, obvious, and sharing nothing with the engine but the tables.
--
-- Every function is STABLE SQL, so a statement that calls the engine and the evaluator asks both under one snapshot and
-- with one statement_timestamp(): whatever they disagree on is a mistake of one of them. Those that return rows can be
-- taken apart by the planner, so asking a hundred thousand questions in one statement takes seconds.
CREATE SCHEMA evaluator;

CREATE FUNCTION evaluator.level(role text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT array_position('{viewer,editor,admin,superadmin}', role) $$;

-- What a role allows by itself.
CREATE FUNCTION evaluator.role_actions(role text, resource_type text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$
  SELECT CASE
           WHEN role = 'superadmin' AND resource_type IN ('organization', 'account', 'project') THEN '{*}'::text[]
           WHEN role = 'admin' AND resource_type IN ('account', 'project')
             THEN '{manage_account,edit_project,view_project}'
           WHEN role = 'editor' AND resource_type = 'project' THEN '{edit_project,view_project}'
           WHEN role = 'viewer' AND resource_type = 'project' THEN '{view_project}'
           ELSE '{}'
         END
$$;

CREATE FUNCTION evaluator.contains(actions text[], action text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(action = ANY (actions) OR '*' = ANY (actions), false) $$;

-- A resource and its parents. No row: there is no such resource.
CREATE FUNCTION evaluator.ancestry(asked_type text, asked_id uuid) RETURNS TABLE (resource_type text, resource_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS
$$
  SELECT 'organization', o.id FROM public.organizations AS o WHERE asked_type = 'organization' AND o.id = asked_id
  UNION ALL
  SELECT parent.*
    FROM public.accounts AS a
   CROSS JOIN LATERAL (VALUES ('account', a.id), ('organization', a.organization_id)) AS parent
   WHERE asked_type = 'account' AND a.id = asked_id
  UNION ALL
  SELECT parent.*
    FROM public.projects AS p
    JOIN public.accounts AS a ON a.id = p.account_id
   CROSS JOIN LATERAL (VALUES ('project', p.id), ('account', a.id), ('organization', a.organization_id)) AS parent
   WHERE asked_type = 'project' AND p.id = asked_id
$$;

-- The assignments of a user that reach a resource and have not expired.
CREATE FUNCTION evaluator.assignments(asked_user bigint, asked_type text, asked_id uuid)
RETURNS TABLE (role text, role_id uuid) LANGUAGE sql STABLE PARALLEL SAFE AS
$$
  SELECT a.role, a.role_id
    FROM public.user_role_assignments AS a
    JOIN evaluator.ancestry(asked_type, asked_id) AS place
      ON place.resource_type = a.resource_type AND place.resource_id = a.resource_id
   WHERE a.user_id = asked_user AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
$$;

CREATE FUNCTION evaluator.role_check(asked_user bigint, asked_type text, asked_id uuid, asked_role text)
RETURNS TABLE (answer boolean) LANGUAGE sql STABLE PARALLEL SAFE AS
$$
  SELECT EXISTS (
    SELECT FROM public.users AS u
     WHERE u.id = asked_user AND u.status = 'active'
       AND evaluator.level(asked_role) IS NOT NULL
       AND EXISTS (SELECT FROM evaluator.ancestry(asked_type, asked_id))
       AND (u.is_superuser
            OR EXISTS (SELECT FROM evaluator.assignments(asked_user, asked_type, asked_id) AS a
                        WHERE evaluator.level(a.role) >= evaluator.level(asked_role))))
$$;

CREATE FUNCTION evaluator.user_has_role(asked_user bigint, asked_type text, asked_id uuid, asked_role text)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT answer FROM evaluator.role_check(asked_user, asked_type, asked_id, asked_role) $$;

-- The ids of all resources of a type on which a user has a role, in order.
CREATE FUNCTION evaluator.ids(asked_user bigint, asked_type text, asked_role text) RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE AS
$$
  SELECT coalesce(array_agg(resource.id ORDER BY resource.id), '{}')
    FROM (SELECT 'organization' AS type, id FROM public.organizations
           UNION ALL SELECT 'account', id FROM public.accounts
           UNION ALL SELECT 'project', id FROM public.projects) AS resource,
         evaluator.role_check(asked_user, asked_type, resource.id, asked_role) AS role_check
   WHERE resource.type = asked_type AND role_check.answer
$$;

-- Whether an assignment's role grants an action: by its permissions for the service if it has any, else by its level.
CREATE FUNCTION evaluator.role_grants(role text, asked_role_id uuid, resource_type text, action text, service text)
RETURNS TABLE (answer boolean) LANGUAGE sql STABLE PARALLEL SAFE AS
$$
  SELECT CASE
           WHEN EXISTS (SELECT FROM auth.role_permissions AS p WHERE p.role_id = asked_role_id)
             THEN EXISTS (SELECT FROM auth.role_permissions AS p
                           WHERE p.role_id = asked_role_id AND p.service_name = service
                             AND evaluator.contains(p.allowed_actions, action))
           ELSE evaluator.contains(evaluator.role_actions(role, resource_type), action)
         END
$$;

-- The first rule that applies decides.
CREATE FUNCTION evaluator.check_access(
  asked_user bigint, action text, asked_type text, asked_id uuid, service text)
RETURNS TABLE (allowed boolean, deny_reason text, granted_by text, user_status text)
LANGUAGE sql STABLE PARALLEL SAFE AS
$$
  WITH asker AS (
    SELECT u.status, u.is_superuser FROM public.users AS u WHERE u.id = asked_user
  ), override AS (
    SELECT o.allow_actions, o.deny_actions FROM auth.permission_overrides AS o
     WHERE o.user_id = asked_user AND o.resource_type = asked_type AND o.resource_id = asked_id
  ), group_denial AS (
    SELECT FROM auth.user_group_memberships AS m
      JOIN evaluator.ancestry(asked_type, asked_id) AS place
        ON place.resource_type = m.resource_type AND place.resource_id = m.resource_id
      JOIN auth.group_permissions AS p ON p.group_id = m.group_id AND p.service_name = service
     WHERE m.user_id = asked_user AND evaluator.contains(p.deny_actions, action)
  ), rule (place, applies, allowed, deny_reason, granted_by) AS (
    VALUES
      (1, NOT EXISTS (SELECT FROM asker), false, 'user_not_found', NULL),
      (2, (SELECT status <> 'active' FROM asker), false, 'user_not_active', NULL),
      (3, NOT EXISTS (SELECT FROM evaluator.ancestry(asked_type, asked_id)), false, 'resource_not_found', NULL),
      (4, (SELECT is_superuser FROM asker), true, NULL, 'superuser'),
      (5, (SELECT action = ANY (deny_actions) FROM override), false, 'denied_by_override', NULL),
      (6, EXISTS (SELECT FROM group_denial), false, 'denied_by_group', NULL),
      (7, (SELECT action = ANY (allow_actions) FROM override), true, NULL, 'override'),
      (8, EXISTS (SELECT FROM evaluator.assignments(asked_user, asked_type, asked_id) AS a,
                              evaluator.role_grants(a.role, a.role_id, asked_type, action, service) AS g
                   WHERE g.answer), true, NULL, 'role'),
      (9, true, false, 'no_role_grants_action', NULL)
  )
  SELECT rule.allowed, rule.deny_reason, rule.granted_by, (SELECT status FROM asker)
    FROM rule WHERE rule.applies ORDER BY rule.place LIMIT 1
$$;

-- Like user_has_role, for callers who may read no table.
CREATE FUNCTION evaluator.current_user_has_role(asked_type text, asked_id uuid, asked_role text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT evaluator.user_has_role(auth.current_user_id(), asked_type, asked_id, asked_role) $$;

GRANT USAGE ON SCHEMA evaluator TO PUBLIC;
