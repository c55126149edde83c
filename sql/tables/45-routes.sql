-- Routes: the HTTP surface, one row an endpoint. The gateway reads them through auth.list_routes() and has no
-- endpoint of its own.
--
-- 1. builtin rows are the extension's and are written anew by every update (sql/routes.sql); the others are
--    the operator's, and only those are dumped.
-- 2. function is a qualified name, not an OID, which pg_upgrade would not keep; it must not be overloaded.

CREATE TABLE auth.routes (
  method text NOT NULL,
  path text NOT NULL,
  function text NOT NULL,
  success_status integer NOT NULL DEFAULT 200,
  lane text NOT NULL,
  max_body_bytes integer NOT NULL DEFAULT 65536,
  summary text NOT NULL,
  builtin boolean NOT NULL DEFAULT false,
  PRIMARY KEY (method, path),
  CONSTRAINT routes_method_known CHECK (method IN ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
  CONSTRAINT routes_path_form CHECK (
    path ~ '^(/|(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+)$'),
  CONSTRAINT routes_function_qualified CHECK (function ~ '^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$'),
  CONSTRAINT routes_success_status_range CHECK (success_status BETWEEN 200 AND 299),
  CONSTRAINT routes_lane_known CHECK (lane IN ('read', 'call', 'hash')),
  CONSTRAINT routes_max_body_bytes_range CHECK (max_body_bytes BETWEEN 0 AND 16777216)
);

COMMENT ON TABLE auth.routes IS 'The HTTP surface: which request calls which function.';
COMMENT ON COLUMN auth.routes.path IS
  'Path pattern; a segment {name} binds the function''s argument of that name.';
COMMENT ON COLUMN auth.routes.function IS
  'Qualified name of a function that returns jsonb, void or auth.http_response.';
COMMENT ON COLUMN auth.routes.success_status IS 'Status of the answer when the function returns jsonb.';
COMMENT ON COLUMN auth.routes.lane IS
  'read: STABLE functions that answer in microseconds; call: others; hash: functions that hash a password.';
COMMENT ON COLUMN auth.routes.max_body_bytes IS 'A longer request body is answered 413.';
COMMENT ON COLUMN auth.routes.builtin IS 'The extension''s own route, written anew by every update.';

SELECT pg_catalog.pg_extension_config_dump('auth.routes', 'WHERE NOT builtin');
