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
