-- Promise: the mistakes of the system that this one replaces are not made again. Each test would have caught
-- one.
\ir support.psql

SELECT pg_temp.new_user('defects@sql.example') AS id \gset

-- Registration granted privileges that the client asked for.
SELECT is_empty(
  $$SELECT r.path, argument FROM auth.list_routes() AS r, unnest(r.argument_names) AS argument
     WHERE argument IN (SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0)
       AND argument NOT IN ('email', 'full_name')$$,
  'no route takes a column of users as an argument, but for the address and the name');

-- Access tokens survived logout, revocation, suspension, deletion and password change.
CREATE FUNCTION pg_temp.accepting(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  callee record;
  accepting text[] := '{}';
BEGIN
  FOR callee IN
    SELECT p.oid::regproc AS name,
           (SELECT string_agg(format('NULL::%s', format_type(t, NULL)), ', ' ORDER BY place) FILTER (
                     WHERE p.proargnames[place] <> '_access_token')
              FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, place)
             WHERE place < array_position(p.proargnames, '_access_token')) AS before
      FROM pg_proc AS p
     WHERE p.pronamespace = 'auth'::regnamespace
       AND ('_access_token' = ANY (p.proargnames) OR p.proname IN ('authenticate', 'require_user'))
  LOOP
    IF pg_temp.sqlstate_of(format('SELECT %s(%s)', callee.name,
      concat_ws(', ', callee.before, quote_literal(token))))
       <> 'A0401' THEN
      accepting := accepting || callee.name::text;
    END IF;
  END LOOP;
  RETURN array_to_string(accepting, ', ');
END $$;
CREATE FUNCTION pg_temp.dead_after(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  here record;
  there record;
  accepting text;
BEGIN
  here := pg_temp.begin_session('defects@sql.example');
  there := pg_temp.begin_session('defects@sql.example');
  PERFORM auth.authenticate(here.access_token),
    auth.authenticate(there.access_token);  -- Both are in the cache now.
  EXECUTE statement USING here.access_token, there.access_token, there.refresh_token,
                          pg_temp.session_of(there.refresh_token);
  accepting := pg_temp.accepting(there.access_token);
  IF auth.current_user_id() IS NOT NULL
    AND auth.current_session_id() = pg_temp.session_of(there.refresh_token) THEN
    accepting := accepting || ' current_user_id';
  END IF;
  IF EXISTS (SELECT FROM auth.refresh(there.refresh_token) WHERE status <> 401) THEN
    accepting := accepting || ' refresh';
  END IF;
  UPDATE users SET status = 'active', deleted_at = NULL WHERE email = 'defects@sql.example';
  RETURN accepting;
END $$;
SELECT is(pg_temp.dead_after(statement), '', format('after %s every function refuses both tokens', event))
  FROM (VALUES
    ('logout', 'SELECT auth.logout($3)'),
    ('logout-all', 'SELECT auth.logout_all($1)'),
    ('revocation', 'SELECT auth.revoke_session($4, $1)'),
    ('suspension', 'UPDATE users SET status = ''suspended'' WHERE email = ''defects@sql.example'''),
    ('deactivation', 'UPDATE users SET status = ''inactive'' WHERE email = ''defects@sql.example'''),
    ('deletion',
      'UPDATE users SET status = ''deleted'', deleted_at = now() WHERE email = ''defects@sql.example'''),
    ('the end of the session''s life',
      'UPDATE sessions SET expires_at = now() - interval ''1 second'' WHERE id = $4'),
    ('a change of password',
     format('SELECT auth.change_password(%L, %L, $1)', pg_temp.good_password(), 'oyster-lantern-mosaic-17')))
    AS events (event, statement);
SELECT auth.clear_failed_attempts(sha256('defects@sql.example'));
UPDATE auth.password_hashes SET password_hash = auth.hash_password(pg_temp.good_password())
  WHERE user_id = :id;

-- Any live access token could be made into a new session of thirty days.
SELECT is_empty($$SELECT FROM auth.routes WHERE path ~ 'recover'$$, 'there is no recover-session');
SELECT access_token FROM pg_temp.begin_session('defects@sql.example') \gset
SELECT count(*) AS sessions FROM sessions WHERE user_id = :id \gset
SELECT auth.extend_session(:'access_token'), auth.validate_session(:'access_token'), auth.me(:'access_token');
SELECT is(count(*), :sessions::bigint, 'nothing that takes an access token begins a session') FROM sessions
  WHERE user_id = :id;

-- A temporary password logged in past lock, status and verification.
UPDATE users SET is_password_temporary = true, status = 'suspended' WHERE id = :id;
SELECT is(status, 401, 'a temporary password does not pass a suspension')
  FROM auth.login('defects@sql.example', pg_temp.good_password());
UPDATE users SET status = 'active' WHERE id = :id;
SELECT auth.set_setting('email_verification', 'true');
SELECT is(status, 403, 'nor a missing verification') FROM auth.login('defects@sql.example',
  pg_temp.good_password());
SELECT is(is_verified, false, 'and verifies nothing') FROM users WHERE id = :id;
SELECT auth.set_setting('email_verification', NULL);
UPDATE auth.login_attempts SET locked_until = now() + interval '1 minute'
  WHERE email_hash = sha256('defects@sql.example');
SELECT is(status, 423, 'nor a lock') FROM auth.login('defects@sql.example', pg_temp.good_password());
SELECT auth.clear_failed_attempts(sha256('defects@sql.example'));

-- Refresh tokens and codes lay in the tables in plain text.
CREATE FUNCTION pg_temp.tables_with(secret text) RETURNS SETOF regclass LANGUAGE plpgsql AS $$
DECLARE
  member regclass;
  found_here boolean;
BEGIN
  FOR member IN
    SELECT d.objid FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
      JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
     WHERE d.deptype = 'e' AND e.extname = 'auth_api' AND c.relkind = 'r'
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS t '
                   'WHERE position($1 IN t::text) > 0 OR position($2 IN t::text) > 0)', member)
      INTO found_here USING secret, encode(secret::bytea, 'hex');
    IF found_here THEN
      RETURN NEXT member;
    END IF;
  END LOOP;
