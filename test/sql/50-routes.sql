-- Promise: the HTTP surface is what auth.routes says, and every route can be called; an operator adds one by
-- a function and a row.
\ir support.psql

SELECT set_eq(
  'SELECT method || '' '' || path FROM auth.routes WHERE builtin AND path NOT LIKE ''/api/rbac/%''',
  ARRAY['GET /', 'GET /.well-known/jwks.json', 'POST /api/auth/register', 'POST /api/auth/login',
        'POST /api/auth/refresh', 'POST /api/auth/logout', 'POST /api/auth/logout-all', 'GET /api/auth/me',
        'GET /api/auth/sessions', 'DELETE /api/auth/sessions/{session_id}', 'POST /api/auth/validate-session',
        'POST /api/auth/extend-session', 'POST /api/auth/change-password',
        'POST /api/user/change-password-user',
        'POST /api/authz/check_access', 'POST /api/authz/check_access/batch',
        'GET /api/authz/health', 'GET /api/authz/explain_access', 'GET /api/authz/list_resources',
        'GET /api/authz/list_subjects', 'GET /api/authz/list_actions', 'POST /v1/data/rbac', 'POST /v1/data/rbac/allow',
        'GET /.well-known/authzen-configuration', 'POST /access/v1/evaluation', 'POST /access/v1/evaluations',
        'POST /access/v1/search/subject', 'POST /access/v1/search/resource', 'POST /access/v1/search/action'],
  'the built-in routes');
SELECT set_eq('SELECT method, path FROM auth.list_routes()', 'SELECT method, path FROM auth.routes',
  'the gateway is told of every route');
SELECT is_empty(
  $$SELECT path FROM auth.list_routes()
     WHERE returns NOT IN ('jsonb', 'json', 'void', 'auth.http_response') OR coalesce(description, '') = ''
        OR cardinality(argument_names) <> cardinality(argument_types)
        OR cardinality(argument_names) <> cardinality(argument_has_default)$$,
  'with a description and a signature that it understands');
SELECT is_empty(
  $$SELECT path, segment[1] FROM auth.list_routes(), regexp_matches(path, '\{(\w+)\}', 'g') AS segment
     WHERE NOT segment[1] = ANY (argument_names)$$, 'each path segment in braces is an argument');
SELECT is_empty(
  $$SELECT path, name
      FROM auth.list_routes(), unnest(argument_names, argument_has_default) AS a (name, has_default)
     WHERE name LIKE '\_%' AND NOT has_default$$, 'no argument that the gateway fills in is required');
SELECT is_empty(
  $$SELECT path FROM auth.list_routes() AS r JOIN pg_proc AS p ON p.oid = r.function::regproc
     WHERE r.lane = 'read' AND p.provolatile = 'v'$$,
  'the read lane, which may be a standby, only has functions that do not write');
SELECT results_eq(
  $$SELECT argument_names, argument_types, argument_has_default, returns, lane, success_status, max_body_bytes
      FROM auth.list_routes() WHERE path = '/api/auth/register'$$,
  $$VALUES (ARRAY['email', 'password', 'full_name', '_client_ip', '_user_agent'],
            ARRAY['text', 'text', 'text', 'inet', 'text'], ARRAY[false, false, true, true, true],
            'jsonb'::text, 'hash'::text, 201, 65536)$$, 'register, for example');
SELECT is(auth.show_status(), '{"status": "ok"}', 'GET / says ok');

-- An operator's own route
CREATE SCHEMA operator;
CREATE FUNCTION operator.greet(name text, OUT greeting jsonb) LANGUAGE sql AS
$$SELECT jsonb_build_object('hello', name)$$;
COMMENT ON FUNCTION operator.greet(text) IS 'Greets.';
INSERT INTO auth.routes (method, path, function, lane, summary)
VALUES ('GET', '/operator/{name}', 'operator.greet', 'read', 'Greet');
SELECT results_eq(
  $$SELECT argument_names, argument_types, argument_has_default, returns, description FROM auth.list_routes()
     WHERE path = '/operator/{name}'$$,
  $$VALUES (ARRAY['name'], ARRAY['text'], ARRAY[false], 'jsonb'::text, 'Greets.'::text)$$,
  'is listed like any other');
CREATE FUNCTION operator.greet() RETURNS jsonb LANGUAGE sql AS $$SELECT '{}'::jsonb$$;
SET LOCAL client_min_messages = error;
SELECT is_empty($$SELECT FROM auth.list_routes() WHERE path = '/operator/{name}'$$,
  'an overloaded function is not guessed at');
SELECT isnt_empty('SELECT FROM auth.list_routes()', 'and takes no other route with it');

SELECT throws_ok(
  format('INSERT INTO auth.routes (method, path, function, lane, summary) VALUES (%L, %L, %L, %L, %L)',
         method, path, function, lane, 'x'),
  '23514', NULL, format('no route %s %s to %s in lane %s', method, path, function, lane))
  FROM (VALUES ('TRACE', '/x', 'operator.greet', 'read'), ('GET', 'x', 'operator.greet', 'read'),
               ('GET', '/x/', 'operator.greet', 'read'), ('GET', '/x//y', 'operator.greet', 'read'),
               ('GET', '/{x', 'operator.greet', 'read'), ('GET', '/x?y', 'operator.greet', 'read'),
               ('GET', '/x', 'greet', 'read'), ('GET', '/x', 'operator.greet(); --', 'read'),
               ('GET', '/x', 'operator.greet', 'fast')) AS v (method, path, function, lane);

SELECT finish();
ROLLBACK;
