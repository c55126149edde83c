-- Accounts: created, moved and deleted by the administrators of their organization, changed by their own as well.

CREATE OR REPLACE FUNCTION auth.list_accounts(
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
      SELECT v.* FROM auth.visible_accounts(caller_id) AS v
       WHERE list_accounts.organization_id IS NULL OR v.organization_id = list_accounts.organization_id)
    SELECT jsonb_build_object(
             'accounts', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT * FROM visible ORDER BY name, id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_accounts(uuid, integer, integer, text) IS
$$Lists the accounts that the caller sees, by name and id: accounts, a list of id, organization_id, name,
description, created_at and updated_at; total, how many there are in all. organization_id: only that
organization's; NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL:
whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a
page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_account(account_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT to_jsonb(v) FROM auth.visible_accounts(caller_id) AS v WHERE v.id = account_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Account not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_account(uuid, text) IS
$$Returns an account: id, organization_id, name, description, created_at and updated_at. _access_token: the
caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated;
A0404 when the caller does not see it. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_account(
  organization_id uuid, name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'organization', organization_id);
  created @extschema@.accounts;
BEGIN
  PERFORM auth.check_length('name', name, 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  INSERT INTO @extschema@.accounts AS c (organization_id, name, description)
  VALUES (organization_id, name, nullif(description, ''))
  RETURNING c.* INTO created;
  PERFORM auth.record_administration(caller_id, 'account_created', allowed.by_right,
                                     jsonb_build_object('account_id', created.id, 'organization_id', organization_id));
  RETURN to_jsonb(created);
END
$function$;
COMMENT ON FUNCTION auth.create_account(uuid, text, text, text) IS
$$Creates an account in an organization and returns it as auth.show_account does. name: 1 to 255 characters.
description: text; empty or NULL: none. _access_token: the caller's, an administrator of the organization; NULL:
whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403; A0404;
A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_account(
  account_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, organization_id uuid DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_move(caller_id, 'account', account_id, organization_id);
  changed @extschema@.accounts;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  UPDATE @extschema@.accounts AS c
     SET name = coalesce(change_account.name, c.name),
         description = nullif(coalesce(change_account.description, c.description), ''),
         organization_id = coalesce(change_account.organization_id, c.organization_id),
         updated_at = clock_timestamp()
   WHERE c.id = account_id
  RETURNING c.* INTO changed;
  PERFORM auth.record_administration(
    caller_id, CASE WHEN allowed.old_parent_id IS NULL THEN 'account_changed' ELSE 'account_moved' END,
    allowed.by_right, jsonb_strip_nulls(jsonb_build_object(
      'account_id', account_id, 'organization_id', changed.organization_id,
      'old_organization_id', allowed.old_parent_id)));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_account(uuid, text, text, uuid, text) IS
$$Changes an account, moves it with its projects to another organization, or both, and returns it as
auth.show_account does. name: 1 to 255 characters; NULL: stays. description: NULL: stays; empty: none.
organization_id: where it shall belong; NULL: stays. _access_token: the caller's, an administrator of the
account, and for a move of both organizations; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404; A0409 when it was moved in the same moment; A0422.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_account(account_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 10000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.require_deletion(caller_id, 'account', account_id);
BEGIN
  PERFORM auth.explain_change(by_right, format('account %s deleted', account_id));
  DELETE FROM @extschema@.accounts AS c WHERE c.id = account_id;
  PERFORM auth.record_administration(caller_id, 'account_deleted', by_right,
                                     jsonb_build_object('account_id', account_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_account(uuid, text) IS
$$Deletes an account with its projects, and every assignment, override and membership on any of them.
_access_token: the caller's, a superadmin of it or an administrator of its organization; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403; A0404. Callers:
auth_gateway, auth_caller.$$;
