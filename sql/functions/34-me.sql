-- The caller's own account: the hottest call of all, so one look-up and one object, with no helper in
-- between.

CREATE OR REPLACE FUNCTION auth.me(_access_token text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
BEGIN
  RETURN (
    SELECT to_jsonb(account)
      FROM (SELECT u.id, u.email, u.full_name, u.status, u.is_verified, u.is_superuser, u.application_admin,
                   u.is_manager, u.is_password_temporary, u.phone_number, u.phone_verified, u.mfa_enabled,
                   u.sms_mfa_enabled, u.email_mfa_enabled, u.biometric_mfa_enabled, u.last_login,
                   u.created_at, u.updated_at
              FROM @extschema@.users AS u WHERE u.id = caller_id) AS account);
END
$function$;
COMMENT ON FUNCTION auth.me(text) IS
$$Returns the caller's account: id, email, full_name, status, is_verified, is_superuser, application_admin,
is_manager, is_password_temporary, phone_number, phone_verified, mfa_enabled, sms_mfa_enabled,
email_mfa_enabled, biometric_mfa_enabled, last_login, created_at, updated_at. _access_token: the caller's;
NULL: whoever auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated.
Callers: auth_gateway, auth_caller; also on a hot standby.$$;
