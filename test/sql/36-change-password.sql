-- Promise: a password changes for whoever knows the current one; then every other session is over.
\ir support.psql

SELECT pg_temp.new_user('change@sql.example') AS id \gset
SELECT * FROM pg_temp.begin_session('change@sql.example') \gset here_
SELECT * FROM pg_temp.begin_session('change@sql.example') \gset there_
\set new 'oyster-lantern-mosaic-17'

-- Refusals
SELECT throws_ok(format('SELECT auth.change_password(%L, %L)', pg_temp.good_password(), :'new'), 'A0401',
  'Not authenticated', 'a caller is required');
SELECT is(status || ' ' || (body ->> 'detail'), '400 Current password is incorrect',
  'a wrong current password is refused')
  FROM auth.change_password('wrong', :'new', :'here_access_token');
SELECT is(failed_attempts, 1, 'and counted like a failed login') FROM auth.login_attempts
 WHERE email_hash = sha256('change@sql.example');
SELECT throws_ok(format('SELECT auth.change_password(%L, %L, %L)', pg_temp.good_password(),
  pg_temp.good_password(),
                        :'here_access_token'),
  'A0400', 'New password must be different from current password', 'so is the same password again');
SELECT throws_ok(format('SELECT auth.change_password(%L, %L, %L)', pg_temp.good_password(), password,
  :'here_access_token'),
                 'A0422', NULL, 'so is one that the policy refuses')
  FROM unnest(ARRAY[NULL, '', 'short', 'password123', 'change@sql.example', repeat('x', 10000)]) AS password;
SELECT throws_ok(format('SELECT auth.change_password(NULL, %L, %L)', :'new', :'here_access_token'), 'A0422',
  NULL, 'the current password is required');
SELECT is(status, 200, 'after all of that the password is the old one')
  FROM auth.login('change@sql.example', pg_temp.good_password());

-- Success
UPDATE users SET is_password_temporary = true WHERE id = :id;
SELECT status, body FROM auth.change_password(pg_temp.good_password(), :'new', :'here_access_token') \gset
SELECT is(:status, 200, 'the current password and a good new one: changed');
SELECT is(:'body'::jsonb ->> 'message', 'Password changed successfully', 'says the answer');
SELECT is(auth.me(:'here_access_token') ->> 'is_password_temporary', 'false',
  'this session goes on, the password is one''s own');
SELECT is(status, 200, 'its refresh token too') FROM auth.refresh(:'here_refresh_token');
SELECT throws_ok(format('SELECT auth.me(%L)', :'there_access_token'), 'A0401', NULL,
  'the other session is over');
SELECT is(status, 401, 'with its refresh token') FROM auth.refresh(:'there_refresh_token');
SELECT results_eq(format('SELECT DISTINCT end_reason FROM sessions WHERE user_id = %s AND NOT is_active',
  :id),
  $$VALUES ('password_changed')$$, 'for the reason that its row gives');
SELECT is(status, 401, 'the old password is no good')
  FROM auth.login('change@sql.example', pg_temp.good_password());
SELECT is(status, 200, 'the new one is') FROM auth.login('change@sql.example', :'new');
SELECT set_has(format('SELECT action FROM user_activity WHERE user_id = %s', :id),
  $$VALUES ('password_change_failed'), ('password_changed')$$, 'the trail has both');

-- Guessing
SELECT auth.set_setting('lockout_threshold', '3');
SELECT is((auth.change_password('wrong', pg_temp.good_password(), :'here_access_token')).status, 400,
          'whoever guesses the current password')
  FROM generate_series(1, 3);
SELECT is(status || (headers ->> 'X-Error-Type'), '423account_locked', 'is locked out, even if they find it')
  FROM auth.change_password(:'new', pg_temp.good_password(), :'here_access_token');
SELECT is(status, 423, 'of the login as well') FROM auth.login('change@sql.example', :'new');

SELECT finish();
ROLLBACK;
