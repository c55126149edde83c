-- Refusals: how a function says no. A refusal is raised when nothing it wrote needs to stay (raising rolls
-- back), and returned as auth.http_response when something must, such as a failed login's counter.

CREATE OR REPLACE FUNCTION auth.refuse(status integer, detail text, headers jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL SAFE COST 1
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF status NOT BETWEEN 400 AND 599 OR status IS NULL OR detail IS NULL THEN
    RAISE EXCEPTION 'auth.refuse takes a status from 400 to 599 and a detail' USING ERRCODE = '22023';
  END IF;
  IF headers IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'A0' || status, MESSAGE = detail;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'A0' || status, MESSAGE = detail, DETAIL = headers::text;
END
$function$;
COMMENT ON FUNCTION auth.refuse(integer, text, jsonb) IS
$$Refuses a request by raising an error that the gateway turns into an HTTP response; the transaction rolls
back. status: HTTP status, 400 to 599. detail: what the client is told. headers: object of extra response
headers, or NULL. Errors: always A0 followed by the status, with detail as the message and headers as the
error's DETAIL; 22023 when the status is outside its range. Callers: functions of this extension and of the
operator's own routes (auth_caller, auth_gateway).$$;

CREATE OR REPLACE FUNCTION auth.problem(status integer, detail text, headers jsonb DEFAULT NULL)
RETURNS auth.http_response
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN ROW(
    status,
    jsonb_build_object('Content-Type', 'application/problem+json') || coalesce(headers, '{}'),
    jsonb_build_object(
      'type', 'about:blank',
      'title', CASE status WHEN 400 THEN 'Bad Request' WHEN 401 THEN 'Unauthorized' WHEN 403 THEN 'Forbidden'
                           WHEN 404 THEN 'Not Found' WHEN 409 THEN 'Conflict' WHEN 423 THEN 'Locked'
                           ELSE 'Refused' END,
      'status', status,
      'detail', detail))::auth.http_response;
END
$function$;
COMMENT ON FUNCTION auth.problem(integer, text, jsonb) IS
$$Makes the refusal that a function returns instead of raising, so that what it has written is committed: an
RFC 9457 problem document. status: HTTP status. detail: what the client is told. headers: object of extra
headers, or NULL. Errors: none. Callers: functions of this extension and of the operator's own routes
(auth_caller, auth_gateway).$$;
