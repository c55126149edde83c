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
