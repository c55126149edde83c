-- Promise: a superuser is made by whoever owns the installation, under the same password policy, and only
-- new.
\ir support.psql

SELECT auth.create_superuser('Root@SQL.example', pg_temp.good_password(), 'The Root') AS id \gset
SELECT results_eq(
  format('SELECT email, full_name, status, is_superuser, is_verified, application_admin OR is_manager '
         'FROM users WHERE id = %s',
         :id),
  $$VALUES ('root@sql.example', 'The Root', 'active', true, true, false)$$,
  'a superuser is active and verified');
SELECT access_token FROM pg_temp.begin_session('root@sql.example') \gset
SELECT is(auth.me(:'access_token') ->> 'is_superuser', 'true', 'and can log in');
SELECT throws_ok($$SELECT auth.create_superuser('root@sql.example', pg_temp.good_password())$$, 'A0409',
  'User with this email already exists', 'a known address is refused');
SELECT pg_temp.new_user('ordinary@sql.example');
SELECT throws_ok($$SELECT auth.create_superuser('ordinary@sql.example', pg_temp.good_password())$$, 'A0409',
  NULL, 'an ordinary user is not promoted by it');
SELECT throws_ok($$SELECT auth.create_superuser('weak-root@sql.example', 'password123')$$, 'A0422', NULL,
  'a weak password is refused');
SELECT results_eq(
  format('SELECT action, details ->> ''created_by'' FROM user_activity WHERE user_id = %s '
         'ORDER BY id LIMIT 1', :id),
  'VALUES (''superuser_created'', session_user::text COLLATE "default")',
  'the trail says which database role did it');
SELECT is_empty($$SELECT FROM auth.routes WHERE function ~ 'superuser'$$, 'no route leads there');

SELECT finish();
ROLLBACK;