END $$;
SELECT body ->> 'access_token' AS access_token, body ->> 'refresh_token' AS refresh_token
  FROM auth.login('defects@sql.example', pg_temp.good_password(), '918273') \gset
SELECT body ->> 'refresh_token' AS next_refresh_token FROM auth.refresh(:'refresh_token') \gset
SELECT isnt_empty('SELECT pg_temp.tables_with(''defects@sql.example'')', 'the search finds what is stored');
SELECT is_empty(format('SELECT pg_temp.tables_with(%L)', secret), format('no table holds %s', name))
  FROM (VALUES ('a password', pg_temp.good_password()), ('an access token', :'access_token'),
               ('the access token''s signature', split_part(:'access_token', '.', 3)),
               ('a rotated refresh token', :'refresh_token'), ('a refresh token', :'next_refresh_token'),
               ('a code', '918273')) AS secrets (name, secret);

-- Two logins within a second got the same token, and the second session was silently not stored.
SELECT is(count(DISTINCT body ->> 'access_token') + count(DISTINCT body ->> 'refresh_token'), 6::bigint,
  'logins within the same second get different tokens')
  FROM (SELECT (auth.login('defects@sql.example', pg_temp.good_password())).body FROM generate_series(1,
    3)) AS l;

-- Errors and logs showed rows, hashes among them.
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws('|', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT is(pg_temp.error_of($$SELECT auth.register('defects@sql.example', 'oyster-lantern-mosaic-17')$$),
  'A0400|Email already registered', 'a duplicate registration shows no row');
SELECT unalike(pg_temp.error_of(format('SELECT auth.register(%L, %L)', email, password)),
  '%' || password || '%',
               'a refused password is not repeated')
  FROM (VALUES ('fresh@sql.example', 'password123'), ('fresh@sql.example', 'qzx'),
               ('not an address', 'vq7hznw4k'))
    AS v (email, password);

-- A change of password needed no current one; a lookup of the own sessions went by user agent; a login was
-- logged twice.
SELECT is(argument_has_default[array_position(argument_names, 'current_password')], false,
  format('%s asks for the current password', path))
  FROM auth.list_routes() WHERE function = 'auth.change_password';

-- Two registrations at once made two users with one address.
SELECT throws_ok($$INSERT INTO users (email) VALUES ('defects@sql.example')$$, '23505', NULL,
  'the database itself keeps addresses unique');

SELECT finish();
ROLLBACK;
