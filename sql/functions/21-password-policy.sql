-- Password policy, after NIST SP 800-63B-4 section 3.1.1.2 and OWASP ASVS 5.0 section 6.2: a minimum length,
-- no composition rules, no truncation, and no password that is easy to guess, be it common or made of what is
-- known of the user.

CREATE OR REPLACE FUNCTION auth.check_password(password text, email text, full_name text) RETURNS void
LANGUAGE plpgsql STABLE COST 10000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  minimum_length integer := auth.setting('password_minimum_length')::integer;
  minimum_strength integer := auth.setting('password_minimum_strength')::integer;
  length integer;
  context text[];
  estimate record;
BEGIN
  IF password IS NULL OR password = '' THEN
    PERFORM auth.refuse(422, 'A password is required');
  END IF;
  IF octet_length(password) > 1024 THEN
    PERFORM auth.refuse(422, 'The password is too long: at most 1024 bytes are allowed');
  END IF;

  length := char_length(normalize(password, NFC));
  IF length < minimum_length THEN
    PERFORM auth.refuse(422, format('The password is too short: it has %s of at least %s characters. '
                                    'Several unrelated words make a long password that is easy to remember.',
                                    length, minimum_length));
  END IF;

  -- Whole address and name, and each word of them: people use either.
  SELECT array_agg(DISTINCT word) INTO context
    FROM unnest(ARRAY[email, full_name]
                || regexp_split_to_array(concat_ws(' ', email, full_name), '[[:space:]@._+-]+')) AS word
   WHERE char_length(word) >= 3;

  estimate := auth.estimate_password_strength(password, coalesce(context, '{}'));
  IF estimate.score < minimum_strength THEN
    PERFORM auth.refuse(422, concat_ws(' ', 'The password is too easy to guess.',
                                       estimate.reason, estimate.suggestion));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_password(text, text, text) IS
$$Checks a new password against the policy: settings password_minimum_length (characters) and
password_minimum_strength (zxcvbn's score), at most 1024 bytes. email, full_name: the user's own, which must
not make up the password; may be NULL. Errors: A0422 whose message says why and what would help. Callers:
functions of this extension.$$;
