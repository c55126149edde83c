-- Members of groups: who is in which, and for which resource.

CREATE OR REPLACE FUNCTION auth.list_group_members(
  group_id uuid, resource_id uuid DEFAULT NULL, skip integer DEFAULT 0, "limit" integer DEFAULT 100,
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
  IF NOT EXISTS (SELECT FROM auth.visible_groups(caller_id) AS v WHERE v.id = list_group_members.group_id) THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  RETURN (
    WITH visible AS (
      SELECT v.* FROM auth.visible_memberships(caller_id) AS v
       WHERE v.group_id = list_group_members.group_id
         AND (list_group_members.resource_id IS NULL OR v.resource_id = list_group_members.resource_id))
    SELECT jsonb_build_object(
             'memberships', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.user_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.user_id, v.resource_id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_group_members(uuid, uuid, integer, integer, text) IS
$$Lists those memberships of a group that are the caller's own or on resources that the caller administers, by
user_id and resource_id: memberships, a list of user_id, group_id, resource_id, resource_type and created_at;
total, how many there are in all. resource_id: only these; NULL: any. skip: how many to leave out. limit: 1 to
1000. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0404 when the caller does not see the group; A0422 for a page that cannot be. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.add_group_member(
  group_id uuid, user_id bigint, resource_id uuid, resource_type text, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  organization_id uuid := (SELECT v.organization_id FROM auth.visible_groups(caller_id) AS v WHERE v.id = group_id);
  allowed record;
  added auth.user_group_memberships;
BEGIN
  PERFORM auth.check_resource_type(resource_type);
  IF organization_id IS NULL THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  allowed := auth.require_level(caller_id, 3, resource_type, resource_id);
  IF NOT EXISTS (
      SELECT FROM auth.resource_with_parents(resource_type, resource_id) AS r WHERE r.id = organization_id) THEN
    PERFORM auth.refuse(400, 'The resource does not belong to the organization of the group');
  END IF;
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  PERFORM auth.require_not_above(allowed.level, user_id, resource_type, resource_id);
  INSERT INTO auth.user_group_memberships AS m (user_id, group_id, resource_id, resource_type)
  VALUES (user_id, group_id, resource_id, resource_type)
  ON CONFLICT ON CONSTRAINT user_group_memberships_pkey DO NOTHING
  RETURNING m.* INTO added;
  IF added.user_id IS NULL THEN
    PERFORM auth.refuse(409, 'The user is in this group on this resource already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_member_added', allowed.by_right,
                                     to_jsonb(added) - ARRAY['created_at']);
  RETURN to_jsonb(added);
END
$function$;
COMMENT ON FUNCTION auth.add_group_member(uuid, bigint, uuid, text, text) IS
$$Puts a user into a group, which then denies its actions on a resource and what lies below it, and returns
user_id, group_id, resource_id, resource_type and created_at. resource_type: organization, account or project,
which must belong to the group's organization. _access_token: the caller's, an administrator of the resource;
the user must not be above the caller there, nor the caller unless a superuser. NULL: whoever auth.authenticate
named in this transaction. Errors: A0400 when the resource is another organization's; A0401 when nobody is
authenticated; A0403; A0404; A0409 when it is so already; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.remove_group_member(
  group_id uuid, user_id bigint, resource_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Membership not found');
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
BEGIN
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  DELETE FROM auth.user_group_memberships AS m
   WHERE m.user_id = remove_group_member.user_id AND m.group_id = remove_group_member.group_id
     AND m.resource_id = remove_group_member.resource_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Membership not found');
  END IF;
  PERFORM auth.record_administration(
    caller_id, 'group_member_removed', allowed.by_right,
    jsonb_build_object('group_id', group_id, 'user_id', user_id, 'resource_id', resource_id));
END
$function$;
COMMENT ON FUNCTION auth.remove_group_member(uuid, bigint, uuid, text) IS
$$Takes a user out of a group on a resource. _access_token: the caller's, an administrator of the resource and,
unless a superuser, somebody else than the user; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.list_user_groups(
  user_id bigint, resource_id uuid DEFAULT NULL, skip integer DEFAULT 0, "limit" integer DEFAULT 100,
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
  IF user_id IS DISTINCT FROM caller_id AND NOT auth.is_superuser(caller_id)
     AND NOT EXISTS (SELECT FROM auth.administered_resources(caller_id))
     OR NOT EXISTS (SELECT FROM @extschema@.users AS u WHERE u.id = list_user_groups.user_id) THEN
    PERFORM auth.refuse(404, 'User not found');
  END IF;
  RETURN (
    WITH visible AS (
      SELECT v.*, g.name AS group_name, auth.group_as_json(g) AS "group"
        FROM auth.visible_memberships(caller_id) AS v JOIN auth.groups AS g ON g.id = v.group_id
       WHERE v.user_id = list_user_groups.user_id
         AND (list_user_groups.resource_id IS NULL OR v.resource_id = list_user_groups.resource_id))
    SELECT jsonb_build_object(
             'memberships', coalesce(jsonb_agg(to_jsonb(page) - ARRAY['group_name']
                                               ORDER BY page.group_name, page.group_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.group_name, v.group_id, v.resource_id
            OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_user_groups(bigint, uuid, integer, integer, text) IS
$$Lists those memberships of a user that the caller sees, by the group's name: memberships, a list of user_id,
group_id, resource_id, resource_type, created_at and group (as auth.list_groups shows it); total, how many there
are in all. resource_id: only on this; NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token:
the caller's: the user, a superuser, or an administrator of anything, who sees those on resources that they
administer. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0404 for anybody else and for an unknown user; A0422 for a page that cannot be. Callers:
auth_gateway, auth_caller.$$;
