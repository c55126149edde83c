-- Promise: me shows the caller's own account as it is now, and nothing to anybody else.
\ir support.psql

SELECT pg_temp.new_user('me@sql.example') AS id \gset
SELECT pg_temp.new_user('other@sql.example');
SELECT * FROM pg_temp.begin_session('me@sql.example') \gset

SELECT set_eq(format('SELECT json_object_keys(auth.me(%L))', :'access_token'),
  ARRAY['id', 'email', 'full_name', 'status', 'is_verified', 'is_superuser', 'application_admin',
        'is_manager', 'is_password_temporary', 'phone_number', 'phone_verified', 'mfa_enabled',
        'sms_mfa_enabled', 'email_mfa_enabled', 'biometric_mfa_enabled', 'last_login', 'created_at',
        'updated_at'], 'me has the documented members');
SELECT is(auth.me(:'access_token') ->> 'id', :'id', 'of the user whose token it is');
SELECT is(auth.me() ->> 'id', :'id',
  'and, without a token, of whoever is authenticated in this transaction');
UPDATE users SET full_name = 'Changed', is_manager = true WHERE id = :id;
SELECT results_eq('SELECT auth.me() ->> ''full_name'', auth.me() ->> ''is_manager''',
  $$VALUES ('Changed', 'true')$$, 'it shows what is stored now');

SELECT throws_ok(format('SELECT auth.me(%L)', token), 'A0401', 'Could not validate credentials',
                 format('a token of %s characters that is not ours is refused', char_length(token)))
  FROM unnest(ARRAY['', 'x', 'a.b.c', overlay(:'access_token' PLACING 'AA' FROM 60),
                    repeat('a', 10000)]) AS token;
UPDATE users SET status = 'suspended' WHERE id = :id;
SELECT throws_ok(format('SELECT auth.me(%L)', :'access_token'), 'A0401', 'Could not validate credentials',
  'a suspended user gets nothing, with a token');
SELECT throws_ok('SELECT auth.me()', 'A0401', 'Not authenticated', 'or without');
UPDATE users SET status = 'active' WHERE id = :id;
SELECT is(auth.me(:'access_token') ->> 'id', :'id', 'until they are active again');

SELECT finish();
ROLLBACK;
