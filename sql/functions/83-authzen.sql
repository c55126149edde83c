-- AuthZEN Authorization API 1.0: evaluation, evaluations, the three searches, metadata.
--
-- 1. A subject is {"type": "user", "id": the user's id as digits}; a resource an organization, account or project by
--    its UUID. Any other type, and any other id, exists nowhere: false, or an empty list.
-- 2. The service whose permissions and groups count is context.service; AuthZEN has no word of its own for it.
--    Properties are accepted and not evaluated.
-- 3. What is wrong with a request is a 400 that says so, also where the rest of this API answers 415 or 422; within a
--    list of evaluations it denies that one.
-- 4. A search returns what auth.check_access allows, paged by the id of the last result. The page token carries it,
--    with the limit and a hash of the query, so that a token goes on with its own query or not at all. It is no secret:
--    it lets nobody see more than the query itself.

CREATE OR REPLACE FUNCTION auth.find_authzen_fault(request jsonb, required text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 20
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  entity text;
  member text;
BEGIN
  FOREACH entity IN ARRAY '{subject,action,resource,context}'::text[] LOOP
    IF coalesce(jsonb_typeof(request -> entity), 'null') NOT IN ('object', 'null') THEN
      RETURN format('%s: Input should be an object', entity);
    ELSIF coalesce(jsonb_typeof(request -> entity -> 'properties'), 'null') NOT IN ('object', 'null') THEN
      RETURN format('%s.properties: Input should be an object', entity);
    END IF;
  END LOOP;
  FOREACH member IN ARRAY '{subject.type,subject.id,action.name,resource.type,resource.id,context.service}'::text[] LOOP
    IF coalesce(jsonb_typeof(request #> string_to_array(member, '.')), 'null') NOT IN ('string', 'null') THEN
      RETURN format('%s: Input should be a string', member);
    ELSIF member = ANY (required) AND request #>> string_to_array(member, '.') IS NULL THEN
      RETURN format('%s: Field required', member);
    END IF;
  END LOOP;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.find_authzen_fault(jsonb, text[]) IS
$$Says what is wrong with an AuthZEN request, NULL when nothing is. request: an object. required: the members that it
needs, as entity.member. Unknown members are no fault. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_authzen_request(
  body text, headers jsonb, required text[], ignored text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  path text[] := string_to_array(ignored, '.');
  request jsonb;
  fault text;
BEGIN
  IF coalesce(headers ->> 'content-type', '') !~* '^application/json[ \t]*(;|$)' THEN
    PERFORM auth.refuse(400, 'The body must be application/json');
  END IF;
  request := auth.read_json_body(body);
  IF jsonb_typeof(request #> path[1:cardinality(path) - 1]) = 'object' THEN
    request := request #- path;
  END IF;
  fault := auth.find_authzen_fault(request, required);
  IF fault IS NOT NULL THEN
    PERFORM auth.refuse(400, fault);
  END IF;
  RETURN request;
END
$function$;
COMMENT ON FUNCTION auth.read_authzen_request(text, jsonb, text[], text) IS
$$Reads an AuthZEN request. body: as it was sent. headers: the request's. required: see auth.find_authzen_fault.
ignored: the member to leave out. Errors: A0400 when the body is not announced as application/json, is no JSON object,
or lacks something. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.decide_authzen(request jsonb, caller_id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  subject_id bigint := auth.read_user_id(request -> 'subject' ->> 'id');
  resource_type text := request -> 'resource' ->> 'type';
  resource_id uuid := auth.read_resource_id(request -> 'resource' ->> 'id');
  decision record;
BEGIN
  IF request -> 'subject' ->> 'type' <> 'user' OR resource_type NOT IN ('organization', 'account', 'project') THEN
    RETURN '{"decision": false, "context": {"reason": "unknown_type"}}'::jsonb;
  END IF;
  PERFORM auth.require_may_ask_about(caller_id, subject_id, resource_type, resource_id);
  SELECT c.* INTO decision
    FROM auth.check_access(subject_id, request -> 'action' ->> 'name', resource_type, resource_id,
                           request -> 'context' ->> 'service') AS c;
  RETURN jsonb_build_object('decision', decision.allowed, 'context',
    CASE WHEN decision.allowed THEN jsonb_build_object('granted_by', decision.granted_by)
         ELSE jsonb_build_object('reason', decision.deny_reason) END);
END
$function$;
COMMENT ON FUNCTION auth.decide_authzen(jsonb, bigint) IS
$$Decides one AuthZEN evaluation: decision, and context with granted_by or reason. request: one without fault.
caller_id: who asks. Errors: A0403 when they may not. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.audit_authzen(requests jsonb[], decisions jsonb[]) RETURNS void
LANGUAGE plpgsql STABLE COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.audit_superuser(use.user_id, use.action, use.times)
     FROM (SELECT (d.request -> 'subject' ->> 'id')::bigint, d.request -> 'action' ->> 'name', count(*)
             FROM unnest(requests, decisions) AS d (request, decision)
            WHERE d.decision -> 'context' ->> 'granted_by' = 'superuser'
            GROUP BY 1, 2) AS use (user_id, action, times);
END
$function$;
COMMENT ON FUNCTION auth.audit_authzen(jsonb[], jsonb[]) IS
$$Leaves an audit line for each superuser and action among evaluations. requests, decisions: what was asked and, in the
same order, decided. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_evaluation(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(
    _body, _headers, '{subject.type,subject.id,action.name,resource.type,resource.id}');
  decision jsonb := auth.decide_authzen(request, caller_id);
BEGIN
  PERFORM auth.audit_authzen(ARRAY[request], ARRAY[decision]);
  RETURN decision;
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_evaluation(text, jsonb, text) IS
$$AuthZEN's Access Evaluation API: decision, and context with granted_by or reason. _body: subject {type, id}, action
{name}, resource {type, id}, context {service}. _headers: the request's, for its media type. _access_token: the
caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0400 when the request is not as
AuthZEN has it; A0401 when nobody is authenticated; A0403 when the caller asks about somebody else on a resource that
the caller does not administer. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.merge_authzen_defaults(defaults jsonb, evaluation jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
AS $function$
SELECT jsonb_object_agg(e.name, CASE
         WHEN evaluation -> e.name IS NULL THEN defaults -> e.name
         WHEN jsonb_typeof(evaluation -> e.name) <> 'object'
           OR jsonb_typeof(defaults -> e.name) IS DISTINCT FROM 'object' THEN evaluation -> e.name
         -- The whole entity is replaced, but for the identifiers that it leaves out.
         ELSE (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}') FROM jsonb_each(defaults -> e.name) AS m
                WHERE m.key IN ('type', 'id', 'name') AND e.name <> 'context') || (evaluation -> e.name) END)
  FROM unnest('{subject,action,resource,context}'::text[]) AS e (name)
$function$;
COMMENT ON FUNCTION auth.merge_authzen_defaults(jsonb, jsonb) IS
$$Completes one of several AuthZEN evaluations by the request's defaults. defaults: the request. evaluation: an object.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_evaluations(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 50000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  required CONSTANT text[] := ARRAY['subject.type', 'subject.id', 'action.name', 'resource.type', 'resource.id'];
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{}');
  evaluations jsonb := coalesce(nullif(request -> 'evaluations', 'null'), '[]');
  semantic text := coalesce(request -> 'options' ->> 'evaluations_semantic', 'execute_all');
  evaluation jsonb;
  fault text;
  decision jsonb;
  asked jsonb[] := ARRAY[]::jsonb[];
  decisions jsonb[] := ARRAY[]::jsonb[];
BEGIN
  IF jsonb_typeof(evaluations) <> 'array' THEN
    PERFORM auth.refuse(400, 'evaluations: Input should be a list');
  ELSIF jsonb_array_length(evaluations) > 1000 THEN
    PERFORM auth.refuse(400, 'evaluations: List should have at most 1000 items');
  ELSIF coalesce(jsonb_typeof(request -> 'options'), 'null') NOT IN ('object', 'null') THEN
    PERFORM auth.refuse(400, 'options: Input should be an object');
  ELSIF semantic NOT IN ('execute_all', 'deny_on_first_deny', 'permit_on_first_permit') THEN
    PERFORM auth.refuse(400, 'options.evaluations_semantic: Input should be execute_all, deny_on_first_deny or '
                             'permit_on_first_permit');
  ELSIF evaluations = '[]' THEN
    fault := auth.find_authzen_fault(request, required);
    IF fault IS NOT NULL THEN
      PERFORM auth.refuse(400, fault);
    END IF;
    decision := auth.decide_authzen(request, caller_id);
    PERFORM auth.audit_authzen(ARRAY[request], ARRAY[decision]);
    RETURN decision;
  END IF;

  FOR evaluation IN SELECT e.value FROM jsonb_array_elements(evaluations) WITH ORDINALITY AS e (value, place)
                     ORDER BY e.place LOOP
    IF jsonb_typeof(evaluation) = 'object' THEN
      evaluation := auth.merge_authzen_defaults(request, evaluation);
      fault := auth.find_authzen_fault(evaluation, required);
    ELSE
      fault := 'Input should be an object';
    END IF;
    IF fault IS NULL THEN
      BEGIN
        decision := auth.decide_authzen(evaluation, caller_id);
      EXCEPTION WHEN SQLSTATE 'A0403' THEN
        decision := jsonb_build_object('decision', false, 'context', jsonb_build_object(
          'error', jsonb_build_object('status', 403, 'message', SQLERRM)));
      END;
    ELSE
      decision := jsonb_build_object('decision', false, 'context', jsonb_build_object(
        'error', jsonb_build_object('status', 400, 'message', fault)));
    END IF;
    asked := array_append(asked, evaluation);
    decisions := array_append(decisions, decision);
    EXIT WHEN semantic = 'deny_on_first_deny' AND NOT (decision -> 'decision')::boolean
           OR semantic = 'permit_on_first_permit' AND (decision -> 'decision')::boolean;
  END LOOP;
  PERFORM auth.audit_authzen(asked, decisions);
  RETURN jsonb_build_object('evaluations', to_jsonb(decisions));
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_evaluations(text, jsonb, text) IS
$$AuthZEN's Access Evaluations API: evaluations, a list of answers as auth.answer_authzen_evaluation gives them, in the
order asked. _body: evaluations, 1 to 1000 of them; subject, action, resource and context, which serve where an
evaluation has none; options.evaluations_semantic: execute_all, deny_on_first_deny or permit_on_first_permit. Without
evaluations, or with none, it is one evaluation. One that lacks something, or that the caller may not ask, is denied
and says so in context.error. _headers, _access_token: as for auth.answer_authzen_evaluation. Errors: A0400 when the
request is not as AuthZEN has it; A0401 when nobody is authenticated; A0403 for a single evaluation that the caller may
not ask. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.make_authzen_token(query text, size integer, after text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
AS $function$
SELECT format('%s.%s.%s',
              encode(sha256(convert_to(format('%s %s %s', size, after, query), 'UTF8')), 'hex'), size, after)
$function$;
COMMENT ON FUNCTION auth.make_authzen_token(text, integer, text) IS
$$Makes the token of an AuthZEN search's next page. query: the search without its page. size: results a page. after: id
or name of the last result; NULL: there was none. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_authzen_page(
  api text, request jsonb, OUT query text, OUT size integer, OUT after text)
LANGUAGE plpgsql IMMUTABLE COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  page jsonb := coalesce(nullif(request -> 'page', 'null'), '{}');
  token jsonb := nullif(nullif(page -> 'token', 'null'), '""');
  size_asked jsonb := nullif(page -> 'limit', 'null');
  parts text[];
BEGIN
  query := api || (request - 'page')::text;
  IF jsonb_typeof(page) <> 'object' THEN
    PERFORM auth.refuse(400, 'page: Input should be an object');
  ELSIF jsonb_typeof(token) <> 'string' THEN
    PERFORM auth.refuse(400, 'page.token: Input should be a string');
  ELSIF jsonb_typeof(size_asked) <> 'number' OR size_asked::text !~ '^[0-9]+$' THEN
    PERFORM auth.refuse(400, 'page.limit: Input should be a whole number, 0 or more');
  END IF;
  IF size_asked IS NOT NULL THEN
    size := least(size_asked::numeric, 1000);
  END IF;
  IF token IS NULL THEN
    size := coalesce(size, 100);
    RETURN;
  END IF;

  parts := regexp_match(token #>> '{}', '^[0-9a-f]{64}\.([0-9]{1,4})\.(.*)$');
  IF parts IS NULL OR token #>> '{}' <> auth.make_authzen_token(query, parts[1]::integer, parts[2]) THEN
    PERFORM auth.refuse(400, 'page.token: It belongs to another search');
  ELSIF size <> parts[1]::integer THEN
    PERFORM auth.refuse(400, 'page.limit: It cannot change from page to page');
  END IF;
  size := parts[1]::integer;
  after := parts[2];
END
$function$;
COMMENT ON FUNCTION auth.read_authzen_page(text, jsonb) IS
$$Reads which page of an AuthZEN search is asked for. api: name of the search. request: one without fault. query: what
the token is bound to. size: results a page: page.limit, at most 1000; without it that of the token, without a token
100. after: id or name to begin behind; NULL or empty: from the beginning. Errors: A0400 when page is not as AuthZEN has
it, or when anything but the token has changed since the page before. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.make_authzen_results(
  query text, size integer, after text, member text, found text[], type text DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100
AS $function$
SELECT jsonb_build_object(
         'results', coalesce(
           jsonb_agg(jsonb_strip_nulls(jsonb_build_object('type', type, member, f.id)) ORDER BY f.place)
             FILTER (WHERE f.place <= size), '[]'),
         'page', jsonb_build_object('next_token', CASE WHEN cardinality(found) > size
           THEN auth.make_authzen_token(query, size, coalesce(found[size], after)) ELSE '' END))
  FROM unnest(found) WITH ORDINALITY AS f (id, place)
$function$;
COMMENT ON FUNCTION auth.make_authzen_results(text, integer, text, text, text[], text) IS
$$Makes the answer of an AuthZEN search: results and page.next_token. query, size, after: from auth.read_authzen_page.
member: id or name. found: what was found, one more than size where there is more. type: that of the results.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_subject_search(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{subject.type,action.name,resource.type,resource.id}',
                                             'subject.id');
  page record := auth.read_authzen_page('subject', request);
  resource_type text := request -> 'resource' ->> 'type';
  resource_id uuid := auth.read_resource_id(request -> 'resource' ->> 'id');
  found text[] := ARRAY[]::text[];
BEGIN
  IF request -> 'subject' ->> 'type' = 'user' AND resource_type IN ('organization', 'account', 'project') THEN
    PERFORM auth.require_may_ask_about(caller_id, NULL, resource_type, resource_id);
    found := ARRAY(
      SELECT l.user_id FROM auth.list_subjects(resource_type, resource_id, request -> 'action' ->> 'name',
        request -> 'context' ->> 'service', auth.read_user_id(page.after), page.size + 1) AS l);
  END IF;
  RETURN auth.make_authzen_results(page.query, page.size, page.after, 'id', found, 'user');
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_subject_search(text, jsonb, text) IS
$$AuthZEN's Subject Search API: results, the users who may, by ascending id, and page.next_token. _body: subject {type},
action {name}, resource {type, id}, context {service}, page {token, limit}. _headers: the request's, for its media
type. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0400 when the
request is not as AuthZEN has it, or is another than the one that the token is of; A0401 when nobody is authenticated;
A0403 when the caller is neither a superuser nor an admin of the resource. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_resource_search(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{subject.type,subject.id,action.name,resource.type}',
                                             'resource.id');
  page record := auth.read_authzen_page('resource', request);
  resource_type text := request -> 'resource' ->> 'type';
  subject_id bigint := auth.read_user_id(request -> 'subject' ->> 'id');
  found text[] := ARRAY[]::text[];
BEGIN
  IF request -> 'subject' ->> 'type' = 'user' AND resource_type IN ('organization', 'account', 'project') THEN
    PERFORM auth.require_may_ask_about(caller_id, subject_id, NULL, NULL);
    found := ARRAY(
      SELECT l.resource_id FROM auth.list_resources(subject_id, request -> 'action' ->> 'name', resource_type,
        request -> 'context' ->> 'service', auth.read_resource_id(page.after), page.size + 1) AS l);
  END IF;
  RETURN auth.make_authzen_results(page.query, page.size, page.after, 'id', found, resource_type);
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_resource_search(text, jsonb, text) IS
$$AuthZEN's Resource Search API: results, the resources on which the subject may, by ascending id, and page.next_token.
_body: subject {type, id}, action {name}, resource {type}, context {service}, page {token, limit}. _headers,
_access_token: as for auth.answer_authzen_subject_search. Errors: A0400 when the request is not as AuthZEN has it, or
is another than the one that the token is of; A0401 when nobody is authenticated; A0403 when a caller who is no
superuser asks about somebody else. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_action_search(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{subject.type,subject.id,resource.type,resource.id}',
                                             'action');
  page record := auth.read_authzen_page('action', request);
  resource_type text := request -> 'resource' ->> 'type';
  resource_id uuid := auth.read_resource_id(request -> 'resource' ->> 'id');
  subject_id bigint := auth.read_user_id(request -> 'subject' ->> 'id');
  found text[] := ARRAY[]::text[];
BEGIN
  IF request -> 'subject' ->> 'type' = 'user' AND resource_type IN ('organization', 'account', 'project') THEN
    PERFORM auth.require_may_ask_about(caller_id, subject_id, resource_type, resource_id);
    found := ARRAY(
      SELECT l.action
        FROM auth.list_actions(subject_id, resource_type, resource_id, request -> 'context' ->> 'service') AS l
       WHERE page.after IS NULL OR l.action > page.after COLLATE "C"
       ORDER BY l.action COLLATE "C" LIMIT page.size + 1);
  END IF;
  RETURN auth.make_authzen_results(page.query, page.size, page.after, 'name', found);
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_action_search(text, jsonb, text) IS
$$AuthZEN's Action Search API: results, the actions that the subject may take on the resource, as auth.list_actions
has them, and page.next_token. _body: subject {type, id}, resource {type, id}, context {service}, page {token, limit}.
_headers, _access_token: as for auth.answer_authzen_subject_search. Errors: A0400 when the request is not as AuthZEN
has it, or is another than the one that the token is of; A0401 when nobody is authenticated; A0403 when a caller who is
neither a superuser nor an admin of the resource asks about somebody else. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.show_authzen_configuration() RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  base text := auth.setting('public_url');
BEGIN
  IF base = '' THEN
    PERFORM auth.refuse(404, 'The setting public_url, which the metadata are made of, is not set');
  END IF;
  RETURN jsonb_build_object(
    'policy_decision_point', base,
    'access_evaluation_endpoint', base || '/access/v1/evaluation',
    'access_evaluations_endpoint', base || '/access/v1/evaluations',
    'search_subject_endpoint', base || '/access/v1/search/subject',
    'search_resource_endpoint', base || '/access/v1/search/resource',
    'search_action_endpoint', base || '/access/v1/search/action');
END
$function$;
COMMENT ON FUNCTION auth.show_authzen_configuration() IS
$$AuthZEN's metadata: the URLs of its APIs, below the setting public_url. Errors: A0404 while that is not set. Callers:
auth_gateway.$$;
