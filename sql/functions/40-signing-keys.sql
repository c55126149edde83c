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
