-- Groups of an organization: its administrators define them; whoever administers a resource of the organization puts
-- users into them, for that resource and what lies below it. A group denies and never allows.

CREATE OR REPLACE FUNCTION auth.group_permission_as_json(shown auth.group_permissions) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$SELECT to_jsonb(shown) || jsonb_build_object('allow_actions', '[]'::jsonb)$function$;
COMMENT ON FUNCTION auth.group_permission_as_json(auth.group_permissions) IS
$$Returns what a group denies in one service as clients see it, with allow_actions, which is always empty.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.group_as_json(shown auth.groups) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT to_jsonb(shown) || jsonb_build_object('permissions', coalesce(
           jsonb_agg(auth.group_permission_as_json(p) ORDER BY p.service_name), '[]'))
    FROM auth.group_permissions AS p WHERE p.group_id = (shown).id
$function$;
COMMENT ON FUNCTION auth.group_as_json(auth.groups) IS
$$Returns a group as clients see it, with its permissions. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_groups(user_id bigint) RETURNS SETOF auth.groups
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT g.* FROM auth.groups AS g
    JOIN auth.visible_organizations(visible_groups.user_id) AS o ON o.id = g.organization_id
$function$;
COMMENT ON FUNCTION auth.visible_groups(bigint) IS
$$Lists the groups that a user sees: those of the organizations that the user sees. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_memberships(user_id bigint) RETURNS SETOF auth.user_group_memberships
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT m.* FROM auth.user_group_memberships AS m
   WHERE m.user_id = visible_memberships.user_id OR (SELECT auth.is_superuser(visible_memberships.user_id))
      OR m.resource_id IN (SELECT r.resource_id FROM auth.administered_resources(visible_memberships.user_id) AS r)
