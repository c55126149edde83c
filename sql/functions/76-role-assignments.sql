-- Role assignments: granted, changed and revoked by the administrators of the resource, within their own level.

CREATE OR REPLACE FUNCTION auth.list_role_assignments(
  user_id bigint DEFAULT NULL, resource_id uuid DEFAULT NULL, resource_type text DEFAULT NULL,
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  sees_all boolean := auth.is_superuser(caller_id);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT a.* FROM @extschema@.user_role_assignments AS a
       WHERE (list_role_assignments.user_id IS NULL OR a.user_id = list_role_assignments.user_id)
         AND (list_role_assignments.resource_id IS NULL OR a.resource_id = list_role_assignments.resource_id)
         AND (list_role_assignments.resource_type IS NULL OR a.resource_type = list_role_assignments.resource_type)
         AND (sees_all OR a.user_id = caller_id
              OR a.resource_id IN (SELECT m.resource_id FROM auth.administered_resources(caller_id) AS m)))
    SELECT jsonb_build_object(
             'assignments', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.user_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.user_id, v.resource_id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_role_assignments(bigint, uuid, text, integer, integer, text) IS
$$Lists the caller's own role assignments and those on resources that the caller administers, by user_id and
resource_id, expired ones included: assignments, a list of user_id, resource_id, resource_type, role, role_id,
expires_at and created_at; total, how many there are in all. user_id, resource_id, resource_type: only these;
NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a page that
cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.check_role(
  role text, role_id uuid, resource_type text, OUT base_type text, OUT has_permissions boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  named auth.roles;
BEGIN
  IF role_id IS NULL THEN
    PERFORM auth.check_choice('role', role, ARRAY['superadmin', 'admin', 'editor', 'viewer']);
    base_type := role;
    has_permissions := false;
    RETURN;
  END IF;
  SELECT r.* INTO named FROM auth.roles AS r WHERE r.id = role_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Role not found');
  ELSIF named.scope_type <> resource_type THEN
    PERFORM auth.refuse(422, format('role_id: This role is for a resource of type %s', named.scope_type));
  ELSIF named.base_type <> role THEN
    PERFORM auth.refuse(422, format('role: The role of that role_id counts as %s', named.base_type));
  END IF;
  base_type := named.base_type;
  has_permissions := EXISTS (SELECT FROM auth.role_permissions AS p WHERE p.role_id = named.id);
END
$function$;
COMMENT ON FUNCTION auth.check_role(text, uuid, text) IS
$$Checks what is to be granted: a role by its level, or one that role_id names, which must be for that type of
resource and, when role is given too, of that level. Returns its level's name and whether it has permissions of
its own. Errors: A0404 for an unknown role_id; A0422. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.reaches_beyond(
  role_id uuid, user_id bigint, resource_type text, resource_id uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN EXISTS (
    SELECT FROM auth.role_permissions AS p CROSS JOIN LATERAL unnest(p.allowed_actions) AS action
     WHERE p.role_id = reaches_beyond.role_id
       AND (action = '*' OR NOT (
             auth.check_access(user_id, action, resource_type, resource_id, p.service_name)).allowed));
END
$function$;
COMMENT ON FUNCTION auth.reaches_beyond(uuid, bigint, text, uuid) IS
$$Tells whether the permissions of a role contain * or an action that a user may not take on a resource. Errors:
none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.grant_role(
  user_id bigint, resource_type text, resource_id uuid, role text DEFAULT NULL, role_id uuid DEFAULT NULL,
  expires_at timestamptz DEFAULT NULL, reason text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record;
  granted record;
  assignment @extschema@.user_role_assignments;
BEGIN
  PERFORM auth.check_resource_type(resource_type);
  PERFORM auth.check_length('reason', reason, 0, 500);
  IF expires_at <= statement_timestamp() OR expires_at = 'infinity' THEN
    PERFORM auth.refuse(422, 'expires_at: Input should be a moment to come');
  END IF;
  allowed := auth.require_level(caller_id, 3, resource_type, resource_id);
  granted := auth.check_role(role, role_id, resource_type);
  IF auth.role_level(granted.base_type) > allowed.level THEN
    PERFORM auth.refuse(403, format('Only a superadmin of the %s can grant %s', resource_type, granted.base_type));
  ELSIF allowed.level < 4 AND granted.has_permissions
        AND auth.reaches_beyond(role_id, caller_id, resource_type, resource_id) THEN
    PERFORM auth.refuse(403, format('Only a superadmin of the %s can grant a role that allows more than yours',
                                    resource_type));
  END IF;
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);

  PERFORM auth.explain_change(allowed.by_right, reason);
  INSERT INTO @extschema@.user_role_assignments AS a (user_id, resource_id, resource_type, role, role_id, expires_at)
  VALUES (user_id, resource_id, resource_type, granted.base_type, role_id, expires_at)
  ON CONFLICT ON CONSTRAINT user_role_assignments_pkey DO UPDATE
    SET resource_type = EXCLUDED.resource_type, role = EXCLUDED.role, role_id = EXCLUDED.role_id,
        expires_at = EXCLUDED.expires_at
    -- Looked at under the row's lock: another grant may have come between.
    WHERE auth.role_level(a.role) <= allowed.level OR a.expires_at <= statement_timestamp()
  RETURNING a.* INTO assignment;
  IF assignment.user_id IS NULL THEN
    PERFORM auth.refuse(403, format('The user is above you on this %s', resource_type));
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_granted', allowed.by_right,
                                     to_jsonb(assignment) - ARRAY['created_at']);
  RETURN to_jsonb(assignment);
END
$function$;
COMMENT ON FUNCTION auth.grant_role(bigint, text, uuid, text, uuid, timestamptz, text, text) IS
$$Gives a user a role on a resource, in place of the one that the user has there, and returns the assignment:
user_id, resource_id, resource_type, role, role_id, expires_at and created_at. resource_type: organization,
account or project. role: superadmin, admin, editor or viewer. role_id: a role of the operator's own instead;
its level becomes role. expires_at: when it ends; NULL: never. reason: for the history, at most 500 characters.
_access_token: the caller's, an administrator of the resource, whose own level bounds what can be granted and
replaced; a role that allows actions which the caller may not take needs a superadmin; one's own assignments a
superuser. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404 for an unknown user, resource or role; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.revoke_role(
  user_id bigint, resource_id uuid, reason text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Assignment not found');
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
  assignment @extschema@.user_role_assignments;
BEGIN
  PERFORM auth.check_length('reason', reason, 0, 500);
  SELECT a.* INTO assignment FROM @extschema@.user_role_assignments AS a
   WHERE a.user_id = revoke_role.user_id AND a.resource_id = revoke_role.resource_id FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Assignment not found');
  ELSIF allowed.level < 5 AND user_id = caller_id THEN
    PERFORM auth.refuse(403, 'Only superusers can change what they may do themselves');
  ELSIF auth.role_level(assignment.role) > allowed.level
        AND (assignment.expires_at IS NULL OR assignment.expires_at > statement_timestamp()) THEN
    PERFORM auth.refuse(403, format('The user is above you on this %s', resource_type));
  END IF;
  PERFORM auth.explain_change(allowed.by_right, reason);
  DELETE FROM @extschema@.user_role_assignments AS a
   WHERE a.user_id = revoke_role.user_id AND a.resource_id = revoke_role.resource_id;
  PERFORM auth.record_administration(caller_id, 'role_revoked', allowed.by_right,
                                     to_jsonb(assignment) - ARRAY['created_at']);
END
$function$;
COMMENT ON FUNCTION auth.revoke_role(bigint, uuid, text, text) IS
$$Takes away the role that a user has on a resource. reason: for the history, at most 500 characters.
_access_token: the caller's, an administrator of the resource and not below the role; one's own needs a
superuser. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0422. Callers: auth_gateway, auth_caller.$$;
