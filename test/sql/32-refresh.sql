-- Promise: a refresh token is exchanged once; a retry soon after gets the same answer; any other second use
-- ends the session. (Fifty calls at once: test/http/refresh-concurrency.test.mjs.)
\ir support.psql

SELECT pg_temp.new_user('refresh@sql.example') AS id \gset
CREATE FUNCTION pg_temp.exchange(token text, OUT status integer, OUT access_token text,
  OUT refresh_token text)
BEGIN ATOMIC
  SELECT status, body ->> 'access_token', body ->> 'refresh_token' FROM auth.refresh(token);
END;
CREATE FUNCTION pg_temp.state_of(session_id uuid) RETURNS text
BEGIN ATOMIC
  SELECT CASE WHEN is_active THEN 'active' ELSE end_reason END FROM sessions WHERE id = session_id;
END;

-- Rotation
SELECT access_token, refresh_token AS first FROM pg_temp.begin_session('refresh@sql.example') \gset
SELECT pg_temp.session_of(:'first') AS session \gset
SELECT status, body, body ->> 'refresh_token' AS second FROM auth.refresh(:'first') \gset
SELECT is(:status, 200, 'a refresh token is exchanged');
SELECT set_eq(format('SELECT jsonb_object_keys(%L)', :'body'),
  ARRAY['access_token', 'refresh_token', 'token_type', 'expires_in', 'password_change_required'],
  'the answer has the members of a login''s');
SELECT isnt(:'second'::text, :'first', 'the next token is another');
SELECT is(pg_temp.session_of(:'second'), :'session', 'of the same session');
SELECT is(auth.authenticate(:'body'::jsonb ->> 'access_token'), :id::bigint, 'the new access token is good');
SELECT is(auth.authenticate(:'access_token'), :id::bigint, 'the one before is good until it expires');
SELECT is(count(*), 1::bigint, 'no second session begins') FROM sessions WHERE user_id = :id;

-- Retry
SELECT is(refresh_token, :'second', 'a retry gets the same next token') FROM pg_temp.exchange(:'first');
SELECT isnt(access_token, NULL, 'and an access token') FROM pg_temp.exchange(:'first');
SELECT is(pg_temp.state_of(:'session'), 'active', 'and harms nobody');
SELECT is(count(*), 1::bigint, 'however often, one token is unrotated')
  FROM auth.refresh_tokens WHERE session_id = :'session' AND rotated_at IS NULL;

-- Reuse, once the successor has been used
SELECT refresh_token AS third FROM pg_temp.exchange(:'second') \gset
SELECT is(status || (body ->> 'detail') || (headers ->> 'WWW-Authenticate'), '401Invalid refresh tokenBearer',
  'a rotated token whose successor has been used is refused')
  FROM auth.refresh(:'first', '192.0.2.9', 'thief');
SELECT is(pg_temp.state_of(:'session'), 'refresh_token_reused', 'and ends the session');
SELECT is(status, 401, 'for the newest token as well') FROM pg_temp.exchange(:'third');
SELECT throws_ok(format('SELECT auth.authenticate(%L)', :'access_token'), 'A0401',
  'Could not validate credentials',
  'and for the access tokens');
SELECT results_eq(
  format('SELECT action, ip_address FROM user_activity WHERE user_id = %s ORDER BY id DESC LIMIT 1', :id),
  $$VALUES ('refresh_token_reused', '192.0.2.9'::inet)$$, 'the trail says so');

-- Reuse, once the grace is over
SELECT refresh_token AS first FROM pg_temp.begin_session('refresh@sql.example') \gset
SELECT pg_temp.session_of(:'first') AS session \gset
SELECT refresh_token AS second FROM pg_temp.exchange(:'first') \gset
UPDATE auth.refresh_tokens SET rotated_at = now() - interval '11 seconds' WHERE token_hash = sha256(:'first');
SELECT is(status, 401, 'after refresh_grace_seconds a retry is refused') FROM pg_temp.exchange(:'first');
SELECT is(pg_temp.state_of(:'session'), 'refresh_token_reused', 'and ends the session');

SELECT auth.set_setting('refresh_grace_seconds', '0');
SELECT refresh_token AS first FROM pg_temp.begin_session('refresh@sql.example') \gset
SELECT pg_temp.exchange(:'first');
SELECT is(status, 401, 'without a grace there is no retry') FROM pg_temp.exchange(:'first');
SELECT auth.set_setting('refresh_grace_seconds', NULL);

-- What is not a good token
SELECT is(status, 401, format('a token of %s characters that we never issued is refused', char_length(token)))
  FROM unnest(ARRAY[NULL, '', 'x', auth.random_token(), repeat('é', 10000)]) AS token,
    pg_temp.exchange(token);
SELECT refresh_token AS token FROM pg_temp.begin_session('refresh@sql.example') \gset
SELECT pg_temp.session_of(:'token') AS session \gset
UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = :'session';
SELECT is(status, 401, 'a session that has run out is not revived') FROM pg_temp.exchange(:'token');
UPDATE sessions SET expires_at = now() + interval '1 hour' WHERE id = :'session';
UPDATE users SET status = 'suspended' WHERE id = :id;
SELECT is(status, 401, 'nor one of a user who is not active') FROM pg_temp.exchange(:'token');
UPDATE users SET status = 'active' WHERE id = :id;
SELECT is(rotated_at, NULL, 'a refusal uses no token up') FROM auth.refresh_tokens
  WHERE token_hash = sha256(:'token');

-- Life
UPDATE sessions SET created_at = now() - interval '10 days',
  expires_at = now() + interval '1 hour' WHERE id = :'session';
SELECT refresh_token AS token FROM pg_temp.exchange(:'token') \gset
SELECT ok(expires_at BETWEEN now() + interval '30 days' AND now() + interval '30 days 1 minute',
  'a refresh moves the end to session_seconds from now') FROM sessions WHERE id = :'session';
UPDATE sessions SET created_at = now() - interval '89 days',
  expires_at = now() + interval '1 hour' WHERE id = :'session';
SELECT refresh_token AS token FROM pg_temp.exchange(:'token') \gset
SELECT is(expires_at - created_at, interval '90 days', 'but not past session_maximum_seconds after login')
  FROM sessions WHERE id = :'session';
UPDATE sessions SET expires_at = created_at + interval '200 days' WHERE id = :'session';
SELECT refresh_token AS token FROM pg_temp.exchange(:'token') \gset
SELECT is(expires_at - created_at, interval '200 days', 'and never back') FROM sessions WHERE id = :'session';

-- Purge
INSERT INTO auth.refresh_tokens (token_hash, session_id, rotated_at, successor_hash, sealed_successor)
SELECT sha256(('old' || n)::bytea), :'session', now() - interval '2 days', sha256('x'),
  'x' FROM generate_series(1, 25) AS n;
SELECT pg_temp.exchange(:'token');
SELECT is(count(*), 5::bigint,
  'each refresh removes at most twenty tokens that were rotated more than a day ago')
  FROM auth.refresh_tokens WHERE session_id = :'session' AND rotated_at < now() - interval '1 day';

SELECT finish();
ROLLBACK;
