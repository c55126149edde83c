-- A user's view of their own sessions: list, revoke, validate, extend.

CREATE OR REPLACE FUNCTION auth.list_sessions(_access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  own_session_id uuid := auth.current_session_id();
  moment timestamptz := clock_timestamp();
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
             'id', live.id, 'ip_address', host(live.ip_address), 'user_agent', live.user_agent,
             'created_at', live.created_at, 'expires_at', live.expires_at,
             'is_current', live.id = own_session_id) ORDER BY live.created_at DESC, live.id), '[]')
      FROM (SELECT s.* FROM @extschema@.sessions AS s
             WHERE s.user_id = caller_id AND s.is_active AND s.expires_at > moment
             ORDER BY s.created_at DESC LIMIT 1000) AS live);
END
$function$;
COMMENT ON FUNCTION auth.list_sessions(text) IS
$$Returns the caller's live sessions, newest first and at most 1000, as a list of id, ip_address, user_agent,
created_at, expires_at and is_current (the session of this call). _access_token: the caller's; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.revoke_session(session_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  -- Somebody else's session is answered like one that does not exist.
  IF NOT EXISTS (SELECT FROM @extschema@.sessions AS s
                  WHERE s.id = revoke_session.session_id AND s.user_id = caller_id
                    AND s.expires_at > clock_timestamp())
     OR auth.end_session(session_id, 'revoked') IS NULL THEN
    PERFORM auth.refuse(404, 'Session not found');
  END IF;
  PERFORM auth.record_activity(caller_id, 'session_revoked',
                               details => jsonb_build_object('session_id', session_id));
  RETURN jsonb_build_object('message', 'Session revoked successfully');
END
$function$;
COMMENT ON FUNCTION auth.revoke_session(uuid, text) IS
$$Ends one of the caller's sessions, which may be this one, and answers a message. session_id: from
auth.list_sessions. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0404 when the session is not the caller's or not live. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.find_session(
  access_token text, headers jsonb, ended_detail text, OUT user_id bigint, OUT session_id uuid)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  refresh_token text := headers ->> 'x-refresh-token';
  user_status text;
  is_live boolean;
BEGIN
  IF access_token IS NULL THEN
    user_id := auth.require_user(NULL);
    session_id := auth.current_session_id();
  ELSE
    SELECT d.user_id, d.session_id INTO user_id, session_id FROM auth.decode_access_token(access_token) AS d;
  END IF;

  SELECT u.status, coalesce(s.is_active AND s.expires_at > clock_timestamp(), false) INTO user_status, is_live
    FROM @extschema@.users AS u
    LEFT JOIN @extschema@.sessions AS s ON s.id = find_session.session_id AND s.user_id = u.id
   WHERE u.id = find_session.user_id;
  IF NOT FOUND OR user_status = 'deleted' THEN
    PERFORM auth.refuse(401, 'user_not_found', '{"WWW-Authenticate": "Bearer"}');
  ELSIF user_status <> 'active' THEN
    PERFORM auth.refuse(401, 'user_inactive', '{"WWW-Authenticate": "Bearer"}');
  ELSIF NOT is_live OR refresh_token IS NOT NULL AND NOT EXISTS (
      SELECT FROM auth.refresh_tokens AS t
       WHERE t.token_hash = sha256(convert_to(refresh_token, 'UTF8'))
         AND t.session_id = find_session.session_id) THEN
    PERFORM auth.refuse(401, ended_detail, '{"WWW-Authenticate": "Bearer"}');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.find_session(text, jsonb, text) IS
$$Returns user and session of an access token and says, where auth.require_user would not, what is wrong with
them. access_token: NULL: whoever auth.authenticate named in this transaction. headers: request headers; with
X-Refresh-Token the token must be one of the session. ended_detail: the refusal when the session is over.
Errors: A0401 user_not_found, user_inactive or ended_detail; A0401 "Could not validate credentials" for a
token that is not ours or has expired. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.validate_session(_access_token text DEFAULT NULL, _headers jsonb DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 200
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  own record := auth.find_session(_access_token, _headers, 'session_invalidated');
BEGIN
  RETURN (
    SELECT jsonb_build_object('valid', true, 'user_id', u.id, 'email', u.email,
                              'is_password_temporary', u.is_password_temporary)
      FROM @extschema@.users AS u WHERE u.id = own.user_id);
END
$function$;
COMMENT ON FUNCTION auth.validate_session(text, jsonb) IS
$$Tells whether a session is good: valid true, user_id, email, is_password_temporary; never writes.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. _headers: request
headers; with X-Refresh-Token the token must be one of the session. Errors: A0401 user_not_found,
user_inactive, session_invalidated, or "Could not validate credentials". Callers: auth_gateway, auth_caller;
also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.extend_session(_access_token text DEFAULT NULL, _headers jsonb DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  own record := auth.find_session(_access_token, _headers, 'no_active_sessions');
  moment timestamptz := clock_timestamp();
  extension interval := auth.setting_interval('session_extension_seconds');
  new_expires_at timestamptz;
BEGIN
  UPDATE @extschema@.sessions AS s
     SET updated_at = moment,
         expires_at = greatest(s.expires_at, least(
           moment + extension,
           s.created_at + auth.setting_interval('session_maximum_seconds')))
   WHERE s.id = own.session_id AND s.is_active
  RETURNING s.expires_at INTO new_expires_at;
  IF new_expires_at IS NULL THEN
    PERFORM auth.refuse(401, 'no_active_sessions', '{"WWW-Authenticate": "Bearer"}');
  END IF;
  PERFORM auth.record_activity(own.user_id, 'session_extended',
                               details => jsonb_build_object('session_id', own.session_id));
  RETURN jsonb_build_object('extended', true,
                            'new_expires_at', new_expires_at,
                            'extension_minutes', extract(epoch FROM extension)::integer / 60,
                            'sessions_extended', 1);
END
$function$;
COMMENT ON FUNCTION auth.extend_session(text, jsonb) IS
$$Keeps this session alive until session_extension_seconds from now: never shorter than it was, never longer
than session_maximum_seconds after login. Answers extended true, new_expires_at, extension_minutes,
sessions_extended. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction.
_headers: request headers; with X-Refresh-Token the token must be one of the session. Errors: A0401
user_not_found, user_inactive, no_active_sessions, or "Could not validate credentials". Callers: auth_gateway,
auth_caller.$$;
