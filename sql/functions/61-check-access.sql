-- Access checks: may this user take this action on this resource? Doors to the C++ that decides
-- (extension/access_check.cpp).
--
-- The first of these that applies decides:
--  1. no such user                                        denied   user_not_found
--  2. the user's status is not active                     denied   user_not_active
--  3. no such type of resource, or no such resource       denied   resource_not_found
--  4. (over HTTP) ids that contradict the tables          denied   hierarchy_mismatch
--  5. the user is a superuser                             allowed  superuser
--  6. an override of the user on the resource denies it   denied   denied_by_override
--  7. a group of the user on the resource or above it
--     denies it for the service                           denied   denied_by_group
--  8. an override of the user on the resource allows it   allowed  override
--  9. an assignment of the user on the resource or above
--     it grants it                                        allowed  role
-- 10. otherwise                                           denied   no_role_grants_action
-- An assignment that names a role with permissions grants the actions of its permission for the service; any other
-- grants those of auth.role_actions. Groups and such roles speak of services: without a service they say nothing.
--
-- A check writes nothing. Over HTTP, what a superuser was allowed leaves an audit line in the gateway's log.

CREATE OR REPLACE FUNCTION auth.check_access(
  user_id bigint, action text, resource_type text, resource_id uuid, service text DEFAULT NULL,
  OUT allowed boolean, OUT deny_reason text, OUT granted_by text, OUT user_status text)
LANGUAGE c STABLE PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'check_access';
COMMENT ON FUNCTION auth.check_access(bigint, text, text, uuid, text) IS
$$Decides whether a user may take an action on a resource. user_id: anybody's. action: such as view_project.
resource_type: organization, account or project. resource_id: the resource. service: the service whose group denials
and custom roles count; NULL: none do. allowed: the decision. deny_reason: why not: user_not_found, user_not_active,
resource_not_found, denied_by_override, denied_by_group or no_role_grants_action. granted_by: superuser, override or
role. user_status: the user's status, NULL when there is no such user. Errors: 22004 when action is NULL; any other
NULL is denied as what does not exist. Callers: auth_caller (a service that is trusted to ask about others); also on a
hot standby.$$;

CREATE OR REPLACE FUNCTION auth.check_access_batch(
  user_ids bigint[], actions text[], resource_types text[], resource_ids uuid[], services text[] DEFAULT NULL)
RETURNS TABLE (item integer, allowed boolean, deny_reason text, granted_by text, user_status text)
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 100
AS 'MODULE_PATHNAME', 'check_access_batch';
COMMENT ON FUNCTION auth.check_access_batch(bigint[], text[], text[], uuid[], text[]) IS
$$Decides many questions as auth.check_access does, one a row. user_ids, actions, resource_types, resource_ids,
services: the questions' arguments, equally many of each. item: the question's place, from 1. Errors: 2202E when the
arrays differ in length; 22004 when an array but services, or an action, is NULL. Callers: auth_caller; also on a hot
standby.$$;

CREATE OR REPLACE FUNCTION auth.require_may_ask(
  caller_id bigint, user_id bigint, resource_type text, resource_id uuid) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'require_may_ask';
COMMENT ON FUNCTION auth.require_may_ask(bigint, bigint, text, uuid) IS
$$Refuses unless the caller may ask what a user may do: one may ask about oneself, a superuser about everybody, an
administrator of a resource (admin or superadmin, there or above) about everybody on that resource. caller_id: who
asks. user_id: about whom. resource_type, resource_id: on what; NULL or unknown: nothing that anybody administers.
Errors: A0403; 22004 when an id of a user is NULL. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_access_check(
  user_id bigint, action text, resource json, service text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 300
AS 'MODULE_PATHNAME', 'answer_access_check';
COMMENT ON FUNCTION auth.answer_access_check(bigint, text, json, text, text) IS
$$Decides whether a user may take an action on a resource and answers allowed, deny_reason, granted_by and user_status;
see auth.check_access. user_id: about whom. action: such as view_project. resource: type and id, and as far as the
client knows them organization_id and account_id: ids that contradict the tables are denied as hierarchy_mismatch.
service: the service that asks. _access_token: the caller's, who must be the user, a superuser, or an administrator of
the resource. Errors: A0401; A0403 when the caller may not ask; A0404 when there is no such user; A0422 when resource is
not as described; 22004 when user_id, action or resource is NULL. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_access_checks(_body text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 20000
AS 'MODULE_PATHNAME', 'answer_access_checks';
COMMENT ON FUNCTION auth.answer_access_checks(text, text) IS
$$Decides up to 1,000 questions in one statement, so under one snapshot, and answers results: for each, in order, what
auth.answer_access_check answers; a user who does not exist is denied as user_not_found. _body: an object with checks, an
array of objects with user_id, action, resource and, optionally, service; it is read here, in one pass, because a
thousand checks take longer to read as jsonb than to decide. _access_token: the caller's, who must be allowed to ask each
of them. Errors: A0401; A0403 when the caller may not ask one of them; A0422 when the body is not as described or has no
or more than 1,000 checks. Callers: auth_gateway.$$;
