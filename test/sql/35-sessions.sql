-- Promise: users see and end their own sessions; a session is extended, never shortened, and never beyond its
-- maximum.
\ir support.psql

SELECT pg_temp.new_user('sessions@sql.example') AS id \gset
SELECT pg_temp.new_user('somebody-else@sql.example');
SELECT body ->> 'access_token' AS here_access_token, body ->> 'refresh_token' AS here_refresh_token
  FROM auth.login('sessions@sql.example', pg_temp.good_password(), NULL, '192.0.2.1', 'the same agent') \gset
SELECT body ->> 'access_token' AS there_access_token, body ->> 'refresh_token' AS there_refresh_token
  FROM auth.login('sessions@sql.example', pg_temp.good_password(), NULL, '2001:db8::1',
    'the same agent') \gset
SELECT * FROM pg_temp.begin_session('somebody-else@sql.example') \gset else_
SELECT pg_temp.session_of(:'here_refresh_token') AS here, pg_temp.session_of(:'there_refresh_token') AS there,
       pg_temp.session_of(:'else_refresh_token') AS elsewhere \gset

-- List
SELECT auth.list_sessions(:'here_access_token') AS sessions \gset
SELECT is(jsonb_array_length(:'sessions'), 2, 'the caller''s sessions are listed');
SELECT set_eq(format('SELECT jsonb_object_keys(%L::jsonb -> 0)', :'sessions'),
  ARRAY['id', 'ip_address', 'user_agent', 'created_at', 'expires_at', 'is_current'],
  'with the documented members');
SELECT set_eq(
  format($$SELECT (s ->> 'id')::uuid, s ->> 'ip_address', (s -> 'is_current')::boolean
             FROM jsonb_array_elements(%L) AS s$$, :'sessions'),
  format('VALUES (%L::uuid, ''192.0.2.1'', true), (%L::uuid, ''2001:db8::1'', false)', :'here', :'there'),
  'the current one is the session of the token, whatever the user agent');
UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = :'there';
SELECT is(jsonb_array_length(auth.list_sessions(:'here_access_token')), 1,
  'one that has run out is not listed');
UPDATE sessions SET expires_at = now() + interval '1 day' WHERE id = :'there';

-- Revoke
SELECT throws_ok(format('SELECT auth.revoke_session(%L, %L)', session, :'here_access_token'), 'A0404',
  'Session not found',
                 'a session is not found when it is ' || why)
  FROM (VALUES (:'elsewhere'::uuid, 'somebody else''s'), (gen_random_uuid(), 'nobody''s'),
               (NULL, 'NULL')) AS v (session, why);
SELECT is(auth.me(:'else_access_token') ->> 'email', 'somebody-else@sql.example', 'somebody else''s goes on');
SELECT lives_ok(format('SELECT auth.revoke_session(%L, %L)', :'there', :'here_access_token'),
  'an own session is revoked');
SELECT throws_ok(format('SELECT auth.me(%L)', :'there_access_token'), 'A0401', NULL,
  'its access token is dead');
SELECT is(status, 401, 'its refresh token too') FROM auth.refresh(:'there_refresh_token');
SELECT throws_ok(format('SELECT auth.revoke_session(%L, %L)', :'there', :'here_access_token'), 'A0404', NULL,
  'it cannot be revoked twice');
SELECT results_eq(format('SELECT action, details ->> ''session_id'' FROM user_activity WHERE user_id = %s '
                         'ORDER BY id DESC LIMIT 1',
                         :id),
  format('VALUES (''session_revoked'', %L)', :'there'), 'the trail says which one');

-- Validate
SELECT is(auth.validate_session(:'here_access_token'),
  jsonb_build_object('valid', true, 'user_id', :id, 'email', 'sessions@sql.example', 'is_password_temporary',
    false),
  'a live session is valid');
SELECT is(auth.validate_session(:'here_access_token',
  jsonb_build_object('x-refresh-token', :'here_refresh_token')) -> 'valid',
  'true', 'with its refresh token as well');
