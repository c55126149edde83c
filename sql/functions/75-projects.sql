-- Projects: created, moved and deleted by the administrators of their account, changed by their own as well.

CREATE OR REPLACE FUNCTION auth.list_projects(
  organization_id uuid DEFAULT NULL, account_id uuid DEFAULT NULL,
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
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
      SELECT v.* FROM auth.projects_of(caller_id, 1) AS v
       WHERE (list_projects.organization_id IS NULL OR v.organization_id = list_projects.organization_id)
         AND (list_projects.account_id IS NULL OR v.account_id = list_projects.account_id))
    SELECT jsonb_build_object(
             'projects', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT * FROM visible ORDER BY name, id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_projects(uuid, uuid, integer, integer, text) IS
$$Lists the projects that the caller sees, by name and id: projects, a list of id, account_id, organization_id,
name, description, created_at and updated_at; total, how many there are in all. organization_id, account_id:
only that organization's, that account's; NULL: any. skip: how many to leave out. limit: 1 to 1000.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0422 for a page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_project(project_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT to_jsonb(v) FROM auth.projects_of(caller_id, 1) AS v WHERE v.id = project_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Project not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_project(uuid, text) IS
$$Returns a project: id, account_id, organization_id, name, description, created_at and updated_at.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0404 when the caller does not see it. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_project(
  account_id uuid, organization_id uuid, name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'account', account_id);
  created @extschema@.projects;
BEGIN
  PERFORM auth.check_length('name', name, 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  INSERT INTO @extschema@.projects AS p (account_id, organization_id, name, description)
  SELECT c.id, c.organization_id, create_project.name, nullif(create_project.description, '')
    FROM @extschema@.accounts AS c
   WHERE c.id = create_project.account_id AND c.organization_id = create_project.organization_id
  RETURNING p.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(400, 'Account does not belong to the organization');
  END IF;
  PERFORM auth.record_administration(caller_id, 'project_created', allowed.by_right,
                                     jsonb_build_object('project_id', created.id, 'account_id', account_id));
  RETURN to_jsonb(created);
END
$function$;
COMMENT ON FUNCTION auth.create_project(uuid, uuid, text, text, text) IS
$$Creates a project in an account and returns it as auth.show_project does. organization_id: the account's.
name: 1 to 255 characters. description: text; empty or NULL: none. _access_token: the caller's, an administrator
of the account; NULL: whoever auth.authenticate named in this transaction. Errors: A0400 when the account is
another organization's; A0401 when nobody is authenticated; A0403; A0404; A0422. Callers: auth_gateway,
auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_project(
  project_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, account_id uuid DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_move(caller_id, 'project', project_id, account_id);
  changed @extschema@.projects;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  UPDATE @extschema@.projects AS p
     SET name = coalesce(change_project.name, p.name),
         description = nullif(coalesce(change_project.description, p.description), ''),
         account_id = c.id, organization_id = c.organization_id, updated_at = clock_timestamp()
    FROM @extschema@.accounts AS c
   WHERE p.id = project_id AND c.id = coalesce(change_project.account_id, p.account_id)
  RETURNING p.* INTO changed;
  PERFORM auth.record_administration(
    caller_id, CASE WHEN allowed.old_parent_id IS NULL THEN 'project_changed' ELSE 'project_moved' END,
    allowed.by_right, jsonb_strip_nulls(jsonb_build_object(
      'project_id', project_id, 'account_id', changed.account_id, 'old_account_id', allowed.old_parent_id)));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_project(uuid, text, text, uuid, text) IS
$$Changes a project, moves it to another account, or both, and returns it as auth.show_project does. name: 1 to
255 characters; NULL: stays. description: NULL: stays; empty: none. account_id: where it shall belong, in any
organization; NULL: stays. _access_token: the caller's, an administrator of the project, and for a move of both
accounts; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated;
A0403; A0404; A0409 when it was moved in the same moment; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_project(project_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 10000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.require_deletion(caller_id, 'project', project_id);
BEGIN
  PERFORM auth.explain_change(by_right, format('project %s deleted', project_id));
  DELETE FROM @extschema@.projects AS p WHERE p.id = project_id;
  PERFORM auth.record_administration(caller_id, 'project_deleted', by_right,
                                     jsonb_build_object('project_id', project_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_project(uuid, text) IS
$$Deletes a project, and every assignment, override and membership on it. _access_token: the caller's, a
superadmin of it or an administrator of its account; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;
