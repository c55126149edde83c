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
-- What is attached to a resource does not outlive it. The resource_id of assignments, overrides and memberships points
-- into three tables, so a trigger does what a foreign key's ON DELETE CASCADE would.

CREATE OR REPLACE FUNCTION auth.remove_resource_attachments() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    DELETE FROM @extschema@.user_role_assignments AS a WHERE a.resource_type = TG_ARGV[0];
    DELETE FROM auth.permission_overrides AS o WHERE o.resource_type = TG_ARGV[0];
    DELETE FROM auth.user_group_memberships AS m WHERE m.resource_type = TG_ARGV[0];
  ELSE
    DELETE FROM @extschema@.user_role_assignments AS a WHERE a.resource_id = OLD.id;
    DELETE FROM auth.permission_overrides AS o WHERE o.resource_id = OLD.id;
    DELETE FROM auth.user_group_memberships AS m WHERE m.resource_id = OLD.id;
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.remove_resource_attachments() IS
$$Trigger of organizations, accounts and projects: removes the role assignments, permission overrides and group
memberships of a deleted row, or of all when the table is emptied. Errors: none. Callers: the triggers only.$$;

CREATE OR REPLACE TRIGGER remove_attachments AFTER DELETE ON @extschema@.organizations
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_attachments();
CREATE OR REPLACE TRIGGER remove_attachments AFTER DELETE ON @extschema@.accounts
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_attachments();
CREATE OR REPLACE TRIGGER remove_attachments AFTER DELETE ON @extschema@.projects
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_attachments();
CREATE OR REPLACE TRIGGER remove_all_attachments AFTER TRUNCATE ON @extschema@.organizations
  FOR EACH STATEMENT EXECUTE FUNCTION auth.remove_resource_attachments('organization');
CREATE OR REPLACE TRIGGER remove_all_attachments AFTER TRUNCATE ON @extschema@.accounts
  FOR EACH STATEMENT EXECUTE FUNCTION auth.remove_resource_attachments('account');
CREATE OR REPLACE TRIGGER remove_all_attachments AFTER TRUNCATE ON @extschema@.projects
  FOR EACH STATEMENT EXECUTE FUNCTION auth.remove_resource_attachments('project');
-- Passwords: the doors to the C++ that hashes and judges them (extension/password.cpp,
-- extension/core/password.hpp).

