-- Promise: an access token verifies only if we signed it, for us, for now: not a forged, expired or borrowed
-- one.
--
-- The tokens below were signed once by a key that no longer exists; only their signatures are kept, so that
-- each header and each set of claims can be read here. Good ones expire in 2100.
\ir support.psql

CREATE FUNCTION pg_temp.base64url(content text) RETURNS text IMMUTABLE
RETURN rtrim(translate(encode(convert_to(content, 'UTF8'), 'base64'), E'+/\n', '-_'), '=');

\set kid rU_1l_-0MZKtvYC0lzwGW0p2H7WI1V_Wj80F4WeymEE
CREATE FUNCTION pg_temp.header(alg text DEFAULT 'ES256', typ text DEFAULT 'at+jwt',
                               kid text DEFAULT 'rU_1l_-0MZKtvYC0lzwGW0p2H7WI1V_Wj80F4WeymEE',
                               more text DEFAULT '')
RETURNS text IMMUTABLE
RETURN format('{"alg":"%s","typ":"%s","kid":"%s"%s}', alg, typ, kid, more);

CREATE FUNCTION pg_temp.claims(iss text DEFAULT 'auth-api', aud text DEFAULT 'auth-api',
  exp text DEFAULT '4102444800')
RETURNS text IMMUTABLE
RETURN format('{"iss":"%s","aud":"%s","sub":"900000000001","sid":"6ba7b810-9dad-11d1-80b4-00c04fd430c8",'
              '"aal":"aal2",'
              '"jti":"1","iat":1700000000,"exp":%s}', iss, aud, exp);

CREATE FUNCTION pg_temp.token(header text, claims text, signature text) RETURNS text IMMUTABLE
RETURN pg_temp.base64url(header) || '.' || pg_temp.base64url(claims) || '.' || signature;

INSERT INTO auth.signing_keys (kid, public_jwk, sealed_private_key, retired_at, verify_until)
VALUES (:'kid',
  '{"kty": "EC", "crv": "P-256", "x": "yedyzPLpHnNhahigb1imaqaBR8E0jwMuW4vHAIDNTGM",
   "y": "eblRJul2wnMymh0Mtl1nN5e-QzDfrc9MDe_AT4uz-bg"}',
  '', now(), now() + interval '1 hour');

SELECT pg_temp.token(pg_temp.header(), pg_temp.claims(),
  '7n22VXCpI84LFoWcA2-B0rhz_R2dGDYsRzj3f0MbmuSrcxXs5IGfDAIzGrZJlWtop6fRNDtIi70m9DwJsV1iqQ') AS good \gset
SELECT results_eq(format('SELECT * FROM auth.decode_access_token(%L)', :'good'),
  $$VALUES (900000000001, '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid, 'aal2',
             '2100-01-01 00:00:00+00'::timestamptz)$$,
  'a good token says whose it is');
SELECT results_eq(format('SELECT user_id FROM auth.decode_access_token(%L)', :'good'),
  'VALUES (900000000001)',
  'also the second time, when it is remembered');

