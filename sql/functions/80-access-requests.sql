-- What the questions about access that come over HTTP have in common: who may ask, what is audited, and bodies that a
-- function reads by itself, for protocols with their own words for a bad one (there the gateway passes on what was sent
-- as `_body text`, whatever it is).

CREATE OR REPLACE FUNCTION auth.require_may_ask_about(
  caller_id bigint, user_id bigint, resource_type text, resource_id uuid)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 200
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  -- Somebody else, whoever that is: # 1 makes another number of any.
  PERFORM auth.require_may_ask(caller_id, coalesce(user_id, caller_id # 1), resource_type, resource_id);
END
$function$;
COMMENT ON FUNCTION auth.require_may_ask_about(bigint, bigint, text, uuid) IS
$$Does what auth.require_may_ask does, also where nobody in particular is asked about. caller_id: who asks. user_id:
about whom; NULL: about anybody, or somebody who does not exist. resource_type, resource_id: on what; NULL: anywhere, so
only a superuser may ask about others. Errors: A0403. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.audit_superuser(user_id bigint, action text, times bigint DEFAULT 1) RETURNS void
LANGUAGE plpgsql STABLE COST 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE INFO USING ERRCODE = 'A0AUD',
    MESSAGE = format('superuser allowed: user %s, action "%s", %s time(s)', user_id, left(action, 63), times);
END
$function$;
COMMENT ON FUNCTION auth.audit_superuser(bigint, text, bigint) IS
$$Leaves an audit line in the gateway's log, as auth.answer_access_check does: that a user was allowed something for
being a superuser. user_id, action: who, and what. times: how often. Errors: none. Callers: functions of this
extension.$$;

CREATE OR REPLACE FUNCTION auth.read_json_body(body text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  request jsonb;
BEGIN
  BEGIN
    request := body::jsonb;
  EXCEPTION WHEN data_exception OR statement_too_complex THEN
    request := NULL;
  END;
  IF jsonb_typeof(request) IS DISTINCT FROM 'object' THEN
    PERFORM auth.refuse(400, CASE WHEN request IS NULL THEN 'The body is not valid JSON'
                                  ELSE 'The body is not a JSON object' END);
  END IF;
  -- Two readers of such a body could believe two different things.
  IF (SELECT count(*) FROM json_object_keys(body::json)) <> (SELECT count(*) FROM jsonb_object_keys(request)) THEN
    PERFORM auth.refuse(400, 'The body has two members of the same name');
  END IF;
  RETURN request;
END
$function$;
COMMENT ON FUNCTION auth.read_json_body(text) IS
$$Reads a request body as a JSON object. body: as it was sent. Errors: A0400 when it is empty, no JSON, no object, or
names a member twice. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_user_id(id text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
AS $function$
SELECT CASE WHEN id ~ '^(0|-?[1-9][0-9]{0,18})$' AND id::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
            THEN id::bigint END
$function$;
COMMENT ON FUNCTION auth.read_user_id(text) IS
$$Reads a user id where any text may come. id: the decimal digits of a bigint, without leading zeros. NULL for any
other text. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_resource_id(id text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
AS $function$
SELECT CASE WHEN id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN id::uuid END
$function$;
COMMENT ON FUNCTION auth.read_resource_id(text) IS
$$Reads a resource id where any text may come. id: a UUID as RFC 9562 writes it, in lower or upper case. NULL for any
other text. Errors: none. Callers: functions of this extension.$$;
