-- Roles of the operator's own: defined by superusers, seen by every user, granted by administrators
-- (auth.grant_role). The system's twelve cannot be changed.

CREATE OR REPLACE FUNCTION auth.role_as_json(shown auth.roles) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT to_jsonb(shown) || jsonb_build_object('permissions', coalesce(
           jsonb_agg(to_jsonb(p) ORDER BY p.service_name), '[]'))
    FROM auth.role_permissions AS p WHERE p.role_id = (shown).id
$function$;
COMMENT ON FUNCTION auth.role_as_json(auth.roles) IS
$$Returns a role as clients see it, with its permissions. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_roles(
  is_system boolean DEFAULT NULL, base_type text DEFAULT NULL, scope_type text DEFAULT NULL,
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.require_user(_access_token);
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT r.* FROM auth.roles AS r
       WHERE (list_roles.is_system IS NULL OR r.is_system = list_roles.is_system)
         AND (list_roles.base_type IS NULL OR r.base_type = list_roles.base_type)
         AND (list_roles.scope_type IS NULL OR r.scope_type = list_roles.scope_type))
    SELECT jsonb_build_object(
             'roles', coalesce(jsonb_agg(auth.role_as_json(page::auth.roles) ORDER BY page.name), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.name OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_roles(boolean, text, text, integer, integer, text) IS
$$Lists the roles that can be granted, by name: roles, a list of id, name, description, base_type, scope_type,
is_system, created_at, updated_at and permissions (id, role_id, service_name, allowed_actions, created_at,
updated_at); total, how many there are in all. is_system, base_type, scope_type: only such; NULL: any. skip: how
many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0422 for a page that cannot be. Callers: auth_gateway,
auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_role(role_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  shown jsonb;
BEGIN
  PERFORM auth.require_user(_access_token);
  SELECT auth.role_as_json(r) INTO shown FROM auth.roles AS r WHERE r.id = role_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Role not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_role(uuid, text) IS
$$Returns a role as auth.list_roles does. _access_token: the caller's; NULL: whoever auth.authenticate named in
this transaction. Errors: A0401 when nobody is authenticated; A0404. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.lock_role(caller_id bigint, role_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  system_role boolean;
BEGIN
  PERFORM auth.require_superuser(caller_id, 'change roles');
  SELECT r.is_system INTO system_role FROM auth.roles AS r WHERE r.id = role_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Role not found');
  ELSIF system_role THEN
    PERFORM auth.refuse(403, 'System roles cannot be changed');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.lock_role(bigint, uuid) IS
$$Makes sure that a user may change a role, and locks it until the transaction ends. Errors: A0403; A0404.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.create_role(
  name text, base_type text, scope_type text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  created auth.roles;
BEGIN
  PERFORM auth.check_length('name', name, 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  PERFORM auth.check_choice('base_type', base_type, ARRAY['superadmin', 'admin', 'editor', 'viewer']);
  PERFORM auth.check_choice('scope_type', scope_type, ARRAY['organization', 'account', 'project']);
  PERFORM auth.require_superuser(caller_id, 'create roles');
  INSERT INTO auth.roles AS r (name, description, base_type, scope_type)
  VALUES (name, nullif(description, ''), base_type, scope_type)
  ON CONFLICT ON CONSTRAINT roles_name_key DO NOTHING
  RETURNING r.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(409, 'A role of this name exists already');
  END IF;
  PERFORM auth.record_administration(
    caller_id, 'role_created', 'superuser',
    jsonb_build_object('role_id', created.id, 'base_type', base_type, 'scope_type', scope_type));
  RETURN auth.role_as_json(created);
END
$function$;
COMMENT ON FUNCTION auth.create_role(text, text, text, text, text) IS
$$Defines a role of the operator's own and returns it as auth.list_roles does. name: 1 to 100 characters,
unique. base_type: superadmin, admin, editor or viewer, how strong it is; it cannot be changed later.
scope_type: organization, account or project, what it can be granted on; nor can this. description: at most 500
characters. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403 for all but superusers; A0409 when the name is taken; A0422.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_role(
  role_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  changed auth.roles;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  PERFORM auth.lock_role(caller_id, role_id);
  BEGIN
    UPDATE auth.roles AS r
       SET name = coalesce(change_role.name, r.name),
           description = nullif(coalesce(change_role.description, r.description), ''),
           updated_at = clock_timestamp()
     WHERE r.id = role_id
    RETURNING r.* INTO changed;
  EXCEPTION WHEN unique_violation THEN
    PERFORM auth.refuse(409, 'A role of this name exists already');
  END;
  PERFORM auth.record_administration(caller_id, 'role_changed', 'superuser', jsonb_build_object('role_id', role_id));
  RETURN auth.role_as_json(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_role(uuid, text, text, text) IS
$$Renames or describes a role of the operator's own and returns it as auth.list_roles does. name: 1 to 100
characters; NULL: stays. description: at most 500 characters; NULL: stays; empty: none. _access_token: the
caller's, a superuser; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403 for all but superusers and for a system role; A0404; A0409 when the name is taken; A0422.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_role(role_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.lock_role(caller_id, role_id);
  BEGIN
    DELETE FROM auth.roles AS r WHERE r.id = role_id;
  EXCEPTION WHEN foreign_key_violation THEN
    PERFORM auth.refuse(409, 'The role is assigned to users');
  END;
  PERFORM auth.record_administration(caller_id, 'role_deleted', 'superuser', jsonb_build_object('role_id', role_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_role(uuid, text) IS
$$Deletes a role of the operator's own that is assigned to nobody. _access_token: the caller's, a superuser;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403 for
all but superusers and for a system role; A0404; A0409 while it is assigned, expired assignments included.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.add_role_permission(
  role_id uuid, service_name text, allowed_actions text[], _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  added auth.role_permissions;
BEGIN
  PERFORM auth.check_length('service_name', service_name, 1, 100);
  PERFORM auth.check_actions('allowed_actions', allowed_actions, true);
  PERFORM auth.lock_role(caller_id, role_id);
  INSERT INTO auth.role_permissions AS p (role_id, service_name, allowed_actions)
  VALUES (role_id, service_name, allowed_actions)
  ON CONFLICT ON CONSTRAINT role_permissions_role_id_service_name_key DO NOTHING
  RETURNING p.* INTO added;
  IF added.id IS NULL THEN
    PERFORM auth.refuse(409, 'The role has permissions for this service already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_permission_added', 'superuser',
                                     jsonb_build_object('role_id', role_id, 'permission_id', added.id));
  RETURN to_jsonb(added);
END
$function$;
COMMENT ON FUNCTION auth.add_role_permission(uuid, text, text[], text) IS
$$Says what a role of the operator's own allows in one service, and returns id, role_id, service_name,
allowed_actions, created_at and updated_at. service_name: 1 to 100 characters. allowed_actions: actions; *
stands for all. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0403 for all but superusers and for a system role;
A0404; A0409 when it has some for the service; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_role_permission(
  role_id uuid, permission_id uuid, allowed_actions text[], _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  changed auth.role_permissions;
BEGIN
  PERFORM auth.check_actions('allowed_actions', allowed_actions, true);
  PERFORM auth.lock_role(caller_id, role_id);
  UPDATE auth.role_permissions AS p
     SET allowed_actions = change_role_permission.allowed_actions, updated_at = clock_timestamp()
   WHERE p.id = permission_id AND p.role_id = change_role_permission.role_id
  RETURNING p.* INTO changed;
  IF changed.id IS NULL THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_permission_changed', 'superuser',
                                     jsonb_build_object('role_id', role_id, 'permission_id', permission_id));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_role_permission(uuid, uuid, text[], text) IS
$$Replaces what a role of the operator's own allows in one service, and returns it as auth.add_role_permission
does. allowed_actions: actions; * stands for all. _access_token: the caller's, a superuser; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403 for all but
superusers and for a system role; A0404; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_role_permission(
  role_id uuid, permission_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.lock_role(caller_id, role_id);
  DELETE FROM auth.role_permissions AS p
   WHERE p.id = permission_id AND p.role_id = delete_role_permission.role_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_permission_deleted', 'superuser',
                                     jsonb_build_object('role_id', role_id, 'permission_id', permission_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_role_permission(uuid, uuid, text) IS
$$Removes what a role of the operator's own allows in one service. With its last permissions gone a role allows
what its base type does. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0403 for all but superusers and for a system role;
A0404. Callers: auth_gateway, auth_caller.$$;
