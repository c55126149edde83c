-- Promise: logout ends the session of the token that is presented, and no other; logout-all ends all of them.
-- Access tokens are dead from the next statement on.
\ir support.psql

SELECT pg_temp.new_user('logout@sql.example') AS id \gset
SELECT * FROM pg_temp.begin_session('logout@sql.example') \gset here_
SELECT * FROM pg_temp.begin_session('logout@sql.example') \gset there_

SELECT is(auth.logout(:'here_refresh_token'), '{"message": "Successfully logged out"}',
  'logout answers a message');
SELECT throws_ok(format('SELECT auth.me(%L)', :'here_access_token'), 'A0401',
  'Could not validate credentials',
  'the access token is dead');
SELECT is(status, 401, 'so is the refresh token') FROM auth.refresh(:'here_refresh_token');
SELECT is(auth.me(:'there_access_token') ->> 'email', 'logout@sql.example', 'the other session goes on');
SELECT results_eq(format('SELECT end_reason FROM sessions WHERE user_id = %s AND NOT is_active', :id),
  $$VALUES ('logout')$$, 'the row says why it ended');
SELECT is(auth.logout(token), '{"message": "Successfully logged out"}',
  'any other token gets the same answer')
  FROM unnest(ARRAY[:'here_refresh_token', auth.random_token(), '', NULL, repeat('x', 10000)]) AS token;
SELECT is(count(*), 1::bigint, 'but a session ends, and is in the trail, once')
  FROM user_activity WHERE user_id = :id AND action = 'logout';

SELECT body ->> 'refresh_token' AS newer FROM auth.refresh(:'there_refresh_token') \gset
SELECT auth.logout(:'there_refresh_token');
SELECT is(status, 401, 'a token that was rotated already logs out as well') FROM auth.refresh(:'newer');

SELECT * FROM pg_temp.begin_session('logout@sql.example') \gset here_
SELECT * FROM pg_temp.begin_session('logout@sql.example') \gset there_
SELECT pg_temp.new_user('bystander@sql.example');
SELECT * FROM pg_temp.begin_session('bystander@sql.example') \gset other_
SELECT is(auth.logout_all(:'here_access_token') -> 'sessions_ended', '2',
  'logout_all ends all sessions of the caller');
SELECT throws_ok(format('SELECT auth.me(%L)', token), 'A0401', NULL, 'each access token is dead')
  FROM unnest(ARRAY[:'here_access_token', :'there_access_token']) AS token;
SELECT is(auth.me(:'other_access_token') ->> 'email', 'bystander@sql.example', 'nobody else is touched');
SELECT throws_ok(format('SELECT auth.logout_all(%L)', :'here_access_token'), 'A0401', NULL,
  'a dead token ends nothing');

SELECT is(auth.authenticate(:'other_access_token'), auth.current_user_id(),
  'without a token, whoever is authenticated');
SELECT is(auth.logout_all() -> 'sessions_ended', '1', 'is logged out');
SELECT is(auth.current_user_id(), NULL,
  'and is nobody from the next statement on, within the same transaction');
SELECT throws_ok('SELECT auth.logout_all()', 'A0401', 'Not authenticated',
  'then there is nobody left to log out');

SELECT finish();
ROLLBACK;
