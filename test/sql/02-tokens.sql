-- Promise: a token is 256 random bits; what is sealed with one opens with it alone.
\ir support.psql

SELECT matches(auth.random_token(), '^[A-Za-z0-9_-]{43}$', 'a token is 43 characters of base64url');
SELECT is(count(DISTINCT auth.random_token()), 10000::bigint, 'and never the same')
  FROM generate_series(1, 10000);

SELECT auth.random_token() AS token \gset
SELECT is(auth.open_with_token(auth.seal_with_token(plaintext, :'token'), :'token'), plaintext,
          format('%L comes back', left(plaintext, 40)))
  FROM unnest(ARRAY['', 'x', 'naïve 𝄞', repeat('x', 10000)]) AS plaintext;
SELECT auth.seal_with_token('secret', :'token') AS sealed \gset
SELECT isnt(auth.seal_with_token('secret', :'token'), :'sealed', 'sealing twice gives two values');
SELECT is(octet_length(:'sealed'::bytea), octet_length('secret') + 29,
  'version, nonce and tag take 29 bytes');
SELECT is(auth.open_with_token(:'sealed', token), NULL, format('%L does not open it', left(token, 40)))
  FROM unnest(ARRAY['', 'x', auth.random_token(), :'token' || 'x', repeat('x', 10000)]) AS token;
SELECT is(auth.open_with_token(set_byte(:'sealed', place, get_byte(:'sealed', place) # 1), :'token'), NULL,
          format('with byte %s changed it stays shut', place))
  FROM generate_series(0, octet_length(:'sealed'::bytea) - 1) AS place;
SELECT is(auth.open_with_token(sealed, :'token'), NULL,
          format('%s bytes of something else do not open', octet_length(sealed)))
  FROM unnest(ARRAY['', '\x01', substring(:'sealed' FROM 1 FOR 28),
                    decode(repeat('01', 10000), 'hex')]::bytea[]) AS sealed;

SELECT is(auth.seal_with_token(NULL, 'x'), NULL, 'NULL is not sealed');
SELECT is(auth.seal_with_token('x', NULL), NULL, 'NULL seals nothing');
SELECT is(auth.open_with_token(NULL, 'x'), NULL, 'NULL is not opened');
SELECT is(auth.open_with_token(:'sealed', NULL), NULL, 'NULL opens nothing');
SELECT throws_ok($$SELECT auth.seal_with_token('x', '')$$, '22023', NULL, 'an empty token seals nothing');
SELECT throws_ok('SELECT auth.open_with_token(1, 2)', '42883', NULL, 'numbers are neither');

SELECT finish();
ROLLBACK;
