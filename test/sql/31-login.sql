-- Promise: the right password of an active user gets tokens; whatever else is tried gets an answer that tells
-- nothing, and is counted.
\ir support.psql

SELECT pg_temp.new_user('login@sql.example') AS id \gset
CREATE FUNCTION pg_temp.attempt(email text, password text) RETURNS text
BEGIN ATOMIC
  SELECT status || ' ' || coalesce(body ->> 'detail', body ->> 'token_type') FROM auth.login(email, password);
END;

-- Success
SELECT status, body FROM auth.login(' LOGIN@sql.example', pg_temp.good_password(), NULL, '192.0.2.8',
  repeat('a', 10000)) \gset
SELECT is(:status, 200, 'the right password is answered 200');
SELECT set_eq(format('SELECT jsonb_object_keys(%L)', :'body'),
  ARRAY['access_token', 'refresh_token', 'token_type', 'expires_in', 'password_change_required'],
  'with the documented members');
SELECT is(:'body'::jsonb ->> 'token_type', 'bearer', 'token_type is bearer');
SELECT is(:'body'::jsonb -> 'expires_in', '900', 'expires_in is the life of the access token');
SELECT is(:'body'::jsonb -> 'password_change_required', 'false',
  'a password of one''s own need not be changed');
SELECT results_eq(
  format('SELECT aal, ip_address, char_length(user_agent), is_active, '
         'expires_at - created_at BETWEEN %L AND %L FROM sessions WHERE user_id = %s',
         interval '30 days - 1 minute', interval '30 days + 1 minute', :id),
  $$VALUES ('aal1', '192.0.2.8'::inet, 512, true, true)$$, 'a session begins');
SELECT is(auth.authenticate(:'body'::jsonb ->> 'access_token'), :id::bigint,
  'the access token authenticates the user');
SELECT results_eq(format('SELECT count(*) FROM user_activity WHERE action = ''login'' AND user_id = %s', :id),
  'VALUES (1::bigint)', 'the login is in the trail once');
SELECT isnt(last_login, NULL, 'last_login is set') FROM users WHERE id = :id;
SELECT is(pg_temp.attempt('login@sql.example', normalize(pg_temp.good_password(), NFD)), '200 bearer',
  'a password may come in any Unicode form');
SELECT isnt_empty($$SELECT FROM auth.login('login@sql.example', pg_temp.good_password(),
  '123456') WHERE status = 200$$,
  'a code from a user without a second factor is ignored');
UPDATE users SET is_password_temporary = true WHERE id = :id;
SELECT is(body -> 'password_change_required', 'true', 'a password that somebody else chose must be changed')
  FROM auth.login('login@sql.example', pg_temp.good_password());

-- Refusals, all alike
SELECT is(a, b, 'an unknown address gets the very answer of a wrong password')
  FROM auth.login('login@sql.example', 'wrong') AS a, auth.login('unknown@sql.example', 'wrong') AS b;
SELECT is(pg_temp.attempt('login@sql.example', password), '401 Incorrect email or password',
          format('a password of %s bytes is wrong', octet_length(password)))
  FROM unnest(ARRAY['', 'wrong', repeat('x', 1025), repeat('x', 10000)]) AS password;
SELECT results_eq(
  $$SELECT details ->> 'reason', user_id IS NULL FROM user_activity WHERE action = 'login_failed' ORDER BY id
    LIMIT 2$$,
  $$VALUES ('wrong_password', false), ('unknown_email', true)$$, 'each failure leaves one row in the trail');
SELECT results_eq(
  $$SELECT failed_attempts FROM auth.login_attempts
     WHERE email_hash IN (sha256('login@sql.example'), sha256('unknown@sql.example')) ORDER BY 1$$,
  'VALUES (1), (5)', 'each is counted, for known and unknown addresses alike');
SELECT is_empty($$SELECT FROM user_activity WHERE details::text ~ 'unknown@|wrong-'$$,
  'nothing that a stranger typed is kept');
SELECT is(pg_temp.attempt('login@sql.example', pg_temp.good_password()), '200 bearer',
  'the right password still works');
SELECT is_empty($$SELECT FROM auth.login_attempts WHERE email_hash = sha256('login@sql.example')$$,
  'and clears the count');
SELECT is(pg_temp.sqlstate_of(format('SELECT auth.login(%L, %L)', email, password)), 'A0422',
  'no address or password: 422')
  FROM (VALUES (NULL, 'x'), ('login@sql.example', NULL), ('not an address', 'x')) AS v (email, password);

DO $$
DECLARE
  state text;
BEGIN
  FOREACH state IN ARRAY ARRAY['inactive', 'suspended', 'pending', 'deleted'] LOOP
    UPDATE users SET status = state, deleted_at = CASE state WHEN 'deleted' THEN now() END
     WHERE email = 'login@sql.example';
    ASSERT pg_temp.attempt('login@sql.example', pg_temp.good_password()) = '401 Incorrect email or password',
      state;
  END LOOP;
END $$;
SELECT pass('a user who is inactive, suspended, pending or deleted is told that the password is wrong');
SELECT is(failed_attempts, 4, 'which counts as well, so that the count does not tell the password was right')
  FROM auth.login_attempts WHERE email_hash = sha256('login@sql.example');
UPDATE users SET status = 'active', deleted_at = NULL WHERE id = :id;
SELECT auth.clear_failed_attempts(sha256('login@sql.example'));

