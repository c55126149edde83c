-- Explanations and lists over HTTP, for administrators and, where nothing but their own rights shows, for users.

CREATE OR REPLACE FUNCTION auth.show_authorization_health() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
AS $function$
SELECT pg_catalog.jsonb_build_object(
         'status', 'healthy', 'opa', 'healthy', 'message', 'Decisions are made by the database')
$function$;
COMMENT ON FUNCTION auth.show_authorization_health() IS
$$Answers that access can be decided: status and opa healthy, message. It is answered by the database that decides, so
there is no degraded answer: without it the gateway says 503. opa keeps the field of the service before this one; no
OPA is involved. Errors: none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_access_explanation(
  user_id bigint, action text, resource_type text, resource_id uuid, service text DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  -- Not about oneself: it names groups, and resources above, that the user may not see.
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), NULL, resource_type, resource_id);
  RETURN (
    SELECT jsonb_build_object(
             'allowed', bool_or(e.effect = 'allowed'),
             'steps', jsonb_agg(jsonb_build_object('rule', e.rule, 'effect', e.effect, 'object', e.object,
                                                   'reason', e.reason) ORDER BY e.step))
      FROM auth.explain_access(answer_access_explanation.user_id, answer_access_explanation.action,
                               answer_access_explanation.resource_type, answer_access_explanation.resource_id,
                               answer_access_explanation.service) AS e);
END
$function$;
COMMENT ON FUNCTION auth.answer_access_explanation(bigint, text, text, uuid, text, text) IS
$$Answers auth.explain_access: allowed, and steps, a list of rule, effect, object and reason, in order. user_id, action,
resource_type, resource_id, service: as for auth.check_access. _access_token: the caller's; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403 when the caller is
neither a superuser nor an admin of the resource; 22023 when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_resource_list(
  user_id bigint, action text, resource_type text, service text DEFAULT NULL, after uuid DEFAULT NULL,
  max_items integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found uuid[];
BEGIN
  -- NULL: somebody else's resources anywhere are a superuser's business.
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), user_id, NULL, NULL);
  PERFORM auth.require_page_length(max_items);
  found := ARRAY(SELECT l.resource_id FROM auth.list_resources(user_id, action, resource_type, service, after,
                                                               max_items + 1) AS l);
  RETURN jsonb_build_object(
    'resource_ids', to_jsonb(found[1:max_items]),
    'next_after', CASE WHEN cardinality(found) > max_items THEN found[max_items] END);
END
$function$;
COMMENT ON FUNCTION auth.answer_resource_list(bigint, text, text, text, uuid, integer, text) IS
$$Answers a page of auth.list_resources: resource_ids, and next_after, the value of after for the next page, null at the
end. user_id, action, resource_type, service, after: as for auth.list_resources. max_items: length of the page, 1 to
1000. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody
is authenticated; A0403 when a caller who is no superuser asks about somebody else; A0422 for another max_items; 22023
when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_subject_list(
  resource_type text, resource_id uuid, action text, service text DEFAULT NULL, after bigint DEFAULT NULL,
  max_items integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found bigint[];
BEGIN
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), NULL, resource_type, resource_id);
  PERFORM auth.require_page_length(max_items);
  found := ARRAY(SELECT l.user_id FROM auth.list_subjects(resource_type, resource_id, action, service, after,
                                                          max_items + 1) AS l);
  RETURN jsonb_build_object(
    'user_ids', to_jsonb(found[1:max_items]),
    'next_after', CASE WHEN cardinality(found) > max_items THEN found[max_items] END);
END
$function$;
COMMENT ON FUNCTION auth.answer_subject_list(text, uuid, text, text, bigint, integer, text) IS
$$Answers a page of auth.list_subjects: user_ids, and next_after, the value of after for the next page, null at the end.
resource_type, resource_id, action, service, after: as for auth.list_subjects. max_items: length of the page, 1 to 1000.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403 when the caller is neither a superuser nor an admin of the resource; A0422 for another max_items;
22023 when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_action_list(
  user_id bigint, resource_type text, resource_id uuid, service text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), user_id, resource_type, resource_id);
  RETURN jsonb_build_object('actions', to_jsonb(ARRAY(
    SELECT l.action FROM auth.list_actions(user_id, resource_type, resource_id, service) AS l)));
END
$function$;
COMMENT ON FUNCTION auth.answer_action_list(bigint, text, uuid, text, text) IS
$$Answers auth.list_actions: actions. user_id, resource_type, resource_id, service: as for auth.list_actions.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403 when a caller who is neither a superuser nor an admin of the resource asks about somebody else;
22023 when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.require_page_length(length integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF length IS NULL OR length NOT BETWEEN 1 AND 1000 THEN
    PERFORM auth.refuse(422, 'max_items: Input should be from 1 to 1000');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_page_length(integer) IS
$$Refuses a page of a length that is not offered over HTTP. length: 1 to 1000. Errors: A0422 for any other. Callers:
functions of this extension.$$;
