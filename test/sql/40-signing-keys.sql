-- Promise: one key signs; a retired one verifies until its last token has expired; no private key is
-- readable.
\ir support.psql
DELETE FROM auth.signing_keys;

SELECT results_eq('SELECT status, headers, body FROM auth.jwks()',
  $$VALUES (200, '{"Cache-Control": "no-store"}'::jsonb, '{"keys": []}'::jsonb)$$,
  'before the first key the set is empty, and is not to be kept');
SELECT auth.ensure_signing_key() AS first \gset
SELECT is(auth.ensure_signing_key(), :'first', 'a key is made once');
SELECT results_eq('SELECT status, headers, jsonb_array_length(body -> ''keys'') FROM auth.jwks()',
  $$VALUES (200, '{"Cache-Control": "public, max-age=300"}'::jsonb, 1)$$, 'and published');
SELECT is(key - 'x' - 'y', jsonb_build_object('kty', 'EC', 'crv', 'P-256', 'alg', 'ES256', 'use', 'sig',
  'kid', :'first'),
  'as a public P-256 key, without anything private') FROM (SELECT body -> 'keys' -> 0 AS key
    FROM auth.jwks()) AS j;
SELECT is(octet_length(decode(translate(key ->> coordinate, '-_', '+/') || '=', 'base64')), 32,
          format('with a coordinate %s of 32 bytes', coordinate))
  FROM (SELECT body -> 'keys' -> 0 AS key FROM auth.jwks()) AS j, unnest(ARRAY['x', 'y']) AS coordinate;
SELECT is(:'first'::text, rtrim(translate(encode(sha256(convert_to(
            format('{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}', public_jwk ->> 'x', public_jwk ->> 'y'),
              'UTF8')),
            'base64'), '+/', '-_'), '='), 'kid is the thumbprint of RFC 7638')
  FROM auth.signing_keys;

SELECT pg_temp.new_user('keys@sql.example') AS id \gset
SELECT * FROM pg_temp.begin_session('keys@sql.example') \gset before_
SELECT auth.rotate_signing_key() AS second \gset
SELECT isnt(:'second'::text, :'first', 'a rotation makes another key');
SELECT is(array_agg(kid ORDER BY kid), ARRAY[:'second'], 'which is the only one that signs')
  FROM auth.signing_keys WHERE retired_at IS NULL;
SELECT is(verify_until - retired_at, interval '16 minutes',
  'the former one verifies as long as a token lives, and a minute')
  FROM auth.signing_keys WHERE kid = :'first';
SELECT is(jsonb_array_length(body -> 'keys'), 2, 'both are published') FROM auth.jwks();
SELECT is(auth.authenticate(:'before_access_token'), :id::bigint, 'a token of the former key is still good');
SELECT * FROM pg_temp.begin_session('keys@sql.example') \gset after_
SELECT is(auth.authenticate(:'after_access_token'), :id::bigint, 'and so is one of the new key');
SELECT is(convert_from(decode(rpad(translate(split_part(:'after_access_token', '.', 1), '-_', '+/'),
            (ceil(char_length(split_part(:'after_access_token', '.', 1)) / 4.0) * 4)::integer, '='),
              'base64'), 'UTF8')::jsonb,
          jsonb_build_object('alg', 'ES256', 'typ', 'at+jwt', 'kid', :'second'),
            'which says so in its header');

UPDATE auth.signing_keys SET verify_until = now() - interval '1 second' WHERE kid = :'first';
SELECT is(jsonb_array_length(body -> 'keys'), 1, 'a key past verify_until is published no more')
  FROM auth.jwks();
UPDATE auth.signing_keys SET verify_until = now() - interval '25 hours' WHERE kid = :'first';
SELECT auth.rotate_signing_key();
SELECT is_empty(format('SELECT FROM auth.signing_keys WHERE kid = %L', :'first'), 'and removed a day later');
SELECT throws_ok(
  $$INSERT INTO auth.signing_keys (kid, public_jwk, sealed_private_key) VALUES ('x', '{}', '')$$, '23505',
    NULL, 'there can be no two keys that sign');
SELECT is_empty(
  $$SELECT kid FROM auth.signing_keys WHERE encode(sealed_private_key,
    'escape') ~ 'PRIVATE|"d"' OR public_jwk ? 'd'$$,
  'no private key lies in the clear');

SELECT finish();
ROLLBACK;
