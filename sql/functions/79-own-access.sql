-- What the caller may do: the model as it concerns one user, for a client that draws menus.

CREATE OR REPLACE FUNCTION auth.show_own_access(_access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  RETURN jsonb_build_object(
    'user_id', caller_id,
    'is_superuser', auth.is_superuser(caller_id),
    'role_assignments', (
      SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.resource_id), '[]')
        FROM @extschema@.user_role_assignments AS a
       WHERE a.user_id = caller_id AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())),
    'group_memberships', (
      SELECT coalesce(jsonb_agg(to_jsonb(m) || jsonb_build_object('group', auth.group_as_json(g))
                                ORDER BY g.name, g.id, m.resource_id), '[]')
        FROM auth.user_group_memberships AS m JOIN auth.groups AS g ON g.id = m.group_id
       WHERE m.user_id = caller_id),
    'permission_overrides', (
      SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.resource_id), '[]')
        FROM auth.permission_overrides AS o WHERE o.user_id = caller_id));
END
$function$;
COMMENT ON FUNCTION auth.show_own_access(text) IS
$$Returns what the caller's rights are made of: user_id, is_superuser, role_assignments (unexpired, as
auth.list_role_assignments shows them), group_memberships (as auth.list_user_groups) and permission_overrides
(as auth.list_permission_overrides). _access_token: the caller's; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated. Callers: auth_gateway, auth_caller.$$;
