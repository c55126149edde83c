-- The end of sessions. An ended session makes its access tokens and refresh tokens worthless at the next
-- statement of any backend, as both are good only while the row is live.

CREATE OR REPLACE FUNCTION auth.end_session(session_id uuid, reason text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner_id bigint;
BEGIN
  UPDATE @extschema@.sessions AS s
     SET is_active = false, ended_at = clock_timestamp(), end_reason = reason, updated_at = clock_timestamp()
   WHERE s.id = end_session.session_id AND s.is_active
  RETURNING s.user_id INTO owner_id;
  RETURN owner_id;
END
$function$;
COMMENT ON FUNCTION auth.end_session(uuid, text) IS
$$Ends one session and returns its user's id, or NULL when it does not exist or has ended already.
reason: one that sessions.end_reason allows. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.end_sessions(user_id bigint, reason text, kept_session_id uuid DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  moment timestamptz;
  ended integer;
BEGIN
  -- The user's row is the mutex of everything that spans sessions: a login in flight (auth.login updates the
  -- row) has either made its session by now, and it ends here, or sees what the caller of this function has
  -- changed.
  PERFORM FROM @extschema@.users AS u WHERE u.id = end_sessions.user_id FOR NO KEY UPDATE;
  moment := clock_timestamp();
  UPDATE @extschema@.sessions AS s
     SET is_active = false, ended_at = moment, end_reason = reason, updated_at = moment
   WHERE s.user_id = end_sessions.user_id AND s.is_active AND s.expires_at > moment
     AND s.id IS DISTINCT FROM kept_session_id;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END
$function$;
COMMENT ON FUNCTION auth.end_sessions(bigint, text, uuid) IS
$$Ends all live sessions of a user but kept_session_id (NULL: all), and returns how many.
reason: one that sessions.end_reason allows. Errors: none. Callers: functions of this extension.$$;
