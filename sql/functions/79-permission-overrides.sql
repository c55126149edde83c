-- Permission overrides: made by the administrators of the resource. To deny is enough to be admin; an allow may name
-- any action, so whoever adds one must be superadmin there.

CREATE OR REPLACE FUNCTION auth.list_permission_overrides(
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
      SELECT o.* FROM auth.permission_overrides AS o
       WHERE (list_permission_overrides.user_id IS NULL OR o.user_id = list_permission_overrides.user_id)
         AND (list_permission_overrides.resource_id IS NULL OR o.resource_id = list_permission_overrides.resource_id)
         AND (list_permission_overrides.resource_type IS NULL
              OR o.resource_type = list_permission_overrides.resource_type)
         AND (sees_all OR o.user_id = caller_id
              OR o.resource_id IN (SELECT m.resource_id FROM auth.administered_resources(caller_id) AS m)))
    SELECT jsonb_build_object(
             'overrides', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.user_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.user_id, v.resource_id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_permission_overrides(bigint, uuid, text, integer, integer, text) IS
$$Lists the caller's own overrides and those on resources that the caller administers, by user_id and
resource_id: overrides, a list of user_id, resource_id, resource_type, allow_actions, deny_actions, created_at
and updated_at; total, how many there are in all. user_id, resource_id, resource_type: only these; NULL: any.
skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL: whoever auth.authenticate
named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a page that cannot be. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.write_permission_override(
  caller_id bigint, user_id bigint, resource_type text, resource_id uuid,
  allow_actions text[], deny_actions text[], must_exist boolean)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
  before auth.permission_overrides;
  written auth.permission_overrides;
BEGIN
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  PERFORM auth.require_not_above(allowed.level, user_id, resource_type, resource_id);
  SELECT o.* INTO before FROM auth.permission_overrides AS o
   WHERE o.user_id = write_permission_override.user_id AND o.resource_id = write_permission_override.resource_id
     FOR UPDATE;
  IF NOT FOUND AND must_exist THEN
    PERFORM auth.refuse(404, 'Override not found');
  ELSIF allowed.level < 4 AND NOT allow_actions <@ coalesce(before.allow_actions, '{}') THEN
    PERFORM auth.refuse(403, format('Only a superadmin of the %s can allow actions', resource_type));
  END IF;

  INSERT INTO auth.permission_overrides AS o (user_id, resource_id, resource_type, allow_actions, deny_actions)
  VALUES (user_id, resource_id, resource_type, coalesce(allow_actions, '{}'), coalesce(deny_actions, '{}'))
  ON CONFLICT ON CONSTRAINT permission_overrides_pkey DO UPDATE
    SET resource_type = EXCLUDED.resource_type,
        allow_actions = coalesce(write_permission_override.allow_actions, o.allow_actions),
        deny_actions = coalesce(write_permission_override.deny_actions, o.deny_actions),
        updated_at = clock_timestamp()
  RETURNING o.* INTO written;
  PERFORM auth.record_administration(caller_id, 'permission_override_set', allowed.by_right,
                                     to_jsonb(written) - ARRAY['created_at', 'updated_at']);
  RETURN to_jsonb(written);
END
$function$;
COMMENT ON FUNCTION auth.write_permission_override(bigint, bigint, text, uuid, text[], text[], boolean) IS
$$Adds or changes an override and returns it. allow_actions, deny_actions: NULL: stay. must_exist: refuse to add
one. Errors: A0403; A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.set_permission_override(
  user_id bigint, resource_type text, resource_id uuid,
  allow_actions text[] DEFAULT '{}', deny_actions text[] DEFAULT '{}', _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_resource_type(resource_type);
  PERFORM auth.check_actions('allow_actions', allow_actions, false);
  PERFORM auth.check_actions('deny_actions', deny_actions, false);
  RETURN auth.write_permission_override(caller_id, user_id, resource_type, resource_id,
                                        allow_actions, deny_actions, must_exist => false);
END
$function$;
COMMENT ON FUNCTION auth.set_permission_override(bigint, text, uuid, text[], text[], text) IS
$$Says which actions a user may and may not take on one resource whatever the roles say, in place of what was
said before, and returns it as auth.list_permission_overrides does. resource_type: organization, account or
project. allow_actions, deny_actions: actions by name, without *. _access_token: the caller's, an administrator
of the resource, for further allow_actions a superadmin of it; the user must not be above the caller there, nor
the caller unless a superuser. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0403; A0404; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_permission_override(
  user_id bigint, resource_id uuid, allow_actions text[] DEFAULT NULL, deny_actions text[] DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Override not found');
BEGIN
  PERFORM auth.check_actions('allow_actions', coalesce(allow_actions, '{}'), false);
  PERFORM auth.check_actions('deny_actions', coalesce(deny_actions, '{}'), false);
  RETURN auth.write_permission_override(caller_id, user_id, resource_type, resource_id,
                                        allow_actions, deny_actions, must_exist => true);
END
$function$;
COMMENT ON FUNCTION auth.change_permission_override(bigint, uuid, text[], text[], text) IS
$$Replaces one list of an override, or both, and returns it as auth.list_permission_overrides does.
allow_actions, deny_actions: actions by name, without *; NULL: stay. _access_token: as
auth.set_permission_override's. Errors: A0401 when nobody is authenticated; A0403; A0404; A0422. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_permission_override(
  user_id bigint, resource_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Override not found');
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
  deleted auth.permission_overrides;
BEGIN
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  PERFORM auth.require_not_above(allowed.level, user_id, resource_type, resource_id);
  DELETE FROM auth.permission_overrides AS o
   WHERE o.user_id = delete_permission_override.user_id AND o.resource_id = delete_permission_override.resource_id
  RETURNING o.* INTO deleted;
  IF deleted.user_id IS NULL THEN
    PERFORM auth.refuse(404, 'Override not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'permission_override_deleted', allowed.by_right,
                                     to_jsonb(deleted) - ARRAY['created_at', 'updated_at']);
END
$function$;
COMMENT ON FUNCTION auth.delete_permission_override(bigint, uuid, text) IS
$$Deletes an override. _access_token: the caller's, an administrator of the resource; the user must not be above
the caller there, nor the caller unless a superuser. NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;
