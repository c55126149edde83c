-- Login with e-mail address and password.
--
-- An unknown address, a wrong password, a user who is not active and a locked address are told apart by
-- nothing that a stranger can see but the lock, which unknown addresses get as well:
--   - each attempt pays for one Argon2id verification. An unknown address is verified against a decoy, which
--     has the parameters of some user's hash, chosen by the address: so it takes as long as a user's would,
--     also in the months after a change of password_hash_parameters, when some hashes are old and some new;
--   - each failure writes one row of user_activity and one of login_attempts.
-- A failure must be counted, so it is returned and not raised: raising would roll the counter back.

CREATE OR REPLACE FUNCTION auth.decoy_password_hash(email_hash bytea) RETURNS text
LANGUAGE plpgsql STABLE COST 30
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- Where the address lies in the range of user ids, 0 <= position < 1: always the same place for the same
  -- address.
  position double precision := get_byte(email_hash, 0) / 256.0 + get_byte(email_hash, 1) / 65536.0;
  parameters text;
BEGIN
  SELECT split_part(h.password_hash, '$', 4) INTO parameters
    FROM auth.password_hashes AS h
   WHERE h.user_id >= (SELECT floor(position * max(m.user_id))::bigint FROM auth.password_hashes AS m)
     AND h.password_hash LIKE '$argon2id$v=19$%'  -- Another kind may have been brought from another system.
   ORDER BY h.user_id LIMIT 1;
  -- A salt of 16 and a hash of 32 zero bytes. No password is known to give it, and no caller believes it.
  RETURN format('$argon2id$v=19$%s$%s$%s', coalesce(parameters, auth.setting('password_hash_parameters')),
                repeat('A', 22), repeat('A', 43));
END
$function$;
COMMENT ON FUNCTION auth.decoy_password_hash(bytea) IS
$$Returns a hash to verify a password against when the address is unknown: as costly as a user's, matched by
nothing. email_hash: from auth.hash_email. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.refuse_login(
  user_id bigint, email_hash bytea, reason text, ip_address inet, user_agent text)
RETURNS auth.http_response
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.record_activity(user_id, 'login_failed', ip_address, user_agent,
                               jsonb_build_object('reason', reason));
  IF reason = 'account_locked' THEN
    RETURN auth.problem(423, 'account_locked', '{"X-Error-Type": "account_locked"}');
  ELSIF reason = 'email_not_verified' THEN
    RETURN auth.problem(403, 'email_not_verified', '{"X-Error-Type": "email_not_verified"}');
  END IF;
  PERFORM auth.count_failed_attempt(email_hash);
  RETURN auth.problem(401, 'Incorrect email or password', '{"WWW-Authenticate": "Bearer"}');
END
$function$;
COMMENT ON FUNCTION auth.refuse_login(bigint, bytea, text, inet, text) IS
$$Records a failed login, counts it when it was a guess, and makes the answer. user_id: NULL when the address
is unknown. reason: account_locked, email_not_verified, or anything else for the trail (all answered alike).
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.login(
  email text, password text, totp_code text DEFAULT NULL,
  _client_ip inet DEFAULT NULL, _user_agent text DEFAULT NULL)
RETURNS auth.http_response
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 400000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised_email text := auth.normalise_email(email);
  email_hash bytea := auth.hash_email(normalised_email);
  account record;
  user_found boolean;
  password_matches boolean;
  issued auth.issued_session;
