-- Sessions: one row a login, from the login to its end. Access tokens name the row (claim sid), refresh
-- tokens (auth.refresh_tokens) belong to it.
--
-- 1. A session is live when is_active AND expires_at > now. Nothing else makes a token good, nothing has to
--    be written for a session to run out.
-- 2. An ended session says when and why, and never becomes active again.
-- 3. expires_at only moves forward, and never past created_at + session_maximum_seconds.
-- 4. The C++ code reads id, user_id, is_active and expires_at by name and type; those do not change.

CREATE TABLE @extschema@.sessions (
  id uuid PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  aal text NOT NULL DEFAULT 'aal1',
  ip_address inet,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  ended_at timestamptz,
  end_reason text,
  CONSTRAINT sessions_aal_known CHECK (aal IN ('aal1', 'aal2')),
  CONSTRAINT sessions_end_complete CHECK (
    is_active = (ended_at IS NULL) AND is_active = (end_reason IS NULL)),
  CONSTRAINT sessions_end_reason_known CHECK (
    end_reason IN ('logout', 'logout_all', 'revoked', 'refresh_token_reused', 'password_changed'))
);

-- Serves the foreign key, the list of a user's sessions, and the purge of those long expired.
CREATE INDEX sessions_user_id_expires_at_idx ON @extschema@.sessions (user_id, expires_at);

COMMENT ON TABLE @extschema@.sessions IS
  'One row a login. Live while is_active and expires_at is in the future.';
COMMENT ON COLUMN @extschema@.sessions.aal IS
  'Authentication assurance level reached at login (NIST SP 800-63B): aal1 one factor, aal2 two.';
COMMENT ON COLUMN @extschema@.sessions.ip_address IS 'The client''s address at login.';
COMMENT ON COLUMN @extschema@.sessions.expires_at IS
  'End of the idle life; refresh and extend_session move it forward.';
COMMENT ON COLUMN @extschema@.sessions.end_reason IS
  'logout, logout_all, revoked (by its owner), refresh_token_reused (theft suspected) or password_changed.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sessions', '');
