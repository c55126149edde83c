-- Settings: their definitions, and the one rule that guards a change, in a trigger, so that auth.set_setting,
-- a direct INSERT and the restore of a dump all obey it.

CREATE OR REPLACE VIEW auth.setting_definitions (name, type, default_value, minimum, maximum, description) AS
VALUES
  ('access_token_seconds'::text, 'integer'::text, '900'::text, 60::bigint, 86400::bigint,
   'Seconds that an access token is good for.'::text),
  ('session_seconds', 'integer', '2592000', 300, 31536000,
   'Seconds that a session lives after it was last refreshed.'),
  ('session_maximum_seconds', 'integer', '7776000', 300, 31536000,
   'Seconds after login at which a session ends, however often it was refreshed.'),
  ('session_extension_seconds', 'integer', '10800', 60, 2592000,
   'Seconds from now until which auth.extend_session keeps a session alive.'),
  ('refresh_grace_seconds', 'integer', '10', 0, 60,
   'Seconds in which a refresh token just rotated may be retried; 0: any second use ends the session.'),
  ('issuer', 'text', 'auth-api', 1, 255,
   'Claim iss of the access tokens; minimum and maximum are characters.'),
  ('audience', 'text', 'auth-api', 1, 255,
   'Claim aud of the access tokens; minimum and maximum are characters.'),
  ('password_minimum_length', 'integer', '9', 8, 64, 'Characters that a new password needs at least.'),
  ('password_minimum_strength', 'integer', '3', 3, 4,
   'Strength that a new password needs, by zxcvbn''s scale of 0 to 4.'),
  ('password_hash_parameters', 'text', 'm=19456,t=2,p=1', 11, 40,
   'Argon2id: m KiB of memory, t passes, p lanes. Not below OWASP ASVS 5.0 appendix C. Hashes made with '
   'others are renewed at the next login.'),
  ('public_url', 'text', '', 0, 255,
   'Where clients reach this service, such as https://auth.example.com; empty: nowhere in particular.'),
  ('email_verification', 'boolean', 'false', NULL, NULL,
   'Whether a user must have verified the e-mail address before the first login.'),
  ('lockout_threshold', 'integer', '100', 3, 100,
   'Consecutive failed logins after which an address is locked for 15 minutes; for 30 at twice, for 60 at '
   'three times as many.');
COMMENT ON VIEW auth.setting_definitions IS
  'Every setting with its type, default and allowed range (of a text: its length). auth.settings holds the '
  'overrides.';

CREATE OR REPLACE FUNCTION auth.check_setting() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  definition auth.setting_definitions%ROWTYPE;
BEGIN
  SELECT d.* INTO definition FROM auth.setting_definitions AS d WHERE d.name = NEW.name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no setting "%"', left(NEW.name, 64)
      USING ERRCODE = '22023', HINT = 'SELECT * FROM auth.setting_definitions lists all settings.';
  END IF;

  CASE definition.type
    WHEN 'integer' THEN
      -- The pattern comes first: a cast would accept what it does not expect (' 1', '1e0') and refuse in its
      -- own words.
      IF NEW.value !~ '^[0-9]{1,10}$'
         OR NEW.value::bigint NOT BETWEEN definition.minimum AND definition.maximum THEN
        RAISE EXCEPTION 'Setting "%" must be a whole number from % to %, not "%"',
          NEW.name, definition.minimum, definition.maximum, left(NEW.value, 64) USING ERRCODE = '22023';
      END IF;
      NEW.value := NEW.value::bigint::text;
    WHEN 'boolean' THEN
      IF NEW.value NOT IN ('true', 'false') THEN
        RAISE EXCEPTION 'Setting "%" must be true or false, not "%"', NEW.name, left(NEW.value, 64)
          USING ERRCODE = '22023';
      END IF;
    ELSE
      IF char_length(NEW.value) NOT BETWEEN definition.minimum AND definition.maximum
         OR NEW.value !~ '^[[:print:]]*$' THEN
        RAISE EXCEPTION 'Setting "%" must be a text of % to % printable characters',
          NEW.name, definition.minimum, definition.maximum USING ERRCODE = '22023';
      END IF;
  END CASE;

  IF NEW.name = 'password_hash_parameters' THEN
    PERFORM auth.check_password_hash_parameters(NEW.value);
  ELSIF NEW.name = 'public_url' AND NEW.value !~ '^(https://[^/?#[:space:]]+(/[^/?#[:space:]]+)*)?$' THEN
    RAISE EXCEPTION 'Setting "public_url" must be a URL of https without query, fragment and / at the end, not "%"',
      NEW.value USING ERRCODE = '22023';
  END IF;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION auth.check_setting() IS
$$Trigger of auth.settings: checks a value against auth.setting_definitions and stores it in its plain form.
Errors: 22023 that names the setting and what it allows. Callers: the trigger only.$$;

CREATE OR REPLACE TRIGGER settings_are_valid BEFORE INSERT OR UPDATE ON auth.settings
  FOR EACH ROW EXECUTE FUNCTION auth.check_setting();

CREATE OR REPLACE FUNCTION auth.setting(name text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 10
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  result text;
BEGIN
  SELECT coalesce(s.value, d.default_value) INTO result
    FROM auth.setting_definitions AS d
    LEFT JOIN auth.settings AS s ON s.name = d.name
   WHERE d.name = setting.name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no setting "%"', coalesce(left(name, 64), 'NULL')
      USING ERRCODE = '22023', HINT = 'SELECT * FROM auth.setting_definitions lists all settings.';
  END IF;
  RETURN result;
END
$function$;
COMMENT ON FUNCTION auth.setting(text) IS
$$Returns the value of a setting: what was set, or its default. name: one of auth.setting_definitions.
Errors: 22023 for an unknown name. Callers: functions of this extension; superusers.$$;

CREATE OR REPLACE FUNCTION auth.setting_interval(name text) RETURNS interval
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN make_interval(secs => auth.setting(name)::double precision);
END
$function$;
COMMENT ON FUNCTION auth.setting_interval(text) IS
$$Returns a setting that counts seconds as an interval. name: one of auth.setting_definitions whose name ends
in _seconds. Errors: 22023 for an unknown name. Callers: functions of this extension; superusers.$$;

CREATE OR REPLACE FUNCTION auth.set_setting(name text, value text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.setting(name);  -- Refuses an unknown name also where nothing would be written.
  IF value IS NULL THEN
    DELETE FROM auth.settings AS s WHERE s.name = set_setting.name;
  ELSE
    INSERT INTO auth.settings AS s (name, value) VALUES (set_setting.name, set_setting.value)
    ON CONFLICT ON CONSTRAINT settings_pkey DO UPDATE SET value = EXCLUDED.value;
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.set_setting(text, text) IS
$$Changes a setting; the next statement of every backend sees it once the transaction commits.
name: one of auth.setting_definitions. value: the new value as text (integer, true or false, or text, as its
definition says); NULL returns to the default. Errors: 22023 that names the setting and the allowed range.
Callers: superusers (and auth_owner).$$;