CREATE TEMPORARY TABLE refused (description text, token text);
INSERT INTO refused
SELECT description, pg_temp.token(header, claims, signature)
  FROM (VALUES
    ('an expired token', pg_temp.header(), pg_temp.claims(exp => '1700000900'),
     'oD6sil7gaUCiTHpJcZdKdyEI_fZmUg-A3KKhWsIg3YKvRTOKlp1JW6tNYqNFxk-3iYKneqPpw-K0vXLq5Kffaw'),
    ('a token of another issuer', pg_temp.header(), pg_temp.claims(iss => 'other'),
     'TYysDLjsgxEdT48a95u0bu6Mg6Xb3Rn-gao0-q3Dd5gcIVu9sNgS-a0GN-HZkU0kYf-N1rWuBIlukl3Ow0BPhQ'),
    ('a token for another audience', pg_temp.header(), pg_temp.claims(aud => 'other'),
     'pBrRULFCRRIsow-CeN0DbqNtduQsPFS4tvmpuGZK71lg9bGyAUkpPYQ4GnufZ2okJGdOsVcrFhQdEYHbpIihWg'),
    ('a token of another type', pg_temp.header(typ => 'JWT'), pg_temp.claims(),
     '0XY8YpbSGT3nnHzJbpZItEyeubxTJAtRJJxkLbUq4rnXsshgZL5y9tVkhHt9gWjW3GIR1GDS7UbNw7UIFrClYw'),
    ('a token that names an unknown key', pg_temp.header(kid => 'unknown'), pg_temp.claims(),
     'FlCjUAVMpaePnI4xS4oTC5hQauF6EQ5LEinOIKww8nnnPwrkqXLertajiDL_h24G01QCvpiiyA-6H62asqGhVA'),
    ('a token with a critical extension', pg_temp.header(more => ',"crit":["exp"]'), pg_temp.claims(),
     'sYTfMcM7t2W_JM2ar83gOSRugUBDR77sRd4iqGLfyD1-DpjwyIj8ptNT7HA5kOh4NL7jhMt2dyqCxij_eLBz7w'),
    ('a token that brings along the key that signed it',
      pg_temp.header(more => ',"jwk":{"alg":"ES256","crv":"P-256",'
     '"kid":"Vq_B1py54P7-Lk-xV2zwdBt6RYxvTMKTehG-D-f7BBA","kty":"EC","use":"sig",'
     '"x":"GBpXnD0mrhWuXGzF4i1ztgGag6tsKS2pJowa9-YsBcw","y":"WpdMxDtJ5B2GAaPs-dVmbUq-E4sEwkZDSL-gSMgcTR0"}'),
     pg_temp.claims(),
       '1jdcbARuQFEM9l1hM1SsqIA_JERiNysAJDGlMremkHhTjLZa7KxLubU-geXckg4dbCFyGkDjW5Qkwl-cEd_SIg'),
    ('a token signed by HMAC with the public key as secret', pg_temp.header(alg => 'HS256'), pg_temp.claims(),
     '2vC0CLFz0yUWJelKhcoCNf41GpwA-oLlITMNQEWy1Q0'),
    ('an unsigned token', pg_temp.header(alg => 'none'), pg_temp.claims(), ''),
    ('a good token without its signature', pg_temp.header(), pg_temp.claims(), ''),
    ('a good token''s signature under other claims', pg_temp.header(), pg_temp.claims(exp => '4102444801'),
     split_part(:'good', '.', 3))) AS forged (description, header, claims, signature)
UNION ALL
SELECT format('%s characters that are no token', length(nonsense)), nonsense
  FROM unnest(ARRAY['', '.', '..', 'a.b.c', :'good' || '.', :'good' || '=', 'Bearer ' || :'good',
    left(:'good', -1),
                    repeat('x', 10000), repeat('.', 10000)]) AS nonsense;

SELECT throws_ok(format('SELECT auth.decode_access_token(%L)', token), 'A0401',
  'Could not validate credentials',
                 description || ' is refused') FROM refused;
SELECT throws_ok(format('SELECT auth.authenticate(%L)', token), 'A0401', 'Could not validate credentials',
                 description || ' authenticates nobody') FROM refused;
SELECT is(auth.current_user_id(), NULL, 'and nobody is authenticated');
SELECT results_eq('SELECT * FROM auth.decode_access_token(NULL)',
  'VALUES (NULL::bigint, NULL::uuid, NULL::text, NULL::timestamptz)', 'NULL says nothing');
SELECT throws_ok('SELECT auth.decode_access_token(1)', '42883', NULL, 'a number is no token');
SELECT throws_ok(format('SELECT auth.authenticate(%L)', :'good'), 'A0401', 'Could not validate credentials',
  'a good token without a session authenticates nobody either');

-- Issuing
SELECT kid, public_jwk, sealed_private_key FROM auth.generate_signing_key() \gset made_
SELECT is_empty(format('SELECT FROM auth.signing_keys WHERE kid = %L', :'made_kid'),
  'a key that is made is not stored');