$function$;
COMMENT ON FUNCTION auth.visible_memberships(bigint) IS
$$Lists the group memberships that a user sees: the user's own and those on resources that the user administers.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_groups(
  organization_id uuid DEFAULT NULL, skip integer DEFAULT 0, "limit" integer DEFAULT 100,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT v.* FROM auth.visible_groups(caller_id) AS v
       WHERE list_groups.organization_id IS NULL OR v.organization_id = list_groups.organization_id)
    SELECT jsonb_build_object(
             'groups', coalesce(jsonb_agg(auth.group_as_json(page::auth.groups) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.name, v.id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_groups(uuid, integer, integer, text) IS
$$Lists the groups of the organizations that the caller sees, by name and id: groups, a list of id,
organization_id, name, description, created_at, updated_at and permissions (id, group_id, service_name,
allow_actions, deny_actions, created_at, updated_at); total, how many there are in all. organization_id: only
that organization's; NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for
a page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_group(group_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT auth.group_as_json(v) FROM auth.visible_groups(caller_id) AS v WHERE v.id = group_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_group(uuid, text) IS
$$Returns a group as auth.list_groups does. _access_token: the caller's; NULL: whoever auth.authenticate named
in this transaction. Errors: A0401 when nobody is authenticated; A0404 when the caller does not see it. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_group(
  organization_id uuid, name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'organization', organization_id);
  created auth.groups;
BEGIN
  PERFORM auth.check_length('name', name, 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  INSERT INTO auth.groups AS g (organization_id, name, description)
  VALUES (organization_id, name, nullif(description, ''))
  ON CONFLICT ON CONSTRAINT groups_organization_id_name_key DO NOTHING
  RETURNING g.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(409, 'A group of this name exists already in the organization');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_created', allowed.by_right,
                                     jsonb_build_object('group_id', created.id, 'organization_id', organization_id));
  RETURN auth.group_as_json(created);
END
$function$;
COMMENT ON FUNCTION auth.create_group(uuid, text, text, text) IS
$$Creates a group in an organization and returns it as auth.list_groups does. name: 1 to 100 characters, unique
in the organization. description: at most 500 characters. _access_token: the caller's, an administrator of the
organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0409 when the name is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.lock_group(caller_id bigint, group_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner_id uuid := (SELECT v.organization_id FROM auth.visible_groups(caller_id) AS v WHERE v.id = group_id);
  by_right text;
BEGIN
  IF owner_id IS NOT NULL THEN
    by_right := (auth.require_level(caller_id, 3, 'organization', owner_id)).by_right;
  END IF;
  PERFORM FROM auth.groups AS g WHERE g.id = group_id AND g.organization_id = owner_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  RETURN by_right;
END
$function$;
COMMENT ON FUNCTION auth.lock_group(bigint, uuid) IS
$$Makes sure that a user may change a group, as an administrator of its organization, locks it until the
transaction ends, and returns by which right. Errors: A0403; A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.change_group(
  group_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
  changed auth.groups;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  BEGIN
    UPDATE auth.groups AS g
       SET name = coalesce(change_group.name, g.name),
           description = nullif(coalesce(change_group.description, g.description), ''),
           updated_at = clock_timestamp()
     WHERE g.id = group_id
    RETURNING g.* INTO changed;
  EXCEPTION WHEN unique_violation THEN
    PERFORM auth.refuse(409, 'A group of this name exists already in the organization');
  END;
  PERFORM auth.record_administration(caller_id, 'group_changed', by_right, jsonb_build_object('group_id', group_id));
  RETURN auth.group_as_json(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_group(uuid, text, text, text) IS
$$Renames or describes a group and returns it as auth.list_groups does. name: 1 to 100 characters; NULL: stays.
description: at most 500 characters; NULL: stays; empty: none. _access_token: the caller's, an administrator of
its organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0409 when the name is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_group(group_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
BEGIN
  DELETE FROM auth.groups AS g WHERE g.id = group_id;
  PERFORM auth.record_administration(caller_id, 'group_deleted', by_right, jsonb_build_object('group_id', group_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_group(uuid, text) IS
$$Deletes a group with its permissions and memberships. _access_token: the caller's, an administrator of its
organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.check_group_actions(allow_actions text[], deny_actions text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF cardinality(allow_actions) > 0 THEN
    PERFORM auth.refuse(422, 'allow_actions: Groups can only deny; to allow actions, grant a role');
  END IF;
  PERFORM auth.check_actions('deny_actions', deny_actions, true);
END
$function$;
COMMENT ON FUNCTION auth.check_group_actions(text[], text[]) IS
$$Checks what a group is to deny in a service, and that it is to allow nothing. Errors: A0422. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.add_group_permission(
  group_id uuid, service_name text, allow_actions text[] DEFAULT '{}', deny_actions text[] DEFAULT '{}',
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
  added auth.group_permissions;
BEGIN
  PERFORM auth.check_length('service_name', service_name, 1, 100);
  PERFORM auth.check_group_actions(allow_actions, deny_actions);
  INSERT INTO auth.group_permissions AS p (group_id, service_name, deny_actions)
  VALUES (group_id, service_name, deny_actions)
  ON CONFLICT ON CONSTRAINT group_permissions_group_id_service_name_key DO NOTHING
  RETURNING p.* INTO added;
  IF added.id IS NULL THEN
    PERFORM auth.refuse(409, 'The group has permissions for this service already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_permission_added', by_right,
                                     jsonb_build_object('group_id', group_id, 'permission_id', added.id));
  RETURN auth.group_permission_as_json(added);
END
$function$;
COMMENT ON FUNCTION auth.add_group_permission(uuid, text, text[], text[], text) IS
$$Says what a group denies in one service, and returns id, group_id, service_name, allow_actions, deny_actions,
created_at and updated_at. service_name: 1 to 100 characters. allow_actions: must be empty, as groups can only
deny. deny_actions: actions; * stands for all. _access_token: the caller's, an administrator of its
organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0409 when it has some for the service; A0422. Callers: auth_gateway,
auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_group_permission(
  group_id uuid, permission_id uuid, allow_actions text[] DEFAULT NULL, deny_actions text[] DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
  changed auth.group_permissions;
BEGIN
  PERFORM auth.check_group_actions(allow_actions, coalesce(deny_actions, '{}'));
  UPDATE auth.group_permissions AS p
     SET deny_actions = coalesce(change_group_permission.deny_actions, p.deny_actions), updated_at = clock_timestamp()
   WHERE p.id = permission_id AND p.group_id = change_group_permission.group_id
  RETURNING p.* INTO changed;
  IF changed.id IS NULL THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_permission_changed', by_right,
                                     jsonb_build_object('group_id', group_id, 'permission_id', permission_id));
  RETURN auth.group_permission_as_json(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_group_permission(uuid, uuid, text[], text[], text) IS
$$Replaces what a group denies in one service, and returns it as auth.add_group_permission does. allow_actions:
must be empty or NULL. deny_actions: actions; * stands for all; NULL: stays. _access_token: the caller's, an
administrator of its organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0403; A0404; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_group_permission(
  group_id uuid, permission_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
BEGIN
  DELETE FROM auth.group_permissions AS p
   WHERE p.id = permission_id AND p.group_id = delete_group_permission.group_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_permission_deleted', by_right,
                                     jsonb_build_object('group_id', group_id, 'permission_id', permission_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_group_permission(uuid, uuid, text) IS
$$Removes what a group denies in one service. _access_token: the caller's, an administrator of its organization;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403;
A0404. Callers: auth_gateway, auth_caller.$$;
