-- Refresh tokens: the chain of tokens of each session, newest unrotated.
--
-- 1. Only the SHA-256 of a token is stored. The tokens have 256 random bits, so a plain hash cannot be
--    guessed.
-- 2. A token is rotated at most once; it then knows its successor's hash, and holds the successor encrypted
--    under the rotated token itself (auth.seal_with_token), which only whoever presents that token can open.
--    That is what a retry within refresh_grace_seconds gets back.
-- 3. At most one token of a session is unrotated.
-- 4. successor_hash has no foreign key: the successor is inserted after, and old tokens are purged.

CREATE TABLE auth.refresh_tokens (
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES @extschema@.sessions ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  rotated_at timestamptz,
  successor_hash bytea,
  sealed_successor bytea,
  CONSTRAINT refresh_tokens_token_hash_length CHECK (octet_length(token_hash) = 32),
  CONSTRAINT refresh_tokens_successor_complete CHECK (
    (rotated_at IS NULL) = (successor_hash IS NULL) AND (rotated_at IS NULL) = (sealed_successor IS NULL))
);

CREATE INDEX refresh_tokens_session_id_rotated_at_idx ON auth.refresh_tokens (session_id, rotated_at);
CREATE UNIQUE INDEX refresh_tokens_session_id_unrotated_key ON auth.refresh_tokens (session_id)
  WHERE rotated_at IS NULL;

COMMENT ON TABLE auth.refresh_tokens IS
  'SHA-256 of every refresh token, rotated ones for a day to detect their reuse.';
COMMENT ON COLUMN auth.refresh_tokens.token_hash IS 'SHA-256 of the token''s ASCII form.';
COMMENT ON COLUMN auth.refresh_tokens.sealed_successor IS
  'The successor token, AES-256-GCM under a key derived from this row''s own token (which is not stored).';

SELECT pg_catalog.pg_extension_config_dump('auth.refresh_tokens', '');
