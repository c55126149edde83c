-- Lists of what auth.check_access allows: the resources of a user, the subjects of a resource, the actions of a user on
-- a resource.
--
-- 1. Exact and complete: candidates come from everything that can grant, and auth.check_access decides each.
-- 2. Ordered by id and paged by it: a page begins behind the id given as `after`.
-- 3. The cost is the page's: candidates are read in order from indexes that end with the id, a few at a time, until the
--    page is full. Candidates that are denied cost as much as those that are listed.

CREATE OR REPLACE FUNCTION auth.check_list_arguments(action text, resource_type text, max_items integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF action IS NULL THEN
    RAISE EXCEPTION 'An action must not be NULL' USING ERRCODE = '22004';
  END IF;
  IF resource_type IS NULL OR resource_type NOT IN ('organization', 'account', 'project') THEN
    RAISE EXCEPTION 'A resource type is organization, account or project, not "%"',
      coalesce(left(resource_type, 64), 'NULL') USING ERRCODE = '22023';
  END IF;
  IF max_items IS NULL OR max_items NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION 'A page holds 1 to 10000 items, not %', coalesce(max_items::text, 'NULL') USING ERRCODE = '22023';
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_list_arguments(text, text, integer) IS
$$Refuses what no list takes. action: any but NULL. resource_type: organization, account or project. max_items: 1 to
10000. Errors: 22004 when action is NULL, 22023 that names what else is wrong. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.granting_roles(action text, resource_type text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
AS $function$
SELECT coalesce(array_agg(r.role), '{}')
  FROM unnest(ARRAY['superadmin', 'admin', 'editor', 'viewer']) AS r (role)
 WHERE auth.role_actions(r.role, granting_roles.resource_type) && ARRAY[granting_roles.action, '*']
$function$;
COMMENT ON FUNCTION auth.granting_roles(text, text) IS
$$Returns the roles that allow an action by themselves, without permissions by service. action: the action.
resource_type: type of the resource that it is asked about. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_subjects(
  resource_type text, resource_id uuid, action text, service text DEFAULT NULL,
  after bigint DEFAULT NULL, max_items integer DEFAULT 100)
RETURNS TABLE (user_id bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 10000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  chunk CONSTANT integer := 100;  -- candidates at a time
  path uuid[];
  roles text[];
  candidates bigint[];
  listed integer;
  missing integer := max_items;
BEGIN
  PERFORM auth.check_list_arguments(action, resource_type, max_items);
  roles := auth.granting_roles(action, resource_type);
  path := ARRAY(SELECT p.id FROM auth.resource_path(list_subjects.resource_type, list_subjects.resource_id) AS p);
  after := coalesce(after, -9223372036854775808);
  WHILE path <> '{}' AND missing > 0 LOOP
    candidates := ARRAY(
      SELECT DISTINCT candidate.id
        FROM ((SELECT u.id FROM @extschema@.users AS u
                WHERE u.is_superuser AND u.id > list_subjects.after ORDER BY u.id LIMIT chunk)
               UNION ALL
              (SELECT o.user_id FROM auth.permission_overrides AS o
                WHERE o.resource_id = list_subjects.resource_id AND o.user_id > list_subjects.after
                  AND list_subjects.action = ANY (o.allow_actions)
                ORDER BY o.user_id LIMIT chunk)
               UNION ALL
              SELECT assigned.user_id
                FROM unnest(path) AS p (id)
               CROSS JOIN LATERAL (
                 SELECT a.user_id FROM @extschema@.user_role_assignments AS a
                  WHERE a.resource_id = p.id AND a.user_id > list_subjects.after
                    AND (a.role = ANY (roles) OR a.role_id IS NOT NULL)
                    AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
                  ORDER BY a.user_id LIMIT chunk) AS assigned) AS candidate (id)
       ORDER BY candidate.id LIMIT chunk);
    RETURN QUERY
    SELECT candidate.id
      FROM unnest(candidates) AS candidate (id)
     CROSS JOIN LATERAL auth.check_access(candidate.id, list_subjects.action, list_subjects.resource_type,
                                          list_subjects.resource_id, list_subjects.service) AS decision
     WHERE decision.allowed
     ORDER BY candidate.id LIMIT missing;
    GET DIAGNOSTICS listed = ROW_COUNT;
    EXIT WHEN cardinality(candidates) < chunk;
    missing := missing - listed;
    after := candidates[chunk];
  END LOOP;
END
$function$;
COMMENT ON FUNCTION auth.list_subjects(text, uuid, text, text, bigint, integer) IS
$$Lists the users whom auth.check_access allows an action on a resource, by ascending id. resource_type, resource_id,
action, service: as for auth.check_access. after: the last id of the page before; NULL: from the beginning.
max_items: length of the page, 1 to 10000. No row when there is no such resource. The cost is that of the page, not
of all subjects. Errors: 22004 when action is NULL; 22023 when resource_type or max_items is none.
Callers: auth_caller; functions of this
extension.$$;

CREATE OR REPLACE FUNCTION auth.next_resources(
  resource_type text, scope_type text, scope_id uuid, after uuid, max_items integer)
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE resource_type || ' in ' || scope_type
    WHEN 'project in account' THEN RETURN QUERY
      SELECT p.id FROM @extschema@.accounts AS a
       CROSS JOIN LATERAL (
         SELECT p.id FROM @extschema@.projects AS p
          WHERE p.account_id = a.id AND p.organization_id = a.organization_id AND p.id > next_resources.after
          ORDER BY p.id LIMIT max_items) AS p
       WHERE a.id = scope_id
       ORDER BY p.id;
    WHEN 'project in organization' THEN RETURN QUERY
      SELECT p.id FROM @extschema@.projects AS p
       WHERE p.organization_id = scope_id AND p.id > next_resources.after ORDER BY p.id LIMIT max_items;
    WHEN 'account in organization' THEN RETURN QUERY
      SELECT a.id FROM @extschema@.accounts AS a
       WHERE a.organization_id = scope_id AND a.id > next_resources.after ORDER BY a.id LIMIT max_items;
    WHEN 'project in everything' THEN RETURN QUERY
      SELECT p.id FROM @extschema@.projects AS p WHERE p.id > next_resources.after ORDER BY p.id LIMIT max_items;
    WHEN 'account in everything' THEN RETURN QUERY
      SELECT a.id FROM @extschema@.accounts AS a WHERE a.id > next_resources.after ORDER BY a.id LIMIT max_items;
    WHEN 'organization in everything' THEN RETURN QUERY
      SELECT o.id FROM @extschema@.organizations AS o
       WHERE o.id > next_resources.after ORDER BY o.id LIMIT max_items;
  END CASE;
END
$function$;
COMMENT ON FUNCTION auth.next_resources(text, text, uuid, uuid, integer) IS
$$Returns the resources of a type that lie in another one, by ascending id. resource_type: organization, account or
project. scope_type, scope_id: what they lie in, of a higher type; or everything, NULL. after: the id to begin behind.
max_items: how many at most. Errors: none. Callers: auth.list_resources.$$;

CREATE OR REPLACE FUNCTION auth.list_resources(
  user_id bigint, action text, resource_type text, service text DEFAULT NULL,
  after uuid DEFAULT NULL, max_items integer DEFAULT 100)
RETURNS TABLE (resource_id uuid)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 10000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  roles text[];
  scope_types text[];  -- what grants from above: each a stream of candidates
  scope_ids uuid[];
  chunk integer;  -- candidates at a time, of each stream
  candidates uuid[];
  is_last boolean;
  listed integer;
  missing integer := max_items;
BEGIN
  PERFORM auth.check_list_arguments(action, resource_type, max_items);
  roles := auth.granting_roles(action, resource_type);
  SELECT array_agg(scope.type), array_agg(scope.id) INTO scope_types, scope_ids
    FROM (SELECT 'everything', NULL::uuid FROM @extschema@.users AS u
           WHERE u.id = list_resources.user_id AND u.is_superuser
           UNION ALL
          SELECT a.resource_type, a.resource_id FROM @extschema@.user_role_assignments AS a
           WHERE a.user_id = list_resources.user_id
             AND array_position('{organization,account,project}', a.resource_type)
                 < array_position('{organization,account,project}', list_resources.resource_type)
             AND (a.role = ANY (roles) OR a.role_id IS NOT NULL)
             AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())) AS scope (type, id);
  chunk := greatest(10, 100 / (coalesce(cardinality(scope_ids), 0) + 1));
  after := coalesce(after, '00000000-0000-0000-0000-000000000000');
  LOOP
    -- Behind the end of the shortest stream that may go on, candidates would be incomplete.
    WITH stream AS MATERIALIZED (
      SELECT direct.id, direct.place
        FROM (SELECT a.resource_id, row_number() OVER (ORDER BY a.resource_id)
                FROM @extschema@.user_role_assignments AS a
               WHERE a.user_id = list_resources.user_id AND a.resource_id > list_resources.after
                 AND a.resource_type = list_resources.resource_type
                 AND (a.role = ANY (roles) OR a.role_id IS NOT NULL)
                 AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
               ORDER BY a.resource_id LIMIT chunk) AS direct (id, place)
       UNION ALL
      SELECT override.id, override.place
        FROM (SELECT o.resource_id, row_number() OVER (ORDER BY o.resource_id)
                FROM auth.permission_overrides AS o
               WHERE o.user_id = list_resources.user_id AND o.resource_id > list_resources.after
                 AND list_resources.action = ANY (o.allow_actions)
               ORDER BY o.resource_id LIMIT chunk) AS override (id, place)
       UNION ALL
      SELECT below.id, below.place
        FROM unnest(scope_types, scope_ids) AS scope (type, id)
       CROSS JOIN LATERAL auth.next_resources(list_resources.resource_type, scope.type, scope.id,
                                              list_resources.after, chunk) WITH ORDINALITY AS below (id, place)),
    frontier AS (
      SELECT s.id FROM stream AS s WHERE s.place = chunk ORDER BY s.id LIMIT 1)
    SELECT array_agg(DISTINCT s.id ORDER BY s.id), NOT EXISTS (SELECT FROM frontier) INTO candidates, is_last
      FROM stream AS s
     WHERE NOT EXISTS (SELECT FROM frontier AS f WHERE f.id < s.id);

    RETURN QUERY
    SELECT candidate.id
      FROM unnest(candidates) AS candidate (id)
     CROSS JOIN LATERAL auth.check_access(list_resources.user_id, list_resources.action,
                                          list_resources.resource_type, candidate.id,
                                          list_resources.service) AS decision
     WHERE decision.allowed
     ORDER BY candidate.id LIMIT missing;
    GET DIAGNOSTICS listed = ROW_COUNT;
    missing := missing - listed;
    EXIT WHEN is_last OR missing = 0;
    after := candidates[cardinality(candidates)];
  END LOOP;
END
$function$;
COMMENT ON FUNCTION auth.list_resources(bigint, text, text, text, uuid, integer) IS
$$Lists the resources of one type on which auth.check_access allows a user an action, by ascending id. user_id, action,
resource_type, service: as for auth.check_access. after: the last id of the page before; NULL: from the beginning.
max_items: length of the page, 1 to 10000. The cost is that of the page and of the user's assignments above the
type, not of all resources. Errors: 22004 when action is NULL; 22023 when resource_type or max_items is none.
Callers: auth_caller; functions
of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_actions(
  user_id bigint, resource_type text, resource_id uuid, service text DEFAULT NULL)
RETURNS TABLE (action text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 10000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.check_list_arguments('*', resource_type, 1);
  RETURN QUERY
  WITH named AS (
    SELECT '*' AS action
     UNION
    SELECT unnest(auth.role_actions(r.role, list_actions.resource_type))
      FROM unnest(ARRAY['superadmin', 'admin', 'editor', 'viewer']) AS r (role)
     UNION
    SELECT unnest(p.allowed_actions) FROM auth.role_permissions AS p WHERE p.service_name = list_actions.service
     UNION
    SELECT unnest(g.deny_actions) FROM auth.group_permissions AS g WHERE g.service_name = list_actions.service
     UNION
    SELECT unnest(o.allow_actions || o.deny_actions) FROM auth.permission_overrides AS o
     WHERE o.user_id = list_actions.user_id AND o.resource_id = list_actions.resource_id),
  decided AS (
    SELECT n.action, d.allowed, d.granted_by, bool_and(d.allowed) OVER () AS is_everything
      FROM named AS n
     CROSS JOIN LATERAL auth.check_access(list_actions.user_id, n.action, list_actions.resource_type,
                                          list_actions.resource_id, list_actions.service) AS d)
  SELECT d.action FROM decided AS d
   -- An override that names the word * allows that word and nothing else.
   WHERE d.allowed AND (d.action <> '*' OR d.is_everything AND d.granted_by <> 'override')
   ORDER BY d.action COLLATE "C";
END
$function$;
COMMENT ON FUNCTION auth.list_actions(bigint, text, uuid, text) IS
$$Lists the actions that auth.check_access allows a user on a resource, in the order of their bytes: of those that are
named anywhere, by the roles that every installation has, by the roles and groups of the service, or by an override
of the user on the resource. * comes first when every action is allowed, also one that is named nowhere. user_id,
resource_type, resource_id, service: as for auth.check_access. Errors: 22023 when resource_type is none. Callers:
auth_caller; functions of this extension.$$;