SELECT throws_ok(format('SELECT auth.validate_session(%L, %L)', :'here_access_token', headers), 'A0401',
                 'session_invalidated', 'not with another one')
  FROM unnest(ARRAY[jsonb_build_object('x-refresh-token', :'else_refresh_token'),
                    '{"x-refresh-token": "x"}']) AS headers;
SELECT lives_ok(format('SELECT auth.validate_session(%L, %L)', :'here_access_token', headers),
  'other headers are nothing to it')
  FROM unnest(ARRAY['{}', '{"x-other": "x"}', '[]', 'null']::jsonb[]) AS headers;
SELECT throws_ok(format('SELECT auth.validate_session(%L)', :'there_access_token'), 'A0401',
  'session_invalidated',
  'a session that has ended is invalidated');
SELECT throws_ok('SELECT auth.validate_session(''x'')', 'A0401', 'Could not validate credentials',
  'a token must be ours');

CREATE FUNCTION pg_temp.details(user_status text, token text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  details text[];
  statement text;
BEGIN
  UPDATE users SET status = user_status, deleted_at = CASE user_status WHEN 'deleted' THEN now() END
   WHERE email = 'sessions@sql.example';
  FOREACH statement IN ARRAY ARRAY['SELECT auth.validate_session($1)', 'SELECT auth.extend_session($1)'] LOOP
    BEGIN
      EXECUTE statement USING token;
    EXCEPTION WHEN SQLSTATE 'A0401' THEN
      details := details || SQLERRM;
    END;
  END LOOP;
  UPDATE users SET status = 'active', deleted_at = NULL WHERE email = 'sessions@sql.example';
  RETURN details;
END $$;
SELECT is(pg_temp.details('inactive', :'here_access_token'), ARRAY['user_inactive', 'user_inactive'],
  'an inactive user is told');
SELECT is(pg_temp.details('suspended', :'here_access_token'), ARRAY['user_inactive', 'user_inactive'],
  'a suspended one too');
SELECT is(pg_temp.details('deleted', :'here_access_token'), ARRAY['user_not_found', 'user_not_found'],
  'a deleted one is not found');
SELECT is(pg_temp.details('active', :'there_access_token'), ARRAY['session_invalidated',
                                                                  'no_active_sessions'],
  'the end of a session has a word in each');

-- Extend
UPDATE sessions SET expires_at = now() + interval '1 hour' WHERE id = :'here';
SELECT auth.extend_session(:'here_access_token') AS extended \gset
SELECT set_eq(format('SELECT jsonb_object_keys(%L)', :'extended'),
  ARRAY['extended', 'new_expires_at', 'extension_minutes', 'sessions_extended'],
  'an extension has the documented members');
SELECT is(:'extended'::jsonb -> 'extension_minutes', '180', 'of three hours');
SELECT ok(expires_at BETWEEN now() + interval '3 hours' AND now() + interval '3 hours 1 minute', 'from now')
  FROM sessions WHERE id = :'here';
SELECT is((:'extended'::jsonb ->> 'new_expires_at')::timestamptz, expires_at, 'as the answer says')
  FROM sessions WHERE id = :'here';
UPDATE sessions SET expires_at = now() + interval '20 days' WHERE id = :'here';
SELECT auth.extend_session(:'here_access_token');
SELECT is(expires_at, now() + interval '20 days', 'an extension never shortens') FROM sessions
  WHERE id = :'here';
UPDATE sessions SET created_at = now() - interval '90 days' + interval '2 hours',
  expires_at = now() + interval '1 hour'
 WHERE id = :'here';
SELECT auth.extend_session(:'here_access_token');
SELECT is(expires_at, now() + interval '2 hours', 'and stops at session_maximum_seconds after login')
  FROM sessions WHERE id = :'here';
SELECT is(auth.authenticate(:'here_access_token'), :id::bigint, 'without a token');
SELECT is(auth.extend_session() -> 'extended', 'true', 'the session of whoever is authenticated is extended');
SELECT is(auth.validate_session() -> 'valid', 'true', 'or validated');

SELECT finish();
ROLLBACK;
