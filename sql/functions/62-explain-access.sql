-- Explaining a decision: the rules of auth.check_access, one row each, in their order, with what each says about this
-- user, action and resource. auth.check_access decides; this only shows, so it is SQL and may take its time.

CREATE OR REPLACE FUNCTION auth.resource_path(resource_type text, resource_id uuid)
RETURNS TABLE (type text, id uuid, name text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
AS $function$
WITH found AS (
  SELECT o.id AS organization_id, NULL::uuid AS account_id, NULL::uuid AS project_id
    FROM @extschema@.organizations AS o
   WHERE resource_path.resource_type = 'organization' AND o.id = resource_path.resource_id
   UNION ALL
  SELECT a.organization_id, a.id, NULL
    FROM @extschema@.accounts AS a
   WHERE resource_path.resource_type = 'account' AND a.id = resource_path.resource_id
   UNION ALL
  SELECT p.organization_id, p.account_id, p.id
    FROM @extschema@.projects AS p
   WHERE resource_path.resource_type = 'project' AND p.id = resource_path.resource_id)
SELECT 'organization', o.id, o.name FROM found JOIN @extschema@.organizations AS o ON o.id = found.organization_id
 UNION ALL
SELECT 'account', a.id, a.name FROM found JOIN @extschema@.accounts AS a ON a.id = found.account_id
 UNION ALL
SELECT 'project', p.id, p.name FROM found JOIN @extschema@.projects AS p ON p.id = found.project_id
$function$;
COMMENT ON FUNCTION auth.resource_path(text, uuid) IS
$$Returns a resource and what it lies in: organization, account, project, as far as they go. resource_type,
resource_id: which resource. No row when there is none. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.explain_access(
  user_id bigint, action text, resource_type text, resource_id uuid, service text DEFAULT NULL)
RETURNS TABLE (step integer, rule text, effect text, object text, reason text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 1000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  WITH path AS MATERIALIZED (
    SELECT p.type, p.id, p.name, array_position('{organization,account,project}', p.type) AS level,
           format('%s "%s"', p.type, p.name) AS label
      FROM auth.resource_path(explain_access.resource_type, explain_access.resource_id) AS p),
  -- outcome: true grants, false denies, NULL neither.
  finding (place, rule, outcome, level, object, reason) AS (
    SELECT 1, 'user', CASE WHEN u.status = 'active' THEN NULL ELSE false END, 0,
           format('user %s', coalesce(explain_access.user_id::text, 'NULL')),
           coalesce('status is ' || u.status, 'there is no such user')
      FROM (VALUES (explain_access.user_id)) AS asked (id)
      LEFT JOIN @extschema@.users AS u ON u.id = asked.id
     UNION ALL
    SELECT 2, 'resource', CASE WHEN count(*) = 0 THEN false END, 0,
           coalesce((array_agg(p.label ORDER BY p.level DESC))[1],
                    format('%s %s', coalesce(explain_access.resource_type, 'NULL'),
                                    coalesce(explain_access.resource_id::text, 'NULL'))),
           CASE count(*) WHEN 0 THEN 'there is no such resource'
                         WHEN 1 THEN 'the top of the hierarchy'
                         ELSE 'lies in ' || array_to_string((array_agg(p.label ORDER BY p.level DESC))[2:], ' in ') END
      FROM path AS p
     UNION ALL
    SELECT 3, 'superuser', true, 0, format('user %s', u.id), 'a superuser may do everything'
      FROM @extschema@.users AS u
     WHERE u.id = explain_access.user_id AND u.is_superuser
     UNION ALL
    SELECT 4, 'override deny', CASE WHEN explain_access.action = ANY (o.deny_actions) THEN false END, p.level,
           'override on ' || p.label, 'denies ' || array_to_string(o.deny_actions, ', ')
      FROM auth.permission_overrides AS o
      JOIN path AS p ON p.type = o.resource_type AND p.id = o.resource_id
     WHERE o.user_id = explain_access.user_id AND o.resource_id = explain_access.resource_id
       AND o.deny_actions <> '{}'
     UNION ALL
    SELECT 5, 'group', CASE WHEN explain_access.action = ANY (q.deny_actions) OR '*' = ANY (q.deny_actions)
                            THEN false END, p.level,
           format('group "%s" on %s', g.name, p.label),
           CASE WHEN explain_access.service IS NULL THEN 'denies by service, and none was named'
                ELSE format('denies %s in service "%s"',
                            CASE WHEN '*' = ANY (q.deny_actions) THEN 'every action'
                                 ELSE coalesce(nullif(array_to_string(q.deny_actions, ', '), ''), 'nothing') END,
                            explain_access.service) END
      FROM auth.user_group_memberships AS m
      JOIN path AS p ON p.type = m.resource_type AND p.id = m.resource_id
      JOIN auth.groups AS g ON g.id = m.group_id
      LEFT JOIN auth.group_permissions AS q ON q.group_id = m.group_id AND q.service_name = explain_access.service
     WHERE m.user_id = explain_access.user_id
     UNION ALL
    SELECT 6, 'override allow', CASE WHEN explain_access.action = ANY (o.allow_actions) THEN true END, p.level,
           'override on ' || p.label, 'allows ' || array_to_string(o.allow_actions, ', ')
      FROM auth.permission_overrides AS o
      JOIN path AS p ON p.type = o.resource_type AND p.id = o.resource_id
     WHERE o.user_id = explain_access.user_id AND o.resource_id = explain_access.resource_id
       AND o.allow_actions <> '{}'
     UNION ALL
    SELECT 7, 'role', CASE WHEN a.expires_at <= statement_timestamp() THEN NULL
                           WHEN allowed.actions && ARRAY[explain_access.action, '*'] THEN true END, p.level,
           format('%s on %s', CASE WHEN r.id IS NULL OR r.is_system THEN 'role ' || a.role
                                   ELSE format('role "%s" (%s)', r.name, a.role) END, p.label),
           CASE WHEN a.expires_at <= statement_timestamp()
                THEN to_char(a.expires_at AT TIME ZONE 'UTC', '"expired at" YYYY-MM-DD HH24:MI:SS "UTC, "') ELSE '' END
           || CASE WHEN by_service.is_so AND explain_access.service IS NULL
                   THEN 'allows by service, and none was named'
                   ELSE format('allows %s %s',
                               CASE WHEN '*' = ANY (allowed.actions) THEN 'every action'
                                    ELSE coalesce(nullif(array_to_string(allowed.actions, ', '), ''), 'nothing') END,
                               CASE WHEN by_service.is_so THEN format('in service "%s"', explain_access.service)
                                    ELSE format('on %s %s', CASE explain_access.resource_type WHEN 'project' THEN 'a'
                                                                 ELSE 'an' END, explain_access.resource_type) END) END
      FROM @extschema@.user_role_assignments AS a
      JOIN path AS p ON p.type = a.resource_type AND p.id = a.resource_id
      LEFT JOIN auth.roles AS r ON r.id = a.role_id
     CROSS JOIN LATERAL (
       SELECT EXISTS (SELECT FROM auth.role_permissions AS q WHERE q.role_id = a.role_id) AS is_so) AS by_service
      LEFT JOIN auth.role_permissions AS q ON q.role_id = a.role_id AND q.service_name = explain_access.service
     CROSS JOIN LATERAL (
       SELECT CASE WHEN by_service.is_so THEN coalesce(q.allowed_actions, '{}')
                   ELSE auth.role_actions(a.role, explain_access.resource_type) END AS actions) AS allowed
     WHERE a.user_id = explain_access.user_id),
  decider AS (
    SELECT f.outcome, f.object FROM finding AS f
     WHERE f.outcome IS NOT NULL ORDER BY f.place, f.level, f.object COLLATE "C" LIMIT 1),
  explained AS (
    SELECT f.place, f.rule, f.level, f.object,
           CASE WHEN f.outcome IS NULL AND f.place <= 2 THEN 'passes'
                WHEN f.outcome IS NULL OR f.outcome <> d.outcome THEN 'does not matter'
                WHEN f.outcome THEN 'grants'
                ELSE 'denies' END AS effect,
           f.reason || CASE WHEN f.outcome <> d.outcome
                            THEN format('; %s comes first and %s', d.object,
                                        CASE WHEN d.outcome THEN 'grants' ELSE 'denies' END)
                            ELSE '' END AS reason
      FROM finding AS f LEFT JOIN decider AS d ON true
     UNION ALL
    SELECT 8, 'decision', 0,
           format('%s on %s', explain_access.action,
                  coalesce((SELECT p.label FROM path AS p ORDER BY p.level DESC LIMIT 1), 'nothing')),
           CASE WHEN c.allowed THEN 'allowed' ELSE 'denied' END, coalesce(c.granted_by, c.deny_reason)
      FROM auth.check_access(explain_access.user_id, explain_access.action, explain_access.resource_type,
                             explain_access.resource_id, explain_access.service) AS c)
  SELECT (row_number() OVER (ORDER BY e.place, e.level, e.object COLLATE "C"))::integer,
         e.rule, e.effect, e.object, e.reason
    FROM explained AS e
   ORDER BY 1;
END
$function$;
COMMENT ON FUNCTION auth.explain_access(bigint, text, text, uuid, text) IS
$$Explains what auth.check_access answers to the same arguments: a row for each rule that is about this user and
resource, in the order in which they are asked, the decision last. user_id, action, resource_type, resource_id,
service: as for auth.check_access. rule: user, resource, superuser, override deny, group, override allow, role,
decision. effect: passes (user and resource), grants, denies, does not matter; of the decision: allowed, denied.
object: the assignment, override or group. reason: what it says, and, where it does not matter, what comes before it;
of the decision: granted_by or deny_reason. Expired assignments are shown as such. Errors: 22004 when
action is NULL. Callers: auth_caller; functions of this extension.$$;
