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
