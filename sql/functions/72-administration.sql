-- Administration: who may change what, asked by every function that changes organizations, accounts, projects, roles,
-- groups and overrides.
--
-- 1. Superusers may do everything. Others may administer a resource by an unexpired role of admin or above on it or on
--    what it belongs to, and nothing that reaches above their own level there.
-- 2. What the caller does not see is answered 404; what the caller sees but may not do, 403.
-- 3. Right and resource are held until the transaction ends. The resource's row is locked first, so that it is neither
--    deleted nor moved meanwhile; then the row that gives the right, FOR SHARE, and found again as it was: an
--    administrator who loses the right in the same moment has either acted before, and the loss waits for the commit,
--    or is refused. Two who take each other's role away at once meet in a deadlock that PostgreSQL resolves; one of
--    them is told to try again (503 over HTTP).
-- 4. Rows are locked from the top of the hierarchy downwards, as a cascading deletion does.

CREATE OR REPLACE FUNCTION auth.administration_level(
  user_id bigint, resource_type text, resource_id uuid, OUT level integer, OUT by_right text, OUT held_on uuid)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT coalesce(max(best.level), 0), max(best.by_right), max(best.held_on::text)::uuid
    FROM (
      SELECT 5 AS level, 'superuser' AS by_right, NULL::uuid AS held_on
       WHERE auth.is_superuser(administration_level.user_id)
      UNION ALL
      SELECT auth.role_level(a.role), format('%s on %s %s', a.role, a.resource_type, a.resource_id), a.resource_id
        FROM auth.resource_with_parents(administration_level.resource_type, administration_level.resource_id) AS r
        JOIN @extschema@.user_role_assignments AS a
          ON a.resource_id = r.id AND a.resource_type = r.type
       WHERE a.user_id = administration_level.user_id
         AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
       ORDER BY level DESC LIMIT 1) AS best
$function$;
COMMENT ON FUNCTION auth.administration_level(bigint, text, uuid) IS
$$Returns how much a user may administer on a resource. level: 5 for a superuser; else that of the strongest
unexpired role on the resource or on what it belongs to (superadmin 4, admin 3, editor 2, viewer 1); 0 for none.
by_right: "superuser", or that assignment in words. held_on: the id of the resource that it is held on. Errors:
none. Callers: functions of this extension; superusers.$$;

