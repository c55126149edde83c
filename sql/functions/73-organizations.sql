-- Organizations: created by superusers, changed by their administrators, deleted by their superadmins.

CREATE OR REPLACE FUNCTION auth.list_organizations(
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (SELECT v.* FROM auth.visible_organizations(caller_id) AS v)
    SELECT jsonb_build_object(
             'organizations', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT * FROM visible ORDER BY name, id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_organizations(integer, integer, text) IS
$$Lists the organizations that the caller sees, by name and id: organizations, a list of id, name, description,
created_at and updated_at; total, how many there are in all. skip: how many to leave out. limit: 1 to 1000.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0422 for a page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_organization(organization_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT to_jsonb(v) FROM auth.visible_organizations(caller_id) AS v WHERE v.id = organization_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Organization not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_organization(uuid, text) IS
$$Returns an organization: id, name, description, created_at and updated_at. _access_token: the caller's; NULL:
whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0404 when the
caller does not see it. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_organization(
  name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  created @extschema@.organizations;
BEGIN
  PERFORM auth.check_length('name', name, 1, 255);
  PERFORM auth.require_superuser(caller_id, 'create organizations');
  PERFORM auth.explain_change('superuser', NULL);
  INSERT INTO @extschema@.organizations AS o (name, description) VALUES (name, nullif(description, ''))
  ON CONFLICT ON CONSTRAINT organizations_name_key DO NOTHING
  RETURNING o.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(409, 'An organization of this name exists already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'organization_created', 'superuser',
                                     jsonb_build_object('organization_id', created.id));
  RETURN to_jsonb(created);
END
$function$;
COMMENT ON FUNCTION auth.create_organization(text, text, text) IS
$$Creates an organization and returns it as auth.show_organization does. name: 1 to 255 characters. description:
text; empty or NULL: none. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in
this transaction. Errors: A0401 when nobody is authenticated; A0403 for all but superusers; A0409 when the name
is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_organization(
  organization_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'organization', organization_id, 'NO KEY UPDATE');
  changed @extschema@.organizations;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 255);
  BEGIN
    UPDATE @extschema@.organizations AS o
       SET name = coalesce(change_organization.name, o.name),
           description = nullif(coalesce(change_organization.description, o.description), ''),
           updated_at = clock_timestamp()
     WHERE o.id = organization_id
    RETURNING o.* INTO changed;
  EXCEPTION WHEN unique_violation THEN
    PERFORM auth.refuse(409, 'An organization of this name exists already');
  END;
  PERFORM auth.record_administration(caller_id, 'organization_changed', allowed.by_right,
                                     jsonb_build_object('organization_id', organization_id));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_organization(uuid, text, text, text) IS
$$Changes an organization and returns it as auth.show_organization does. name: 1 to 255 characters; NULL: stays.
description: NULL: stays; empty: none. _access_token: the caller's, an administrator of it; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403; A0404; A0409
when the name is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_organization(organization_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 10000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 4, 'organization', organization_id, 'UPDATE');
BEGIN
  PERFORM auth.explain_change(allowed.by_right, format('organization %s deleted', organization_id));
  DELETE FROM @extschema@.organizations AS o WHERE o.id = organization_id;
  PERFORM auth.record_administration(caller_id, 'organization_deleted', allowed.by_right,
                                     jsonb_build_object('organization_id', organization_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_organization(uuid, text) IS
$$Deletes an organization with its accounts, projects and groups, and every assignment, override and membership
on any of them. _access_token: the caller's, a superadmin of it; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;
