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
