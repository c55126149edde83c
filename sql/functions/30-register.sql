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
