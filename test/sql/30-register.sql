-- Promise: anybody may register once an address, as an ordinary user; with e-mail verification on, the answer
-- does not tell whether the address was known.
\ir support.psql

SELECT auth.register('  New.User@SQL.example', pg_temp.good_password(), ' New User ', '192.0.2.7',
  'agent') AS answer \gset
SELECT set_eq(format('SELECT jsonb_object_keys(%L)', :'answer'),
  ARRAY['id', 'email', 'full_name', 'is_verified', 'mfa_enabled', 'created_at', 'updated_at'],
  'the answer has the documented members');
SELECT is(:'answer'::jsonb ->> 'email', 'new.user@sql.example', 'the address is normalised');
SELECT is(:'answer'::jsonb ->> 'full_name', 'New User', 'the name is trimmed');
SELECT (:'answer'::jsonb ->> 'id')::bigint AS id \gset
SELECT results_eq(
  format($$SELECT status, is_verified OR is_superuser OR application_admin OR is_manager
    OR is_password_temporary
             FROM users WHERE id = %s$$, :id),
  $$VALUES ('active', false)$$, 'a new user is active and has no privilege');
SELECT matches(password_hash, '^\$argon2id\$v=19\$m=19456,t=2,p=1\$', 'the password is stored as Argon2id')
  FROM auth.password_hashes WHERE user_id = :id;
SELECT results_eq(
  format('SELECT action, ip_address, user_agent FROM user_activity WHERE user_id = %s', :id),
  $$VALUES ('user_registered', '192.0.2.7'::inet, 'agent')$$, 'the registration is in the trail');
SELECT is(status, 200, 'the new user can log in')
  FROM auth.login('NEW.USER@sql.example', pg_temp.good_password());

SELECT throws_ok($$SELECT auth.register('NEW.user@sql.example', 'another-walnut-ferry-93')$$, 'A0400',
  'Email already registered', 'an address registers once, however it is written');
SELECT is(count(*), 1::bigint, 'and keeps its one row') FROM users WHERE email = 'new.user@sql.example';
SELECT throws_ok($$SELECT auth.register('weak@sql.example', 'password123')$$, 'A0422', NULL,
  'a weak password is refused');
SELECT throws_ok($$SELECT auth.register('rosalind@sql.example', 'rosalind-okafor', 'Rosalind Okafor')$$,
  'A0422', NULL, 'so is one made of the own name');
SELECT is_empty($$SELECT FROM users WHERE email IN ('weak@sql.example', 'rosalind@sql.example')$$,
  'and nothing is left of the attempt');

SELECT auth.set_setting('email_verification', 'true');
SELECT is(auth.register('known-not@sql.example', pg_temp.good_password()),
          auth.register('new.user@sql.example', pg_temp.good_password()),
          'with e-mail verification on, a known and a new address get the same answer');
SELECT isnt_empty($$SELECT FROM users WHERE email = 'known-not@sql.example'$$,
  'and the new one is registered');
SELECT results_eq(
  format('SELECT action FROM user_activity WHERE user_id = %s ORDER BY id DESC LIMIT 1', :id),
  $$VALUES ('registration_repeated')$$, 'the owner of a known address finds the attempt in the trail');
SELECT is(status, 403, 'whoever is not verified cannot log in')
  FROM auth.login('new.user@sql.example', pg_temp.good_password());
SELECT auth.set_setting('email_verification', NULL);

-- One transaction with the application's own rows
CREATE TEMPORARY TABLE customers (user_id bigint);
SAVEPOINT application;
INSERT INTO customers VALUES (pg_temp.new_user('customer@sql.example'));
ROLLBACK TO application;
SELECT is_empty($$SELECT FROM users WHERE email = 'customer@sql.example'$$,
  'a registration rolls back with the transaction that it was part of');

SELECT finish();
ROLLBACK;
