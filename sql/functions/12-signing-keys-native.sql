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
