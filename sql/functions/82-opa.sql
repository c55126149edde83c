-- OPA's data API, for clients of the rbac policy that this service replaces: the same questions at the same paths, the
-- same shape of answers, decided by the tables.
--
-- 1. What the input says about the user's status, assignments, overrides and groups is not believed, and not read.
-- 2. What it says about where the resource lies is compared with the tables; a contradiction denies.
-- 3. As in the policy, what is undefined or of another type denies; it is no error.
-- 4. OPA does not ask for a media type (curl sends another one unless told), so neither does this.

CREATE OR REPLACE FUNCTION auth.decide_opa_input(
  body text, access_token text, OUT allowed boolean, OUT deny_reason text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(access_token);
  input jsonb := auth.read_json_body(coalesce(body, '{}')) -> 'input';
  resource jsonb := input -> 'resource';
  user_id bigint := auth.read_user_id(input -> 'user' ->> 'id');
  resource_id uuid := auth.read_resource_id(resource ->> 'id');
  decision record;
BEGIN
  allowed := false;
  IF user_id IS NULL OR resource_id IS NULL
     OR jsonb_typeof(input -> 'action') IS DISTINCT FROM 'string'
     OR resource ->> 'type' IS NULL OR resource ->> 'type' NOT IN ('organization', 'account', 'project')
     OR coalesce(jsonb_typeof(input -> 'service'), 'null') NOT IN ('string', 'null') THEN
    deny_reason := 'input_undefined';
    RETURN;
  END IF;
  PERFORM auth.require_may_ask(caller_id, user_id, resource ->> 'type', resource_id);
  IF EXISTS (
      SELECT FROM (VALUES ('organization', resource ->> 'organization_id'),
                          ('account', resource ->> 'account_id')) AS claim (type, id)
        JOIN auth.resource_path(resource ->> 'type', resource_id) AS own ON own.type = resource ->> 'type'
       WHERE claim.id IS NOT NULL
         AND NOT EXISTS (SELECT FROM auth.resource_path(resource ->> 'type', resource_id) AS p
                          WHERE p.type = claim.type AND p.id = auth.read_resource_id(claim.id))) THEN
    deny_reason := 'hierarchy_mismatch';
    RETURN;
  END IF;
  SELECT c.* INTO decision
    FROM auth.check_access(user_id, input ->> 'action', resource ->> 'type', resource_id, input ->> 'service') AS c;
  IF decision.granted_by = 'superuser' THEN
    PERFORM auth.audit_superuser(user_id, input ->> 'action');
  END IF;
  allowed := decision.allowed;
  deny_reason := decision.deny_reason;
END
$function$;
COMMENT ON FUNCTION auth.decide_opa_input(text, text) IS
$$Decides what the input document of the replaced policy asks: user.id, action, resource.type, resource.id, service.
resource.organization_id and resource.account_id, where given, must be those of the tables. body: as it was sent,
{"input": …}; NULL: no input. access_token: the caller's. deny_reason: that of auth.check_access, hierarchy_mismatch,
or input_undefined when something asked for is missing or of another type. Errors: A0400 when the body is no JSON
object; A0401 when nobody is authenticated; A0403 when the caller may not ask. Callers: functions of this
extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_opa_allow(_body text DEFAULT NULL, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT jsonb_build_object('result', d.allowed) FROM auth.decide_opa_input(_body, _access_token) AS d);
END
$function$;
COMMENT ON FUNCTION auth.answer_opa_allow(text, text) IS
$$Answers OPA's data.rbac.allow: {"result": true} or {"result": false}. _body: {"input": {"user": {"id": …},
"action": …, "resource": {"type": …, "id": …}, "service": …}}, whatever the media type; the rest of the input is not
believed. An input in which something is missing is denied. _access_token: the caller's; NULL: whoever auth.authenticate named
in this transaction. Errors: A0400 when the body is no JSON object; A0401 when nobody is authenticated; A0403 when the
caller asks about somebody else on a resource that the caller does not administer. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_opa_rbac(_body text DEFAULT NULL, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (
    SELECT jsonb_build_object('result', jsonb_build_object(
             'allow', d.allowed,
             'deny', coalesce(d.deny_reason = 'denied_by_override', false),
             'deny_by_group', coalesce(d.deny_reason = 'denied_by_group', false)))
      FROM auth.decide_opa_input(_body, _access_token) AS d);
END
$function$;
COMMENT ON FUNCTION auth.answer_opa_rbac(text, text) IS
$$Answers OPA's data.rbac: {"result": {"allow": …, "deny": …, "deny_by_group": …}}, where deny and deny_by_group tell
that an override, or a group, denies. _body, _access_token: as for auth.answer_opa_allow. Errors: the same. Callers:
auth_gateway.$$;
