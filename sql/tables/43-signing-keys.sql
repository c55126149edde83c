-- Signing keys of the access tokens: one that signs, and retired ones that still verify.
--
-- 1. At most one key is not retired: that one signs.
-- 2. A retired key verifies until verify_until, when every token that it signed has expired.
-- 3. Private keys are encrypted (AES-256-GCM) under the key file that auth_api.key_file names, with kid as
--    additional data; a dump or a standby's disk without that file signs nothing.
-- 4. kid is the RFC 7638 thumbprint of the public key, so a kid can never come to name another key.

CREATE TABLE auth.signing_keys (
  kid text PRIMARY KEY,
  algorithm text NOT NULL DEFAULT 'ES256',
  public_jwk jsonb NOT NULL,
  sealed_private_key bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  retired_at timestamptz,
  verify_until timestamptz,
  CONSTRAINT signing_keys_algorithm_known CHECK (algorithm = 'ES256'),
  CONSTRAINT signing_keys_retirement_complete CHECK ((retired_at IS NULL) = (verify_until IS NULL))
);

CREATE UNIQUE INDEX signing_keys_one_active_key ON auth.signing_keys (algorithm) WHERE retired_at IS NULL;

COMMENT ON TABLE auth.signing_keys IS 'Keys that sign and verify access tokens; private halves encrypted.';
COMMENT ON COLUMN auth.signing_keys.public_jwk IS
  'The public key as JWK (RFC 7517), as auth.jwks() publishes it.';

SELECT pg_catalog.pg_extension_config_dump('auth.signing_keys', '');
