-- Login attempts: consecutive failures an e-mail address, and the lock that follows.
--
-- 1. Keyed by the SHA-256 of the normalised address, for known and unknown addresses alike: both cost the
--    same, both lock the same, and what strangers typed is not stored in the clear.
-- 2. A row goes when a login succeeds, or a week after the last failure.

CREATE TABLE auth.login_attempts (
  email_hash bytea PRIMARY KEY,
  failed_attempts integer NOT NULL,
  locked_until timestamptz,
  updated_at timestamptz NOT NULL,
  CONSTRAINT login_attempts_email_hash_length CHECK (octet_length(email_hash) = 32),
  CONSTRAINT login_attempts_failed_attempts_positive CHECK (failed_attempts > 0)
);

CREATE INDEX login_attempts_updated_at_idx ON auth.login_attempts (updated_at);

COMMENT ON TABLE auth.login_attempts IS
  'Consecutive failed password checks by SHA-256 of the e-mail address.';
COMMENT ON COLUMN auth.login_attempts.updated_at IS 'Time of the last failure.';

SELECT pg_catalog.pg_extension_config_dump('auth.login_attempts', '');
