-- Throttling of password guesses, counted by e-mail address, known or not (NIST SP 800-63B-4 section 3.2.2:
-- at most 100 consecutive failures). Known and unknown addresses go through the same statements, so that
-- neither the answer nor its time tells them apart.

CREATE OR REPLACE FUNCTION auth.is_locked(email_hash bytea) RETURNS boolean
LANGUAGE plpgsql STABLE COST 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN EXISTS (
    SELECT FROM auth.login_attempts AS a
     WHERE a.email_hash = is_locked.email_hash AND a.locked_until > clock_timestamp());
END
$function$;
COMMENT ON FUNCTION auth.is_locked(bytea) IS
$$Tells whether password checks for an e-mail address are locked now. email_hash: from auth.hash_email.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.count_failed_attempt(email_hash bytea) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  threshold integer := auth.setting('lockout_threshold')::integer;
  moment timestamptz := clock_timestamp();
  locked_until timestamptz;
BEGIN
  -- One statement counts: two failures at once cannot read the same number. The threshold is at least 3, so a
  -- first failure never locks.
  INSERT INTO auth.login_attempts AS a (email_hash, failed_attempts, updated_at)
  VALUES (count_failed_attempt.email_hash, 1, moment)
  ON CONFLICT ON CONSTRAINT login_attempts_pkey DO UPDATE
     SET failed_attempts = a.failed_attempts + 1,
         updated_at = moment,
         locked_until = CASE WHEN a.failed_attempts + 1 >= 3 * threshold THEN moment + interval '60 minutes'
                             WHEN a.failed_attempts + 1 >= 2 * threshold THEN moment + interval '30 minutes'
                             WHEN a.failed_attempts + 1 >= threshold THEN moment + interval '15 minutes' END
  RETURNING a.locked_until INTO locked_until;

  -- Addresses that strangers made up would pile up for ever; every failure clears a few old ones. SKIP
  -- LOCKED: never wait for another login.
  DELETE FROM auth.login_attempts AS stale
   WHERE stale.email_hash IN (
     SELECT old.email_hash FROM auth.login_attempts AS old
      WHERE old.updated_at < moment - interval '7 days'
      ORDER BY old.updated_at LIMIT 10 FOR UPDATE SKIP LOCKED);
  RETURN locked_until;
END
$function$;
COMMENT ON FUNCTION auth.count_failed_attempt(bytea) IS
$$Counts a failed password check and returns until when the address is locked by it, or NULL. From
lockout_threshold consecutive failures on every failure locks for 15 minutes, from twice as many for 30, from
three times for 60. email_hash: from auth.hash_email. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.clear_failed_attempts(email_hash bytea) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM auth.login_attempts AS a WHERE a.email_hash = clear_failed_attempts.email_hash;
END
$function$;
COMMENT ON FUNCTION auth.clear_failed_attempts(bytea) IS
$$Forgets the failed password checks of an e-mail address, and its lock. email_hash: from auth.hash_email.
Errors: none. Callers: functions of this extension.$$;
