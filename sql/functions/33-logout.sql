-- Logout: the end of one session or of all, at its user's wish.

CREATE OR REPLACE FUNCTION auth.logout(refresh_token text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  ending uuid;
  owner_id bigint;
BEGIN
  -- Any token of the session will do, also one that has been rotated: whoever logs out wants to be out.
  SELECT t.session_id INTO ending
    FROM auth.refresh_tokens AS t WHERE t.token_hash = sha256(convert_to(refresh_token, 'UTF8'));
  owner_id := auth.end_session(ending, 'logout');
  IF owner_id IS NOT NULL THEN
    PERFORM auth.record_activity(owner_id, 'logout', details => jsonb_build_object('session_id', ending));
  END IF;
  RETURN jsonb_build_object('message', 'Successfully logged out');
END
$function$;
COMMENT ON FUNCTION auth.logout(text) IS
$$Ends the session that a refresh token belongs to; its access tokens are worthless from the next statement
on. Other sessions go on. Answers the same message whatever the token. Errors: none. Callers: auth_gateway,
auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.logout_all(_access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  ended integer;
BEGIN
  ended := auth.end_sessions(caller_id, 'logout_all');
  PERFORM auth.record_activity(caller_id, 'logout_all', details => jsonb_build_object('sessions', ended));
  RETURN jsonb_build_object('message', 'Successfully logged out of all sessions', 'sessions_ended', ended);
END
$function$;
COMMENT ON FUNCTION auth.logout_all(text) IS
$$Ends all sessions of the caller, this one too, and answers a message and sessions_ended.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated. Callers: auth_gateway, auth_caller.$$;
