-- Schema auth: the functions, and every table that holds a secret or a setting. The nine documented tables
-- live in the schema that CREATE EXTENSION was given (@extschema@).

CREATE SCHEMA auth;
COMMENT ON SCHEMA auth IS
  'Auth API: functions, settings and secrets. Callers get USAGE and EXECUTE, never a table.';

CREATE TYPE auth.http_response AS (status integer, headers jsonb, body jsonb);
COMMENT ON TYPE auth.http_response IS
  'What a function returns when it needs a status or headers of its own, or when its refusal must be '
  'committed (a raised error would roll back what it wrote). status: 100 to 599; headers: object of strings, '
  'or NULL; body: JSON.';

CREATE TYPE auth.issued_session AS (
  session_id uuid, access_token text, refresh_token text, expires_at timestamptz);
COMMENT ON TYPE auth.issued_session IS
  'A session that has just begun, with its two tokens in plain text: nothing keeps them. expires_at is the '
  'session''s.';
