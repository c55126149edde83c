-- A user changes their own password. Whoever holds an access token could guess the current password here, so
-- failures count like failed logins, and are returned, so that the count is committed.

CREATE OR REPLACE FUNCTION auth.change_password(
  current_password text, new_password text, _access_token text DEFAULT NULL)
RETURNS auth.http_response
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 800000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  own_session_id uuid := auth.current_session_id();
  account record;
  email_hash bytea;
  new_hash text;
  ended integer;
BEGIN
  IF current_password IS NULL OR new_password IS NULL THEN
    PERFORM auth.refuse(422, 'The current password and a new password are required');
  END IF;

  SELECT u.email, u.full_name, h.password_hash INTO account
    FROM @extschema@.users AS u LEFT JOIN auth.password_hashes AS h ON h.user_id = u.id
   WHERE u.id = caller_id;
  email_hash := auth.hash_email(account.email);
  IF auth.is_locked(email_hash) THEN
    PERFORM auth.record_activity(caller_id, 'password_change_failed',
                                 details => '{"reason": "account_locked"}');
    RETURN auth.problem(423, 'account_locked', '{"X-Error-Type": "account_locked"}');
  END IF;
  IF account.password_hash IS NULL OR NOT auth.verify_password(current_password, account.password_hash) THEN
    PERFORM auth.count_failed_attempt(email_hash);
    PERFORM auth.record_activity(caller_id, 'password_change_failed',
                                 details => '{"reason": "wrong_password"}');
    RETURN auth.problem(400, 'Current password is incorrect');
  END IF;
  IF normalize(new_password, NFC) = normalize(current_password, NFC) THEN
    PERFORM auth.refuse(400, 'New password must be different from current password');
  END IF;
  PERFORM auth.check_password(new_password, account.email, account.full_name);
  new_hash := auth.hash_password(new_password);

  -- Ending the other sessions comes first, as it takes the user's row: a login with the old password that is
  -- under way either has its session ended here, or finds the password changed.
  ended := auth.end_sessions(caller_id, 'password_changed', kept_session_id => own_session_id);
  UPDATE auth.password_hashes AS h SET password_hash = new_hash, changed_at = clock_timestamp()
   WHERE h.user_id = caller_id AND h.password_hash = account.password_hash;
  IF NOT FOUND THEN
    PERFORM auth.refuse(409, 'The password was changed by somebody else at the same time');
  END IF;
  UPDATE @extschema@.users AS u SET is_password_temporary = false, updated_at = clock_timestamp()
   WHERE u.id = caller_id;
  PERFORM auth.clear_failed_attempts(email_hash);
  PERFORM auth.record_activity(caller_id, 'password_changed',
                               details => jsonb_build_object('sessions_ended', ended));
  RETURN ROW(200, NULL, jsonb_build_object(
    'message', 'Password changed successfully',
    'require_logout', false,
    'sessions_ended', ended))::auth.http_response;
END
$function$;
COMMENT ON FUNCTION auth.change_password(text, text, text) IS
$$Changes the caller's password and ends all their sessions but this one. Answers 200 with message,
require_logout false and sessions_ended. new_password: must meet the password policy. _access_token: the
caller's; NULL: whoever auth.authenticate named in this transaction. Returned, so that they are counted: 400
"Current password is incorrect"; 423 "account_locked", as at login. Errors: A0401 when nobody is
authenticated; A0400 when the new password is the current one; A0409 when another change came first; A0422
when a password is missing or the new one not acceptable, saying why. Callers: auth_gateway, auth_caller.$$;