SELECT auth.set_setting('email_verification', 'true');
SELECT is(status || (headers ->> 'X-Error-Type') || (body ->> 'detail'),
  '403email_not_verifiedemail_not_verified',
  'whoever has not verified the address is told so, given the right password')
  FROM auth.login('login@sql.example', pg_temp.good_password());
SELECT is(pg_temp.attempt('login@sql.example', 'wrong'), '401 Incorrect email or password',
  'and not given a wrong one');
UPDATE users SET is_verified = true WHERE id = :id;
SELECT is(pg_temp.attempt('login@sql.example', pg_temp.good_password()), '200 bearer',
  'once verified they log in');
SELECT auth.set_setting('email_verification', NULL);

-- Locks
SELECT auth.set_setting('lockout_threshold', '3');
SELECT is(array_agg(pg_temp.attempt(email, 'wrong')),
  array_fill('401 Incorrect email or password'::text, ARRAY[3]),
  format('%s: three wrong passwords', email))
  FROM (VALUES ('login@sql.example'), ('stranger@sql.example')) AS v (email),
    generate_series(1, 3) GROUP BY email;
SELECT is(status || (headers ->> 'X-Error-Type') || (body ->> 'detail'), '423account_lockedaccount_locked',
  format('%s: then the address is locked, also for the right password', email))
  FROM (VALUES ('login@sql.example'), ('stranger@sql.example')) AS v (email),
       LATERAL auth.login(email, pg_temp.good_password());
SELECT set_eq(
  $$SELECT failed_attempts, date_trunc('minute', locked_until - updated_at) FROM auth.login_attempts
     WHERE email_hash IN (sha256('login@sql.example'), sha256('stranger@sql.example'))$$,
  $$VALUES (3, interval '15 minutes')$$, 'for 15 minutes, in which nothing is counted');
CREATE FUNCTION pg_temp.minutes_of_lock(failures integer) RETURNS interval LANGUAGE plpgsql AS $$
BEGIN
  UPDATE auth.login_attempts SET failed_attempts = failures - 1, locked_until = now() - interval '1 minute'
   WHERE email_hash = sha256('login@sql.example');
  PERFORM auth.login('login@sql.example', 'wrong');
  RETURN (SELECT date_trunc('minute', locked_until - updated_at) FROM auth.login_attempts
           WHERE email_hash = sha256('login@sql.example'));
END $$;
SELECT is(pg_temp.minutes_of_lock(failures), minutes, format('%s failures lock for %s', failures, minutes))
  FROM (VALUES (4, interval '15 minutes'), (5, '15 minutes'), (6, '30 minutes'), (8, '30 minutes'),
               (9, '60 minutes'), (100, '60 minutes')) AS v (failures, minutes);
UPDATE auth.login_attempts SET locked_until = now() - interval '1 minute'
  WHERE email_hash = sha256('login@sql.example');
SELECT is(pg_temp.attempt('login@sql.example', pg_temp.good_password()), '200 bearer',
  'a lock ends by itself');
SELECT auth.set_setting('lockout_threshold', NULL);

-- Old rows go
INSERT INTO auth.login_attempts (email_hash, failed_attempts, updated_at)
SELECT sha256(('stale' || n)::bytea), 1, now() - interval '8 days' FROM generate_series(1, 15) AS n;
SELECT pg_temp.attempt('another-stranger@sql.example', 'wrong');
SELECT is(count(*), 5::bigint, 'each failure removes at most ten counts that are a week old')
  FROM auth.login_attempts WHERE updated_at < now() - interval '7 days';
INSERT INTO sessions (id, user_id, created_at, expires_at)
SELECT gen_random_uuid(), :id, now() - interval '90 days',
  now() - interval '31 days' FROM generate_series(1, 25);
SELECT pg_temp.attempt('login@sql.example', pg_temp.good_password());
SELECT is(count(*), 5::bigint, 'each login removes at most twenty sessions that ran out a month ago')
  FROM sessions WHERE user_id = :id AND expires_at < now() - interval '30 days';

-- Hashes
DELETE FROM auth.password_hashes WHERE user_id <> :id;
SELECT auth.set_setting('password_hash_parameters', 'm=12288,t=3,p=1');
SELECT matches(auth.decoy_password_hash(sha256('x')), '\$m=19456,t=2,p=1\$',
  'an unknown address costs what users cost, while their hashes still have the former parameters');
SELECT pg_temp.attempt('login@sql.example', pg_temp.good_password());
SELECT matches(password_hash, '\$m=12288,t=3,p=1\$', 'a hash with other parameters is renewed by a login')
  FROM auth.password_hashes WHERE user_id = :id;
SELECT is(pg_temp.attempt('login@sql.example', pg_temp.good_password()), '200 bearer',
  'and the password still works');
UPDATE auth.password_hashes SET password_hash = '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3';
SELECT matches(auth.decoy_password_hash(sha256('x')), '\$m=12288,t=3,p=1\$',
  'a hash of another kind is no model for it');
DELETE FROM auth.password_hashes;
SELECT matches(auth.decoy_password_hash(sha256('x')), '\$m=12288,t=3,p=1\$',
  'without any user, the setting counts');
SELECT is(pg_temp.attempt('login@sql.example', pg_temp.good_password()), '401 Incorrect email or password',
  'a user without a password cannot log in with one');
SELECT isnt_empty($$SELECT FROM (SELECT auth.decoy_password_hash(sha256(n::text::bytea)) AS decoy
  FROM generate_series(1, 9) AS n) AS d
                     WHERE auth.verify_password('x', d.decoy) IS FALSE$$,
  'a decoy is a hash that verification takes, and no password matches');

SELECT finish();
ROLLBACK;