CREATE OR REPLACE FUNCTION auth.hash_password(password text) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 400000
AS 'MODULE_PATHNAME', 'hash_password';
COMMENT ON FUNCTION auth.hash_password(text) IS
$$Hashes a password by Argon2id with a fresh salt and the parameters of setting password_hash_parameters;
about 10 ms and 19 MiB with the default. password: 1 to 1024 bytes, before and after its normalisation to
Unicode NFC; nothing is cut off. Returns a PHC string, NULL for NULL. Errors: 22023 that says what is wrong
with the password; 53200 when the memory is not to be had. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.verify_password(password text, password_hash text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400000
AS 'MODULE_PATHNAME', 'verify_password';
COMMENT ON FUNCTION auth.verify_password(text, text) IS
$$Tells whether the password is the one of the hash, comparing in constant time; about 10 ms. password: as
typed. password_hash: what auth.hash_password returned, with whatever parameters. False, at once, for a hash
that is not Argon2id or a password that is empty or longer than 1024 bytes; NULL for NULL. Errors: 53200
when the memory is not to be had. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.password_hash_is_current(password_hash text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'password_hash_is_current';
COMMENT ON FUNCTION auth.password_hash_is_current(text) IS
$$Tells whether a hash was made with the parameters that setting password_hash_parameters has now; if not, the
password is hashed anew at its next use. password_hash: what auth.hash_password returned; false for anything
else, NULL for NULL. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_password_hash_parameters(parameters text) RETURNS void
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'check_password_hash_parameters';
COMMENT ON FUNCTION auth.check_password_hash_parameters(text) IS
$$Checks a value for setting password_hash_parameters. parameters: 'm=<KiB>,t=<passes>,p=1'. At least what
OWASP ASVS 5.0 appendix C asks for (m 47104 with t=1, 19456 with t=2, 12288 with more), at most m 1048576
and t 10. Errors: 22023 that says what is wrong. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.estimate_password_strength(
  password text, context text[],
  OUT score integer, OUT guesses_log10 double precision, OUT reason text, OUT suggestion text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
AS 'MODULE_PATHNAME', 'estimate_password_strength';
COMMENT ON FUNCTION auth.estimate_password_strength(text, text[]) IS
$$Estimates by zxcvbn how many guesses find a password. password: at most 1024 bytes, of which the first 100
are looked at closely. context: what is known of its owner, such as e-mail address and name, each also taken
apart into its words; may be NULL. score: 0 to 4, one for each of 10^3, 10^6, 10^8 and 10^10 guesses it
withstands. reason, suggestion: English sentences on what makes it weak and what would help, NULL with score
4. All NULL when the password is NULL. Errors: 22023 for a password that is too long. Callers: functions of
this extension.$$;
-- Opaque tokens: the doors to the C++ that makes and seals them (extension/tokens.cpp,
-- extension/core/token.hpp).

CREATE OR REPLACE FUNCTION auth.random_token() RETURNS text
LANGUAGE c VOLATILE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'random_token';
COMMENT ON FUNCTION auth.random_token() IS
$$Returns a new token: 32 bytes from the operating system's random number generator, in base64url, 43
characters. Store sha256(convert_to(token, 'UTF8')) of it and never the token. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.seal_with_token(plaintext text, token text) RETURNS bytea
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'seal_with_token';
COMMENT ON FUNCTION auth.seal_with_token(text, text) IS
$$Encrypts a text so that only the token opens it: AES-256-GCM under a key derived from the token by
HKDF-SHA256. plaintext: any text. token: a random token, not empty. Returns another value each time, 29
bytes longer than the text; NULL for NULL. Errors: 22023 for an empty token. Callers: functions of this
extension.$$;

CREATE OR REPLACE FUNCTION auth.open_with_token(sealed bytea, token text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'open_with_token';
COMMENT ON FUNCTION auth.open_with_token(bytea, text) IS
$$Opens what auth.seal_with_token made. sealed: its result. token: the same token. Returns the text; NULL when
the token is another one, the value has been changed, or an argument is NULL. Errors: none. Callers:
functions of this extension.$$;
-- Signing keys: the door to the C++ that makes and seals them (extension/signing_keys.cpp,
-- extension/core/signing_key.hpp). Their life is in 40-signing-keys.sql.

CREATE OR REPLACE FUNCTION auth.generate_signing_key(
  OUT kid text, OUT public_jwk jsonb, OUT sealed_private_key bytea)
LANGUAGE c VOLATILE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'generate_signing_key';
COMMENT ON FUNCTION auth.generate_signing_key() IS
$$Makes a key pair for ES256 (ECDSA on P-256) and stores nothing. kid: the RFC 7638 thumbprint of the public
key. public_jwk: the public key as JWK (RFC 7517) with kid, use and alg. sealed_private_key: the private
key, encrypted by AES-256-GCM under the key file that auth_api.key_file names, tied to the kid. Errors:
F0000 that says why the key file cannot be used. Callers: functions of this extension.$$;
-- Identity: the doors to the C++ that says who is calling (extension/identity.cpp,
-- transaction_identity.hpp).
--
-- 1. An identity lives in the server process's memory until the transaction ends, or is rolled back to a
--    savepoint before it. No SQL can set it but auth.authenticate with a token that is good.
-- 2. It is worth something only while its session is live and its user active, under each statement's own
--    snapshot.
-- 3. None of these is SECURITY DEFINER and none needs a right on a table: they read rows directly and
--    return nothing of them but the caller's own ids. They write nothing and work on a hot standby.
-- 4. Parallel workers do not share the memory, hence PARALLEL RESTRICTED.

CREATE OR REPLACE FUNCTION auth.decode_access_token(
  token text, OUT user_id bigint, OUT session_id uuid, OUT aal text, OUT expires_at timestamptz)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'decode_access_token';
COMMENT ON FUNCTION auth.decode_access_token(text) IS
$$Verifies an access token and returns what it says, without asking whether its session still lives: signature
by a key of auth.signing_keys, algorithm (ES256 and no other), type (at+jwt), issuer, audience and expiry,
with no leeway. token: the JWT. expires_at: when the token, not the session, expires. All NULL for NULL. A
verified token is remembered by the server process for up to 60 seconds. Errors: A0401 'Could not validate
credentials', with the header WWW-Authenticate in DETAIL. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.authenticate(token text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'authenticate';
COMMENT ON FUNCTION auth.authenticate(text) IS
$$Makes the holder of an access token the authenticated user until the transaction ends, and returns the
user's id. The token must pass auth.decode_access_token, its session must be live and its user active.
token: the JWT, without 'Bearer'. Rolling back to a savepoint brings back who was authenticated there.
Errors: A0401 'Not authenticated' for NULL, else A0401 'Could not validate credentials', both with the
header WWW-Authenticate in DETAIL. Callers: auth_caller; functions of this extension. Also on a hot
standby.$$;

CREATE OR REPLACE FUNCTION auth.require_user(token text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'require_user';
COMMENT ON FUNCTION auth.require_user(text) IS
$$Returns who is calling, for functions that are called over HTTP as well as from SQL: with a token, does what
auth.authenticate does; with NULL, returns auth.current_user_id(). token: the access token or NULL. Errors:
A0401 'Not authenticated' when there is neither, else those of auth.authenticate. Callers: auth_caller;
functions of this extension. Also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.current_user_id() RETURNS bigint
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10
AS 'MODULE_PATHNAME', 'current_user_id';
COMMENT ON FUNCTION auth.current_user_id() IS
$$Returns the id of the user whom auth.authenticate made the authenticated one in this transaction. NULL when
there is none, or when the session has ended or the user is no longer active by the time of the statement,
so that a revocation acts within an open transaction, too. Errors: none. Callers: auth_caller, also in
row-level-security policies; functions of this extension. Also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.current_session_id() RETURNS uuid
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10
AS 'MODULE_PATHNAME', 'current_session_id';
COMMENT ON FUNCTION auth.current_session_id() IS
$$Returns the id of the session whose token auth.authenticate accepted in this transaction; NULL whenever
auth.current_user_id() is NULL. Errors: none. Callers: auth_caller; functions of this extension. Also on a
hot standby.$$;
-- Issuing: the doors to the C++ that begins a session and signs access tokens for it
-- (extension/sessions.cpp). SECURITY DEFINER, for they read signing keys and write tables by SQL.

CREATE OR REPLACE FUNCTION auth.issue_access_token(user_id bigint, session_id uuid, aal text) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'issue_access_token';
COMMENT ON FUNCTION auth.issue_access_token(bigint, uuid, text) IS
$$Signs an access token for a session, which it takes on trust: a JWT by ES256 with header typ at+jwt and
claims iss, sub (the user's id), aud, exp, iat, jti, sid (the session's id) and aal, good for
access_token_seconds. Makes the first signing key if there is none. user_id, session_id: of the session.
aal: aal1 or aal2. NULL for NULL. Errors: 22023 for another aal; F0000 that says why the key file cannot be
used. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.issue_session(
  user_id bigint, aal text DEFAULT 'aal1', ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL)
RETURNS auth.issued_session
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'issue_session';
COMMENT ON FUNCTION auth.issue_session(bigint, text, inet, text) IS
$$Begins a session for a user who has just been authenticated, by whatever means: inserts its row and its
first refresh token, and returns both tokens, which nothing keeps in plain text. It ends after
session_seconds unless refreshed, and never later than session_maximum_seconds. user_id: the user. aal: the
assurance level reached, aal1 or aal2. ip_address, user_agent: the client's, may be NULL. Errors: 22004 when
user_id or aal is NULL; 22023 for another aal; 23503 when there is no such user; F0000 that says why the key
file cannot be used. Callers: functions of this extension.$$;
-- E-mail addresses: the one form in which they are stored, compared and counted, and what counts as one.
-- The form is checked, not whether mail arrives: that is what verification is for.

CREATE OR REPLACE FUNCTION auth.normalise_email(email text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised text;
BEGIN
  IF email IS NULL OR email = '' THEN
    PERFORM auth.refuse(422, 'An e-mail address is required');
  END IF;
  IF octet_length(email) > 1024 THEN  -- Before the work below; the real bound follows it.
    PERFORM auth.refuse(422, 'The e-mail address is too long: at most 254 bytes are allowed');
  END IF;

  -- The root locale of ICU lowers all of Unicode, and the same on every server, whatever the database's
  -- collation.
  normalised := normalize(btrim(email, E' \t\r\n'), NFC);
  normalised := normalize(lower(normalised COLLATE "und-x-icu"), NFC);

  IF octet_length(normalised) > 254 THEN  -- RFC 5321 section 4.5.3.1.3, as corrected by erratum 1690.
    PERFORM auth.refuse(422, 'The e-mail address is too long: at most 254 bytes are allowed');
  END IF;

  -- An RFC 5321 mailbox without quoted strings, comments and address literals, and with RFC 6531's Unicode.
  -- Excluded are controls, blanks, invisible and directional characters (two addresses would look the same)
  -- and specials.
  IF normalised COLLATE "C" !~ (
       '^[^][\u0001-\u0020\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff'
       '@"(),:;<>\\]+'
       '@([a-z0-9\u0080-\U0010ffff]([a-z0-9\u0080-\U0010ffff-]{0,61}[a-z0-9\u0080-\U0010ffff])?\.)+'
       '[a-z0-9\u0080-\U0010ffff]([a-z0-9\u0080-\U0010ffff-]{0,61}[a-z0-9\u0080-\U0010ffff])$')
     OR normalised COLLATE "C" ~ (
       '[\u0080-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff]')
     OR normalised COLLATE "C" ~ '(^\.|\.\.|\.@)'
     OR octet_length(split_part(normalised, '@', 1)) > 64 THEN
    PERFORM auth.refuse(422, 'The e-mail address is not valid: it must look like name@example.com');
  END IF;
  RETURN normalised;
END
$function$;
COMMENT ON FUNCTION auth.normalise_email(text) IS
$$Returns an e-mail address in the one form in which it is stored and compared: Unicode normal form C,
trimmed, lower case. email: at most 254 bytes in that form. Errors: A0422 when it is missing, too long or not
an address. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.hash_email(email text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $function$SELECT pg_catalog.sha256(pg_catalog.convert_to(email, 'UTF8'))$function$;
COMMENT ON FUNCTION auth.hash_email(text) IS
$$Returns the SHA-256 of a normalised e-mail address, the key of auth.login_attempts.
email: as auth.normalise_email returned it. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.normalise_full_name(full_name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 20
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised text;
BEGIN
  IF octet_length(full_name) > 4096 THEN  -- Before the work below; the real bound follows it.
    PERFORM auth.refuse(422, 'The full name is too long: at most 255 characters are allowed');
  END IF;
  normalised := nullif(normalize(btrim(full_name, E' \t\r\n'), NFC), '');
  IF char_length(normalised) > 255 THEN
    PERFORM auth.refuse(422, 'The full name is too long: at most 255 characters are allowed');
  END IF;
  IF normalised COLLATE "C" ~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]' THEN
    PERFORM auth.refuse(422, 'The full name must not contain control characters');
  END IF;
  RETURN normalised;
END
$function$;
COMMENT ON FUNCTION auth.normalise_full_name(text) IS
$$Returns a full name in Unicode normal form C and trimmed; NULL when nothing is left. full_name: at most 255
characters, none of them a control. Errors: A0422. Callers: functions of this extension.$$;
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
-- The one way in which a row gets into user_activity.

CREATE OR REPLACE FUNCTION auth.record_activity(
  user_id bigint, action text,
  ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL, details jsonb DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO @extschema@.user_activity (user_id, action, ip_address, user_agent, details)
  VALUES (user_id, action, ip_address, left(user_agent, 512), details);
END
$function$;
COMMENT ON FUNCTION auth.record_activity(bigint, text, inet, text, jsonb) IS
$$Adds a row to user_activity. user_id: NULL when the user is unknown. action: lower_case word. ip_address,
user_agent: the client's, the latter cut at 512 characters. details: JSON, never a secret. Errors: none of its
own. Callers: functions of this extension.$$;
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
  ended integer;
BEGIN
  -- The user's row is the mutex of everything that spans sessions: a login in flight (auth.login updates the
  -- row) has either made its session by now, and it ends here, or sees what the caller of this function has
  -- changed.
  PERFORM FROM @extschema@.users AS u WHERE u.id = end_sessions.user_id FOR NO KEY UPDATE;
  UPDATE @extschema@.sessions AS s
     SET is_active = false, ended_at = clock_timestamp(), end_reason = reason, updated_at = clock_timestamp()
   WHERE s.user_id = end_sessions.user_id AND s.is_active AND s.expires_at > clock_timestamp()
     AND s.id IS DISTINCT FROM kept_session_id;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END
$function$;
COMMENT ON FUNCTION auth.end_sessions(bigint, text, uuid) IS
$$Ends all live sessions of a user but kept_session_id (NULL: all), and returns how many.
reason: one that sessions.end_reason allows. Errors: none. Callers: functions of this extension.$$;
-- Registration. No argument grants a privilege: whoever registers is an ordinary user.

CREATE OR REPLACE FUNCTION auth.add_user(
  email text, password text, full_name text, is_superuser boolean, is_verified boolean)
RETURNS @extschema@.users
LANGUAGE plpgsql VOLATILE COST 400000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- Hashed before anything is written or looked up: a known and a new address cost the same, and no lock
  -- waits for it.
  password_hash text := auth.hash_password(password);
  added @extschema@.users;
BEGIN
  INSERT INTO @extschema@.users AS u (email, full_name, is_superuser, is_verified)
  VALUES (email, full_name, is_superuser, is_verified)
  ON CONFLICT ON CONSTRAINT users_email_key DO NOTHING
  RETURNING u.* INTO added;
  IF added.id IS NOT NULL THEN
    INSERT INTO auth.password_hashes (user_id, password_hash) VALUES (added.id, password_hash);
  END IF;
  RETURN added;
END
$function$;
COMMENT ON FUNCTION auth.add_user(text, text, text, boolean, boolean) IS
$$Adds a user and the hash of the password; returns the row, or NULLs when the address is taken (two at once:
one wins). email, full_name: normalised. password: has passed auth.check_password. is_superuser, is_verified:
from the calling function, never from a client. Errors: those of auth.hash_password. Callers: functions of
this extension.$$;

CREATE OR REPLACE FUNCTION auth.register(
  email text, password text, full_name text DEFAULT NULL,
  _client_ip inet DEFAULT NULL, _user_agent text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 400000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised_email text := auth.normalise_email(email);
  normalised_name text := auth.normalise_full_name(full_name);
  verification_is_on boolean := auth.setting('email_verification')::boolean;
  added @extschema@.users;
BEGIN
  PERFORM auth.check_password(password, normalised_email, normalised_name);
  added := auth.add_user(normalised_email, password, normalised_name,
                         is_superuser => false, is_verified => false);

  IF added.id IS NULL AND NOT verification_is_on THEN
    PERFORM auth.refuse(400, 'Email already registered');
  END IF;
  PERFORM auth.record_activity(
    coalesce(added.id, (SELECT u.id FROM @extschema@.users AS u WHERE u.email = normalised_email)),
    CASE WHEN added.id IS NULL THEN 'registration_repeated' ELSE 'user_registered' END,
    _client_ip, _user_agent);

  IF verification_is_on THEN
    RETURN jsonb_build_object('message', 'Please check your e-mail to complete the registration');
  END IF;
  RETURN jsonb_build_object(
    'id', added.id, 'email', added.email, 'full_name', added.full_name, 'is_verified', added.is_verified,
    'mfa_enabled', added.mfa_enabled, 'created_at', added.created_at, 'updated_at', added.updated_at);
END
$function$;
COMMENT ON FUNCTION auth.register(text, text, text, inet, text) IS
$$Registers a user and returns id, email, full_name, is_verified, mfa_enabled, created_at and updated_at.
While the setting email_verification is on, the answer is one message, the same for a known address as for a
new one. email: at most 254 bytes. password: 1 to 1024 bytes that meet the password policy. full_name: at most
255 characters. Errors: A0400 when the address is registered already; A0422 when an argument is not
acceptable, saying why. Callers: auth_gateway, auth_caller; joins the caller's transaction.$$;
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
BEGIN
  DELETE FROM @extschema@.sessions AS old
   WHERE old.id IN (
     SELECT s.id FROM @extschema@.sessions AS s
      WHERE s.user_id = purge_sessions.user_id AND s.expires_at < clock_timestamp() - interval '30 days'
      ORDER BY s.expires_at LIMIT 20);
END
$function$;
COMMENT ON FUNCTION auth.purge_sessions(bigint) IS
$$Deletes at most 20 sessions of a user that ran out more than 30 days ago; each login does so, and the table
stays small without a clean-up job. Errors: none. Callers: functions of this extension.$$;
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
BEGIN
  DELETE FROM auth.refresh_tokens AS old
   WHERE old.token_hash IN (
     SELECT t.token_hash FROM auth.refresh_tokens AS t
      WHERE t.session_id = purge_refresh_tokens.session_id
        AND t.rotated_at < clock_timestamp() - interval '1 day'
      ORDER BY t.rotated_at LIMIT 20);
END
$function$;
COMMENT ON FUNCTION auth.purge_refresh_tokens(uuid) IS
$$Deletes at most 20 tokens of a session that were rotated more than a day ago: from then on they are unknown,
which is as good as refused. Errors: none. Callers: functions of this extension.$$;
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
-- The caller's own account: the hottest call of all, so its door reads the row directly and writes the JSON
-- itself (extension/account.cpp), in a third of the time that a query with jsonb_build_object takes.

CREATE OR REPLACE FUNCTION auth.me(_access_token text DEFAULT NULL) RETURNS json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'me';
COMMENT ON FUNCTION auth.me(text) IS
$$Returns the caller's account: id, email, full_name, status, is_verified, is_superuser, application_admin,
is_manager, is_password_temporary, phone_number, phone_verified, mfa_enabled, sms_mfa_enabled,
email_mfa_enabled, biometric_mfa_enabled, last_login, created_at, updated_at. _access_token: the caller's;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated.
Callers: auth_gateway, auth_caller; also on a hot standby.$$;
-- A user's view of their own sessions: list, revoke, validate, extend.

CREATE OR REPLACE FUNCTION auth.list_sessions(_access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  own_session_id uuid := auth.current_session_id();
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
             'id', live.id, 'ip_address', host(live.ip_address), 'user_agent', live.user_agent,
             'created_at', live.created_at, 'expires_at', live.expires_at,
             'is_current', live.id = own_session_id) ORDER BY live.created_at DESC, live.id), '[]')
      FROM (SELECT s.* FROM @extschema@.sessions AS s
             WHERE s.user_id = caller_id AND s.is_active AND s.expires_at > clock_timestamp()
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
-- The first administrator, and any further one: made by whoever owns the installation, never over HTTP.

CREATE OR REPLACE FUNCTION auth.create_superuser(email text, password text, full_name text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 400000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised_email text := auth.normalise_email(email);
  normalised_name text := auth.normalise_full_name(full_name);
  added @extschema@.users;
BEGIN
  PERFORM auth.check_password(password, normalised_email, normalised_name);
  added := auth.add_user(normalised_email, password, normalised_name,
                         is_superuser => true, is_verified => true);
  IF added.id IS NULL THEN
    PERFORM auth.refuse(409, 'User with this email already exists');
  END IF;
  PERFORM auth.record_activity(added.id, 'superuser_created',
                               details => jsonb_build_object('created_by', session_user));
  RETURN added.id;
END
$function$;
COMMENT ON FUNCTION auth.create_superuser(text, text, text) IS
$$Creates a verified user with is_superuser and returns the id. Arguments as auth.register's, and the same
password policy. Errors: A0409 when the address is registered already; A0422 when an argument is not
acceptable, saying why. Callers: superusers and the owner of the extension; no route leads here.$$;
-- The life of signing keys: made at first need, retired by rotation, published while they verify, then
-- removed.

CREATE OR REPLACE FUNCTION auth.ensure_signing_key() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  active_kid text;
BEGIN
  -- Taken by rotation as well: of several first logins, or rotations, at once each waits for the one before.
  PERFORM pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0));
  SELECT k.kid INTO active_kid FROM auth.signing_keys AS k WHERE k.retired_at IS NULL;
  IF active_kid IS NULL THEN
    INSERT INTO auth.signing_keys AS k (kid, public_jwk, sealed_private_key)
    SELECT g.kid, g.public_jwk, g.sealed_private_key FROM auth.generate_signing_key() AS g
    RETURNING k.kid INTO active_kid;
  END IF;
  RETURN active_kid;
END
$function$;
COMMENT ON FUNCTION auth.ensure_signing_key() IS
$$Returns the kid of the key that signs, and makes one when there is none. Errors: those of
auth.generate_signing_key when the key file cannot be used. Callers: functions of this extension, when they
issue a token.$$;

CREATE OR REPLACE FUNCTION auth.rotate_signing_key() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  moment timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0));
  moment := clock_timestamp();
  -- The last token that the old key signs is issued by a transaction that began before this one commits; a
  -- minute covers it.
  UPDATE auth.signing_keys AS k
     SET retired_at = moment,
         verify_until = moment + auth.setting_interval('access_token_seconds') + interval '1 minute'
   WHERE k.retired_at IS NULL;
  DELETE FROM auth.signing_keys AS k WHERE k.verify_until < moment - interval '1 day';
  RETURN auth.ensure_signing_key();
END
$function$;
COMMENT ON FUNCTION auth.rotate_signing_key() IS
$$Retires the signing key, makes a new one and returns its kid. Tokens signed by the old key stay good until
they expire. Services that keep a copy of /.well-known/jwks.json must fetch it again when they meet an unknown
kid. Errors: those of auth.generate_signing_key when the key file cannot be used. Callers: superusers.$$;

CREATE OR REPLACE FUNCTION auth.jwks() RETURNS auth.http_response
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  keys jsonb;
BEGIN
  SELECT jsonb_agg(k.public_jwk ORDER BY k.created_at DESC) INTO keys
    FROM auth.signing_keys AS k WHERE k.verify_until IS NULL OR k.verify_until > clock_timestamp();
  -- An empty set is not to be kept: the first login makes a key.
  RETURN ROW(
    200,
    jsonb_build_object('Cache-Control',
                       CASE WHEN keys IS NULL THEN 'no-store' ELSE 'public, max-age=300' END),
    jsonb_build_object('keys', coalesce(keys, '[]')))::auth.http_response;
END
$function$;
COMMENT ON FUNCTION auth.jwks() IS
$$Returns the public keys that verify access tokens as a JWK Set (RFC 7517), newest first; may be cached for 5
minutes. Empty until the first login. Errors: none. Callers: auth_gateway, auth_caller; also on a hot
standby.$$;
-- What the gateway reads of the HTTP surface: the routes, and the signatures behind them from the catalog.

CREATE OR REPLACE FUNCTION auth.find_function(name text) RETURNS oid
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  matches oid[];
BEGIN
  -- Not to_regproc(): it fails where auth_owner may not look into the schema, and an operator need not allow
  -- that.
  SELECT array_agg(p.oid) INTO matches
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
   WHERE n.nspname = split_part(find_function.name, '.', 1)
     AND p.proname = split_part(find_function.name, '.', 2);
  RETURN CASE WHEN cardinality(matches) = 1 THEN matches[1] END;
END
$function$;
COMMENT ON FUNCTION auth.find_function(text) IS
$$Returns the OID of the function with a qualified name, NULL when there is none or more than one. name:
schema.function. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_routes()
RETURNS TABLE (
  method text, path text, function text, success_status integer, lane text, max_body_bytes integer,
  summary text, description text, returns text,
  argument_names text[], argument_types text[], argument_has_default boolean[])
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 10000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  broken record;
BEGIN
  -- A row whose function is gone, or overloaded, would make every route fail if it were an error.
  FOR broken IN
    SELECT r.method, r.path, r.function FROM auth.routes AS r WHERE auth.find_function(r.function) IS NULL
  LOOP
    RAISE WARNING 'Route % % is left out: function % does not exist or is overloaded',
      broken.method, broken.path, broken.function;
  END LOOP;

  RETURN QUERY
  SELECT r.method, r.path, r.function, r.success_status, r.lane, r.max_body_bytes, r.summary,
         obj_description(p.oid, 'pg_proc'), format_type(p.prorettype, NULL),
         a.names, a.types, a.has_default
    FROM auth.routes AS r
    JOIN pg_proc AS p ON p.oid = auth.find_function(r.function)
   CROSS JOIN LATERAL (
     -- OUT arguments are no input; of the input arguments, those with a default are the last ones.
     SELECT coalesce(array_agg(i.name ORDER BY i.place), '{}') AS names,
            coalesce(array_agg(format_type(i.type, NULL) ORDER BY i.place), '{}') AS types,
            coalesce(array_agg(i.place > p.pronargs - p.pronargdefaults ORDER BY i.place), '{}')
              AS has_default
       FROM (SELECT t.type, p.proargnames[t.place] AS name, row_number() OVER (ORDER BY t.place) AS place
               FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
                    WITH ORDINALITY AS t (type, place)
              WHERE coalesce(p.proargmodes[t.place], 'i') IN ('i', 'b', 'v')) AS i) AS a
   ORDER BY r.path, r.method;
END
$function$;
COMMENT ON FUNCTION auth.list_routes() IS
$$Lists the HTTP surface for the gateway: each route with its function's comment, return type and input
arguments. A route whose function does not exist, or is overloaded, is left out with a warning. Errors: none.
Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.show_status() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
AS $function$SELECT pg_catalog.jsonb_build_object('status', 'ok')$function$;
COMMENT ON FUNCTION auth.show_status() IS
$$Answers status "ok": the service is there and reaches its database. Errors: none. Callers: auth_gateway.$$;
-- Role checks: the doors to the C++ that says which roles a user holds (extension/role_checks.cpp).
--
-- 1. A role counts on its resource and everything below it; of several, the strongest counts; an assignment past its
--    expires_at does not, by the statement's clock. A user who is not active has no role, a superuser has every role
--    on every resource that exists.
-- 2. The answer is that of the statement's own snapshot, never an older one (extension/statement_stamp.hpp).
-- 3. In a policy, has_*_role runs as an index condition where that is quicker (extension/planner_support.cpp); it means
--    the same as: id = ANY (auth.*_ids(role)).
-- 4. None of these is SECURITY DEFINER and none needs a right on a table: who may execute it may ask. has_*_role and
--    *_ids speak of the caller only; user_has_role of anybody.
-- 5. Parallel workers do not know who is authenticated, hence PARALLEL RESTRICTED.

CREATE OR REPLACE FUNCTION auth.role_check_support(internal) RETURNS internal
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'role_check_support';
COMMENT ON FUNCTION auth.role_check_support(internal) IS
$$Planner support of auth.has_organization_role, auth.has_account_role and auth.has_project_role: index condition,
selectivity and cost. Errors: none. Callers: the planner.$$;

CREATE OR REPLACE FUNCTION auth.has_organization_role(organization_id uuid, role text) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 4 SUPPORT auth.role_check_support
AS 'MODULE_PATHNAME', 'has_organization_role';
COMMENT ON FUNCTION auth.has_organization_role(uuid, text) IS
$$Whether the authenticated user (auth.authenticate) has at least that role on an organization. organization_id: the
organization. role: superadmin, admin, editor or viewer. Made for policies, so it never fails: false when nobody is
authenticated, for NULL, for an organization that does not exist and for an unknown role. Errors: none. Callers:
auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.has_account_role(account_id uuid, role text) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 4 SUPPORT auth.role_check_support
AS 'MODULE_PATHNAME', 'has_account_role';
COMMENT ON FUNCTION auth.has_account_role(uuid, text) IS
$$Whether the authenticated user (auth.authenticate) has at least that role on an account, there or on its
organization. account_id: the account. role: superadmin, admin, editor or viewer. Made for policies, so it never
fails: false when nobody is authenticated, for NULL, for an account that does not exist and for an unknown role.
Errors: none. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.has_project_role(project_id uuid, role text) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 4 SUPPORT auth.role_check_support
AS 'MODULE_PATHNAME', 'has_project_role';
COMMENT ON FUNCTION auth.has_project_role(uuid, text) IS
$$Whether the authenticated user (auth.authenticate) has at least that role on a project, there, on its account or on
its organization. project_id: the project. role: superadmin, admin, editor or viewer. Made for policies, so it never
fails: false when nobody is authenticated, for NULL, for a project that does not exist and for an unknown role.
Errors: none. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.organization_ids(role text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 200
AS 'MODULE_PATHNAME', 'organization_ids';
COMMENT ON FUNCTION auth.organization_ids(text) IS
$$Returns the organizations on which the authenticated user (auth.authenticate) has at least that role, sorted; empty
when nobody is authenticated. role: superadmin, admin, editor or viewer. Errors: 22023 for an unknown role. Callers:
auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.account_ids(role text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 200
AS 'MODULE_PATHNAME', 'account_ids';
COMMENT ON FUNCTION auth.account_ids(text) IS
$$Returns the accounts on which the authenticated user (auth.authenticate) has at least that role, there or by their
organization, sorted; empty when nobody is authenticated. role: superadmin, admin, editor or viewer. Errors: 22023 for
an unknown role. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.project_ids(role text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 200
AS 'MODULE_PATHNAME', 'project_ids';
COMMENT ON FUNCTION auth.project_ids(text) IS
$$Returns the projects on which the authenticated user (auth.authenticate) has at least that role, there, by their
account or by their organization, sorted; empty when nobody is authenticated. role: superadmin, admin, editor or viewer.
Errors: 22023 for an unknown role. Callers: auth_caller, also in row-level-security policies; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.user_has_role(user_id bigint, resource_type text, resource_id uuid, role text)
RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'user_has_role';
COMMENT ON FUNCTION auth.user_has_role(bigint, text, uuid, text) IS
$$Whether a user has at least that role on a resource, there or on one of its parents. user_id: anybody's.
resource_type: organization, account or project. resource_id: the resource. role: superadmin, admin, editor or viewer.
False for NULL, and for a user or resource that does not exist. Errors: 22023 for an unknown role or resource type.
Callers: auth_caller (a service that is trusted to ask about others); also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.role_actions(role text, resource_type text) RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'role_actions';
COMMENT ON FUNCTION auth.role_actions(text, text) IS
$$Returns the actions that a role allows by itself on resources of a type; {*} stands for every action. role: superadmin,
admin, editor or viewer. resource_type: organization, account or project. Errors: 22023 for an unknown role or resource
type. Callers: auth_caller; functions of this extension.$$;
-- Access checks: may this user take this action on this resource? Doors to the C++ that decides
-- (extension/access_check.cpp).
--
-- The first of these that applies decides:
--  1. no such user                                        denied   user_not_found
--  2. the user's status is not active                     denied   user_not_active
--  3. no such type of resource, or no such resource       denied   resource_not_found
--  4. (over HTTP) ids that contradict the tables          denied   hierarchy_mismatch
--  5. the user is a superuser                             allowed  superuser
--  6. an override of the user on the resource denies it   denied   denied_by_override
--  7. a group of the user on the resource or above it
--     denies it for the service                           denied   denied_by_group
--  8. an override of the user on the resource allows it   allowed  override
--  9. an assignment of the user on the resource or above
--     it grants it                                        allowed  role
-- 10. otherwise                                           denied   no_role_grants_action
-- An assignment that names a role with permissions grants the actions of its permission for the service; any other
-- grants those of auth.role_actions. Groups and such roles speak of services: without a service they say nothing.
--
-- A check writes nothing. Over HTTP, what a superuser was allowed leaves an audit line in the gateway's log.

CREATE OR REPLACE FUNCTION auth.check_access(
  user_id bigint, action text, resource_type text, resource_id uuid, service text DEFAULT NULL,
  OUT allowed boolean, OUT deny_reason text, OUT granted_by text, OUT user_status text)
LANGUAGE c STABLE PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'check_access';
COMMENT ON FUNCTION auth.check_access(bigint, text, text, uuid, text) IS
$$Decides whether a user may take an action on a resource. user_id: anybody's. action: such as view_project.
resource_type: organization, account or project. resource_id: the resource. service: the service whose group denials
and custom roles count; NULL: none do. allowed: the decision. deny_reason: why not: user_not_found, user_not_active,
resource_not_found, denied_by_override, denied_by_group or no_role_grants_action. granted_by: superuser, override or
role. user_status: the user's status, NULL when there is no such user. Errors: 22004 when action is NULL; any other
NULL is denied as what does not exist. Callers: auth_caller (a service that is trusted to ask about others); also on a
hot standby.$$;

CREATE OR REPLACE FUNCTION auth.check_access_batch(
  user_ids bigint[], actions text[], resource_types text[], resource_ids uuid[], services text[] DEFAULT NULL)
RETURNS TABLE (item integer, allowed boolean, deny_reason text, granted_by text, user_status text)
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 100
AS 'MODULE_PATHNAME', 'check_access_batch';
COMMENT ON FUNCTION auth.check_access_batch(bigint[], text[], text[], uuid[], text[]) IS
$$Decides many questions as auth.check_access does, one a row. user_ids, actions, resource_types, resource_ids,
services: the questions' arguments, equally many of each. item: the question's place, from 1. Errors: 2202E when the
arrays differ in length; 22004 when an array but services, or an action, is NULL. Callers: auth_caller; also on a hot
standby.$$;

CREATE OR REPLACE FUNCTION auth.require_may_ask(
  caller_id bigint, user_id bigint, resource_type text, resource_id uuid) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'require_may_ask';
COMMENT ON FUNCTION auth.require_may_ask(bigint, bigint, text, uuid) IS
$$Refuses unless the caller may ask what a user may do: one may ask about oneself, a superuser about everybody, an
administrator of a resource (admin or superadmin, there or above) about everybody on that resource. caller_id: who
asks. user_id: about whom. resource_type, resource_id: on what; NULL or unknown: nothing that anybody administers.
Errors: A0403; 22004 when an id of a user is NULL. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_access_check(
  user_id bigint, action text, resource json, service text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 300
AS 'MODULE_PATHNAME', 'answer_access_check';
COMMENT ON FUNCTION auth.answer_access_check(bigint, text, json, text, text) IS
$$Decides whether a user may take an action on a resource and answers allowed, deny_reason, granted_by and user_status;
see auth.check_access. user_id: about whom. action: such as view_project. resource: type and id, and as far as the
client knows them organization_id and account_id: ids that contradict the tables are denied as hierarchy_mismatch.
service: the service that asks. _access_token: the caller's, who must be the user, a superuser, or an administrator of
the resource. Errors: A0401; A0403 when the caller may not ask; A0404 when there is no such user; A0422 when resource is
not as described; 22004 when user_id, action or resource is NULL. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_access_checks(_body text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 20000
AS 'MODULE_PATHNAME', 'answer_access_checks';
COMMENT ON FUNCTION auth.answer_access_checks(text, text) IS
$$Decides up to 1,000 questions in one statement, so under one snapshot, and answers results: for each, in order, what
auth.answer_access_check answers; a user who does not exist is denied as user_not_found. _body: an object with checks, an
array of objects with user_id, action, resource and, optionally, service; it is read here, in one pass, because a
thousand checks take longer to read as jsonb than to decide. _access_token: the caller's, who must be allowed to ask each
of them. Errors: A0401; A0403 when the caller may not ask one of them; A0422 when the body is not as described or has no
or more than 1,000 checks. Callers: auth_gateway.$$;
-- Explaining a decision: the rules of auth.check_access, one row each, in their order, with what each says about this
-- user, action and resource. auth.check_access decides; this only shows, so it is SQL and may take its time.

CREATE OR REPLACE FUNCTION auth.resource_path(resource_type text, resource_id uuid)
RETURNS TABLE (type text, id uuid, name text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
AS $function$
WITH found AS (
  SELECT o.id AS organization_id, NULL::uuid AS account_id, NULL::uuid AS project_id
    FROM @extschema@.organizations AS o
   WHERE resource_path.resource_type = 'organization' AND o.id = resource_path.resource_id
   UNION ALL
  SELECT a.organization_id, a.id, NULL
    FROM @extschema@.accounts AS a
   WHERE resource_path.resource_type = 'account' AND a.id = resource_path.resource_id
   UNION ALL
  SELECT p.organization_id, p.account_id, p.id
    FROM @extschema@.projects AS p
   WHERE resource_path.resource_type = 'project' AND p.id = resource_path.resource_id)
SELECT 'organization', o.id, o.name FROM found JOIN @extschema@.organizations AS o ON o.id = found.organization_id
 UNION ALL
SELECT 'account', a.id, a.name FROM found JOIN @extschema@.accounts AS a ON a.id = found.account_id
 UNION ALL
SELECT 'project', p.id, p.name FROM found JOIN @extschema@.projects AS p ON p.id = found.project_id
$function$;
COMMENT ON FUNCTION auth.resource_path(text, uuid) IS
$$Returns a resource and what it lies in: organization, account, project, as far as they go. resource_type,
resource_id: which resource. No row when there is none. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.explain_access(
  user_id bigint, action text, resource_type text, resource_id uuid, service text DEFAULT NULL)
RETURNS TABLE (step integer, rule text, effect text, object text, reason text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 1000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  WITH path AS MATERIALIZED (
    SELECT p.type, p.id, p.name, array_position('{organization,account,project}', p.type) AS level,
           format('%s "%s"', p.type, p.name) AS label
      FROM auth.resource_path(explain_access.resource_type, explain_access.resource_id) AS p),
  -- outcome: true grants, false denies, NULL neither.
  finding (place, rule, outcome, level, object, reason) AS (
    SELECT 1, 'user', CASE WHEN u.status = 'active' THEN NULL ELSE false END, 0,
           format('user %s', coalesce(explain_access.user_id::text, 'NULL')),
           coalesce('status is ' || u.status, 'there is no such user')
      FROM (VALUES (explain_access.user_id)) AS asked (id)
      LEFT JOIN @extschema@.users AS u ON u.id = asked.id
     UNION ALL
    SELECT 2, 'resource', CASE WHEN count(*) = 0 THEN false END, 0,
           coalesce((array_agg(p.label ORDER BY p.level DESC))[1],
                    format('%s %s', coalesce(explain_access.resource_type, 'NULL'),
                                    coalesce(explain_access.resource_id::text, 'NULL'))),
           CASE count(*) WHEN 0 THEN 'there is no such resource'
                         WHEN 1 THEN 'the top of the hierarchy'
                         ELSE 'lies in ' || array_to_string((array_agg(p.label ORDER BY p.level DESC))[2:], ' in ') END
      FROM path AS p
     UNION ALL
    SELECT 3, 'superuser', true, 0, format('user %s', u.id), 'a superuser may do everything'
      FROM @extschema@.users AS u
     WHERE u.id = explain_access.user_id AND u.is_superuser
     UNION ALL
    SELECT 4, 'override deny', CASE WHEN explain_access.action = ANY (o.deny_actions) THEN false END, p.level,
           'override on ' || p.label, 'denies ' || array_to_string(o.deny_actions, ', ')
      FROM auth.permission_overrides AS o
      JOIN path AS p ON p.type = o.resource_type AND p.id = o.resource_id
     WHERE o.user_id = explain_access.user_id AND o.resource_id = explain_access.resource_id
       AND o.deny_actions <> '{}'
     UNION ALL
    SELECT 5, 'group', CASE WHEN explain_access.action = ANY (q.deny_actions) OR '*' = ANY (q.deny_actions)
                            THEN false END, p.level,
           format('group "%s" on %s', g.name, p.label),
           CASE WHEN explain_access.service IS NULL THEN 'denies by service, and none was named'
                ELSE format('denies %s in service "%s"',
                            CASE WHEN '*' = ANY (q.deny_actions) THEN 'every action'
                                 ELSE coalesce(nullif(array_to_string(q.deny_actions, ', '), ''), 'nothing') END,
                            explain_access.service) END
      FROM auth.user_group_memberships AS m
      JOIN path AS p ON p.type = m.resource_type AND p.id = m.resource_id
      JOIN auth.groups AS g ON g.id = m.group_id
      LEFT JOIN auth.group_permissions AS q ON q.group_id = m.group_id AND q.service_name = explain_access.service
     WHERE m.user_id = explain_access.user_id
     UNION ALL
    SELECT 6, 'override allow', CASE WHEN explain_access.action = ANY (o.allow_actions) THEN true END, p.level,
           'override on ' || p.label, 'allows ' || array_to_string(o.allow_actions, ', ')
      FROM auth.permission_overrides AS o
      JOIN path AS p ON p.type = o.resource_type AND p.id = o.resource_id
     WHERE o.user_id = explain_access.user_id AND o.resource_id = explain_access.resource_id
       AND o.allow_actions <> '{}'
     UNION ALL
    SELECT 7, 'role', CASE WHEN a.expires_at <= statement_timestamp() THEN NULL
                           WHEN allowed.actions && ARRAY[explain_access.action, '*'] THEN true END, p.level,
           format('%s on %s', CASE WHEN r.id IS NULL OR r.is_system THEN 'role ' || a.role
                                   ELSE format('role "%s" (%s)', r.name, a.role) END, p.label),
           CASE WHEN a.expires_at <= statement_timestamp()
                THEN to_char(a.expires_at AT TIME ZONE 'UTC', '"expired at" YYYY-MM-DD HH24:MI:SS "UTC, "') ELSE '' END
           || CASE WHEN by_service.is_so AND explain_access.service IS NULL
                   THEN 'allows by service, and none was named'
                   ELSE format('allows %s %s',
                               CASE WHEN '*' = ANY (allowed.actions) THEN 'every action'
                                    ELSE coalesce(nullif(array_to_string(allowed.actions, ', '), ''), 'nothing') END,
                               CASE WHEN by_service.is_so THEN format('in service "%s"', explain_access.service)
                                    ELSE format('on %s %s', CASE explain_access.resource_type WHEN 'project' THEN 'a'
                                                                 ELSE 'an' END, explain_access.resource_type) END) END
      FROM @extschema@.user_role_assignments AS a
      JOIN path AS p ON p.type = a.resource_type AND p.id = a.resource_id
      LEFT JOIN auth.roles AS r ON r.id = a.role_id
     CROSS JOIN LATERAL (
       SELECT EXISTS (SELECT FROM auth.role_permissions AS q WHERE q.role_id = a.role_id) AS is_so) AS by_service
      LEFT JOIN auth.role_permissions AS q ON q.role_id = a.role_id AND q.service_name = explain_access.service
     CROSS JOIN LATERAL (
       SELECT CASE WHEN by_service.is_so THEN coalesce(q.allowed_actions, '{}')
                   ELSE auth.role_actions(a.role, explain_access.resource_type) END AS actions) AS allowed
     WHERE a.user_id = explain_access.user_id),
  decider AS (
    SELECT f.outcome, f.object FROM finding AS f
     WHERE f.outcome IS NOT NULL ORDER BY f.place, f.level, f.object COLLATE "C" LIMIT 1),
  explained AS (
    SELECT f.place, f.rule, f.level, f.object,
           CASE WHEN f.outcome IS NULL AND f.place <= 2 THEN 'passes'
                WHEN f.outcome IS NULL OR f.outcome <> d.outcome THEN 'does not matter'
                WHEN f.outcome THEN 'grants'
                ELSE 'denies' END AS effect,
           f.reason || CASE WHEN f.outcome <> d.outcome
                            THEN format('; %s comes first and %s', d.object,
                                        CASE WHEN d.outcome THEN 'grants' ELSE 'denies' END)
                            ELSE '' END AS reason
      FROM finding AS f LEFT JOIN decider AS d ON true
     UNION ALL
    SELECT 8, 'decision', 0,
           format('%s on %s', explain_access.action,
                  coalesce((SELECT p.label FROM path AS p ORDER BY p.level DESC LIMIT 1), 'nothing')),
           CASE WHEN c.allowed THEN 'allowed' ELSE 'denied' END, coalesce(c.granted_by, c.deny_reason)
      FROM auth.check_access(explain_access.user_id, explain_access.action, explain_access.resource_type,
                             explain_access.resource_id, explain_access.service) AS c)
  SELECT (row_number() OVER (ORDER BY e.place, e.level, e.object COLLATE "C"))::integer,
         e.rule, e.effect, e.object, e.reason
    FROM explained AS e
   ORDER BY 1;
END
$function$;
COMMENT ON FUNCTION auth.explain_access(bigint, text, text, uuid, text) IS
$$Explains what auth.check_access answers to the same arguments: a row for each rule that is about this user and
resource, in the order in which they are asked, the decision last. user_id, action, resource_type, resource_id,
service: as for auth.check_access. rule: user, resource, superuser, override deny, group, override allow, role,
decision. effect: passes (user and resource), grants, denies, does not matter; of the decision: allowed, denied.
object: the assignment, override or group. reason: what it says, and, where it does not matter, what comes before it;
of the decision: granted_by or deny_reason. Expired assignments are shown as such. Errors: 22004 when
action is NULL. Callers: auth_caller; functions of this extension.$$;
-- Lists of what auth.check_access allows: the resources of a user, the subjects of a resource, the actions of a user on
-- a resource.
--
-- 1. Exact and complete: candidates come from everything that can grant, and auth.check_access decides each.
-- 2. Ordered by id and paged by it: a page begins behind the id given as `after`.
-- 3. The cost is the page's: candidates are read in order from indexes that end with the id, a few at a time, until the
--    page is full. Candidates that are denied cost as much as those that are listed.

CREATE OR REPLACE FUNCTION auth.check_list_arguments(action text, resource_type text, max_items integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF action IS NULL THEN
    RAISE EXCEPTION 'An action must not be NULL' USING ERRCODE = '22004';
  END IF;
  IF resource_type IS NULL OR resource_type NOT IN ('organization', 'account', 'project') THEN
    RAISE EXCEPTION 'A resource type is organization, account or project, not "%"',
      coalesce(left(resource_type, 64), 'NULL') USING ERRCODE = '22023';
  END IF;
  IF max_items IS NULL OR max_items NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION 'A page holds 1 to 10000 items, not %', coalesce(max_items::text, 'NULL') USING ERRCODE = '22023';
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_list_arguments(text, text, integer) IS
$$Refuses what no list takes. action: any but NULL. resource_type: organization, account or project. max_items: 1 to
10000. Errors: 22004 when action is NULL, 22023 that names what else is wrong. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.granting_roles(action text, resource_type text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
AS $function$
SELECT coalesce(array_agg(r.role), '{}')
  FROM unnest(ARRAY['superadmin', 'admin', 'editor', 'viewer']) AS r (role)
 WHERE auth.role_actions(r.role, granting_roles.resource_type) && ARRAY[granting_roles.action, '*']
$function$;
COMMENT ON FUNCTION auth.granting_roles(text, text) IS
$$Returns the roles that allow an action by themselves, without permissions by service. action: the action.
resource_type: type of the resource that it is asked about. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_subjects(
  resource_type text, resource_id uuid, action text, service text DEFAULT NULL,
  after bigint DEFAULT NULL, max_items integer DEFAULT 100)
RETURNS TABLE (user_id bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 10000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  chunk CONSTANT integer := 100;  -- candidates at a time
  path uuid[];
  roles text[];
  candidates bigint[];
  listed integer;
  missing integer := max_items;
BEGIN
  PERFORM auth.check_list_arguments(action, resource_type, max_items);
  roles := auth.granting_roles(action, resource_type);
  path := ARRAY(SELECT p.id FROM auth.resource_path(list_subjects.resource_type, list_subjects.resource_id) AS p);
  after := coalesce(after, -9223372036854775808);
  WHILE path <> '{}' AND missing > 0 LOOP
    candidates := ARRAY(
      SELECT DISTINCT candidate.id
        FROM ((SELECT u.id FROM @extschema@.users AS u
                WHERE u.is_superuser AND u.id > list_subjects.after ORDER BY u.id LIMIT chunk)
               UNION ALL
              (SELECT o.user_id FROM auth.permission_overrides AS o
                WHERE o.resource_id = list_subjects.resource_id AND o.user_id > list_subjects.after
                  AND list_subjects.action = ANY (o.allow_actions)
                ORDER BY o.user_id LIMIT chunk)
               UNION ALL
              SELECT assigned.user_id
                FROM unnest(path) AS p (id)
               CROSS JOIN LATERAL (
                 SELECT a.user_id FROM @extschema@.user_role_assignments AS a
                  WHERE a.resource_id = p.id AND a.user_id > list_subjects.after
                    AND (a.role = ANY (roles) OR a.role_id IS NOT NULL)
                    AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
                  ORDER BY a.user_id LIMIT chunk) AS assigned) AS candidate (id)
       ORDER BY candidate.id LIMIT chunk);
    RETURN QUERY
    SELECT candidate.id
      FROM unnest(candidates) AS candidate (id)
     CROSS JOIN LATERAL auth.check_access(candidate.id, list_subjects.action, list_subjects.resource_type,
                                          list_subjects.resource_id, list_subjects.service) AS decision
     WHERE decision.allowed
     ORDER BY candidate.id LIMIT missing;
    GET DIAGNOSTICS listed = ROW_COUNT;
    EXIT WHEN cardinality(candidates) < chunk;
    missing := missing - listed;
    after := candidates[chunk];
  END LOOP;
END
$function$;
COMMENT ON FUNCTION auth.list_subjects(text, uuid, text, text, bigint, integer) IS
$$Lists the users whom auth.check_access allows an action on a resource, by ascending id. resource_type, resource_id,
action, service: as for auth.check_access. after: the last id of the page before; NULL: from the beginning.
max_items: length of the page, 1 to 10000. No row when there is no such resource. The cost is that of the page, not
of all subjects. Errors: 22004 when action is NULL; 22023 when resource_type or max_items is none.
Callers: auth_caller; functions of this
extension.$$;

CREATE OR REPLACE FUNCTION auth.next_resources(
  resource_type text, scope_type text, scope_id uuid, after uuid, max_items integer)
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE resource_type || ' in ' || scope_type
    WHEN 'project in account' THEN RETURN QUERY
      SELECT p.id FROM @extschema@.accounts AS a
       CROSS JOIN LATERAL (
         SELECT p.id FROM @extschema@.projects AS p
          WHERE p.account_id = a.id AND p.organization_id = a.organization_id AND p.id > next_resources.after
          ORDER BY p.id LIMIT max_items) AS p
       WHERE a.id = scope_id
       ORDER BY p.id;
    WHEN 'project in organization' THEN RETURN QUERY
      SELECT p.id FROM @extschema@.projects AS p
       WHERE p.organization_id = scope_id AND p.id > next_resources.after ORDER BY p.id LIMIT max_items;
    WHEN 'account in organization' THEN RETURN QUERY
      SELECT a.id FROM @extschema@.accounts AS a
       WHERE a.organization_id = scope_id AND a.id > next_resources.after ORDER BY a.id LIMIT max_items;
    WHEN 'project in everything' THEN RETURN QUERY
      SELECT p.id FROM @extschema@.projects AS p WHERE p.id > next_resources.after ORDER BY p.id LIMIT max_items;
    WHEN 'account in everything' THEN RETURN QUERY
      SELECT a.id FROM @extschema@.accounts AS a WHERE a.id > next_resources.after ORDER BY a.id LIMIT max_items;
    WHEN 'organization in everything' THEN RETURN QUERY
      SELECT o.id FROM @extschema@.organizations AS o
       WHERE o.id > next_resources.after ORDER BY o.id LIMIT max_items;
  END CASE;
END
$function$;
COMMENT ON FUNCTION auth.next_resources(text, text, uuid, uuid, integer) IS
$$Returns the resources of a type that lie in another one, by ascending id. resource_type: organization, account or
project. scope_type, scope_id: what they lie in, of a higher type; or everything, NULL. after: the id to begin behind.
max_items: how many at most. Errors: none. Callers: auth.list_resources.$$;

CREATE OR REPLACE FUNCTION auth.list_resources(
  user_id bigint, action text, resource_type text, service text DEFAULT NULL,
  after uuid DEFAULT NULL, max_items integer DEFAULT 100)
RETURNS TABLE (resource_id uuid)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 10000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  roles text[];
  scope_types text[];  -- what grants from above: each a stream of candidates
  scope_ids uuid[];
  chunk integer;  -- candidates at a time, of each stream
  candidates uuid[];
  is_last boolean;
  listed integer;
  missing integer := max_items;
BEGIN
  PERFORM auth.check_list_arguments(action, resource_type, max_items);
  roles := auth.granting_roles(action, resource_type);
  SELECT array_agg(scope.type), array_agg(scope.id) INTO scope_types, scope_ids
    FROM (SELECT 'everything', NULL::uuid FROM @extschema@.users AS u
           WHERE u.id = list_resources.user_id AND u.is_superuser
           UNION ALL
          SELECT a.resource_type, a.resource_id FROM @extschema@.user_role_assignments AS a
           WHERE a.user_id = list_resources.user_id
             AND array_position('{organization,account,project}', a.resource_type)
                 < array_position('{organization,account,project}', list_resources.resource_type)
             AND (a.role = ANY (roles) OR a.role_id IS NOT NULL)
             AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())) AS scope (type, id);
  chunk := greatest(10, 100 / (coalesce(cardinality(scope_ids), 0) + 1));
  after := coalesce(after, '00000000-0000-0000-0000-000000000000');
  LOOP
    -- Behind the end of the shortest stream that may go on, candidates would be incomplete.
    WITH stream AS MATERIALIZED (
      SELECT direct.id, direct.place
        FROM (SELECT a.resource_id, row_number() OVER (ORDER BY a.resource_id)
                FROM @extschema@.user_role_assignments AS a
               WHERE a.user_id = list_resources.user_id AND a.resource_id > list_resources.after
                 AND a.resource_type = list_resources.resource_type
                 AND (a.role = ANY (roles) OR a.role_id IS NOT NULL)
                 AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
               ORDER BY a.resource_id LIMIT chunk) AS direct (id, place)
       UNION ALL
      SELECT override.id, override.place
        FROM (SELECT o.resource_id, row_number() OVER (ORDER BY o.resource_id)
                FROM auth.permission_overrides AS o
               WHERE o.user_id = list_resources.user_id AND o.resource_id > list_resources.after
                 AND list_resources.action = ANY (o.allow_actions)
               ORDER BY o.resource_id LIMIT chunk) AS override (id, place)
       UNION ALL
      SELECT below.id, below.place
        FROM unnest(scope_types, scope_ids) AS scope (type, id)
       CROSS JOIN LATERAL auth.next_resources(list_resources.resource_type, scope.type, scope.id,
                                              list_resources.after, chunk) WITH ORDINALITY AS below (id, place)),
    frontier AS (
      SELECT s.id FROM stream AS s WHERE s.place = chunk ORDER BY s.id LIMIT 1)
    SELECT array_agg(DISTINCT s.id ORDER BY s.id), NOT EXISTS (SELECT FROM frontier) INTO candidates, is_last
      FROM stream AS s
     WHERE NOT EXISTS (SELECT FROM frontier AS f WHERE f.id < s.id);

    RETURN QUERY
    SELECT candidate.id
      FROM unnest(candidates) AS candidate (id)
     CROSS JOIN LATERAL auth.check_access(list_resources.user_id, list_resources.action,
                                          list_resources.resource_type, candidate.id,
                                          list_resources.service) AS decision
     WHERE decision.allowed
     ORDER BY candidate.id LIMIT missing;
    GET DIAGNOSTICS listed = ROW_COUNT;
    missing := missing - listed;
    EXIT WHEN is_last OR missing = 0;
    after := candidates[cardinality(candidates)];
  END LOOP;
END
$function$;
COMMENT ON FUNCTION auth.list_resources(bigint, text, text, text, uuid, integer) IS
$$Lists the resources of one type on which auth.check_access allows a user an action, by ascending id. user_id, action,
resource_type, service: as for auth.check_access. after: the last id of the page before; NULL: from the beginning.
max_items: length of the page, 1 to 10000. The cost is that of the page and of the user's assignments above the
type, not of all resources. Errors: 22004 when action is NULL; 22023 when resource_type or max_items is none.
Callers: auth_caller; functions
of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_actions(
  user_id bigint, resource_type text, resource_id uuid, service text DEFAULT NULL)
RETURNS TABLE (action text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 10000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.check_list_arguments('*', resource_type, 1);
  RETURN QUERY
  WITH named AS (
    SELECT '*' AS action
     UNION
    SELECT unnest(auth.role_actions(r.role, list_actions.resource_type))
      FROM unnest(ARRAY['superadmin', 'admin', 'editor', 'viewer']) AS r (role)
     UNION
    SELECT unnest(p.allowed_actions) FROM auth.role_permissions AS p WHERE p.service_name = list_actions.service
     UNION
    SELECT unnest(g.deny_actions) FROM auth.group_permissions AS g WHERE g.service_name = list_actions.service
     UNION
    SELECT unnest(o.allow_actions || o.deny_actions) FROM auth.permission_overrides AS o
     WHERE o.user_id = list_actions.user_id AND o.resource_id = list_actions.resource_id),
  decided AS (
    SELECT n.action, d.allowed, d.granted_by, bool_and(d.allowed) OVER () AS is_everything
      FROM named AS n
     CROSS JOIN LATERAL auth.check_access(list_actions.user_id, n.action, list_actions.resource_type,
                                          list_actions.resource_id, list_actions.service) AS d)
  SELECT d.action FROM decided AS d
   -- An override that names the word * allows that word and nothing else.
   WHERE d.allowed AND (d.action <> '*' OR d.is_everything AND d.granted_by <> 'override')
   ORDER BY d.action COLLATE "C";
END
$function$;
COMMENT ON FUNCTION auth.list_actions(bigint, text, uuid, text) IS
$$Lists the actions that auth.check_access allows a user on a resource, in the order of their bytes: of those that are
named anywhere, by the roles that every installation has, by the roles and groups of the service, or by an override
of the user on the resource. * comes first when every action is allowed, also one that is named nowhere. user_id,
resource_type, resource_id, service: as for auth.check_access. Errors: 22023 when resource_type is none. Callers:
auth_caller; functions of this extension.$$;
-- Role history: the triggers that write it, and what can be asked of it.
--
-- 1. The triggers act once a statement, over all of its rows: a bulk load costs little more, and an update that passes
--    a key from one row to another leaves one entry a key.
-- 2. A row inserted with an old created_at that history already knows is one that a dump brings back; it adds nothing.
-- 3. by_right and reason come from the settings auth.change_right and auth.change_reason, which the administration
--    functions set for the length of one change (auth.explain_change). Whoever may write the tables directly may set
--    the reason as well.

CREATE OR REPLACE FUNCTION auth.record_role_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.current_user_id();
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT a.user_id, a.resource_id, auth.moment_after(last.at), a.resource_type, 'granted',
             a.role, a.role_id, a.expires_at, caller_id
        FROM added AS a
        LEFT JOIN LATERAL auth.role_change_at(a.user_id, a.resource_id, 'infinity') AS last ON true
       WHERE a.created_at >= transaction_timestamp() OR last.change IS NULL OR last.change = 'revoked'
          OR (a.resource_type, a.role, a.role_id, a.expires_at)
             IS DISTINCT FROM (last.resource_type, last.role, last.role_id, last.expires_at);
    WHEN 'UPDATE' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT key.user_id, key.resource_id, auth.moment_after(last.at), coalesce(a.resource_type, r.resource_type),
             CASE WHEN a.role IS NULL THEN 'revoked' WHEN r.role IS NULL THEN 'granted' ELSE 'changed' END,
             coalesce(a.role, r.role), CASE WHEN a.role IS NULL THEN r.role_id ELSE a.role_id END,
             CASE WHEN a.role IS NULL THEN r.expires_at ELSE a.expires_at END, caller_id
        FROM removed AS r
        FULL JOIN added AS a ON a.user_id = r.user_id AND a.resource_id = r.resource_id
       CROSS JOIN LATERAL (VALUES (coalesce(a.user_id, r.user_id), coalesce(a.resource_id, r.resource_id)))
         AS key (user_id, resource_id)
        LEFT JOIN LATERAL auth.role_change_at(key.user_id, key.resource_id, 'infinity') AS last ON true
       WHERE (a.resource_type, a.role, a.role_id, a.expires_at)
             IS DISTINCT FROM (r.resource_type, r.role, r.role_id, r.expires_at);
    WHEN 'DELETE' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT r.user_id, r.resource_id, auth.moment_after(last.at), r.resource_type, 'revoked',
             r.role, r.role_id, r.expires_at, caller_id
        FROM removed AS r
        LEFT JOIN LATERAL auth.role_change_at(r.user_id, r.resource_id, 'infinity') AS last ON true;
    WHEN 'TRUNCATE' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT r.user_id, r.resource_id, auth.moment_after(last.at), r.resource_type, 'revoked',
             r.role, r.role_id, r.expires_at, caller_id
        FROM @extschema@.user_role_assignments AS r
        LEFT JOIN LATERAL auth.role_change_at(r.user_id, r.resource_id, 'infinity') AS last ON true;
  END CASE;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.record_role_change() IS
$$Trigger of user_role_assignments: adds each grant, change and revocation to auth.role_history. Errors: none.
Callers: the triggers only.$$;

CREATE OR REPLACE FUNCTION auth.record_belonging_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  own_type text := TG_ARGV[0];
  parent text := TG_ARGV[1];  -- The column differs by table; organizations have none.
  caller_id bigint := auth.current_user_id();
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by)
      SELECT a.id, auth.moment_after(last.at), own_type, 'created', (to_jsonb(a) ->> parent)::uuid, caller_id
        FROM added AS a
        LEFT JOIN LATERAL auth.belonging_change_at(a.id, 'infinity') AS last ON true
       WHERE a.created_at >= transaction_timestamp() OR last.change IS NULL OR last.change = 'deleted'
          OR last.parent_id IS DISTINCT FROM (to_jsonb(a) ->> parent)::uuid;
    WHEN 'UPDATE' THEN
      -- An id may change as well, which is the end of one resource and the beginning of another.
      INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by)
      SELECT coalesce(a.id, r.id), auth.moment_after(last.at), own_type,
             CASE WHEN a.id IS NULL THEN 'deleted' WHEN r.id IS NULL THEN 'created' ELSE 'moved' END,
             (coalesce(to_jsonb(a), to_jsonb(r)) ->> parent)::uuid, caller_id
        FROM removed AS r FULL JOIN added AS a ON a.id = r.id
        LEFT JOIN LATERAL auth.belonging_change_at(coalesce(a.id, r.id), 'infinity') AS last ON true
       WHERE a.id IS NULL OR r.id IS NULL OR to_jsonb(a) ->> parent IS DISTINCT FROM to_jsonb(r) ->> parent;
    WHEN 'DELETE' THEN
      INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by)
      SELECT r.id, auth.moment_after(last.at), own_type, 'deleted', (to_jsonb(r) ->> parent)::uuid, caller_id
        FROM removed AS r
        LEFT JOIN LATERAL auth.belonging_change_at(r.id, 'infinity') AS last ON true;
    WHEN 'TRUNCATE' THEN
      EXECUTE format(
        'INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by) '
        'SELECT r.id, auth.moment_after(last.at), $1, ''deleted'', (to_jsonb(r) ->> $2)::uuid, $3 FROM %s AS r '
        'LEFT JOIN LATERAL auth.belonging_change_at(r.id, ''infinity'') AS last ON true', TG_RELID::regclass)
      USING own_type, parent, caller_id;
  END CASE;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.record_belonging_change() IS
$$Trigger of organizations, accounts and projects: adds the beginning, move and end of a resource to
auth.belonging_history. Its arguments: the resource type, and the column of the parent. Errors: none. Callers:
the triggers only.$$;

CREATE OR REPLACE FUNCTION auth.role_change_at(user_id bigint, resource_id uuid, at timestamptz)
RETURNS SETOF auth.role_history
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $function$
  SELECT h.* FROM auth.role_history AS h
   WHERE h.user_id = role_change_at.user_id AND h.resource_id = role_change_at.resource_id
     AND h.at <= role_change_at.at
   ORDER BY h.at DESC LIMIT 1
$function$;
COMMENT ON FUNCTION auth.role_change_at(bigint, uuid, timestamptz) IS
$$Returns the change that was the last one of that user and resource at a moment. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.belonging_change_at(resource_id uuid, at timestamptz)
RETURNS SETOF auth.belonging_history
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $function$
  SELECT h.* FROM auth.belonging_history AS h
   WHERE h.resource_id = belonging_change_at.resource_id AND h.at <= belonging_change_at.at
   ORDER BY h.at DESC LIMIT 1
$function$;
COMMENT ON FUNCTION auth.belonging_change_at(uuid, timestamptz) IS
$$Returns the change that was the last one of that resource's place at a moment. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.moment_after(at timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE
AS $function$SELECT greatest(clock_timestamp(), moment_after.at + interval '1 microsecond')$function$;
COMMENT ON FUNCTION auth.moment_after(timestamptz) IS
$$Returns the clock's time, but later than a moment when the clock was set back since. at: NULL: no such moment.
Errors: none. Callers: functions of this extension.$$;

DO $triggers$
DECLARE
  watched record;
  event record;
BEGIN
  FOR watched IN
    SELECT * FROM (VALUES
      ('user_role_assignments', 'auth.record_role_change()'),
      ('organizations', 'auth.record_belonging_change(''organization'')'),
      ('accounts', 'auth.record_belonging_change(''account'', ''organization_id'')'),
      ('projects', 'auth.record_belonging_change(''project'', ''account_id'')')) AS w (table_name, call)
  LOOP
    FOR event IN
      SELECT * FROM (VALUES
        ('insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS added'),
        ('update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS removed NEW TABLE AS added'),
        ('delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS removed'),
        ('truncate', 'BEFORE TRUNCATE', '')) AS e (name, moment, tables)
    LOOP
      EXECUTE pg_catalog.format(
        'CREATE OR REPLACE TRIGGER history_of_%s %s ON @extschema@.%I %s FOR EACH STATEMENT EXECUTE FUNCTION %s',
        event.name, event.moment, watched.table_name, event.tables, watched.call);
    END LOOP;
  END LOOP;
END
$triggers$;

CREATE OR REPLACE FUNCTION auth.has_role_at(
  user_id bigint, resource_type text, resource_id uuid, role text, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  needed_level integer := auth.role_level(role);
  place auth.belonging_history;
BEGIN
  IF role IS NOT NULL AND needed_level IS NULL THEN
    RAISE EXCEPTION 'There is no role "%"', left(role, 64) USING ERRCODE = '22023';
  ELSIF resource_type NOT IN ('organization', 'account', 'project') THEN
    RAISE EXCEPTION 'There is no resource type "%"', left(resource_type, 64) USING ERRCODE = '22023';
  END IF;

  -- Upwards from the resource, along the parents that it had then.
  place.resource_type := resource_type;
  place.parent_id := resource_id;
  WHILE place.resource_type IS NOT NULL LOOP
    SELECT h.* INTO place
      FROM auth.belonging_change_at(place.parent_id, has_role_at.at) AS h
     WHERE h.resource_type = place.resource_type AND h.change <> 'deleted';
    IF EXISTS (
        SELECT FROM auth.role_change_at(has_role_at.user_id, place.resource_id, has_role_at.at) AS h
         WHERE h.change <> 'revoked' AND h.resource_type = place.resource_type
           AND (h.expires_at IS NULL OR h.expires_at > has_role_at.at)
           AND auth.role_level(h.role) >= needed_level) THEN
      RETURN true;
    END IF;
    place.resource_type := auth.parent_type(place.resource_type);
  END LOOP;
  RETURN false;
END
$function$;
COMMENT ON FUNCTION auth.has_role_at(bigint, text, uuid, text, timestamptz) IS
$$Tells whether a user held a role, or a stronger one, on a resource or on what it belonged to at a moment, with
expiry and moves as they were then. It speaks of roles held, not of the user's status nor of is_superuser; a
role of the operator's own counts as its base type. resource_type: organization, account or project. role:
superadmin, admin, editor or viewer. at: any moment, to which history is read as it stands now; false before the
first change, for NULLs, and while the resource did not exist. Errors: 22023 for an unknown role or resource
type. Callers: auth_caller; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.list_role_changes(
  user_id bigint DEFAULT NULL, resource_type text DEFAULT NULL, resource_id uuid DEFAULT NULL,
  after text DEFAULT NULL, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  sees_all boolean := auth.is_superuser(caller_id);
  -- <microseconds since 1970>-<user_id>-<resource_id> of the last row of the page before.
  cursor text[] := regexp_match(after, '^(\d{1,17})-(-?\d{1,18})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$');
  cursor_at timestamptz := timestamptz 'epoch' + cursor[1]::bigint * interval '1 microsecond';
  cursor_user_id bigint := cursor[2]::bigint;
  cursor_resource_id uuid := cursor[3]::uuid;
  changes jsonb;
  following text;
BEGIN
  PERFORM auth.check_page(0, "limit");
  IF after IS NOT NULL AND cursor IS NULL THEN
    PERFORM auth.refuse(422, 'after: Input should be the member next of the page before');
  END IF;

  SELECT coalesce(jsonb_agg(to_jsonb(page) - ARRAY['place', 'read'] ORDER BY page.place)
                    FILTER (WHERE page.place <= "limit"), '[]'),
         max(format('%s-%s-%s', (extract(epoch FROM page.at) * 1000000)::bigint, page.user_id, page.resource_id))
           FILTER (WHERE page.place = "limit" AND page.place < page.read)
    INTO changes, following
    FROM (SELECT h.*, row_number() OVER (ORDER BY h.at DESC, h.user_id DESC, h.resource_id DESC) AS place,
                 count(*) OVER () AS read
            FROM (SELECT c.* FROM auth.role_history AS c
                   WHERE (list_role_changes.user_id IS NULL OR c.user_id = list_role_changes.user_id)
                     AND (list_role_changes.resource_type IS NULL OR c.resource_type = list_role_changes.resource_type)
                     AND (list_role_changes.resource_id IS NULL OR c.resource_id = list_role_changes.resource_id)
                     AND (after IS NULL
                          OR (c.at, c.user_id, c.resource_id) < (cursor_at, cursor_user_id, cursor_resource_id))
                     AND (sees_all OR c.user_id = caller_id
                          OR c.resource_id IN (SELECT m.resource_id FROM auth.administered_resources(caller_id) AS m))
                   ORDER BY c.at DESC, c.user_id DESC, c.resource_id DESC
                   LIMIT "limit" + 1) AS h) AS page;
  RETURN jsonb_build_object('changes', changes, 'next', following);
END
$function$;
COMMENT ON FUNCTION auth.list_role_changes(bigint, text, uuid, text, integer, text) IS
$$Lists grants, changes and revocations of roles, newest first: changes, a list of at, user_id, resource_type,
resource_id, change (granted, changed, revoked), role, role_id, expires_at, changed_by, session_role, by_right
and reason; next, which names the next page, or null. A superuser sees all; others their own and those on
resources that they administer, which a deleted resource is not. user_id, resource_type, resource_id: only
these; NULL: any. after: next of the page before. limit: 1 to 1000. _access_token: the caller's; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a limit or
after that cannot be. Callers: auth_gateway, auth_caller.$$;
-- Places: where a user's roles lie in the hierarchy, and from it what the user sees and what the user administers. All
-- of them are plain queries that the planner merges into the one that asks. They are texts, not BEGIN ATOMIC, whose
-- dependency on each column would stand in the way of an upgrade's table steps.
--
-- 1. Whoever has a role on a resource sees it and everything below it, and the row of each parent, so that a tree can
--    be drawn, but not the parent's other children. Superusers see everything.
-- 2. Whoever is admin or above on a resource administers it and everything below it.

CREATE OR REPLACE FUNCTION auth.role_level(role text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $function$SELECT CASE role WHEN 'superadmin' THEN 4 WHEN 'admin' THEN 3 WHEN 'editor' THEN 2 WHEN 'viewer' THEN 1 END$function$;
COMMENT ON FUNCTION auth.role_level(text) IS
$$Returns how strong a role is: superadmin 4, admin 3, editor 2, viewer 1; NULL for anything else. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.is_superuser(user_id bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT EXISTS (SELECT FROM @extschema@.users AS u
                  WHERE u.id = is_superuser.user_id AND u.is_superuser AND u.status = 'active')
$function$;
COMMENT ON FUNCTION auth.is_superuser(bigint) IS
$$Tells whether a user is an active superuser. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.places(user_id bigint)
RETURNS TABLE (level integer, organization_id uuid, account_id uuid, project_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
AS $function$
  SELECT auth.role_level(a.role), coalesce(p.organization_id, c.organization_id, o.id), coalesce(p.account_id, c.id),
         p.id
    FROM @extschema@.user_role_assignments AS a
    LEFT JOIN @extschema@.organizations AS o ON a.resource_type = 'organization' AND o.id = a.resource_id
    LEFT JOIN @extschema@.accounts AS c ON a.resource_type = 'account' AND c.id = a.resource_id
    LEFT JOIN @extschema@.projects AS p ON a.resource_type = 'project' AND p.id = a.resource_id
   WHERE a.user_id = places.user_id AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
     AND coalesce(o.id, c.id, p.id) IS NOT NULL
$function$;
COMMENT ON FUNCTION auth.places(bigint) IS
$$Lists a user's unexpired roles by the place that each is held on: its organization, account and project, the
latter two NULL where the role is held further up. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_organizations(user_id bigint) RETURNS SETOF @extschema@.organizations
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT o.* FROM @extschema@.organizations AS o WHERE (SELECT auth.is_superuser(visible_organizations.user_id))
  UNION ALL
  SELECT o.* FROM @extschema@.organizations AS o
   WHERE NOT (SELECT auth.is_superuser(visible_organizations.user_id))
     AND o.id = ANY (ARRAY(SELECT h.organization_id FROM auth.places(visible_organizations.user_id) AS h))
$function$;
COMMENT ON FUNCTION auth.visible_organizations(bigint) IS
$$Lists the organizations that a user sees. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_accounts(user_id bigint) RETURNS SETOF @extschema@.accounts
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT c.* FROM @extschema@.accounts AS c WHERE (SELECT auth.is_superuser(visible_accounts.user_id))
  UNION ALL
  SELECT c.* FROM @extschema@.accounts AS c
   WHERE NOT (SELECT auth.is_superuser(visible_accounts.user_id))
     AND (c.id = ANY (ARRAY(SELECT h.account_id FROM auth.places(visible_accounts.user_id) AS h))
          OR c.organization_id = ANY (ARRAY(
               SELECT h.organization_id FROM auth.places(visible_accounts.user_id) AS h WHERE h.account_id IS NULL)))
$function$;
COMMENT ON FUNCTION auth.visible_accounts(bigint) IS
$$Lists the accounts that a user sees. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.projects_of(user_id bigint, minimum_level integer) RETURNS SETOF @extschema@.projects
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT p.* FROM @extschema@.projects AS p WHERE (SELECT auth.is_superuser(projects_of.user_id))
  UNION ALL
  SELECT p.* FROM @extschema@.projects AS p
   WHERE NOT (SELECT auth.is_superuser(projects_of.user_id))
     AND (p.id = ANY (ARRAY(
            SELECT h.project_id FROM auth.places(projects_of.user_id) AS h
             WHERE h.level >= projects_of.minimum_level))
          OR p.account_id = ANY (ARRAY(
               SELECT h.account_id FROM auth.places(projects_of.user_id) AS h
                WHERE h.level >= projects_of.minimum_level AND h.project_id IS NULL))
          OR p.organization_id = ANY (ARRAY(
               SELECT h.organization_id FROM auth.places(projects_of.user_id) AS h
                WHERE h.level >= projects_of.minimum_level AND h.account_id IS NULL)))
$function$;
COMMENT ON FUNCTION auth.projects_of(bigint, integer) IS
$$Lists the projects on which, or above which, a user has a role of at least a level; all for a superuser. With
level 1: those that the user sees. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.administered_resources(user_id bigint)
RETURNS TABLE (resource_type text, resource_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT 'organization', h.organization_id
    FROM auth.places(administered_resources.user_id) AS h WHERE h.level >= 3 AND h.account_id IS NULL
  UNION ALL
  SELECT 'account', c.id FROM @extschema@.accounts AS c
   WHERE c.id = ANY (ARRAY(
           SELECT h.account_id FROM auth.places(administered_resources.user_id) AS h
            WHERE h.level >= 3 AND h.project_id IS NULL))
      OR c.organization_id = ANY (ARRAY(
           SELECT h.organization_id FROM auth.places(administered_resources.user_id) AS h
            WHERE h.level >= 3 AND h.account_id IS NULL))
  UNION ALL
  SELECT 'project', p.id FROM auth.projects_of(administered_resources.user_id, 3) AS p
$function$;
COMMENT ON FUNCTION auth.administered_resources(bigint) IS
$$Lists the resources that a user administers by a role, of whoever is no superuser. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.can_see(user_id bigint, resource_type text, resource_id uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN CASE resource_type
    WHEN 'organization' THEN
      EXISTS (SELECT FROM auth.visible_organizations(user_id) AS v WHERE v.id = resource_id)
    WHEN 'account' THEN EXISTS (SELECT FROM auth.visible_accounts(user_id) AS v WHERE v.id = resource_id)
    WHEN 'project' THEN EXISTS (SELECT FROM auth.projects_of(user_id, 1) AS v WHERE v.id = resource_id)
    ELSE false
  END;
END
$function$;
COMMENT ON FUNCTION auth.can_see(bigint, text, uuid) IS
$$Tells whether a resource exists and a user sees it. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.resource_with_parents(resource_type text, resource_id uuid)
RETURNS TABLE (type text, id uuid)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
AS $function$
  SELECT 'organization', o.id FROM @extschema@.organizations AS o
   WHERE resource_with_parents.resource_type = 'organization' AND o.id = resource_with_parents.resource_id
  UNION ALL
  SELECT r.* FROM @extschema@.accounts AS c
   CROSS JOIN LATERAL (VALUES ('account', c.id), ('organization', c.organization_id)) AS r
   WHERE resource_with_parents.resource_type = 'account' AND c.id = resource_with_parents.resource_id
  UNION ALL
  SELECT r.* FROM @extschema@.projects AS p
   CROSS JOIN LATERAL (VALUES ('project', p.id), ('account', p.account_id), ('organization', p.organization_id)) AS r
   WHERE resource_with_parents.resource_type = 'project' AND p.id = resource_with_parents.resource_id
$function$;
COMMENT ON FUNCTION auth.resource_with_parents(text, uuid) IS
$$Lists a resource and what it belongs to; nothing when it does not exist. Errors: none. Callers: functions of
this extension.$$;

CREATE OR REPLACE FUNCTION auth.parent_type(resource_type text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $function$SELECT CASE resource_type WHEN 'project' THEN 'account' WHEN 'account' THEN 'organization' END$function$;
COMMENT ON FUNCTION auth.parent_type(text) IS
$$Returns what a project or an account belongs to: account, organization; NULL for anything else. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.parent_of(resource_type text, resource_id uuid) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT r.id FROM auth.resource_with_parents(parent_of.resource_type, parent_of.resource_id) AS r
   WHERE r.type = auth.parent_type(parent_of.resource_type)
$function$;
COMMENT ON FUNCTION auth.parent_of(text, uuid) IS
$$Returns the account of a project, the organization of an account; NULL for anything else. Errors: none.
Callers: functions of this extension.$$;
-- Administration: who may change what, asked by every function that changes organizations, accounts, projects, roles,
-- groups and overrides.
--
-- 1. Superusers may do everything. Others may administer a resource by an unexpired role of admin or above on it or on
--    what it belongs to, and nothing that reaches above their own level there.
-- 2. What the caller does not see is answered 404; what the caller sees but may not do, 403.
-- 3. Right and resource are held until the transaction ends. The resource's row is locked first, so that it is neither
--    deleted nor moved meanwhile; then the row that gives the right, FOR SHARE, and found again as it was: an
--    administrator who loses the right in the same moment has either acted before, and the loss waits for the commit,
--    or is refused. Two who take each other's role away at once meet in a deadlock that PostgreSQL resolves; one of
--    them is told to try again (503 over HTTP).
-- 4. Rows are locked from the top of the hierarchy downwards, as a cascading deletion does.

CREATE OR REPLACE FUNCTION auth.administration_level(
  user_id bigint, resource_type text, resource_id uuid, OUT level integer, OUT by_right text, OUT held_on uuid)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT coalesce(max(best.level), 0), max(best.by_right), max(best.held_on::text)::uuid
    FROM (
      SELECT 5 AS level, 'superuser' AS by_right, NULL::uuid AS held_on
       WHERE auth.is_superuser(administration_level.user_id)
      UNION ALL
      SELECT auth.role_level(a.role), format('%s on %s %s', a.role, a.resource_type, a.resource_id), a.resource_id
        FROM auth.resource_with_parents(administration_level.resource_type, administration_level.resource_id) AS r
        JOIN @extschema@.user_role_assignments AS a
          ON a.resource_id = r.id AND a.resource_type = r.type
       WHERE a.user_id = administration_level.user_id
         AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
       ORDER BY level DESC LIMIT 1) AS best
$function$;
COMMENT ON FUNCTION auth.administration_level(bigint, text, uuid) IS
$$Returns how much a user may administer on a resource. level: 5 for a superuser; else that of the strongest
unexpired role on the resource or on what it belongs to (superadmin 4, admin 3, editor 2, viewer 1); 0 for none.
by_right: "superuser", or that assignment in words. held_on: the id of the resource that it is held on. Errors:
none. Callers: functions of this extension; superusers.$$;

CREATE OR REPLACE FUNCTION auth.lock_resource(resource_type text, resource_id uuid, strength text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  locked boolean;
BEGIN
  EXECUTE format('SELECT true FROM @extschema@.%I AS r WHERE r.id = $1 FOR ', resource_type || 's')
          || CASE strength WHEN 'SHARE' THEN 'SHARE' WHEN 'UPDATE' THEN 'UPDATE' ELSE 'NO KEY UPDATE' END
     INTO locked USING resource_id;
  RETURN locked IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION auth.lock_resource(text, uuid, text) IS
$$Locks the row of a resource until the transaction ends and tells whether it exists. strength: SHARE for what
only must not go or move, NO KEY UPDATE for what is about to change, UPDATE for what is about to move or go.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_level(
  caller_id bigint, needed_level integer, resource_type text, resource_id uuid, lock_strength text DEFAULT 'SHARE',
  OUT level integer, OUT by_right text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  held_on uuid;
BEGIN
  IF NOT auth.can_see(caller_id, resource_type, resource_id)
     OR NOT auth.lock_resource(resource_type, resource_id, lock_strength) THEN
    PERFORM auth.refuse(404, initcap(resource_type) || ' not found');
  END IF;
  -- Once more whenever the row that gave the right was changed between looking and locking.
  LOOP
    SELECT l.level, l.by_right, l.held_on INTO level, by_right, held_on
      FROM auth.administration_level(caller_id, resource_type, resource_id) AS l;
    IF level < needed_level THEN
      PERFORM auth.refuse(403, CASE needed_level
        WHEN 4 THEN format('Only a superadmin of the %s may do this', resource_type)
        ELSE format('Only an administrator of the %s may do this', resource_type) END);
    ELSIF held_on IS NULL THEN
      PERFORM FROM @extschema@.users AS u
        WHERE u.id = caller_id AND u.is_superuser AND u.status = 'active' FOR SHARE;
    ELSE
      PERFORM FROM @extschema@.user_role_assignments AS a
        WHERE a.user_id = caller_id AND a.resource_id = held_on AND auth.role_level(a.role) = require_level.level
          AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp()) FOR SHARE;
    END IF;
    EXIT WHEN FOUND;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION auth.require_level(bigint, integer, text, uuid, text) IS
$$Makes sure that a user may administer a resource, holds resource and right until the transaction ends, and
returns the user's level there and by which right. needed_level: 3 admin, 4 superadmin. resource_type:
organization, account or project. lock_strength: as auth.lock_resource's. Errors: A0404 when the user does not
see the resource; A0403 when the user's level is lower. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.lock_child(resource_type text, resource_id uuid, parent_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NOT auth.lock_resource(resource_type, resource_id, 'UPDATE') THEN
    PERFORM auth.refuse(404, initcap(resource_type) || ' not found');
  ELSIF auth.parent_of(resource_type, resource_id) <> parent_id THEN
    PERFORM auth.refuse(409, format('The %s was moved by somebody else at the same time', resource_type));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.lock_child(text, uuid, uuid) IS
$$Locks the row of an account or project that is about to be moved or deleted by a right on its parent, and
makes sure that this is still its parent. Errors: A0404; A0409. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_move(
  caller_id bigint, resource_type text, resource_id uuid, new_parent_id uuid, OUT by_right text, OUT old_parent_id uuid)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parent_type text := auth.parent_type(resource_type);
  parent_id uuid := auth.parent_of(resource_type, resource_id);
BEGIN
  IF new_parent_id IS NULL OR new_parent_id = parent_id OR NOT auth.can_see(caller_id, resource_type, resource_id) THEN
    by_right := (auth.require_level(caller_id, 3, resource_type, resource_id, 'NO KEY UPDATE')).by_right;
    RETURN;
  ELSIF NOT auth.can_see(caller_id, parent_type, new_parent_id) THEN
    PERFORM auth.refuse(404, initcap(parent_type) || ' not found');
  END IF;
  by_right := (auth.require_level(caller_id, 3, parent_type, least(parent_id, new_parent_id))).by_right;
  by_right := concat_ws(', ', by_right, nullif(
    (auth.require_level(caller_id, 3, parent_type, greatest(parent_id, new_parent_id))).by_right, by_right));
  PERFORM auth.lock_child(resource_type, resource_id, parent_id);
  old_parent_id := parent_id;
END
$function$;
COMMENT ON FUNCTION auth.require_move(bigint, text, uuid, uuid) IS
$$Makes sure that a user may change an account or project and, when new_parent_id is not NULL nor its parent
already, move it there: an administrator of the resource changes it, one of both parents moves it. Holds all
that is concerned. Returns by which right, and from where it moves or NULL. Errors: A0403; A0404; A0409 when
somebody else moves it at the same time. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_deletion(caller_id bigint, resource_type text, resource_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parent_type text := auth.parent_type(resource_type);
  parent_id uuid := auth.parent_of(resource_type, resource_id);
  by_right text;
BEGIN
  IF (auth.administration_level(caller_id, parent_type, parent_id)).level < 3 THEN
    RETURN (auth.require_level(caller_id, 4, resource_type, resource_id, 'UPDATE')).by_right;
  END IF;
  by_right := (auth.require_level(caller_id, 3, parent_type, parent_id)).by_right;
  PERFORM auth.lock_child(resource_type, resource_id, parent_id);
  RETURN by_right;
END
$function$;
COMMENT ON FUNCTION auth.require_deletion(bigint, text, uuid) IS
$$Makes sure that a user may delete an account or project: as superadmin of it, or as administrator of its
parent. Returns by which right. Errors: A0403; A0404; A0409 when somebody else moves it at the same time.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_superuser(caller_id bigint, purpose text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM FROM @extschema@.users AS u WHERE u.id = caller_id AND u.is_superuser AND u.status = 'active' FOR SHARE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(403, 'Only superusers can ' || purpose);
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_superuser(bigint, text) IS
$$Makes sure that a user is a superuser, until the transaction ends. purpose: completes "Only superusers can …".
Errors: A0403. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_other_user(caller_id bigint, level integer, user_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF level < 5 AND user_id = caller_id THEN
    PERFORM auth.refuse(403, 'Only superusers can change what they may do themselves');
  END IF;
  PERFORM FROM @extschema@.users AS u
    WHERE u.id = require_other_user.user_id AND u.status <> 'deleted' FOR KEY SHARE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'User not found');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_other_user(bigint, integer, bigint) IS
$$Makes sure that the user whose rights an administrator is about to change exists, and is somebody else unless
the caller is a superuser. level: the caller's. Errors: A0403; A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_not_above(
  level integer, user_id bigint, resource_type text, resource_id uuid)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF (auth.administration_level(user_id, resource_type, resource_id)).level > level THEN
    PERFORM auth.refuse(403, format('The user is above you on this %s', resource_type));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_not_above(integer, bigint, text, uuid) IS
$$Makes sure that nobody takes anything away from a user who is above them on a resource. level: the caller's.
Errors: A0403. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.require_resource(caller_id bigint, resource_id uuid, detail text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found_type text := (
    SELECT type FROM unnest(ARRAY['project', 'account', 'organization']) AS type
     WHERE auth.can_see(caller_id, type, resource_id));
BEGIN
  IF found_type IS NULL THEN
    PERFORM auth.refuse(404, detail);
  END IF;
  RETURN found_type;
END
$function$;
COMMENT ON FUNCTION auth.require_resource(bigint, uuid, text) IS
$$Returns the type of a resource of which only the id is known. detail: what a caller who does not see it is
told. Errors: A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.explain_change(by_right text, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM set_config('auth.change_right', coalesce(by_right, ''), true),
          set_config('auth.change_reason', coalesce(reason, ''), true);
END
$function$;
COMMENT ON FUNCTION auth.explain_change(text, text) IS
$$States by which right and why the changes that follow are made, for auth.role_history and
auth.belonging_history, until the next call or the end of the transaction. NULL: none is known. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.record_administration(
  caller_id bigint, action text, by_right text, details jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.explain_change(NULL, NULL);
  PERFORM auth.record_activity(caller_id, action, details => details || jsonb_build_object('by_right', by_right));
END
$function$;
COMMENT ON FUNCTION auth.record_administration(bigint, text, text, jsonb) IS
$$Adds an administrative change to user_activity and ends what auth.explain_change said. action: lower_case
word. by_right: from auth.require_level, or "superuser". details: ids and roles. Errors: none. Callers:
functions of this extension.$$;

-- Arguments that several functions take.

CREATE OR REPLACE FUNCTION auth.check_page(skip integer, "limit" integer) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF skip < 0 OR skip IS NULL THEN
    PERFORM auth.refuse(422, 'skip: Input should be greater than or equal to 0');
  ELSIF "limit" NOT BETWEEN 1 AND 1000 OR "limit" IS NULL THEN
    PERFORM auth.refuse(422, 'limit: Input should be from 1 to 1000');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_page(integer, integer) IS
$$Checks which page of a list is asked for. skip: rows to leave out, 0 or more. limit: rows of a page, 1 to
1000. Errors: A0422. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_length(name text, value text, minimum integer, maximum integer) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF char_length(coalesce(value, '')) NOT BETWEEN minimum AND maximum THEN
    PERFORM auth.refuse(422, format('%s: Input should have from %s to %s characters', name, minimum, maximum));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_length(text, text, integer, integer) IS
$$Checks the length of a text argument in characters; NULL counts as empty. name: the argument's. Errors: A0422
that names the argument. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_choice(name text, value text, choices text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF value <> ALL (choices) OR value IS NULL THEN
    PERFORM auth.refuse(422, format('%s: Input should be one of %s', name, array_to_string(choices, ', ')));
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_choice(text, text, text[]) IS
$$Checks that a text argument is one of a few. name: the argument's. Errors: A0422 that names the argument and
its choices. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_resource_type(value text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.check_choice('resource_type', value, ARRAY['organization', 'account', 'project']);
END
$function$;
COMMENT ON FUNCTION auth.check_resource_type(text) IS
$$Checks a resource_type. Errors: A0422. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_actions(name text, actions text[], allows_all boolean) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF actions IS NULL OR array_ndims(actions) > 1 OR EXISTS (
       SELECT FROM unnest(actions) AS action
        WHERE action IS NULL OR char_length(action) NOT BETWEEN 1 AND 255) THEN
    PERFORM auth.refuse(422, name || ': Input should be a list of actions of 1 to 255 characters');
  ELSIF NOT allows_all AND '*' = ANY (actions) THEN
    PERFORM auth.refuse(422, name || ': An override names its actions; * is not one');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_actions(text, text[], boolean) IS
$$Checks a list of actions, which may be empty. name: the argument's. allows_all: whether * may stand for all.
Errors: A0422 that names the argument. Callers: functions of this extension.$$;
-- Organizations: created by superusers, changed by their administrators, deleted by their superadmins.

CREATE OR REPLACE FUNCTION auth.list_organizations(
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (SELECT v.* FROM auth.visible_organizations(caller_id) AS v)
    SELECT jsonb_build_object(
             'organizations', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT * FROM visible ORDER BY name, id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_organizations(integer, integer, text) IS
$$Lists the organizations that the caller sees, by name and id: organizations, a list of id, name, description,
created_at and updated_at; total, how many there are in all. skip: how many to leave out. limit: 1 to 1000.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0422 for a page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_organization(organization_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT to_jsonb(v) FROM auth.visible_organizations(caller_id) AS v WHERE v.id = organization_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Organization not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_organization(uuid, text) IS
$$Returns an organization: id, name, description, created_at and updated_at. _access_token: the caller's; NULL:
whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0404 when the
caller does not see it. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_organization(
  name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  created @extschema@.organizations;
BEGIN
  PERFORM auth.check_length('name', name, 1, 255);
  PERFORM auth.require_superuser(caller_id, 'create organizations');
  PERFORM auth.explain_change('superuser', NULL);
  INSERT INTO @extschema@.organizations AS o (name, description) VALUES (name, nullif(description, ''))
  ON CONFLICT ON CONSTRAINT organizations_name_key DO NOTHING
  RETURNING o.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(409, 'An organization of this name exists already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'organization_created', 'superuser',
                                     jsonb_build_object('organization_id', created.id));
  RETURN to_jsonb(created);
END
$function$;
COMMENT ON FUNCTION auth.create_organization(text, text, text) IS
$$Creates an organization and returns it as auth.show_organization does. name: 1 to 255 characters. description:
text; empty or NULL: none. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in
this transaction. Errors: A0401 when nobody is authenticated; A0403 for all but superusers; A0409 when the name
is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_organization(
  organization_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'organization', organization_id, 'NO KEY UPDATE');
  changed @extschema@.organizations;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 255);
  BEGIN
    UPDATE @extschema@.organizations AS o
       SET name = coalesce(change_organization.name, o.name),
           description = nullif(coalesce(change_organization.description, o.description), ''),
           updated_at = clock_timestamp()
     WHERE o.id = organization_id
    RETURNING o.* INTO changed;
  EXCEPTION WHEN unique_violation THEN
    PERFORM auth.refuse(409, 'An organization of this name exists already');
  END;
  PERFORM auth.record_administration(caller_id, 'organization_changed', allowed.by_right,
                                     jsonb_build_object('organization_id', organization_id));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_organization(uuid, text, text, text) IS
$$Changes an organization and returns it as auth.show_organization does. name: 1 to 255 characters; NULL: stays.
description: NULL: stays; empty: none. _access_token: the caller's, an administrator of it; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403; A0404; A0409
when the name is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_organization(organization_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 10000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 4, 'organization', organization_id, 'UPDATE');
BEGIN
  PERFORM auth.explain_change(allowed.by_right, format('organization %s deleted', organization_id));
  DELETE FROM @extschema@.organizations AS o WHERE o.id = organization_id;
  PERFORM auth.record_administration(caller_id, 'organization_deleted', allowed.by_right,
                                     jsonb_build_object('organization_id', organization_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_organization(uuid, text) IS
$$Deletes an organization with its accounts, projects and groups, and every assignment, override and membership
on any of them. _access_token: the caller's, a superadmin of it; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;
-- Accounts: created, moved and deleted by the administrators of their organization, changed by their own as well.

CREATE OR REPLACE FUNCTION auth.list_accounts(
  organization_id uuid DEFAULT NULL, skip integer DEFAULT 0, "limit" integer DEFAULT 100,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT v.* FROM auth.visible_accounts(caller_id) AS v
       WHERE list_accounts.organization_id IS NULL OR v.organization_id = list_accounts.organization_id)
    SELECT jsonb_build_object(
             'accounts', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT * FROM visible ORDER BY name, id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_accounts(uuid, integer, integer, text) IS
$$Lists the accounts that the caller sees, by name and id: accounts, a list of id, organization_id, name,
description, created_at and updated_at; total, how many there are in all. organization_id: only that
organization's; NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL:
whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a
page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_account(account_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT to_jsonb(v) FROM auth.visible_accounts(caller_id) AS v WHERE v.id = account_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Account not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_account(uuid, text) IS
$$Returns an account: id, organization_id, name, description, created_at and updated_at. _access_token: the
caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated;
A0404 when the caller does not see it. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_account(
  organization_id uuid, name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'organization', organization_id);
  created @extschema@.accounts;
BEGIN
  PERFORM auth.check_length('name', name, 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  INSERT INTO @extschema@.accounts AS c (organization_id, name, description)
  VALUES (organization_id, name, nullif(description, ''))
  RETURNING c.* INTO created;
  PERFORM auth.record_administration(caller_id, 'account_created', allowed.by_right,
                                     jsonb_build_object('account_id', created.id, 'organization_id', organization_id));
  RETURN to_jsonb(created);
END
$function$;
COMMENT ON FUNCTION auth.create_account(uuid, text, text, text) IS
$$Creates an account in an organization and returns it as auth.show_account does. name: 1 to 255 characters.
description: text; empty or NULL: none. _access_token: the caller's, an administrator of the organization; NULL:
whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403; A0404;
A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_account(
  account_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, organization_id uuid DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_move(caller_id, 'account', account_id, organization_id);
  changed @extschema@.accounts;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  UPDATE @extschema@.accounts AS c
     SET name = coalesce(change_account.name, c.name),
         description = nullif(coalesce(change_account.description, c.description), ''),
         organization_id = coalesce(change_account.organization_id, c.organization_id),
         updated_at = clock_timestamp()
   WHERE c.id = account_id
  RETURNING c.* INTO changed;
  PERFORM auth.record_administration(
    caller_id, CASE WHEN allowed.old_parent_id IS NULL THEN 'account_changed' ELSE 'account_moved' END,
    allowed.by_right, jsonb_strip_nulls(jsonb_build_object(
      'account_id', account_id, 'organization_id', changed.organization_id,
      'old_organization_id', allowed.old_parent_id)));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_account(uuid, text, text, uuid, text) IS
$$Changes an account, moves it with its projects to another organization, or both, and returns it as
auth.show_account does. name: 1 to 255 characters; NULL: stays. description: NULL: stays; empty: none.
organization_id: where it shall belong; NULL: stays. _access_token: the caller's, an administrator of the
account, and for a move of both organizations; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404; A0409 when it was moved in the same moment; A0422.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_account(account_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 10000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.require_deletion(caller_id, 'account', account_id);
BEGIN
  PERFORM auth.explain_change(by_right, format('account %s deleted', account_id));
  DELETE FROM @extschema@.accounts AS c WHERE c.id = account_id;
  PERFORM auth.record_administration(caller_id, 'account_deleted', by_right,
                                     jsonb_build_object('account_id', account_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_account(uuid, text) IS
$$Deletes an account with its projects, and every assignment, override and membership on any of them.
_access_token: the caller's, a superadmin of it or an administrator of its organization; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403; A0404. Callers:
auth_gateway, auth_caller.$$;
-- Projects: created, moved and deleted by the administrators of their account, changed by their own as well.

CREATE OR REPLACE FUNCTION auth.list_projects(
  organization_id uuid DEFAULT NULL, account_id uuid DEFAULT NULL,
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT v.* FROM auth.projects_of(caller_id, 1) AS v
       WHERE (list_projects.organization_id IS NULL OR v.organization_id = list_projects.organization_id)
         AND (list_projects.account_id IS NULL OR v.account_id = list_projects.account_id))
    SELECT jsonb_build_object(
             'projects', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT * FROM visible ORDER BY name, id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_projects(uuid, uuid, integer, integer, text) IS
$$Lists the projects that the caller sees, by name and id: projects, a list of id, account_id, organization_id,
name, description, created_at and updated_at; total, how many there are in all. organization_id, account_id:
only that organization's, that account's; NULL: any. skip: how many to leave out. limit: 1 to 1000.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0422 for a page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_project(project_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT to_jsonb(v) FROM auth.projects_of(caller_id, 1) AS v WHERE v.id = project_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Project not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_project(uuid, text) IS
$$Returns a project: id, account_id, organization_id, name, description, created_at and updated_at.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0404 when the caller does not see it. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_project(
  account_id uuid, organization_id uuid, name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'account', account_id);
  created @extschema@.projects;
BEGIN
  PERFORM auth.check_length('name', name, 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  INSERT INTO @extschema@.projects AS p (account_id, organization_id, name, description)
  SELECT c.id, c.organization_id, create_project.name, nullif(create_project.description, '')
    FROM @extschema@.accounts AS c
   WHERE c.id = create_project.account_id AND c.organization_id = create_project.organization_id
  RETURNING p.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(400, 'Account does not belong to the organization');
  END IF;
  PERFORM auth.record_administration(caller_id, 'project_created', allowed.by_right,
                                     jsonb_build_object('project_id', created.id, 'account_id', account_id));
  RETURN to_jsonb(created);
END
$function$;
COMMENT ON FUNCTION auth.create_project(uuid, uuid, text, text, text) IS
$$Creates a project in an account and returns it as auth.show_project does. organization_id: the account's.
name: 1 to 255 characters. description: text; empty or NULL: none. _access_token: the caller's, an administrator
of the account; NULL: whoever auth.authenticate named in this transaction. Errors: A0400 when the account is
another organization's; A0401 when nobody is authenticated; A0403; A0404; A0422. Callers: auth_gateway,
auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_project(
  project_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, account_id uuid DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_move(caller_id, 'project', project_id, account_id);
  changed @extschema@.projects;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 255);
  PERFORM auth.explain_change(allowed.by_right, NULL);
  UPDATE @extschema@.projects AS p
     SET name = coalesce(change_project.name, p.name),
         description = nullif(coalesce(change_project.description, p.description), ''),
         account_id = c.id, organization_id = c.organization_id, updated_at = clock_timestamp()
    FROM @extschema@.accounts AS c
   WHERE p.id = project_id AND c.id = coalesce(change_project.account_id, p.account_id)
  RETURNING p.* INTO changed;
  PERFORM auth.record_administration(
    caller_id, CASE WHEN allowed.old_parent_id IS NULL THEN 'project_changed' ELSE 'project_moved' END,
    allowed.by_right, jsonb_strip_nulls(jsonb_build_object(
      'project_id', project_id, 'account_id', changed.account_id, 'old_account_id', allowed.old_parent_id)));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_project(uuid, text, text, uuid, text) IS
$$Changes a project, moves it to another account, or both, and returns it as auth.show_project does. name: 1 to
255 characters; NULL: stays. description: NULL: stays; empty: none. account_id: where it shall belong, in any
organization; NULL: stays. _access_token: the caller's, an administrator of the project, and for a move of both
accounts; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated;
A0403; A0404; A0409 when it was moved in the same moment; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_project(project_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 10000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.require_deletion(caller_id, 'project', project_id);
BEGIN
  PERFORM auth.explain_change(by_right, format('project %s deleted', project_id));
  DELETE FROM @extschema@.projects AS p WHERE p.id = project_id;
  PERFORM auth.record_administration(caller_id, 'project_deleted', by_right,
                                     jsonb_build_object('project_id', project_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_project(uuid, text) IS
$$Deletes a project, and every assignment, override and membership on it. _access_token: the caller's, a
superadmin of it or an administrator of its account; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;
-- Role assignments: granted, changed and revoked by the administrators of the resource, within their own level.

CREATE OR REPLACE FUNCTION auth.list_role_assignments(
  user_id bigint DEFAULT NULL, resource_id uuid DEFAULT NULL, resource_type text DEFAULT NULL,
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  sees_all boolean := auth.is_superuser(caller_id);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT a.* FROM @extschema@.user_role_assignments AS a
       WHERE (list_role_assignments.user_id IS NULL OR a.user_id = list_role_assignments.user_id)
         AND (list_role_assignments.resource_id IS NULL OR a.resource_id = list_role_assignments.resource_id)
         AND (list_role_assignments.resource_type IS NULL OR a.resource_type = list_role_assignments.resource_type)
         AND (sees_all OR a.user_id = caller_id
              OR a.resource_id IN (SELECT m.resource_id FROM auth.administered_resources(caller_id) AS m)))
    SELECT jsonb_build_object(
             'assignments', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.user_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.user_id, v.resource_id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_role_assignments(bigint, uuid, text, integer, integer, text) IS
$$Lists the caller's own role assignments and those on resources that the caller administers, by user_id and
resource_id, expired ones included: assignments, a list of user_id, resource_id, resource_type, role, role_id,
expires_at and created_at; total, how many there are in all. user_id, resource_id, resource_type: only these;
NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a page that
cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.check_role(
  role text, role_id uuid, resource_type text, OUT base_type text, OUT has_permissions boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  named auth.roles;
BEGIN
  IF role_id IS NULL THEN
    PERFORM auth.check_choice('role', role, ARRAY['superadmin', 'admin', 'editor', 'viewer']);
    base_type := role;
    has_permissions := false;
    RETURN;
  END IF;
  SELECT r.* INTO named FROM auth.roles AS r WHERE r.id = role_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Role not found');
  ELSIF named.scope_type <> resource_type THEN
    PERFORM auth.refuse(422, format('role_id: This role is for a resource of type %s', named.scope_type));
  ELSIF named.base_type <> role THEN
    PERFORM auth.refuse(422, format('role: The role of that role_id counts as %s', named.base_type));
  END IF;
  base_type := named.base_type;
  has_permissions := EXISTS (SELECT FROM auth.role_permissions AS p WHERE p.role_id = named.id);
END
$function$;
COMMENT ON FUNCTION auth.check_role(text, uuid, text) IS
$$Checks what is to be granted: a role by its level, or one that role_id names, which must be for that type of
resource and, when role is given too, of that level. Returns its level's name and whether it has permissions of
its own. Errors: A0404 for an unknown role_id; A0422. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.reaches_beyond(
  role_id uuid, user_id bigint, resource_type text, resource_id uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN EXISTS (
    SELECT FROM auth.role_permissions AS p CROSS JOIN LATERAL unnest(p.allowed_actions) AS action
     WHERE p.role_id = reaches_beyond.role_id
       AND (action = '*' OR NOT (
             auth.check_access(user_id, action, resource_type, resource_id, p.service_name)).allowed));
END
$function$;
COMMENT ON FUNCTION auth.reaches_beyond(uuid, bigint, text, uuid) IS
$$Tells whether the permissions of a role contain * or an action that a user may not take on a resource. Errors:
none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.grant_role(
  user_id bigint, resource_type text, resource_id uuid, role text DEFAULT NULL, role_id uuid DEFAULT NULL,
  expires_at timestamptz DEFAULT NULL, reason text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record;
  granted record;
  assignment @extschema@.user_role_assignments;
BEGIN
  PERFORM auth.check_resource_type(resource_type);
  PERFORM auth.check_length('reason', reason, 0, 500);
  IF expires_at <= statement_timestamp() OR expires_at = 'infinity' THEN
    PERFORM auth.refuse(422, 'expires_at: Input should be a moment to come');
  END IF;
  allowed := auth.require_level(caller_id, 3, resource_type, resource_id);
  granted := auth.check_role(role, role_id, resource_type);
  IF auth.role_level(granted.base_type) > allowed.level THEN
    PERFORM auth.refuse(403, format('Only a superadmin of the %s can grant %s', resource_type, granted.base_type));
  ELSIF allowed.level < 4 AND granted.has_permissions
        AND auth.reaches_beyond(role_id, caller_id, resource_type, resource_id) THEN
    PERFORM auth.refuse(403, format('Only a superadmin of the %s can grant a role that allows more than yours',
                                    resource_type));
  END IF;
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);

  PERFORM auth.explain_change(allowed.by_right, reason);
  INSERT INTO @extschema@.user_role_assignments AS a (user_id, resource_id, resource_type, role, role_id, expires_at)
  VALUES (user_id, resource_id, resource_type, granted.base_type, role_id, expires_at)
  ON CONFLICT ON CONSTRAINT user_role_assignments_pkey DO UPDATE
    SET resource_type = EXCLUDED.resource_type, role = EXCLUDED.role, role_id = EXCLUDED.role_id,
        expires_at = EXCLUDED.expires_at
    -- Looked at under the row's lock: another grant may have come between.
    WHERE auth.role_level(a.role) <= allowed.level OR a.expires_at <= statement_timestamp()
  RETURNING a.* INTO assignment;
  IF assignment.user_id IS NULL THEN
    PERFORM auth.refuse(403, format('The user is above you on this %s', resource_type));
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_granted', allowed.by_right,
                                     to_jsonb(assignment) - ARRAY['created_at']);
  RETURN to_jsonb(assignment);
END
$function$;
COMMENT ON FUNCTION auth.grant_role(bigint, text, uuid, text, uuid, timestamptz, text, text) IS
$$Gives a user a role on a resource, in place of the one that the user has there, and returns the assignment:
user_id, resource_id, resource_type, role, role_id, expires_at and created_at. resource_type: organization,
account or project. role: superadmin, admin, editor or viewer. role_id: a role of the operator's own instead;
its level becomes role. expires_at: when it ends; NULL: never. reason: for the history, at most 500 characters.
_access_token: the caller's, an administrator of the resource, whose own level bounds what can be granted and
replaced; a role that allows actions which the caller may not take needs a superadmin; one's own assignments a
superuser. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404 for an unknown user, resource or role; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.revoke_role(
  user_id bigint, resource_id uuid, reason text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Assignment not found');
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
  assignment @extschema@.user_role_assignments;
BEGIN
  PERFORM auth.check_length('reason', reason, 0, 500);
  SELECT a.* INTO assignment FROM @extschema@.user_role_assignments AS a
   WHERE a.user_id = revoke_role.user_id AND a.resource_id = revoke_role.resource_id FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Assignment not found');
  ELSIF allowed.level < 5 AND user_id = caller_id THEN
    PERFORM auth.refuse(403, 'Only superusers can change what they may do themselves');
  ELSIF auth.role_level(assignment.role) > allowed.level
        AND (assignment.expires_at IS NULL OR assignment.expires_at > statement_timestamp()) THEN
    PERFORM auth.refuse(403, format('The user is above you on this %s', resource_type));
  END IF;
  PERFORM auth.explain_change(allowed.by_right, reason);
  DELETE FROM @extschema@.user_role_assignments AS a
   WHERE a.user_id = revoke_role.user_id AND a.resource_id = revoke_role.resource_id;
  PERFORM auth.record_administration(caller_id, 'role_revoked', allowed.by_right,
                                     to_jsonb(assignment) - ARRAY['created_at']);
END
$function$;
COMMENT ON FUNCTION auth.revoke_role(bigint, uuid, text, text) IS
$$Takes away the role that a user has on a resource. reason: for the history, at most 500 characters.
_access_token: the caller's, an administrator of the resource and not below the role; one's own needs a
superuser. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0422. Callers: auth_gateway, auth_caller.$$;
-- Roles of the operator's own: defined by superusers, seen by every user, granted by administrators
-- (auth.grant_role). The system's twelve cannot be changed.

CREATE OR REPLACE FUNCTION auth.role_as_json(shown auth.roles) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT to_jsonb(shown) || jsonb_build_object('permissions', coalesce(
           jsonb_agg(to_jsonb(p) ORDER BY p.service_name), '[]'))
    FROM auth.role_permissions AS p WHERE p.role_id = (shown).id
$function$;
COMMENT ON FUNCTION auth.role_as_json(auth.roles) IS
$$Returns a role as clients see it, with its permissions. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_roles(
  is_system boolean DEFAULT NULL, base_type text DEFAULT NULL, scope_type text DEFAULT NULL,
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.require_user(_access_token);
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT r.* FROM auth.roles AS r
       WHERE (list_roles.is_system IS NULL OR r.is_system = list_roles.is_system)
         AND (list_roles.base_type IS NULL OR r.base_type = list_roles.base_type)
         AND (list_roles.scope_type IS NULL OR r.scope_type = list_roles.scope_type))
    SELECT jsonb_build_object(
             'roles', coalesce(jsonb_agg(auth.role_as_json(page::auth.roles) ORDER BY page.name), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.name OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_roles(boolean, text, text, integer, integer, text) IS
$$Lists the roles that can be granted, by name: roles, a list of id, name, description, base_type, scope_type,
is_system, created_at, updated_at and permissions (id, role_id, service_name, allowed_actions, created_at,
updated_at); total, how many there are in all. is_system, base_type, scope_type: only such; NULL: any. skip: how
many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0422 for a page that cannot be. Callers: auth_gateway,
auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_role(role_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  shown jsonb;
BEGIN
  PERFORM auth.require_user(_access_token);
  SELECT auth.role_as_json(r) INTO shown FROM auth.roles AS r WHERE r.id = role_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Role not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_role(uuid, text) IS
$$Returns a role as auth.list_roles does. _access_token: the caller's; NULL: whoever auth.authenticate named in
this transaction. Errors: A0401 when nobody is authenticated; A0404. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.lock_role(caller_id bigint, role_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  system_role boolean;
BEGIN
  PERFORM auth.require_superuser(caller_id, 'change roles');
  SELECT r.is_system INTO system_role FROM auth.roles AS r WHERE r.id = role_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Role not found');
  ELSIF system_role THEN
    PERFORM auth.refuse(403, 'System roles cannot be changed');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.lock_role(bigint, uuid) IS
$$Makes sure that a user may change a role, and locks it until the transaction ends. Errors: A0403; A0404.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.create_role(
  name text, base_type text, scope_type text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  created auth.roles;
BEGIN
  PERFORM auth.check_length('name', name, 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  PERFORM auth.check_choice('base_type', base_type, ARRAY['superadmin', 'admin', 'editor', 'viewer']);
  PERFORM auth.check_choice('scope_type', scope_type, ARRAY['organization', 'account', 'project']);
  PERFORM auth.require_superuser(caller_id, 'create roles');
  INSERT INTO auth.roles AS r (name, description, base_type, scope_type)
  VALUES (name, nullif(description, ''), base_type, scope_type)
  ON CONFLICT ON CONSTRAINT roles_name_key DO NOTHING
  RETURNING r.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(409, 'A role of this name exists already');
  END IF;
  PERFORM auth.record_administration(
    caller_id, 'role_created', 'superuser',
    jsonb_build_object('role_id', created.id, 'base_type', base_type, 'scope_type', scope_type));
  RETURN auth.role_as_json(created);
END
$function$;
COMMENT ON FUNCTION auth.create_role(text, text, text, text, text) IS
$$Defines a role of the operator's own and returns it as auth.list_roles does. name: 1 to 100 characters,
unique. base_type: superadmin, admin, editor or viewer, how strong it is; it cannot be changed later.
scope_type: organization, account or project, what it can be granted on; nor can this. description: at most 500
characters. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403 for all but superusers; A0409 when the name is taken; A0422.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_role(
  role_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  changed auth.roles;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  PERFORM auth.lock_role(caller_id, role_id);
  BEGIN
    UPDATE auth.roles AS r
       SET name = coalesce(change_role.name, r.name),
           description = nullif(coalesce(change_role.description, r.description), ''),
           updated_at = clock_timestamp()
     WHERE r.id = role_id
    RETURNING r.* INTO changed;
  EXCEPTION WHEN unique_violation THEN
    PERFORM auth.refuse(409, 'A role of this name exists already');
  END;
  PERFORM auth.record_administration(caller_id, 'role_changed', 'superuser', jsonb_build_object('role_id', role_id));
  RETURN auth.role_as_json(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_role(uuid, text, text, text) IS
$$Renames or describes a role of the operator's own and returns it as auth.list_roles does. name: 1 to 100
characters; NULL: stays. description: at most 500 characters; NULL: stays; empty: none. _access_token: the
caller's, a superuser; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403 for all but superusers and for a system role; A0404; A0409 when the name is taken; A0422.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_role(role_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.lock_role(caller_id, role_id);
  BEGIN
    DELETE FROM auth.roles AS r WHERE r.id = role_id;
  EXCEPTION WHEN foreign_key_violation THEN
    PERFORM auth.refuse(409, 'The role is assigned to users');
  END;
  PERFORM auth.record_administration(caller_id, 'role_deleted', 'superuser', jsonb_build_object('role_id', role_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_role(uuid, text) IS
$$Deletes a role of the operator's own that is assigned to nobody. _access_token: the caller's, a superuser;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403 for
all but superusers and for a system role; A0404; A0409 while it is assigned, expired assignments included.
Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.add_role_permission(
  role_id uuid, service_name text, allowed_actions text[], _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  added auth.role_permissions;
BEGIN
  PERFORM auth.check_length('service_name', service_name, 1, 100);
  PERFORM auth.check_actions('allowed_actions', allowed_actions, true);
  PERFORM auth.lock_role(caller_id, role_id);
  INSERT INTO auth.role_permissions AS p (role_id, service_name, allowed_actions)
  VALUES (role_id, service_name, allowed_actions)
  ON CONFLICT ON CONSTRAINT role_permissions_role_id_service_name_key DO NOTHING
  RETURNING p.* INTO added;
  IF added.id IS NULL THEN
    PERFORM auth.refuse(409, 'The role has permissions for this service already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_permission_added', 'superuser',
                                     jsonb_build_object('role_id', role_id, 'permission_id', added.id));
  RETURN to_jsonb(added);
END
$function$;
COMMENT ON FUNCTION auth.add_role_permission(uuid, text, text[], text) IS
$$Says what a role of the operator's own allows in one service, and returns id, role_id, service_name,
allowed_actions, created_at and updated_at. service_name: 1 to 100 characters. allowed_actions: actions; *
stands for all. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0403 for all but superusers and for a system role;
A0404; A0409 when it has some for the service; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_role_permission(
  role_id uuid, permission_id uuid, allowed_actions text[], _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  changed auth.role_permissions;
BEGIN
  PERFORM auth.check_actions('allowed_actions', allowed_actions, true);
  PERFORM auth.lock_role(caller_id, role_id);
  UPDATE auth.role_permissions AS p
     SET allowed_actions = change_role_permission.allowed_actions, updated_at = clock_timestamp()
   WHERE p.id = permission_id AND p.role_id = change_role_permission.role_id
  RETURNING p.* INTO changed;
  IF changed.id IS NULL THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_permission_changed', 'superuser',
                                     jsonb_build_object('role_id', role_id, 'permission_id', permission_id));
  RETURN to_jsonb(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_role_permission(uuid, uuid, text[], text) IS
$$Replaces what a role of the operator's own allows in one service, and returns it as auth.add_role_permission
does. allowed_actions: actions; * stands for all. _access_token: the caller's, a superuser; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403 for all but
superusers and for a system role; A0404; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_role_permission(
  role_id uuid, permission_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.lock_role(caller_id, role_id);
  DELETE FROM auth.role_permissions AS p
   WHERE p.id = permission_id AND p.role_id = delete_role_permission.role_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'role_permission_deleted', 'superuser',
                                     jsonb_build_object('role_id', role_id, 'permission_id', permission_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_role_permission(uuid, uuid, text) IS
$$Removes what a role of the operator's own allows in one service. With its last permissions gone a role allows
what its base type does. _access_token: the caller's, a superuser; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated; A0403 for all but superusers and for a system role;
A0404. Callers: auth_gateway, auth_caller.$$;
-- Members of groups: who is in which, and for which resource.

CREATE OR REPLACE FUNCTION auth.list_group_members(
  group_id uuid, resource_id uuid DEFAULT NULL, skip integer DEFAULT 0, "limit" integer DEFAULT 100,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  IF NOT EXISTS (SELECT FROM auth.visible_groups(caller_id) AS v WHERE v.id = list_group_members.group_id) THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  RETURN (
    WITH visible AS (
      SELECT v.* FROM auth.visible_memberships(caller_id) AS v
       WHERE v.group_id = list_group_members.group_id
         AND (list_group_members.resource_id IS NULL OR v.resource_id = list_group_members.resource_id))
    SELECT jsonb_build_object(
             'memberships', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.user_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.user_id, v.resource_id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_group_members(uuid, uuid, integer, integer, text) IS
$$Lists those memberships of a group that are the caller's own or on resources that the caller administers, by
user_id and resource_id: memberships, a list of user_id, group_id, resource_id, resource_type and created_at;
total, how many there are in all. resource_id: only these; NULL: any. skip: how many to leave out. limit: 1 to
1000. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0404 when the caller does not see the group; A0422 for a page that cannot be. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.add_group_member(
  group_id uuid, user_id bigint, resource_id uuid, resource_type text, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  organization_id uuid := (SELECT v.organization_id FROM auth.visible_groups(caller_id) AS v WHERE v.id = group_id);
  allowed record;
  added auth.user_group_memberships;
BEGIN
  PERFORM auth.check_resource_type(resource_type);
  IF organization_id IS NULL THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  allowed := auth.require_level(caller_id, 3, resource_type, resource_id);
  IF NOT EXISTS (
      SELECT FROM auth.resource_with_parents(resource_type, resource_id) AS r WHERE r.id = organization_id) THEN
    PERFORM auth.refuse(400, 'The resource does not belong to the organization of the group');
  END IF;
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  PERFORM auth.require_not_above(allowed.level, user_id, resource_type, resource_id);
  INSERT INTO auth.user_group_memberships AS m (user_id, group_id, resource_id, resource_type)
  VALUES (user_id, group_id, resource_id, resource_type)
  ON CONFLICT ON CONSTRAINT user_group_memberships_pkey DO NOTHING
  RETURNING m.* INTO added;
  IF added.user_id IS NULL THEN
    PERFORM auth.refuse(409, 'The user is in this group on this resource already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_member_added', allowed.by_right,
                                     to_jsonb(added) - ARRAY['created_at']);
  RETURN to_jsonb(added);
END
$function$;
COMMENT ON FUNCTION auth.add_group_member(uuid, bigint, uuid, text, text) IS
$$Puts a user into a group, which then denies its actions on a resource and what lies below it, and returns
user_id, group_id, resource_id, resource_type and created_at. resource_type: organization, account or project,
which must belong to the group's organization. _access_token: the caller's, an administrator of the resource;
the user must not be above the caller there, nor the caller unless a superuser. NULL: whoever auth.authenticate
named in this transaction. Errors: A0400 when the resource is another organization's; A0401 when nobody is
authenticated; A0403; A0404; A0409 when it is so already; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.remove_group_member(
  group_id uuid, user_id bigint, resource_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Membership not found');
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
BEGIN
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  DELETE FROM auth.user_group_memberships AS m
   WHERE m.user_id = remove_group_member.user_id AND m.group_id = remove_group_member.group_id
     AND m.resource_id = remove_group_member.resource_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Membership not found');
  END IF;
  PERFORM auth.record_administration(
    caller_id, 'group_member_removed', allowed.by_right,
    jsonb_build_object('group_id', group_id, 'user_id', user_id, 'resource_id', resource_id));
END
$function$;
COMMENT ON FUNCTION auth.remove_group_member(uuid, bigint, uuid, text) IS
$$Takes a user out of a group on a resource. _access_token: the caller's, an administrator of the resource and,
unless a superuser, somebody else than the user; NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.list_user_groups(
  user_id bigint, resource_id uuid DEFAULT NULL, skip integer DEFAULT 0, "limit" integer DEFAULT 100,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  IF user_id IS DISTINCT FROM caller_id AND NOT auth.is_superuser(caller_id)
     AND NOT EXISTS (SELECT FROM auth.administered_resources(caller_id))
     OR NOT EXISTS (SELECT FROM @extschema@.users AS u WHERE u.id = list_user_groups.user_id) THEN
    PERFORM auth.refuse(404, 'User not found');
  END IF;
  RETURN (
    WITH visible AS (
      SELECT v.*, g.name AS group_name, auth.group_as_json(g) AS "group"
        FROM auth.visible_memberships(caller_id) AS v JOIN auth.groups AS g ON g.id = v.group_id
       WHERE v.user_id = list_user_groups.user_id
         AND (list_user_groups.resource_id IS NULL OR v.resource_id = list_user_groups.resource_id))
    SELECT jsonb_build_object(
             'memberships', coalesce(jsonb_agg(to_jsonb(page) - ARRAY['group_name']
                                               ORDER BY page.group_name, page.group_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.group_name, v.group_id, v.resource_id
            OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_user_groups(bigint, uuid, integer, integer, text) IS
$$Lists those memberships of a user that the caller sees, by the group's name: memberships, a list of user_id,
group_id, resource_id, resource_type, created_at and group (as auth.list_groups shows it); total, how many there
are in all. resource_id: only on this; NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token:
the caller's: the user, a superuser, or an administrator of anything, who sees those on resources that they
administer. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0404 for anybody else and for an unknown user; A0422 for a page that cannot be. Callers:
auth_gateway, auth_caller.$$;
-- Groups of an organization: its administrators define them; whoever administers a resource of the organization puts
-- users into them, for that resource and what lies below it. A group denies and never allows.

CREATE OR REPLACE FUNCTION auth.group_permission_as_json(shown auth.group_permissions) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$SELECT to_jsonb(shown) || jsonb_build_object('allow_actions', '[]'::jsonb)$function$;
COMMENT ON FUNCTION auth.group_permission_as_json(auth.group_permissions) IS
$$Returns what a group denies in one service as clients see it, with allow_actions, which is always empty.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.group_as_json(shown auth.groups) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT to_jsonb(shown) || jsonb_build_object('permissions', coalesce(
           jsonb_agg(auth.group_permission_as_json(p) ORDER BY p.service_name), '[]'))
    FROM auth.group_permissions AS p WHERE p.group_id = (shown).id
$function$;
COMMENT ON FUNCTION auth.group_as_json(auth.groups) IS
$$Returns a group as clients see it, with its permissions. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_groups(user_id bigint) RETURNS SETOF auth.groups
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT g.* FROM auth.groups AS g
    JOIN auth.visible_organizations(visible_groups.user_id) AS o ON o.id = g.organization_id
$function$;
COMMENT ON FUNCTION auth.visible_groups(bigint) IS
$$Lists the groups that a user sees: those of the organizations that the user sees. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.visible_memberships(user_id bigint) RETURNS SETOF auth.user_group_memberships
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
AS $function$
  SELECT m.* FROM auth.user_group_memberships AS m
   WHERE m.user_id = visible_memberships.user_id OR (SELECT auth.is_superuser(visible_memberships.user_id))
      OR m.resource_id IN (SELECT r.resource_id FROM auth.administered_resources(visible_memberships.user_id) AS r)
$function$;
COMMENT ON FUNCTION auth.visible_memberships(bigint) IS
$$Lists the group memberships that a user sees: the user's own and those on resources that the user administers.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_groups(
  organization_id uuid DEFAULT NULL, skip integer DEFAULT 0, "limit" integer DEFAULT 100,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT v.* FROM auth.visible_groups(caller_id) AS v
       WHERE list_groups.organization_id IS NULL OR v.organization_id = list_groups.organization_id)
    SELECT jsonb_build_object(
             'groups', coalesce(jsonb_agg(auth.group_as_json(page::auth.groups) ORDER BY page.name, page.id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.name, v.id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_groups(uuid, integer, integer, text) IS
$$Lists the groups of the organizations that the caller sees, by name and id: groups, a list of id,
organization_id, name, description, created_at, updated_at and permissions (id, group_id, service_name,
allow_actions, deny_actions, created_at, updated_at); total, how many there are in all. organization_id: only
that organization's; NULL: any. skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for
a page that cannot be. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.show_group(group_id uuid, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  shown jsonb := (SELECT auth.group_as_json(v) FROM auth.visible_groups(caller_id) AS v WHERE v.id = group_id);
BEGIN
  IF shown IS NULL THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  RETURN shown;
END
$function$;
COMMENT ON FUNCTION auth.show_group(uuid, text) IS
$$Returns a group as auth.list_groups does. _access_token: the caller's; NULL: whoever auth.authenticate named
in this transaction. Errors: A0401 when nobody is authenticated; A0404 when the caller does not see it. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.create_group(
  organization_id uuid, name text, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  allowed record := auth.require_level(caller_id, 3, 'organization', organization_id);
  created auth.groups;
BEGIN
  PERFORM auth.check_length('name', name, 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  INSERT INTO auth.groups AS g (organization_id, name, description)
  VALUES (organization_id, name, nullif(description, ''))
  ON CONFLICT ON CONSTRAINT groups_organization_id_name_key DO NOTHING
  RETURNING g.* INTO created;
  IF created.id IS NULL THEN
    PERFORM auth.refuse(409, 'A group of this name exists already in the organization');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_created', allowed.by_right,
                                     jsonb_build_object('group_id', created.id, 'organization_id', organization_id));
  RETURN auth.group_as_json(created);
END
$function$;
COMMENT ON FUNCTION auth.create_group(uuid, text, text, text) IS
$$Creates a group in an organization and returns it as auth.list_groups does. name: 1 to 100 characters, unique
in the organization. description: at most 500 characters. _access_token: the caller's, an administrator of the
organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0409 when the name is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.lock_group(caller_id bigint, group_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner_id uuid := (SELECT v.organization_id FROM auth.visible_groups(caller_id) AS v WHERE v.id = group_id);
  by_right text;
BEGIN
  IF owner_id IS NOT NULL THEN
    by_right := (auth.require_level(caller_id, 3, 'organization', owner_id)).by_right;
  END IF;
  PERFORM FROM auth.groups AS g WHERE g.id = group_id AND g.organization_id = owner_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Group not found');
  END IF;
  RETURN by_right;
END
$function$;
COMMENT ON FUNCTION auth.lock_group(bigint, uuid) IS
$$Makes sure that a user may change a group, as an administrator of its organization, locks it until the
transaction ends, and returns by which right. Errors: A0403; A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.change_group(
  group_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
  changed auth.groups;
BEGIN
  PERFORM auth.check_length('name', coalesce(name, '-'), 1, 100);
  PERFORM auth.check_length('description', description, 0, 500);
  BEGIN
    UPDATE auth.groups AS g
       SET name = coalesce(change_group.name, g.name),
           description = nullif(coalesce(change_group.description, g.description), ''),
           updated_at = clock_timestamp()
     WHERE g.id = group_id
    RETURNING g.* INTO changed;
  EXCEPTION WHEN unique_violation THEN
    PERFORM auth.refuse(409, 'A group of this name exists already in the organization');
  END;
  PERFORM auth.record_administration(caller_id, 'group_changed', by_right, jsonb_build_object('group_id', group_id));
  RETURN auth.group_as_json(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_group(uuid, text, text, text) IS
$$Renames or describes a group and returns it as auth.list_groups does. name: 1 to 100 characters; NULL: stays.
description: at most 500 characters; NULL: stays; empty: none. _access_token: the caller's, an administrator of
its organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0409 when the name is taken; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_group(group_id uuid, _access_token text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
BEGIN
  DELETE FROM auth.groups AS g WHERE g.id = group_id;
  PERFORM auth.record_administration(caller_id, 'group_deleted', by_right, jsonb_build_object('group_id', group_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_group(uuid, text) IS
$$Deletes a group with its permissions and memberships. _access_token: the caller's, an administrator of its
organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.check_group_actions(allow_actions text[], deny_actions text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF cardinality(allow_actions) > 0 THEN
    PERFORM auth.refuse(422, 'allow_actions: Groups can only deny; to allow actions, grant a role');
  END IF;
  PERFORM auth.check_actions('deny_actions', deny_actions, true);
END
$function$;
COMMENT ON FUNCTION auth.check_group_actions(text[], text[]) IS
$$Checks what a group is to deny in a service, and that it is to allow nothing. Errors: A0422. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.add_group_permission(
  group_id uuid, service_name text, allow_actions text[] DEFAULT '{}', deny_actions text[] DEFAULT '{}',
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
  added auth.group_permissions;
BEGIN
  PERFORM auth.check_length('service_name', service_name, 1, 100);
  PERFORM auth.check_group_actions(allow_actions, deny_actions);
  INSERT INTO auth.group_permissions AS p (group_id, service_name, deny_actions)
  VALUES (group_id, service_name, deny_actions)
  ON CONFLICT ON CONSTRAINT group_permissions_group_id_service_name_key DO NOTHING
  RETURNING p.* INTO added;
  IF added.id IS NULL THEN
    PERFORM auth.refuse(409, 'The group has permissions for this service already');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_permission_added', by_right,
                                     jsonb_build_object('group_id', group_id, 'permission_id', added.id));
  RETURN auth.group_permission_as_json(added);
END
$function$;
COMMENT ON FUNCTION auth.add_group_permission(uuid, text, text[], text[], text) IS
$$Says what a group denies in one service, and returns id, group_id, service_name, allow_actions, deny_actions,
created_at and updated_at. service_name: 1 to 100 characters. allow_actions: must be empty, as groups can only
deny. deny_actions: actions; * stands for all. _access_token: the caller's, an administrator of its
organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403; A0404; A0409 when it has some for the service; A0422. Callers: auth_gateway,
auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_group_permission(
  group_id uuid, permission_id uuid, allow_actions text[] DEFAULT NULL, deny_actions text[] DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
  changed auth.group_permissions;
BEGIN
  PERFORM auth.check_group_actions(allow_actions, coalesce(deny_actions, '{}'));
  UPDATE auth.group_permissions AS p
     SET deny_actions = coalesce(change_group_permission.deny_actions, p.deny_actions), updated_at = clock_timestamp()
   WHERE p.id = permission_id AND p.group_id = change_group_permission.group_id
  RETURNING p.* INTO changed;
  IF changed.id IS NULL THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_permission_changed', by_right,
                                     jsonb_build_object('group_id', group_id, 'permission_id', permission_id));
  RETURN auth.group_permission_as_json(changed);
END
$function$;
COMMENT ON FUNCTION auth.change_group_permission(uuid, uuid, text[], text[], text) IS
$$Replaces what a group denies in one service, and returns it as auth.add_group_permission does. allow_actions:
must be empty or NULL. deny_actions: actions; * stands for all; NULL: stays. _access_token: the caller's, an
administrator of its organization; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0403; A0404; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_group_permission(
  group_id uuid, permission_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  by_right text := auth.lock_group(caller_id, group_id);
BEGIN
  DELETE FROM auth.group_permissions AS p
   WHERE p.id = permission_id AND p.group_id = delete_group_permission.group_id;
  IF NOT FOUND THEN
    PERFORM auth.refuse(404, 'Permission not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'group_permission_deleted', by_right,
                                     jsonb_build_object('group_id', group_id, 'permission_id', permission_id));
END
$function$;
COMMENT ON FUNCTION auth.delete_group_permission(uuid, uuid, text) IS
$$Removes what a group denies in one service. _access_token: the caller's, an administrator of its organization;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403;
A0404. Callers: auth_gateway, auth_caller.$$;
-- What the caller may do: the model as it concerns one user, for a client that draws menus.

CREATE OR REPLACE FUNCTION auth.show_own_access(_access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  RETURN jsonb_build_object(
    'user_id', caller_id,
    'is_superuser', auth.is_superuser(caller_id),
    'role_assignments', (
      SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.resource_id), '[]')
        FROM @extschema@.user_role_assignments AS a
       WHERE a.user_id = caller_id AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())),
    'group_memberships', (
      SELECT coalesce(jsonb_agg(to_jsonb(m) || jsonb_build_object('group', auth.group_as_json(g))
                                ORDER BY g.name, g.id, m.resource_id), '[]')
        FROM auth.user_group_memberships AS m JOIN auth.groups AS g ON g.id = m.group_id
       WHERE m.user_id = caller_id),
    'permission_overrides', (
      SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.resource_id), '[]')
        FROM auth.permission_overrides AS o WHERE o.user_id = caller_id));
END
$function$;
COMMENT ON FUNCTION auth.show_own_access(text) IS
$$Returns what the caller's rights are made of: user_id, is_superuser, role_assignments (unexpired, as
auth.list_role_assignments shows them), group_memberships (as auth.list_user_groups) and permission_overrides
(as auth.list_permission_overrides). _access_token: the caller's; NULL: whoever auth.authenticate named in this
transaction. Errors: A0401 when nobody is authenticated. Callers: auth_gateway, auth_caller.$$;
-- Permission overrides: made by the administrators of the resource. To deny is enough to be admin; an allow may name
-- any action, so whoever adds one must be superadmin there.

CREATE OR REPLACE FUNCTION auth.list_permission_overrides(
  user_id bigint DEFAULT NULL, resource_id uuid DEFAULT NULL, resource_type text DEFAULT NULL,
  skip integer DEFAULT 0, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  sees_all boolean := auth.is_superuser(caller_id);
BEGIN
  PERFORM auth.check_page(skip, "limit");
  RETURN (
    WITH visible AS (
      SELECT o.* FROM auth.permission_overrides AS o
       WHERE (list_permission_overrides.user_id IS NULL OR o.user_id = list_permission_overrides.user_id)
         AND (list_permission_overrides.resource_id IS NULL OR o.resource_id = list_permission_overrides.resource_id)
         AND (list_permission_overrides.resource_type IS NULL
              OR o.resource_type = list_permission_overrides.resource_type)
         AND (sees_all OR o.user_id = caller_id
              OR o.resource_id IN (SELECT m.resource_id FROM auth.administered_resources(caller_id) AS m)))
    SELECT jsonb_build_object(
             'overrides', coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.user_id, page.resource_id), '[]'),
             'total', (SELECT count(*) FROM visible))
      FROM (SELECT v.* FROM visible AS v ORDER BY v.user_id, v.resource_id OFFSET skip LIMIT "limit") AS page);
END
$function$;
COMMENT ON FUNCTION auth.list_permission_overrides(bigint, uuid, text, integer, integer, text) IS
$$Lists the caller's own overrides and those on resources that the caller administers, by user_id and
resource_id: overrides, a list of user_id, resource_id, resource_type, allow_actions, deny_actions, created_at
and updated_at; total, how many there are in all. user_id, resource_id, resource_type: only these; NULL: any.
skip: how many to leave out. limit: 1 to 1000. _access_token: the caller's; NULL: whoever auth.authenticate
named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a page that cannot be. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.write_permission_override(
  caller_id bigint, user_id bigint, resource_type text, resource_id uuid,
  allow_actions text[], deny_actions text[], must_exist boolean)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
  before auth.permission_overrides;
  written auth.permission_overrides;
BEGIN
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  PERFORM auth.require_not_above(allowed.level, user_id, resource_type, resource_id);
  SELECT o.* INTO before FROM auth.permission_overrides AS o
   WHERE o.user_id = write_permission_override.user_id AND o.resource_id = write_permission_override.resource_id
     FOR UPDATE;
  IF NOT FOUND AND must_exist THEN
    PERFORM auth.refuse(404, 'Override not found');
  ELSIF allowed.level < 4 AND NOT allow_actions <@ coalesce(before.allow_actions, '{}') THEN
    PERFORM auth.refuse(403, format('Only a superadmin of the %s can allow actions', resource_type));
  END IF;

  INSERT INTO auth.permission_overrides AS o (user_id, resource_id, resource_type, allow_actions, deny_actions)
  VALUES (user_id, resource_id, resource_type, coalesce(allow_actions, '{}'), coalesce(deny_actions, '{}'))
  ON CONFLICT ON CONSTRAINT permission_overrides_pkey DO UPDATE
    SET resource_type = EXCLUDED.resource_type,
        allow_actions = coalesce(write_permission_override.allow_actions, o.allow_actions),
        deny_actions = coalesce(write_permission_override.deny_actions, o.deny_actions),
        updated_at = clock_timestamp()
  RETURNING o.* INTO written;
  PERFORM auth.record_administration(caller_id, 'permission_override_set', allowed.by_right,
                                     to_jsonb(written) - ARRAY['created_at', 'updated_at']);
  RETURN to_jsonb(written);
END
$function$;
COMMENT ON FUNCTION auth.write_permission_override(bigint, bigint, text, uuid, text[], text[], boolean) IS
$$Adds or changes an override and returns it. allow_actions, deny_actions: NULL: stay. must_exist: refuse to add
one. Errors: A0403; A0404. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.set_permission_override(
  user_id bigint, resource_type text, resource_id uuid,
  allow_actions text[] DEFAULT '{}', deny_actions text[] DEFAULT '{}', _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  PERFORM auth.check_resource_type(resource_type);
  PERFORM auth.check_actions('allow_actions', allow_actions, false);
  PERFORM auth.check_actions('deny_actions', deny_actions, false);
  RETURN auth.write_permission_override(caller_id, user_id, resource_type, resource_id,
                                        allow_actions, deny_actions, must_exist => false);
END
$function$;
COMMENT ON FUNCTION auth.set_permission_override(bigint, text, uuid, text[], text[], text) IS
$$Says which actions a user may and may not take on one resource whatever the roles say, in place of what was
said before, and returns it as auth.list_permission_overrides does. resource_type: organization, account or
project. allow_actions, deny_actions: actions by name, without *. _access_token: the caller's, an administrator
of the resource, for further allow_actions a superadmin of it; the user must not be above the caller there, nor
the caller unless a superuser. NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when
nobody is authenticated; A0403; A0404; A0422. Callers: auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.change_permission_override(
  user_id bigint, resource_id uuid, allow_actions text[] DEFAULT NULL, deny_actions text[] DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Override not found');
BEGIN
  PERFORM auth.check_actions('allow_actions', coalesce(allow_actions, '{}'), false);
  PERFORM auth.check_actions('deny_actions', coalesce(deny_actions, '{}'), false);
  RETURN auth.write_permission_override(caller_id, user_id, resource_type, resource_id,
                                        allow_actions, deny_actions, must_exist => true);
END
$function$;
COMMENT ON FUNCTION auth.change_permission_override(bigint, uuid, text[], text[], text) IS
$$Replaces one list of an override, or both, and returns it as auth.list_permission_overrides does.
allow_actions, deny_actions: actions by name, without *; NULL: stay. _access_token: as
auth.set_permission_override's. Errors: A0401 when nobody is authenticated; A0403; A0404; A0422. Callers:
auth_gateway, auth_caller.$$;

CREATE OR REPLACE FUNCTION auth.delete_permission_override(
  user_id bigint, resource_id uuid, _access_token text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  resource_type text := auth.require_resource(caller_id, resource_id, 'Override not found');
  allowed record := auth.require_level(caller_id, 3, resource_type, resource_id);
  deleted auth.permission_overrides;
BEGIN
  PERFORM auth.require_other_user(caller_id, allowed.level, user_id);
  PERFORM auth.require_not_above(allowed.level, user_id, resource_type, resource_id);
  DELETE FROM auth.permission_overrides AS o
   WHERE o.user_id = delete_permission_override.user_id AND o.resource_id = delete_permission_override.resource_id
  RETURNING o.* INTO deleted;
  IF deleted.user_id IS NULL THEN
    PERFORM auth.refuse(404, 'Override not found');
  END IF;
  PERFORM auth.record_administration(caller_id, 'permission_override_deleted', allowed.by_right,
                                     to_jsonb(deleted) - ARRAY['created_at', 'updated_at']);
END
$function$;
COMMENT ON FUNCTION auth.delete_permission_override(bigint, uuid, text) IS
$$Deletes an override. _access_token: the caller's, an administrator of the resource; the user must not be above
the caller there, nor the caller unless a superuser. NULL: whoever auth.authenticate named in this transaction.
Errors: A0401 when nobody is authenticated; A0403; A0404. Callers: auth_gateway, auth_caller.$$;
-- What the questions about access that come over HTTP have in common: who may ask, what is audited, and bodies that a
-- function reads by itself, for protocols with their own words for a bad one (there the gateway passes on what was sent
-- as `_body text`, whatever it is).

CREATE OR REPLACE FUNCTION auth.require_may_ask_about(
  caller_id bigint, user_id bigint, resource_type text, resource_id uuid)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 200
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  -- Somebody else, whoever that is: # 1 makes another number of any.
  PERFORM auth.require_may_ask(caller_id, coalesce(user_id, caller_id # 1), resource_type, resource_id);
END
$function$;
COMMENT ON FUNCTION auth.require_may_ask_about(bigint, bigint, text, uuid) IS
$$Does what auth.require_may_ask does, also where nobody in particular is asked about. caller_id: who asks. user_id:
about whom; NULL: about anybody, or somebody who does not exist. resource_type, resource_id: on what; NULL: anywhere, so
only a superuser may ask about others. Errors: A0403. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.audit_superuser(user_id bigint, action text, times bigint DEFAULT 1) RETURNS void
LANGUAGE plpgsql STABLE COST 10
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE INFO USING ERRCODE = 'A0AUD',
    MESSAGE = format('superuser allowed: user %s, action "%s", %s time(s)', user_id, left(action, 63), times);
END
$function$;
COMMENT ON FUNCTION auth.audit_superuser(bigint, text, bigint) IS
$$Leaves an audit line in the gateway's log, as auth.answer_access_check does: that a user was allowed something for
being a superuser. user_id, action: who, and what. times: how often. Errors: none. Callers: functions of this
extension.$$;

CREATE OR REPLACE FUNCTION auth.read_json_body(body text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  request jsonb;
BEGIN
  BEGIN
    request := body::jsonb;
  EXCEPTION WHEN data_exception OR statement_too_complex THEN
    request := NULL;
  END;
  IF jsonb_typeof(request) IS DISTINCT FROM 'object' THEN
    PERFORM auth.refuse(400, CASE WHEN request IS NULL THEN 'The body is not valid JSON'
                                  ELSE 'The body is not a JSON object' END);
  END IF;
  -- Two readers of such a body could believe two different things.
  IF (SELECT count(*) FROM json_object_keys(body::json)) <> (SELECT count(*) FROM jsonb_object_keys(request)) THEN
    PERFORM auth.refuse(400, 'The body has two members of the same name');
  END IF;
  RETURN request;
END
$function$;
COMMENT ON FUNCTION auth.read_json_body(text) IS
$$Reads a request body as a JSON object. body: as it was sent. Errors: A0400 when it is empty, no JSON, no object, or
names a member twice. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_user_id(id text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
AS $function$
SELECT CASE WHEN id ~ '^(0|-?[1-9][0-9]{0,18})$' AND id::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
            THEN id::bigint END
$function$;
COMMENT ON FUNCTION auth.read_user_id(text) IS
$$Reads a user id where any text may come. id: the decimal digits of a bigint, without leading zeros. NULL for any
other text. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_resource_id(id text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
AS $function$
SELECT CASE WHEN id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN id::uuid END
$function$;
COMMENT ON FUNCTION auth.read_resource_id(text) IS
$$Reads a resource id where any text may come. id: a UUID as RFC 9562 writes it, in lower or upper case. NULL for any
other text. Errors: none. Callers: functions of this extension.$$;
-- Explanations and lists over HTTP, for administrators and, where nothing but their own rights shows, for users.

CREATE OR REPLACE FUNCTION auth.show_authorization_health() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
AS $function$
SELECT pg_catalog.jsonb_build_object(
         'status', 'healthy', 'opa', 'healthy', 'message', 'Decisions are made by the database')
$function$;
COMMENT ON FUNCTION auth.show_authorization_health() IS
$$Answers that access can be decided: status and opa healthy, message. It is answered by the database that decides, so
there is no degraded answer: without it the gateway says 503. opa keeps the field of the service before this one; no
OPA is involved. Errors: none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_access_explanation(
  user_id bigint, action text, resource_type text, resource_id uuid, service text DEFAULT NULL,
  _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 2000
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  -- Not about oneself: it names groups, and resources above, that the user may not see.
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), NULL, resource_type, resource_id);
  RETURN (
    SELECT jsonb_build_object(
             'allowed', bool_or(e.effect = 'allowed'),
             'steps', jsonb_agg(jsonb_build_object('rule', e.rule, 'effect', e.effect, 'object', e.object,
                                                   'reason', e.reason) ORDER BY e.step))
      FROM auth.explain_access(answer_access_explanation.user_id, answer_access_explanation.action,
                               answer_access_explanation.resource_type, answer_access_explanation.resource_id,
                               answer_access_explanation.service) AS e);
END
$function$;
COMMENT ON FUNCTION auth.answer_access_explanation(bigint, text, text, uuid, text, text) IS
$$Answers auth.explain_access: allowed, and steps, a list of rule, effect, object and reason, in order. user_id, action,
resource_type, resource_id, service: as for auth.check_access. _access_token: the caller's; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0403 when the caller is
neither a superuser nor an admin of the resource; 22023 when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_resource_list(
  user_id bigint, action text, resource_type text, service text DEFAULT NULL, after uuid DEFAULT NULL,
  max_items integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found uuid[];
BEGIN
  -- NULL: somebody else's resources anywhere are a superuser's business.
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), user_id, NULL, NULL);
  PERFORM auth.require_page_length(max_items);
  found := ARRAY(SELECT l.resource_id FROM auth.list_resources(user_id, action, resource_type, service, after,
                                                               max_items + 1) AS l);
  RETURN jsonb_build_object(
    'resource_ids', to_jsonb(found[1:max_items]),
    'next_after', CASE WHEN cardinality(found) > max_items THEN found[max_items] END);
END
$function$;
COMMENT ON FUNCTION auth.answer_resource_list(bigint, text, text, text, uuid, integer, text) IS
$$Answers a page of auth.list_resources: resource_ids, and next_after, the value of after for the next page, null at the
end. user_id, action, resource_type, service, after: as for auth.list_resources. max_items: length of the page, 1 to
1000. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody
is authenticated; A0403 when a caller who is no superuser asks about somebody else; A0422 for another max_items; 22023
when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_subject_list(
  resource_type text, resource_id uuid, action text, service text DEFAULT NULL, after bigint DEFAULT NULL,
  max_items integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found bigint[];
BEGIN
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), NULL, resource_type, resource_id);
  PERFORM auth.require_page_length(max_items);
  found := ARRAY(SELECT l.user_id FROM auth.list_subjects(resource_type, resource_id, action, service, after,
                                                          max_items + 1) AS l);
  RETURN jsonb_build_object(
    'user_ids', to_jsonb(found[1:max_items]),
    'next_after', CASE WHEN cardinality(found) > max_items THEN found[max_items] END);
END
$function$;
COMMENT ON FUNCTION auth.answer_subject_list(text, uuid, text, text, bigint, integer, text) IS
$$Answers a page of auth.list_subjects: user_ids, and next_after, the value of after for the next page, null at the end.
resource_type, resource_id, action, service, after: as for auth.list_subjects. max_items: length of the page, 1 to 1000.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403 when the caller is neither a superuser nor an admin of the resource; A0422 for another max_items;
22023 when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_action_list(
  user_id bigint, resource_type text, resource_id uuid, service text DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.require_may_ask_about(auth.require_user(_access_token), user_id, resource_type, resource_id);
  RETURN jsonb_build_object('actions', to_jsonb(ARRAY(
    SELECT l.action FROM auth.list_actions(user_id, resource_type, resource_id, service) AS l)));
END
$function$;
COMMENT ON FUNCTION auth.answer_action_list(bigint, text, uuid, text, text) IS
$$Answers auth.list_actions: actions. user_id, resource_type, resource_id, service: as for auth.list_actions.
_access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is
authenticated; A0403 when a caller who is neither a superuser nor an admin of the resource asks about somebody else;
22023 when resource_type is none. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.require_page_length(length integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF length IS NULL OR length NOT BETWEEN 1 AND 1000 THEN
    PERFORM auth.refuse(422, 'max_items: Input should be from 1 to 1000');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.require_page_length(integer) IS
$$Refuses a page of a length that is not offered over HTTP. length: 1 to 1000. Errors: A0422 for any other. Callers:
functions of this extension.$$;
-- OPA's data API, for clients of the rbac policy that this service replaces: the same questions at the same paths, the
-- same shape of answers, decided by the tables.
--
-- 1. What the input says about the user's status, assignments, overrides and groups is not believed, and not read.
-- 2. What it says about where the resource lies is compared with the tables; a contradiction denies.
-- 3. As in the policy, what is undefined or of another type denies; it is no error.
-- 4. OPA does not ask for a media type (curl sends another one unless told), so neither does this.

CREATE OR REPLACE FUNCTION auth.decide_opa_input(
  body text, access_token text, OUT allowed boolean, OUT deny_reason text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(access_token);
  input jsonb := auth.read_json_body(coalesce(body, '{}')) -> 'input';
  resource jsonb := input -> 'resource';
  user_id bigint := auth.read_user_id(input -> 'user' ->> 'id');
  resource_id uuid := auth.read_resource_id(resource ->> 'id');
  decision record;
BEGIN
  allowed := false;
  IF user_id IS NULL OR resource_id IS NULL
     OR jsonb_typeof(input -> 'action') IS DISTINCT FROM 'string'
     OR resource ->> 'type' IS NULL OR resource ->> 'type' NOT IN ('organization', 'account', 'project')
     OR coalesce(jsonb_typeof(input -> 'service'), 'null') NOT IN ('string', 'null') THEN
    deny_reason := 'input_undefined';
    RETURN;
  END IF;
  PERFORM auth.require_may_ask(caller_id, user_id, resource ->> 'type', resource_id);
  IF EXISTS (
      SELECT FROM (VALUES ('organization', resource ->> 'organization_id'),
                          ('account', resource ->> 'account_id')) AS claim (type, id)
        JOIN auth.resource_path(resource ->> 'type', resource_id) AS own ON own.type = resource ->> 'type'
       WHERE claim.id IS NOT NULL
         AND NOT EXISTS (SELECT FROM auth.resource_path(resource ->> 'type', resource_id) AS p
                          WHERE p.type = claim.type AND p.id = auth.read_resource_id(claim.id))) THEN
    deny_reason := 'hierarchy_mismatch';
    RETURN;
  END IF;
  SELECT c.* INTO decision
    FROM auth.check_access(user_id, input ->> 'action', resource ->> 'type', resource_id, input ->> 'service') AS c;
  IF decision.granted_by = 'superuser' THEN
    PERFORM auth.audit_superuser(user_id, input ->> 'action');
  END IF;
  allowed := decision.allowed;
  deny_reason := decision.deny_reason;
END
$function$;
COMMENT ON FUNCTION auth.decide_opa_input(text, text) IS
$$Decides what the input document of the replaced policy asks: user.id, action, resource.type, resource.id, service.
resource.organization_id and resource.account_id, where given, must be those of the tables. body: as it was sent,
{"input": …}; NULL: no input. access_token: the caller's. deny_reason: that of auth.check_access, hierarchy_mismatch,
or input_undefined when something asked for is missing or of another type. Errors: A0400 when the body is no JSON
object; A0401 when nobody is authenticated; A0403 when the caller may not ask. Callers: functions of this
extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_opa_allow(_body text DEFAULT NULL, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT jsonb_build_object('result', d.allowed) FROM auth.decide_opa_input(_body, _access_token) AS d);
END
$function$;
COMMENT ON FUNCTION auth.answer_opa_allow(text, text) IS
$$Answers OPA's data.rbac.allow: {"result": true} or {"result": false}. _body: {"input": {"user": {"id": …},
"action": …, "resource": {"type": …, "id": …}, "service": …}}, whatever the media type; the rest of the input is not
believed. An input in which something is missing is denied. _access_token: the caller's; NULL: whoever auth.authenticate named
in this transaction. Errors: A0400 when the body is no JSON object; A0401 when nobody is authenticated; A0403 when the
caller asks about somebody else on a resource that the caller does not administer. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_opa_rbac(_body text DEFAULT NULL, _access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (
    SELECT jsonb_build_object('result', jsonb_build_object(
             'allow', d.allowed,
             'deny', coalesce(d.deny_reason = 'denied_by_override', false),
             'deny_by_group', coalesce(d.deny_reason = 'denied_by_group', false)))
      FROM auth.decide_opa_input(_body, _access_token) AS d);
END
$function$;
COMMENT ON FUNCTION auth.answer_opa_rbac(text, text) IS
$$Answers OPA's data.rbac: {"result": {"allow": …, "deny": …, "deny_by_group": …}}, where deny and deny_by_group tell
that an override, or a group, denies. _body, _access_token: as for auth.answer_opa_allow. Errors: the same. Callers:
auth_gateway.$$;
-- AuthZEN Authorization API 1.0: evaluation, evaluations, the three searches, metadata.
--
-- 1. A subject is {"type": "user", "id": the user's id as digits}; a resource an organization, account or project by
--    its UUID. Any other type, and any other id, exists nowhere: false, or an empty list.
-- 2. The service whose permissions and groups count is context.service; AuthZEN has no word of its own for it.
--    Properties are accepted and not evaluated.
-- 3. What is wrong with a request is a 400 that says so, also where the rest of this API answers 415 or 422; within a
--    list of evaluations it denies that one.
-- 4. A search returns what auth.check_access allows, paged by the id of the last result. The page token carries it,
--    with the limit and a hash of the query, so that a token goes on with its own query or not at all. It is no secret:
--    it lets nobody see more than the query itself.

CREATE OR REPLACE FUNCTION auth.find_authzen_fault(request jsonb, required text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 20
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  entity text;
  member text;
BEGIN
  FOREACH entity IN ARRAY '{subject,action,resource,context}'::text[] LOOP
    IF coalesce(jsonb_typeof(request -> entity), 'null') NOT IN ('object', 'null') THEN
      RETURN format('%s: Input should be an object', entity);
    ELSIF coalesce(jsonb_typeof(request -> entity -> 'properties'), 'null') NOT IN ('object', 'null') THEN
      RETURN format('%s.properties: Input should be an object', entity);
    END IF;
  END LOOP;
  FOREACH member IN ARRAY '{subject.type,subject.id,action.name,resource.type,resource.id,context.service}'::text[] LOOP
    IF coalesce(jsonb_typeof(request #> string_to_array(member, '.')), 'null') NOT IN ('string', 'null') THEN
      RETURN format('%s: Input should be a string', member);
    ELSIF member = ANY (required) AND request #>> string_to_array(member, '.') IS NULL THEN
      RETURN format('%s: Field required', member);
    END IF;
  END LOOP;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.find_authzen_fault(jsonb, text[]) IS
$$Says what is wrong with an AuthZEN request, NULL when nothing is. request: an object. required: the members that it
needs, as entity.member. Unknown members are no fault. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_authzen_request(
  body text, headers jsonb, required text[], ignored text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  path text[] := string_to_array(ignored, '.');
  request jsonb;
  fault text;
BEGIN
  IF coalesce(headers ->> 'content-type', '') !~* '^application/json[ \t]*(;|$)' THEN
    PERFORM auth.refuse(400, 'The body must be application/json');
  END IF;
  request := auth.read_json_body(body);
  IF jsonb_typeof(request #> path[1:cardinality(path) - 1]) = 'object' THEN
    request := request #- path;
  END IF;
  fault := auth.find_authzen_fault(request, required);
  IF fault IS NOT NULL THEN
    PERFORM auth.refuse(400, fault);
  END IF;
  RETURN request;
END
$function$;
COMMENT ON FUNCTION auth.read_authzen_request(text, jsonb, text[], text) IS
$$Reads an AuthZEN request. body: as it was sent. headers: the request's. required: see auth.find_authzen_fault.
ignored: the member to leave out. Errors: A0400 when the body is not announced as application/json, is no JSON object,
or lacks something. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.decide_authzen(request jsonb, caller_id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  subject_id bigint := auth.read_user_id(request -> 'subject' ->> 'id');
  resource_type text := request -> 'resource' ->> 'type';
  resource_id uuid := auth.read_resource_id(request -> 'resource' ->> 'id');
  decision record;
BEGIN
  IF request -> 'subject' ->> 'type' <> 'user' OR resource_type NOT IN ('organization', 'account', 'project') THEN
    RETURN '{"decision": false, "context": {"reason": "unknown_type"}}'::jsonb;
  END IF;
  PERFORM auth.require_may_ask_about(caller_id, subject_id, resource_type, resource_id);
  SELECT c.* INTO decision
    FROM auth.check_access(subject_id, request -> 'action' ->> 'name', resource_type, resource_id,
                           request -> 'context' ->> 'service') AS c;
  RETURN jsonb_build_object('decision', decision.allowed, 'context',
    CASE WHEN decision.allowed THEN jsonb_build_object('granted_by', decision.granted_by)
         ELSE jsonb_build_object('reason', decision.deny_reason) END);
END
$function$;
COMMENT ON FUNCTION auth.decide_authzen(jsonb, bigint) IS
$$Decides one AuthZEN evaluation: decision, and context with granted_by or reason. request: one without fault.
caller_id: who asks. Errors: A0403 when they may not. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.audit_authzen(requests jsonb[], decisions jsonb[]) RETURNS void
LANGUAGE plpgsql STABLE COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM auth.audit_superuser(use.user_id, use.action, use.times)
     FROM (SELECT (d.request -> 'subject' ->> 'id')::bigint, d.request -> 'action' ->> 'name', count(*)
             FROM unnest(requests, decisions) AS d (request, decision)
            WHERE d.decision -> 'context' ->> 'granted_by' = 'superuser'
            GROUP BY 1, 2) AS use (user_id, action, times);
END
$function$;
COMMENT ON FUNCTION auth.audit_authzen(jsonb[], jsonb[]) IS
$$Leaves an audit line for each superuser and action among evaluations. requests, decisions: what was asked and, in the
same order, decided. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_evaluation(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(
    _body, _headers, '{subject.type,subject.id,action.name,resource.type,resource.id}');
  decision jsonb := auth.decide_authzen(request, caller_id);
BEGIN
  PERFORM auth.audit_authzen(ARRAY[request], ARRAY[decision]);
  RETURN decision;
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_evaluation(text, jsonb, text) IS
$$AuthZEN's Access Evaluation API: decision, and context with granted_by or reason. _body: subject {type, id}, action
{name}, resource {type, id}, context {service}. _headers: the request's, for its media type. _access_token: the
caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0400 when the request is not as
AuthZEN has it; A0401 when nobody is authenticated; A0403 when the caller asks about somebody else on a resource that
the caller does not administer. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.merge_authzen_defaults(defaults jsonb, evaluation jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
AS $function$
SELECT jsonb_object_agg(e.name, CASE
         WHEN evaluation -> e.name IS NULL THEN defaults -> e.name
         WHEN jsonb_typeof(evaluation -> e.name) <> 'object'
           OR jsonb_typeof(defaults -> e.name) IS DISTINCT FROM 'object' THEN evaluation -> e.name
         -- The whole entity is replaced, but for the identifiers that it leaves out.
         ELSE (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}') FROM jsonb_each(defaults -> e.name) AS m
                WHERE m.key IN ('type', 'id', 'name') AND e.name <> 'context') || (evaluation -> e.name) END)
  FROM unnest('{subject,action,resource,context}'::text[]) AS e (name)
$function$;
COMMENT ON FUNCTION auth.merge_authzen_defaults(jsonb, jsonb) IS
$$Completes one of several AuthZEN evaluations by the request's defaults. defaults: the request. evaluation: an object.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_evaluations(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 50000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  required CONSTANT text[] := ARRAY['subject.type', 'subject.id', 'action.name', 'resource.type', 'resource.id'];
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{}');
  evaluations jsonb := coalesce(nullif(request -> 'evaluations', 'null'), '[]');
  semantic text := coalesce(request -> 'options' ->> 'evaluations_semantic', 'execute_all');
  evaluation jsonb;
  fault text;
  decision jsonb;
  asked jsonb[] := ARRAY[]::jsonb[];
  decisions jsonb[] := ARRAY[]::jsonb[];
BEGIN
  IF jsonb_typeof(evaluations) <> 'array' THEN
    PERFORM auth.refuse(400, 'evaluations: Input should be a list');
  ELSIF jsonb_array_length(evaluations) > 1000 THEN
    PERFORM auth.refuse(400, 'evaluations: List should have at most 1000 items');
  ELSIF coalesce(jsonb_typeof(request -> 'options'), 'null') NOT IN ('object', 'null') THEN
    PERFORM auth.refuse(400, 'options: Input should be an object');
  ELSIF semantic NOT IN ('execute_all', 'deny_on_first_deny', 'permit_on_first_permit') THEN
    PERFORM auth.refuse(400, 'options.evaluations_semantic: Input should be execute_all, deny_on_first_deny or '
                             'permit_on_first_permit');
  ELSIF evaluations = '[]' THEN
    fault := auth.find_authzen_fault(request, required);
    IF fault IS NOT NULL THEN
      PERFORM auth.refuse(400, fault);
    END IF;
    decision := auth.decide_authzen(request, caller_id);
    PERFORM auth.audit_authzen(ARRAY[request], ARRAY[decision]);
    RETURN decision;
  END IF;

  FOR evaluation IN SELECT e.value FROM jsonb_array_elements(evaluations) WITH ORDINALITY AS e (value, place)
                     ORDER BY e.place LOOP
    IF jsonb_typeof(evaluation) = 'object' THEN
      evaluation := auth.merge_authzen_defaults(request, evaluation);
      fault := auth.find_authzen_fault(evaluation, required);
    ELSE
      fault := 'Input should be an object';
    END IF;
    IF fault IS NULL THEN
      BEGIN
        decision := auth.decide_authzen(evaluation, caller_id);
      EXCEPTION WHEN SQLSTATE 'A0403' THEN
        decision := jsonb_build_object('decision', false, 'context', jsonb_build_object(
          'error', jsonb_build_object('status', 403, 'message', SQLERRM)));
      END;
    ELSE
      decision := jsonb_build_object('decision', false, 'context', jsonb_build_object(
        'error', jsonb_build_object('status', 400, 'message', fault)));
    END IF;
    asked := array_append(asked, evaluation);
    decisions := array_append(decisions, decision);
    EXIT WHEN semantic = 'deny_on_first_deny' AND NOT (decision -> 'decision')::boolean
           OR semantic = 'permit_on_first_permit' AND (decision -> 'decision')::boolean;
  END LOOP;
  PERFORM auth.audit_authzen(asked, decisions);
  RETURN jsonb_build_object('evaluations', to_jsonb(decisions));
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_evaluations(text, jsonb, text) IS
$$AuthZEN's Access Evaluations API: evaluations, a list of answers as auth.answer_authzen_evaluation gives them, in the
order asked. _body: evaluations, 1 to 1000 of them; subject, action, resource and context, which serve where an
evaluation has none; options.evaluations_semantic: execute_all, deny_on_first_deny or permit_on_first_permit. Without
evaluations, or with none, it is one evaluation. One that lacks something, or that the caller may not ask, is denied
and says so in context.error. _headers, _access_token: as for auth.answer_authzen_evaluation. Errors: A0400 when the
request is not as AuthZEN has it; A0401 when nobody is authenticated; A0403 for a single evaluation that the caller may
not ask. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.make_authzen_token(query text, size integer, after text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
AS $function$
SELECT format('%s.%s.%s',
              encode(sha256(convert_to(format('%s %s %s', size, after, query), 'UTF8')), 'hex'), size, after)
$function$;
COMMENT ON FUNCTION auth.make_authzen_token(text, integer, text) IS
$$Makes the token of an AuthZEN search's next page. query: the search without its page. size: results a page. after: id
or name of the last result; NULL: there was none. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.read_authzen_page(
  api text, request jsonb, OUT query text, OUT size integer, OUT after text)
LANGUAGE plpgsql IMMUTABLE COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  page jsonb := coalesce(nullif(request -> 'page', 'null'), '{}');
  token jsonb := nullif(nullif(page -> 'token', 'null'), '""');
  size_asked jsonb := nullif(page -> 'limit', 'null');
  parts text[];
BEGIN
  query := api || (request - 'page')::text;
  IF jsonb_typeof(page) <> 'object' THEN
    PERFORM auth.refuse(400, 'page: Input should be an object');
  ELSIF jsonb_typeof(token) <> 'string' THEN
    PERFORM auth.refuse(400, 'page.token: Input should be a string');
  ELSIF jsonb_typeof(size_asked) <> 'number' OR size_asked::text !~ '^[0-9]+$' THEN
    PERFORM auth.refuse(400, 'page.limit: Input should be a whole number, 0 or more');
  END IF;
  IF size_asked IS NOT NULL THEN
    size := least(size_asked::numeric, 1000);
  END IF;
  IF token IS NULL THEN
    size := coalesce(size, 100);
    RETURN;
  END IF;

  parts := regexp_match(token #>> '{}', '^[0-9a-f]{64}\.([0-9]{1,4})\.(.*)$');
  IF parts IS NULL OR token #>> '{}' <> auth.make_authzen_token(query, parts[1]::integer, parts[2]) THEN
    PERFORM auth.refuse(400, 'page.token: It belongs to another search');
  ELSIF size <> parts[1]::integer THEN
    PERFORM auth.refuse(400, 'page.limit: It cannot change from page to page');
  END IF;
  size := parts[1]::integer;
  after := parts[2];
END
$function$;
COMMENT ON FUNCTION auth.read_authzen_page(text, jsonb) IS
$$Reads which page of an AuthZEN search is asked for. api: name of the search. request: one without fault. query: what
the token is bound to. size: results a page: page.limit, at most 1000; without it that of the token, without a token
100. after: id or name to begin behind; NULL or empty: from the beginning. Errors: A0400 when page is not as AuthZEN has
it, or when anything but the token has changed since the page before. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.make_authzen_results(
  query text, size integer, after text, member text, found text[], type text DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100
AS $function$
SELECT jsonb_build_object(
         'results', coalesce(
           jsonb_agg(jsonb_strip_nulls(jsonb_build_object('type', type, member, f.id)) ORDER BY f.place)
             FILTER (WHERE f.place <= size), '[]'),
         'page', jsonb_build_object('next_token', CASE WHEN cardinality(found) > size
           THEN auth.make_authzen_token(query, size, coalesce(found[size], after)) ELSE '' END))
  FROM unnest(found) WITH ORDINALITY AS f (id, place)
$function$;
COMMENT ON FUNCTION auth.make_authzen_results(text, integer, text, text, text[], text) IS
$$Makes the answer of an AuthZEN search: results and page.next_token. query, size, after: from auth.read_authzen_page.
member: id or name. found: what was found, one more than size where there is more. type: that of the results.
Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_subject_search(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{subject.type,action.name,resource.type,resource.id}',
                                             'subject.id');
  page record := auth.read_authzen_page('subject', request);
  resource_type text := request -> 'resource' ->> 'type';
  resource_id uuid := auth.read_resource_id(request -> 'resource' ->> 'id');
  found text[] := ARRAY[]::text[];
BEGIN
  IF request -> 'subject' ->> 'type' = 'user' AND resource_type IN ('organization', 'account', 'project') THEN
    PERFORM auth.require_may_ask_about(caller_id, NULL, resource_type, resource_id);
    found := ARRAY(
      SELECT l.user_id FROM auth.list_subjects(resource_type, resource_id, request -> 'action' ->> 'name',
        request -> 'context' ->> 'service', auth.read_user_id(page.after), page.size + 1) AS l);
  END IF;
  RETURN auth.make_authzen_results(page.query, page.size, page.after, 'id', found, 'user');
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_subject_search(text, jsonb, text) IS
$$AuthZEN's Subject Search API: results, the users who may, by ascending id, and page.next_token. _body: subject {type},
action {name}, resource {type, id}, context {service}, page {token, limit}. _headers: the request's, for its media
type. _access_token: the caller's; NULL: whoever auth.authenticate named in this transaction. Errors: A0400 when the
request is not as AuthZEN has it, or is another than the one that the token is of; A0401 when nobody is authenticated;
A0403 when the caller is neither a superuser nor an admin of the resource. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_resource_search(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{subject.type,subject.id,action.name,resource.type}',
                                             'resource.id');
  page record := auth.read_authzen_page('resource', request);
  resource_type text := request -> 'resource' ->> 'type';
  subject_id bigint := auth.read_user_id(request -> 'subject' ->> 'id');
  found text[] := ARRAY[]::text[];
BEGIN
  IF request -> 'subject' ->> 'type' = 'user' AND resource_type IN ('organization', 'account', 'project') THEN
    PERFORM auth.require_may_ask_about(caller_id, subject_id, NULL, NULL);
    found := ARRAY(
      SELECT l.resource_id FROM auth.list_resources(subject_id, request -> 'action' ->> 'name', resource_type,
        request -> 'context' ->> 'service', auth.read_resource_id(page.after), page.size + 1) AS l);
  END IF;
  RETURN auth.make_authzen_results(page.query, page.size, page.after, 'id', found, resource_type);
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_resource_search(text, jsonb, text) IS
$$AuthZEN's Resource Search API: results, the resources on which the subject may, by ascending id, and page.next_token.
_body: subject {type, id}, action {name}, resource {type}, context {service}, page {token, limit}. _headers,
_access_token: as for auth.answer_authzen_subject_search. Errors: A0400 when the request is not as AuthZEN has it, or
is another than the one that the token is of; A0401 when nobody is authenticated; A0403 when a caller who is no
superuser asks about somebody else. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.answer_authzen_action_search(
  _body text DEFAULT NULL, _headers jsonb DEFAULT NULL, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  request jsonb := auth.read_authzen_request(_body, _headers, '{subject.type,subject.id,resource.type,resource.id}',
                                             'action');
  page record := auth.read_authzen_page('action', request);
  resource_type text := request -> 'resource' ->> 'type';
  resource_id uuid := auth.read_resource_id(request -> 'resource' ->> 'id');
  subject_id bigint := auth.read_user_id(request -> 'subject' ->> 'id');
  found text[] := ARRAY[]::text[];
BEGIN
  IF request -> 'subject' ->> 'type' = 'user' AND resource_type IN ('organization', 'account', 'project') THEN
    PERFORM auth.require_may_ask_about(caller_id, subject_id, resource_type, resource_id);
    found := ARRAY(
      SELECT l.action
        FROM auth.list_actions(subject_id, resource_type, resource_id, request -> 'context' ->> 'service') AS l
       WHERE page.after IS NULL OR l.action > page.after COLLATE "C"
       ORDER BY l.action COLLATE "C" LIMIT page.size + 1);
  END IF;
  RETURN auth.make_authzen_results(page.query, page.size, page.after, 'name', found);
END
$function$;
COMMENT ON FUNCTION auth.answer_authzen_action_search(text, jsonb, text) IS
$$AuthZEN's Action Search API: results, the actions that the subject may take on the resource, as auth.list_actions
has them, and page.next_token. _body: subject {type, id}, resource {type, id}, context {service}, page {token, limit}.
_headers, _access_token: as for auth.answer_authzen_subject_search. Errors: A0400 when the request is not as AuthZEN
has it, or is another than the one that the token is of; A0401 when nobody is authenticated; A0403 when a caller who is
neither a superuser nor an admin of the resource asks about somebody else. Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.show_authzen_configuration() RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  base text := auth.setting('public_url');
BEGIN
  IF base = '' THEN
    PERFORM auth.refuse(404, 'The setting public_url, which the metadata are made of, is not set');
  END IF;
  RETURN jsonb_build_object(
    'policy_decision_point', base,
    'access_evaluation_endpoint', base || '/access/v1/evaluation',
    'access_evaluations_endpoint', base || '/access/v1/evaluations',
    'search_subject_endpoint', base || '/access/v1/search/subject',
    'search_resource_endpoint', base || '/access/v1/search/resource',
    'search_action_endpoint', base || '/access/v1/search/action');
END
$function$;
COMMENT ON FUNCTION auth.show_authzen_configuration() IS
$$AuthZEN's metadata: the URLs of its APIs, below the setting public_url. Errors: A0404 while that is not set. Callers:
auth_gateway.$$;
-- The whole HTTP surface, one line an endpoint. Written anew at every installation and update; an operator's
-- own rows (builtin false) stay.

DELETE FROM auth.routes WHERE builtin;
INSERT INTO auth.routes (builtin, method, path, function, success_status, lane, summary)
SELECT true, endpoint.* FROM (VALUES
  ('GET',    '/',                                'auth.show_status',      200, 'read', 'Show that it works'),
  ('GET',    '/.well-known/jwks.json',           'auth.jwks',             200, 'read', 'List public keys'),
  ('POST',   '/api/auth/register',               'auth.register',         201, 'hash', 'Register a user'),
  ('POST',   '/api/auth/login',                  'auth.login',            200, 'hash', 'Log in'),
  ('POST',   '/api/auth/refresh',                'auth.refresh',          200, 'call', 'Refresh the tokens'),
  ('POST',   '/api/auth/logout',                 'auth.logout',           200, 'call', 'Log out'),
  ('POST',   '/api/auth/logout-all',             'auth.logout_all',       200, 'call', 'Log out everywhere'),
  ('GET',    '/api/auth/me',                     'auth.me',               200, 'read', 'Show own account'),
  ('GET',    '/api/auth/sessions',               'auth.list_sessions',    200, 'call', 'List own sessions'),
  ('DELETE', '/api/auth/sessions/{session_id}',  'auth.revoke_session',   200, 'call', 'End own session'),
  ('POST',   '/api/auth/validate-session',       'auth.validate_session', 200, 'read', 'Validate session'),
  ('POST',   '/api/auth/extend-session',         'auth.extend_session',   200, 'call', 'Extend session'),
  ('POST',   '/api/auth/change-password',        'auth.change_password',  200, 'hash', 'Change own password'),
  ('POST',   '/api/user/change-password-user',   'auth.change_password',  200, 'hash', 'Change own password'),

  -- Access checks
  ('POST',   '/api/authz/check_access',          'auth.answer_access_check',  200, 'read', 'Check access'),
  ('POST',   '/api/authz/check_access/batch',    'auth.answer_access_checks', 200, 'call', 'Check access, many'),
  ('GET',    '/api/authz/explain_access', 'auth.answer_access_explanation', 200, 'call', 'Explain a decision'),
  ('GET',    '/api/authz/list_resources', 'auth.answer_resource_list',      200, 'call', 'List where a user may'),
  ('GET',    '/api/authz/list_subjects',  'auth.answer_subject_list',       200, 'call', 'List who may'),
  ('GET',    '/api/authz/list_actions',   'auth.answer_action_list',        200, 'call', 'List what a user may'),
  ('GET',    '/api/authz/health',         'auth.show_authorization_health', 200, 'read', 'Show that access is decided'),
  -- OPA's data API
  ('POST',   '/v1/data/rbac',             'auth.answer_opa_rbac',           200, 'read', 'Decide as OPA, with reasons'),
  ('POST',   '/v1/data/rbac/allow',       'auth.answer_opa_allow',          200, 'read', 'Decide as OPA'),
  -- AuthZEN
  ('GET',    '/.well-known/authzen-configuration', 'auth.show_authzen_configuration', 200, 'read', 'Show metadata'),
  ('POST',   '/access/v1/evaluation',      'auth.answer_authzen_evaluation',      200, 'read', 'Evaluate'),
  ('POST',   '/access/v1/evaluations',     'auth.answer_authzen_evaluations',     200, 'call', 'Evaluate, many'),
  ('POST',   '/access/v1/search/subject',  'auth.answer_authzen_subject_search',  200, 'call', 'Search subjects'),
  ('POST',   '/access/v1/search/resource', 'auth.answer_authzen_resource_search', 200, 'call', 'Search resources'),
  ('POST',   '/access/v1/search/action',   'auth.answer_authzen_action_search',   200, 'call', 'Search actions')
) AS endpoint;

-- A thousand checks are longer than other requests.
UPDATE auth.routes SET max_body_bytes = 1048576
 WHERE builtin AND path IN ('/api/authz/check_access/batch', '/access/v1/evaluations');

-- Role administration, below /api/rbac.
INSERT INTO auth.routes (builtin, method, path, function, success_status, lane, summary)
SELECT true, e.method, '/api/rbac' || e.path, 'auth.' || e.function, e.success_status, e.lane, e.summary FROM (VALUES
  ('GET',    '/me', 'show_own_access', 200, 'call', 'Show own rights'),
  ('GET',    '/organizations', 'list_organizations', 200, 'call', 'List organizations'),
  ('POST',   '/organizations', 'create_organization', 201, 'call', 'Create an organization'),
  ('GET',    '/organizations/{organization_id}', 'show_organization', 200, 'read', 'Show an organization'),
  ('PATCH',  '/organizations/{organization_id}', 'change_organization', 200, 'call', 'Change an organization'),
  ('DELETE', '/organizations/{organization_id}', 'delete_organization', 204, 'call', 'Delete an organization'),
  ('GET',    '/accounts', 'list_accounts', 200, 'call', 'List accounts'),
  ('POST',   '/accounts', 'create_account', 201, 'call', 'Create an account'),
  ('GET',    '/accounts/{account_id}', 'show_account', 200, 'read', 'Show an account'),
  ('PATCH',  '/accounts/{account_id}', 'change_account', 200, 'call', 'Change or move an account'),
  ('DELETE', '/accounts/{account_id}', 'delete_account', 204, 'call', 'Delete an account'),
  ('GET',    '/projects', 'list_projects', 200, 'call', 'List projects'),
  ('POST',   '/projects', 'create_project', 201, 'call', 'Create a project'),
  ('GET',    '/projects/{project_id}', 'show_project', 200, 'read', 'Show a project'),
  ('PATCH',  '/projects/{project_id}', 'change_project', 200, 'call', 'Change or move a project'),
  ('DELETE', '/projects/{project_id}', 'delete_project', 204, 'call', 'Delete a project'),
  ('GET',    '/user_role_assignments', 'list_role_assignments', 200, 'call', 'List role assignments'),
  ('POST',   '/user_role_assignments', 'grant_role', 201, 'call', 'Grant or change a role'),
  ('DELETE', '/user_role_assignments/{user_id}/{resource_id}', 'revoke_role', 204, 'call', 'Revoke a role'),
  ('GET',    '/role_changes', 'list_role_changes', 200, 'call', 'List changes of roles'),
  ('GET',    '/permission_overrides', 'list_permission_overrides', 200, 'call', 'List overrides'),
  ('POST',   '/permission_overrides', 'set_permission_override', 201, 'call', 'Set an override'),
  ('PATCH',  '/permission_overrides/{user_id}/{resource_id}', 'change_permission_override', 200, 'call', 'Change an override'),
  ('DELETE', '/permission_overrides/{user_id}/{resource_id}', 'delete_permission_override', 204, 'call', 'Delete an override'),
  ('GET',    '/roles', 'list_roles', 200, 'call', 'List roles'),
  ('POST',   '/roles', 'create_role', 201, 'call', 'Define a role'),
  ('GET',    '/roles/{role_id}', 'show_role', 200, 'read', 'Show a role'),
  ('PATCH',  '/roles/{role_id}', 'change_role', 200, 'call', 'Change a role'),
  ('DELETE', '/roles/{role_id}', 'delete_role', 204, 'call', 'Delete a role'),
  ('POST',   '/roles/{role_id}/permissions', 'add_role_permission', 201, 'call', 'Add permissions to a role'),
  ('PATCH',  '/roles/{role_id}/permissions/{permission_id}', 'change_role_permission', 200, 'call', 'Change permissions of a role'),
  ('DELETE', '/roles/{role_id}/permissions/{permission_id}', 'delete_role_permission', 204, 'call', 'Delete permissions of a role'),
  ('GET',    '/groups', 'list_groups', 200, 'call', 'List groups'),
  ('POST',   '/groups', 'create_group', 201, 'call', 'Create a group'),
  ('GET',    '/groups/{group_id}', 'show_group', 200, 'read', 'Show a group'),
  ('PATCH',  '/groups/{group_id}', 'change_group', 200, 'call', 'Change a group'),
  ('DELETE', '/groups/{group_id}', 'delete_group', 204, 'call', 'Delete a group'),
  ('POST',   '/groups/{group_id}/permissions', 'add_group_permission', 201, 'call', 'Add denials to a group'),
  ('PATCH',  '/groups/{group_id}/permissions/{permission_id}', 'change_group_permission', 200, 'call', 'Change denials of a group'),
  ('DELETE', '/groups/{group_id}/permissions/{permission_id}', 'delete_group_permission', 204, 'call', 'Delete denials of a group'),
  ('GET',    '/groups/{group_id}/members', 'list_group_members', 200, 'call', 'List members of a group'),
  ('POST',   '/groups/{group_id}/members', 'add_group_member', 201, 'call', 'Add a member to a group'),
  ('DELETE', '/groups/{group_id}/members/{user_id}/{resource_id}', 'remove_group_member', 204, 'call', 'Remove a member from a group'),
  ('GET',    '/users/{user_id}/groups', 'list_user_groups', 200, 'call', 'List groups of a user')
) AS e (method, path, function, success_status, lane, summary);
-- Who owns what and who may do what. Runs last, at installation and again at the end of every update: an
-- object that an update adds is closed before it can be used.

-- Every member of the extension belongs to auth_owner and is closed to PUBLIC.
DO $owner$
DECLARE
  member record;
BEGIN
  FOR member IN
    SELECT CASE d.classid
             WHEN 'pg_namespace'::regclass THEN 'SCHEMA'
             WHEN 'pg_proc'::regclass THEN 'ROUTINE'
             WHEN 'pg_type'::regclass THEN 'TYPE'
             ELSE 'TABLE'  -- Views and sequences answer to it as well.
           END AS kind,
           i.identity
      FROM pg_depend AS d
      JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'auth_api'
     CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i
      LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
      LEFT JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
      LEFT JOIN pg_class AS of_type ON of_type.oid = t.typrelid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
       AND (d.classid IN ('pg_namespace'::regclass, 'pg_proc'::regclass)
            -- Identity sequences go with their table, row types as well.
            OR c.relkind IN ('r', 'v') OR t.typtype <> 'c' OR of_type.relkind = 'c')
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO auth_owner', member.kind, member.identity);
    EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC', member.kind, member.identity);
  END LOOP;
END
$owner$;

-- SECURITY DEFINER functions reach the nine tables as auth_owner.
GRANT USAGE ON SCHEMA @extschema@ TO auth_owner;

GRANT USAGE ON SCHEMA auth TO auth_gateway, auth_caller;
GRANT USAGE ON TYPE auth.http_response TO auth_gateway, auth_caller;

-- The gateway: what the routes name, the list of routes, and what an operator's own endpoint needs to know
-- its caller and to refuse (it runs with the gateway's rights unless it is SECURITY DEFINER).
DO $gateway$
DECLARE
  routed regproc;
BEGIN
  FOR routed IN SELECT DISTINCT r.function::regproc FROM auth.routes AS r WHERE r.builtin LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO auth_gateway', routed::oid::regprocedure);
  END LOOP;
END
$gateway$;
GRANT EXECUTE ON FUNCTION
  auth.list_routes(),
  auth.authenticate(text), auth.require_user(text), auth.current_user_id(), auth.current_session_id(),
  auth.refuse(integer, text, jsonb), auth.problem(integer, text, jsonb)
TO auth_gateway;

-- Applications, from SQL.
GRANT EXECUTE ON FUNCTION
  auth.authenticate(text), auth.require_user(text), auth.current_user_id(), auth.current_session_id(),
  auth.register(text, text, text, inet, text), auth.login(text, text, text, inet, text),
  auth.refresh(text, inet, text), auth.logout(text), auth.logout_all(text), auth.me(text),
  auth.list_sessions(text), auth.revoke_session(uuid, text), auth.validate_session(text, jsonb),
  auth.extend_session(text, jsonb), auth.change_password(text, text, text), auth.jwks(),
  auth.refuse(integer, text, jsonb), auth.problem(integer, text, jsonb)
TO auth_caller;

-- Role administration, from SQL: the same functions as over HTTP, with the identity of auth.authenticate.
DO $administration$
DECLARE
  routed regproc;
BEGIN
  FOR routed IN SELECT r.function::regproc FROM auth.routes AS r WHERE r.builtin AND r.path LIKE '/api/rbac/%' LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO auth_caller', routed::oid::regprocedure);
  END LOOP;
END
$administration$;
GRANT EXECUTE ON FUNCTION auth.has_role_at(bigint, text, uuid, text, timestamptz) TO auth_caller;

-- Applications' policies and services: what roles the caller holds, and, for services that are trusted to ask, others.
GRANT EXECUTE ON FUNCTION
  auth.has_organization_role(uuid, text), auth.has_account_role(uuid, text), auth.has_project_role(uuid, text),
  auth.organization_ids(text), auth.account_ids(text), auth.project_ids(text),
  auth.user_has_role(bigint, text, uuid, text), auth.role_actions(text, text),
  auth.check_access(bigint, text, text, uuid, text),
  auth.check_access_batch(bigint[], text[], text[], uuid[], text[]),
  auth.explain_access(bigint, text, text, uuid, text),
  auth.list_resources(bigint, text, text, text, uuid, integer),
  auth.list_subjects(text, uuid, text, text, bigint, integer),
  auth.list_actions(bigint, text, uuid, text)
TO auth_caller;

-- Whoever owns the extension may run a gateway and make the first superuser. It could drop the extension
-- anyway; it still reads no table.
DO $installer$
DECLARE
  installer name;
BEGIN
  SELECT r.rolname INTO installer
    FROM pg_extension AS e JOIN pg_roles AS r ON r.oid = e.extowner
   WHERE e.extname = 'auth_api' AND NOT r.rolsuper;
  IF FOUND THEN
    EXECUTE format('GRANT auth_gateway TO %I', installer);
    EXECUTE format('GRANT EXECUTE ON FUNCTION auth.create_superuser(text, text, text) TO %I', installer);
  END IF;
END
$installer$;