CREATE OR REPLACE FUNCTION auth.lock_resource(resource_type text, resource_id uuid, strength text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  locked boolean;
BEGIN
  EXECUTE format('SELECT true FROM @extschema@.%I AS r WHERE r.id = $1 FOR ', resource_type || 's')
          || CASE strength WHEN 'SHARE' THEN 'SHARE' WHEN 'UPDATE' THEN 'UPDATE' ELSE 'NO KEY UPDATE' END
     INTO locked USING resource_id;
  RETURN locked IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION auth.lock_resource(text, uuid, text) IS
$$Locks the row of a resource until the transaction ends and tells whether it exists. strength: SHARE for what
only must not go or move, NO KEY UPDATE for what is about to change, UPDATE for what is about to move or go.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_level(
  caller_id bigint, needed_level integer, resource_type text, resource_id uuid, lock_strength text DEFAULT 'SHARE',
  OUT level integer, OUT by_right text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  held_on uuid;
BEGIN
  IF NOT auth.can_see(caller_id, resource_type, resource_id)
     OR NOT auth.lock_resource(resource_type, resource_id, lock_strength) THEN
    PERFORM auth.refuse(404, initcap(resource_type) || ' not found');
  END IF;
  -- Once more whenever the row that gave the right was changed between looking and locking.
  LOOP
    SELECT l.level, l.by_right, l.held_on INTO level, by_right, held_on
      FROM auth.administration_level(caller_id, resource_type, resource_id) AS l;
    IF level < needed_level THEN
      PERFORM auth.refuse(403, CASE needed_level
        WHEN 4 THEN format('Only a superadmin of the %s may do this', resource_type)
        ELSE format('Only an administrator of the %s may do this', resource_type) END);
    ELSIF held_on IS NULL THEN
      PERFORM FROM @extschema@.users AS u
        WHERE u.id = caller_id AND u.is_superuser AND u.status = 'active' FOR SHARE;
    ELSE
      PERFORM FROM @extschema@.user_role_assignments AS a
        WHERE a.user_id = caller_id AND a.resource_id = held_on AND auth.role_level(a.role) = require_level.level
          AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp()) FOR SHARE;
    END IF;
    EXIT WHEN FOUND;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION auth.require_level(bigint, integer, text, uuid, text) IS
$$Makes sure that a user may administer a resource, holds resource and right until the transaction ends, and
returns the user's level there and by which right. needed_level: 3 admin, 4 superadmin. resource_type:
organization, account or project. lock_strength: as auth.lock_resource's. Errors: A0404 when the user does not
see the resource; A0403 when the user's level is lower. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.lock_child(resource_type text, resource_id uuid, parent_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NOT auth.lock_resource(resource_type, resource_id, 'UPDATE') THEN
    PERFORM auth.refuse(404, initcap(resource_type) || ' not found');
  ELSIF auth.parent_of(resource_type, resource_id) <> parent_id THEN
    PERFORM auth.refuse(409, format('The %s was moved by somebody else at the same time', resource_type));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.lock_child(text, uuid, uuid) IS
$$Locks the row of an account or project that is about to be moved or deleted by a right on its parent, and
makes sure that this is still its parent. Errors: A0404; A0409. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_move(
  caller_id bigint, resource_type text, resource_id uuid, new_parent_id uuid, OUT by_right text, OUT old_parent_id uuid)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parent_type text := auth.parent_type(resource_type);
  parent_id uuid := auth.parent_of(resource_type, resource_id);
BEGIN
  IF new_parent_id IS NULL OR new_parent_id = parent_id OR NOT auth.can_see(caller_id, resource_type, resource_id) THEN
    by_right := (auth.require_level(caller_id, 3, resource_type, resource_id, 'NO KEY UPDATE')).by_right;
    RETURN;
  ELSIF NOT auth.can_see(caller_id, parent_type, new_parent_id) THEN
    PERFORM auth.refuse(404, initcap(parent_type) || ' not found');
  END IF;
  by_right := (auth.require_level(caller_id, 3, parent_type, least(parent_id, new_parent_id))).by_right;
  by_right := concat_ws(', ', by_right, nullif(
    (auth.require_level(caller_id, 3, parent_type, greatest(parent_id, new_parent_id))).by_right, by_right));
  PERFORM auth.lock_child(resource_type, resource_id, parent_id);
  old_parent_id := parent_id;
END
$function$;
COMMENT ON FUNCTION auth.require_move(bigint, text, uuid, uuid) IS
$$Makes sure that a user may change an account or project and, when new_parent_id is not NULL nor its parent
already, move it there: an administrator of the resource changes it, one of both parents moves it. Holds all
that is concerned. Returns by which right, and from where it moves or NULL. Errors: A0403; A0404; A0409 when
somebody else moves it at the same time. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_deletion(caller_id bigint, resource_type text, resource_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parent_type text := auth.parent_type(resource_type);
  parent_id uuid := auth.parent_of(resource_type, resource_id);
  by_right text;
BEGIN
  IF (auth.administration_level(caller_id, parent_type, parent_id)).level < 3 THEN
    RETURN (auth.require_level(caller_id, 4, resource_type, resource_id, 'UPDATE')).by_right;
  END IF;
  by_right := (auth.require_level(caller_id, 3, parent_type, parent_id)).by_right;
  PERFORM auth.lock_child(resource_type, resource_id, parent_id);
  RETURN by_right;
END
$function$;
COMMENT ON FUNCTION auth.require_deletion(bigint, text, uuid) IS
$$Makes sure that a user may delete an account or project: as superadmin of it, or as administrator of its
parent. Returns by which right. Errors: A0403; A0404; A0409 when somebody else moves it at the same time.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_superuser(caller_id bigint, purpose text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM FROM @extschema@.users AS u WHERE u.id = caller_id AND u.is_superuser AND u.status = 'active' FOR SHARE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(403, 'Only superusers can ' || purpose);
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_superuser(bigint, text) IS
$$Makes sure that a user is a superuser, until the transaction ends. purpose: completes "Only superusers can …".
Errors: A0403. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_other_user(caller_id bigint, level integer, user_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF level < 5 AND user_id = caller_id THEN
    PERFORM auth.refuse(403, 'Only superusers can change what they may do themselves');
  END IF;
  PERFORM FROM @extschema@.users AS u
    WHERE u.id = require_other_user.user_id AND u.status <> 'deleted' FOR KEY SHARE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'User not found');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_other_user(bigint, integer, bigint) IS
$$Makes sure that the user whose rights an administrator is about to change exists, and is somebody else unless
the caller is a superuser. level: the caller's. Errors: A0403; A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_not_above(
  level integer, user_id bigint, resource_type text, resource_id uuid)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF (auth.administration_level(user_id, resource_type, resource_id)).level > level THEN
    PERFORM auth.refuse(403, format('The user is above you on this %s', resource_type));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_not_above(integer, bigint, text, uuid) IS
$$Makes sure that nobody takes anything away from a user who is above them on a resource. level: the caller's.
Errors: A0403. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_resource(caller_id bigint, resource_id uuid, detail text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found_type text := (
    SELECT type FROM unnest(ARRAY['project', 'account', 'organization']) AS type
     WHERE auth.can_see(caller_id, type, resource_id));
BEGIN
  IF found_type IS NULL THEN
    PERFORM auth.refuse(404, detail);
  END IF;
  RETURN found_type;
END
$function$;
COMMENT ON FUNCTION auth.require_resource(bigint, uuid, text) IS
$$Returns the type of a resource of which only the id is known. detail: what a caller who does not see it is
told. Errors: A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.explain_change(by_right text, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM set_config('auth.change_right', coalesce(by_right, ''), true),
          set_config('auth.change_reason', coalesce(reason, ''), true);
END
$function$;
COMMENT ON FUNCTION auth.explain_change(text, text) IS
$$States by which right and why the changes that follow are made, for auth.role_history and
auth.belonging_history, until the next call or the end of the transaction. NULL: none is known. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.record_administration(
  caller_id bigint, action text, by_right text, details jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.explain_change(NULL, NULL);
  PERFORM auth.record_activity(caller_id, action, details => details || jsonb_build_object('by_right', by_right));
END
$function$;
COMMENT ON FUNCTION auth.record_administration(bigint, text, text, jsonb) IS
$$Adds an administrative change to user_activity and ends what auth.explain_change said. action: lower_case
word. by_right: from auth.require_level, or "superuser". details: ids and roles. Errors: none. Callers:
functions of this extension.$$;

-- Arguments that several functions take.

CREATE OR REPLACE FUNCTION auth.check_page(skip integer, "limit" integer) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF skip < 0 OR skip IS NULL THEN
    PERFORM auth.refuse(422, 'skip: Input should be greater than or equal to 0');
  ELSIF "limit" NOT BETWEEN 1 AND 1000 OR "limit" IS NULL THEN
    PERFORM auth.refuse(422, 'limit: Input should be from 1 to 1000');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_page(integer, integer) IS
$$Checks which page of a list is asked for. skip: rows to leave out, 0 or more. limit: rows of a page, 1 to
1000. Errors: A0422. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_length(name text, value text, minimum integer, maximum integer) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF char_length(coalesce(value, '')) NOT BETWEEN minimum AND maximum THEN
    PERFORM auth.refuse(422, format('%s: Input should have from %s to %s characters', name, minimum, maximum));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_length(text, text, integer, integer) IS
$$Checks the length of a text argument in characters; NULL counts as empty. name: the argument's. Errors: A0422
that names the argument. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_choice(name text, value text, choices text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF value <> ALL (choices) OR value IS NULL THEN
    PERFORM auth.refuse(422, format('%s: Input should be one of %s', name, array_to_string(choices, ', ')));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_choice(text, text, text[]) IS
$$Checks that a text argument is one of a few. name: the argument's. Errors: A0422 that names the argument and
its choices. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_resource_type(value text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.check_choice('resource_type', value, ARRAY['organization', 'account', 'project']);
END
$function$;
COMMENT ON FUNCTION auth.check_resource_type(text) IS
$$Checks a resource_type. Errors: A0422. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_actions(name text, actions text[], allows_all boolean) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF actions IS NULL OR array_ndims(actions) > 1 OR EXISTS (
       SELECT FROM unnest(actions) AS action
        WHERE action IS NULL OR char_length(action) NOT BETWEEN 1 AND 255) THEN
    PERFORM auth.refuse(422, name || ': Input should be a list of actions of 1 to 255 characters');
  ELSIF NOT allows_all AND '*' = ANY (actions) THEN
    PERFORM auth.refuse(422, name || ': An override names its actions; * is not one');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_actions(text, text[], boolean) IS
$$Checks a list of actions, which may be empty. name: the argument's. allows_all: whether * may stand for all.
Errors: A0422 that names the argument. Callers: functions of this extension.$$;
