-- Password hashes, apart from users, so that no error about a user can print one.
--
-- 1. At most one hash a user, in PHC string form ($argon2id$v=19$m=…,t=…,p=…$salt$hash), made by
--    auth.hash_password.
-- 2. No CHECK on password_hash: its violation would print the hash. Only functions write it.

CREATE TABLE auth.password_hashes (
  user_id bigint PRIMARY KEY REFERENCES @extschema@.users ON DELETE CASCADE,
  password_hash text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE auth.password_hashes IS 'Argon2id hashes of the users'' passwords.';
COMMENT ON COLUMN auth.password_hashes.changed_at IS
  'When the password was chosen; a rehash with newer parameters leaves it.';

SELECT pg_catalog.pg_extension_config_dump('auth.password_hashes', '');