SELECT isnt(kid, :'made_kid', 'and never made again') FROM auth.generate_signing_key();
SELECT pg_temp.new_user('issue@sql.example') AS id \gset
SELECT session_id, access_token, refresh_token, expires_at
  FROM auth.issue_session(:id, 'aal2', '192.0.2.7', 'curl') \gset
SELECT results_eq(format('SELECT user_id, session_id, aal FROM auth.decode_access_token(%L)',
  :'access_token'),
  format('VALUES (%s::bigint, %L::uuid, ''aal2'')', :'id', :'session_id'), 'the token of a session names it');
SELECT results_eq(
  format('SELECT user_id, aal, host(ip_address), user_agent, expires_at, is_active '
         'FROM sessions WHERE id = %L', :'session_id'),
  format('VALUES (%s::bigint, ''aal2'', ''192.0.2.7'', ''curl'', %L::timestamptz, true)', :'id',
    :'expires_at'),
  'whose row says who, how and until when');
SELECT is(pg_temp.session_of(:'refresh_token'), :'session_id'::uuid,
  'and whose refresh token is stored as its hash');
SELECT cmp_ok(abs(extract(epoch FROM :'expires_at'::timestamptz - clock_timestamp()) - 2592000), '<',
  60::numeric,
  'it lives for session_seconds');
SELECT auth.set_setting('session_maximum_seconds', '600');
SELECT cmp_ok(expires_at, '<', clock_timestamp() + interval '601 seconds',
  'but not past session_maximum_seconds')
  FROM auth.issue_session(:id);
SELECT auth.set_setting('access_token_seconds', '60');
SELECT cmp_ok(abs(extract(epoch FROM expires_at - clock_timestamp()) - 60), '<', 5::numeric,
  'an access token lives for access_token_seconds')
  FROM auth.decode_access_token(auth.issue_access_token(:id, :'session_id', 'aal1'));
SELECT auth.set_setting('issuer', 'elsewhere');
SELECT ok(auth.decode_access_token(auth.issue_access_token(:id, :'session_id', 'aal1')) IS NOT NULL,
  'a token of the configured issuer is good');

SELECT throws_ok('SELECT auth.issue_session(NULL)', '22004', NULL, 'there is no session for NULL');
SELECT throws_ok(format('SELECT auth.issue_session(%s, NULL)', :'id'), '22004', NULL,
  'nor with NULL assurance');
SELECT throws_ok(format('SELECT auth.issue_session(%s, %L)', :'id', aal), '22023', NULL,
  'nor with assurance ' || left(aal, 10))
  FROM unnest(ARRAY['', 'aal3', repeat('x', 10000)]) AS aal;
SELECT throws_ok('SELECT auth.issue_session(-1)', '23503', NULL, 'nor for a user who does not exist');
SELECT is(auth.issue_access_token(NULL, :'session_id', 'aal1'), NULL, 'there is no token for NULL');

-- The key file
SELECT auth.set_setting('issuer', NULL);
SET LOCAL auth_api.key_file = '/nonexistent/key';
SELECT throws_like('SELECT auth.generate_signing_key()', '%No such file%',
  'a missing key file is named as the reason');
SET LOCAL auth_api.key_file = '/';
SELECT throws_like('SELECT auth.generate_signing_key()', '%not a regular file%', 'so is a directory');
SET LOCAL auth_api.key_file = '';
SELECT throws_ok('SELECT auth.generate_signing_key()', 'F0000', NULL, 'and one that is not set');
SELECT ok(auth.decode_access_token(:'good') IS NOT NULL, 'tokens verify without it');
SET LOCAL ROLE auth_caller;
SELECT pg_temp.sqlstate_of('SHOW auth_api.key_file') AS shown,
  pg_temp.sqlstate_of('SET auth_api.key_file = ''x''') AS set_,
       pg_temp.sqlstate_of('SET auth_api.other = ''x''') AS other \gset
RESET ROLE;
SELECT is(:'shown'::text, '42501', 'others cannot see where it is');
SELECT is(:'set_'::text, '42501', 'or say where it is');
SELECT is(:'other'::text, '42602', 'or invent settings beside it');

SELECT finish();
ROLLBACK;
