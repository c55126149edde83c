-- Refresh: a refresh token is exchanged once for the next one (RFC 9700 section 4.14.2).
--
-- Whoever presents a token that has been rotated is either a client whose answer got lost, or one of two
-- parties who hold the same token, one of them a thief. The first is served: within refresh_grace_seconds,
-- and while nobody has used the successor, it gets the same successor again. Anything else ends the session,
-- for both. All calls for one session queue at the session's row, so that of many at once exactly one
-- rotates.

CREATE OR REPLACE FUNCTION auth.refresh(
  refresh_token text, _client_ip inet DEFAULT NULL, _user_agent text DEFAULT NULL)
RETURNS auth.http_response
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  presented_hash bytea := sha256(convert_to(coalesce(refresh_token, ''), 'UTF8'));
  presented auth.refresh_tokens;
  session record;
  successor text;
  new_hash bytea;
  moment timestamptz;
BEGIN
  SELECT t.* INTO presented FROM auth.refresh_tokens AS t WHERE t.token_hash = presented_hash;
  SELECT s.id, s.user_id, s.aal, s.is_active, s.created_at, s.expires_at, u.status, u.is_password_temporary
    INTO session
    FROM @extschema@.sessions AS s JOIN @extschema@.users AS u ON u.id = s.user_id
   WHERE s.id = presented.session_id
     FOR NO KEY UPDATE OF s;
  moment := clock_timestamp();
  IF NOT FOUND OR NOT session.is_active OR session.expires_at <= moment OR session.status <> 'active' THEN
    RETURN auth.problem(401, 'Invalid refresh token', '{"WWW-Authenticate": "Bearer"}');
  END IF;

  -- Read again: while this call waited for the session's row, another may have rotated the token.
  SELECT t.* INTO presented FROM auth.refresh_tokens AS t WHERE t.token_hash = presented_hash;
  IF presented.rotated_at IS NULL THEN
    successor := auth.random_token();
    new_hash := sha256(convert_to(successor, 'UTF8'));
    UPDATE auth.refresh_tokens AS t
       SET rotated_at = moment, successor_hash = new_hash,
           sealed_successor = auth.seal_with_token(successor, refresh_token)
     WHERE t.token_hash = presented_hash;
    INSERT INTO auth.refresh_tokens (token_hash, session_id) VALUES (new_hash, session.id);
    PERFORM auth.purge_refresh_tokens(session.id);
  ELSIF presented.rotated_at >= moment - auth.setting_interval('refresh_grace_seconds')
        AND EXISTS (SELECT FROM auth.refresh_tokens AS t
                     WHERE t.token_hash = presented.successor_hash AND t.rotated_at IS NULL) THEN
    successor := auth.open_with_token(presented.sealed_successor, refresh_token);
  ELSE
    PERFORM auth.end_session(session.id, 'refresh_token_reused');
    PERFORM auth.record_activity(session.user_id, 'refresh_token_reused', _client_ip, _user_agent,
                                 jsonb_build_object('session_id', session.id));
    RETURN auth.problem(401, 'Invalid refresh token', '{"WWW-Authenticate": "Bearer"}');
  END IF;

  UPDATE @extschema@.sessions AS s
     SET updated_at = moment,
         expires_at = greatest(s.expires_at, least(
           moment + auth.setting_interval('session_seconds'),
           s.created_at + auth.setting_interval('session_maximum_seconds')))
   WHERE s.id = session.id;
  RETURN auth.token_response(
    auth.issue_access_token(session.user_id, session.id, session.aal),
    successor, session.is_password_temporary);
END
$function$;
COMMENT ON FUNCTION auth.refresh(text, inet, text) IS
$$Exchanges a refresh token for the next one and a new access token, and moves the session's end to
session_seconds from now (at most session_maximum_seconds after login). Answers 200 like auth.login. A retry
with the token just exchanged gets the same next token again for refresh_grace_seconds; any other second use
ends the session. Refusals are returned, so that the session's end is committed: 401 "Invalid refresh token".
Errors: none of its own. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.purge_refresh_tokens(session_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  long_ago timestamptz := clock_timestamp() - interval '1 day';
BEGIN
  DELETE FROM auth.refresh_tokens AS old
   WHERE old.token_hash IN (
     SELECT t.token_hash FROM auth.refresh_tokens AS t
      WHERE t.session_id = purge_refresh_tokens.session_id
        AND t.rotated_at < long_ago
      ORDER BY t.rotated_at LIMIT 20);
END
$function$;
COMMENT ON FUNCTION auth.purge_refresh_tokens(uuid) IS
$$Deletes at most 20 tokens of a session that were rotated more than a day ago: from then on they are unknown,
which is as good as refused. Errors: none. Callers: functions of this extension.$$;
