-- Promise: a password verifies with its own hash and nothing else does; none is cut off, none of 10,000 bytes
-- gets in; weak Argon2id parameters cannot be set; a weak password is told why.
\ir support.psql

SELECT auth.hash_password('correct horse battery staple') AS hash \gset
SELECT matches(:'hash'::text, '^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$',
  'a hash is a PHC string with the parameters of the setting');
SELECT isnt(auth.hash_password('correct horse battery staple'), :'hash', 'and has a salt of its own');
SELECT ok(auth.verify_password('correct horse battery staple', :'hash'), 'the password verifies');
SELECT ok(NOT auth.verify_password(wrong, :'hash'), format('%L does not', left(wrong, 40)))
  FROM unnest(ARRAY['', 'correct horse battery stapl', 'correct horse battery staple ',
    'Correct horse battery staple',
                    repeat('x', 10000)]) AS wrong;
SELECT ok(auth.verify_password(E'caf\u00e9 au lait', auth.hash_password(E'cafe\u0301 au lait')),
  'a composed and a decomposed character are the same password');
SELECT ok(auth.verify_password(repeat('é', 512), auth.hash_password(repeat('é', 512))),
  '1024 bytes are a password');
SELECT ok(NOT auth.verify_password(repeat('x', 1023) || 'y', auth.hash_password(repeat('x', 1024))),
  'of which the last one counts');

SELECT throws_ok(format('SELECT auth.hash_password(%L)', password), '22023', message, message)
  FROM (VALUES ('', 'Password must not be empty'),
               (repeat('x', 1025), 'Password must not exceed 1024 bytes'),
               (repeat('x', 10000), 'Password must not exceed 1024 bytes'),
               (repeat('é', 513), 'Password must not exceed 1024 bytes')) AS refused (password, message);
SELECT ok(NOT auth.verify_password('password', hash), format('%L is no hash', left(hash, 40)))
  FROM unnest(ARRAY['', 'password', '!', repeat('$', 10000), replace(:'hash', 'argon2id', 'argon2i'),
                    replace(:'hash', 'v=19', 'v=16'), left(:'hash', -1), :'hash' || 'A']) AS hash;

SELECT is(auth.hash_password(NULL), NULL, 'NULL has no hash');
SELECT is(auth.verify_password(NULL, :'hash'), NULL, 'NULL is no password');
SELECT is(auth.verify_password('x', NULL), NULL, 'NULL is no hash');
SELECT throws_ok('SELECT auth.hash_password(1)', '42883', NULL, 'a number is no password');

-- Parameters
SELECT ok(auth.password_hash_is_current(:'hash'), 'a hash is current');
SELECT auth.set_setting('password_hash_parameters', 'm=12288,t=3,p=1');
SELECT ok(NOT auth.password_hash_is_current(:'hash'), 'until the setting changes');
SELECT ok(auth.verify_password('correct horse battery staple', :'hash'), 'but still verifies');
SELECT ok(auth.password_hash_is_current(auth.hash_password('x')), 'and new hashes have the new parameters');
SELECT ok(NOT auth.password_hash_is_current(nonsense), format('%L is not current', left(nonsense, 40)))
  FROM unnest(ARRAY['', 'x', repeat('$argon2id$', 1000)]) AS nonsense;
SELECT is(auth.password_hash_is_current(NULL), NULL, 'NULL is neither');

SELECT lives_ok(format('SELECT auth.check_password_hash_parameters(%L)', good), good)
  FROM unnest(ARRAY['m=47104,t=1,p=1', 'm=19456,t=2,p=1', 'm=12288,t=3,p=1', 'm=1048576,t=10,p=1']) AS good;
SELECT throws_ok(format('SELECT auth.check_password_hash_parameters(%L)', bad), '22023', NULL,
                 left(bad, 40) || ' is refused')
  FROM unnest(ARRAY['m=47103,t=1,p=1', 'm=19455,t=2,p=1', 'm=12287,t=3,p=1', 'm=1048577,t=10,p=1',
    'm=19456,t=11,p=1',
                    'm=19456,t=2,p=4', 'm=19456,t=2', '', repeat('m=1,', 2500)]) AS bad;
SELECT throws_ok($$SELECT auth.set_setting('password_hash_parameters', 'm=8,t=1,p=1')$$, '22023', NULL,
  'the setting refuses them as well');

-- Strength
SELECT cmp_ok(score, '<', 3, format('%s is weak', weak))
  FROM unnest(ARRAY['password1', 'P@ssw0rd!', 'qwertyuiop', 'aaaaaaaaaaaaaaaa', 'abcdefghij',
    '11.11.1991']) AS weak,
       auth.estimate_password_strength(weak, '{}');
SELECT ok(reason IS NOT NULL AND suggestion IS NOT NULL, 'and is told why and what would help')
  FROM auth.estimate_password_strength('password1', NULL);
SELECT results_eq(
  $$SELECT score, reason, suggestion FROM auth.estimate_password_strength(pg_temp.good_password(), '{}')$$,
  'VALUES (4, NULL::text, NULL::text)', 'a strong password is not advised');
SELECT cmp_ok(score, '<', 3, 'the user''s own name and address make a password weak: ' || context)
  FROM unnest(ARRAY['Elena Vorontsova', 'e.vorontsova@example.com', 'e+vorontsova@example.com',
    'x@vorontsova-labs.org'])
         AS context,
       auth.estimate_password_strength('vorontsova-1', ARRAY[context, NULL]);
SELECT is(score, NULL, 'NULL has no strength') FROM auth.estimate_password_strength(NULL, ARRAY['x']);
SELECT throws_ok($$SELECT auth.estimate_password_strength(repeat('x', 10000), '{}')$$, '22023',
  'Password must not exceed 1024 bytes', 'nor has a password of 10,000 bytes');
SELECT lives_ok($$SELECT auth.estimate_password_strength('x', ARRAY[repeat('y', 10000)])$$,
  'a context may be long');
SELECT lives_ok($$SELECT auth.estimate_password_strength('x', ARRAY[['a', 'b'], ['c', 'd']])$$,
  'and an array of arrays');

SELECT finish();
ROLLBACK;