BEGIN
  IF password IS NULL THEN
    PERFORM auth.refuse(422, 'A password is required');
  END IF;

  SELECT u.id, u.status, u.is_verified, u.is_password_temporary, h.password_hash INTO account
    FROM @extschema@.users AS u JOIN auth.password_hashes AS h ON h.user_id = u.id
   WHERE u.email = normalised_email;
  user_found := FOUND;
  password_matches := auth.verify_password(
    password, coalesce(account.password_hash, auth.decoy_password_hash(email_hash)));

  -- Looked at after the slow verification, not before: failures that were counted meanwhile count here.
  IF auth.is_locked(email_hash) THEN
    RETURN auth.refuse_login(account.id, email_hash, 'account_locked', _client_ip, _user_agent);
  ELSIF NOT user_found THEN
    RETURN auth.refuse_login(NULL, email_hash, 'unknown_email', _client_ip, _user_agent);
  ELSIF NOT password_matches THEN
    RETURN auth.refuse_login(account.id, email_hash, 'wrong_password', _client_ip, _user_agent);
  ELSIF account.status <> 'active' THEN
    RETURN auth.refuse_login(account.id, email_hash, 'user_' || account.status, _client_ip, _user_agent);
  ELSIF auth.setting('email_verification')::boolean AND NOT account.is_verified THEN
    RETURN auth.refuse_login(account.id, email_hash, 'email_not_verified', _client_ip, _user_agent);
  END IF;

  -- This takes the user's row, the mutex of whatever changes the user (see auth.end_sessions). Under it, make
  -- sure that the status and the password are still those that were checked.
  UPDATE @extschema@.users AS u SET last_login = clock_timestamp()
   WHERE u.id = account.id AND u.status = 'active';
  IF NOT FOUND OR NOT EXISTS (
       SELECT FROM auth.password_hashes AS h
        WHERE h.user_id = account.id AND h.password_hash = account.password_hash) THEN
    RETURN auth.refuse_login(account.id, email_hash, 'changed_meanwhile', _client_ip, _user_agent);
  END IF;

  IF NOT auth.password_hash_is_current(account.password_hash) THEN
    UPDATE auth.password_hashes AS h SET password_hash = auth.hash_password(password)
     WHERE h.user_id = account.id;
  END IF;
  PERFORM auth.clear_failed_attempts(email_hash);
  PERFORM auth.purge_sessions(account.id);
  PERFORM auth.record_activity(account.id, 'login', _client_ip, _user_agent);
  issued := auth.issue_session(account.id, 'aal1', _client_ip, left(_user_agent, 512));
  RETURN auth.token_response(issued.access_token, issued.refresh_token, account.is_password_temporary);
END
$function$;
COMMENT ON FUNCTION auth.login(text, text, text, inet, text) IS
$$Logs a user in and answers 200 with access_token, refresh_token, token_type "bearer", expires_in (seconds)
and password_change_required. totp_code: ignored for a user without a second factor. Refusals are returned, so
that they are counted: 401 "Incorrect email or password" for an unknown address, a wrong password and a user
who is not active; 423 "account_locked" after lockout_threshold consecutive failures, whether or not the
address is known; 403 "email_not_verified". Errors: A0422 for a malformed address or a missing password.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.token_response(
  access_token text, refresh_token text, password_change_required boolean)
RETURNS auth.http_response
LANGUAGE plpgsql STABLE COST 20
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN ROW(200, NULL, jsonb_build_object(
    'access_token', access_token,
    'refresh_token', refresh_token,
    'token_type', 'bearer',
    'expires_in', auth.setting('access_token_seconds')::integer,
    'password_change_required', password_change_required))::auth.http_response;
END
$function$;
COMMENT ON FUNCTION auth.token_response(text, text, boolean) IS
$$Makes the answer that hands out tokens (RFC 6749 section 5.1), for login and refresh alike. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.purge_sessions(user_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- A variable, here and wherever time is searched by: an index cannot be asked for what clock_timestamp() says,
  -- which is volatile, and every login would read all sessions of the user.
  long_ago timestamptz := clock_timestamp() - interval '30 days';
BEGIN
  DELETE FROM @extschema@.sessions AS old
   WHERE old.id IN (
     SELECT s.id FROM @extschema@.sessions AS s
      WHERE s.user_id = purge_sessions.user_id AND s.expires_at < long_ago
      ORDER BY s.expires_at LIMIT 20);
END
$function$;
COMMENT ON FUNCTION auth.purge_sessions(bigint) IS
$$Deletes at most 20 sessions of a user that ran out more than 30 days ago; each login does so, and the table
stays small without a clean-up job. Errors: none. Callers: functions of this extension.$$;
