-- Promise: a new password is long enough and hard to guess, whatever it is composed of; a refusal says why
-- and what would help. E-mail addresses and names are checked and brought to one form.
\ir support.psql

CREATE FUNCTION pg_temp.check(password text) RETURNS text
RETURN format('SELECT auth.check_password(%L, ''rosalind.okafor@sql.example'', ''Rosalind Okafor'')',
  password);

SELECT lives_ok(pg_temp.check(pg_temp.good_password()), 'a few unrelated words will do');
SELECT lives_ok(pg_temp.check('vq7hznw4k'),
  'so do nine unrelated characters: no classes of characters are asked for');
SELECT lives_ok(pg_temp.check(repeat('wohl und übel ', 4) || 'zebra'), 'blanks and accents are welcome');
SELECT throws_like(pg_temp.check('vq7hznw4'), '%too short%8 of at least 9 characters%',
  'eight characters are too few');
SELECT throws_like(pg_temp.check('ééééé'), '%5 of at least 9%', 'characters are counted, not bytes');
SELECT throws_like(pg_temp.check(normalize('ééééé', NFD)), '%5 of at least 9%', 'in whatever form they come');
SELECT lives_ok(pg_temp.check(rpad('', 1024, 'walnut ferry otter 92 ')), '1024 bytes are allowed');
SELECT throws_like(pg_temp.check(rpad('', 1025, 'walnut ferry otter 92 ')), '%too long%1024 bytes%',
  'more are refused');
SELECT throws_like(pg_temp.check(password), 'The password is too easy to guess._%',
  format('"%s" is too easy', password))
  FROM unnest(ARRAY['password123', 'Passw0rd!', 'qwertyuiop', 'aaaaaaaaaaaaaaa', '123456789', 'iloveyou1',
                    'P@ssw0rd1', 'rosalind.okafor@sql.example', 'rosalindokafor', 'Okafor2024',
                    'okaforrosalind1']) AS password;
SELECT lives_ok($$SELECT auth.check_password(pg_temp.good_password(), NULL, NULL)$$,
  'address and name may be unknown');
SELECT is(pg_temp.sqlstate_of(pg_temp.check(password)), 'A0422', 'a refusal is a 422')
  FROM unnest(ARRAY[NULL, '', 'short', 'password123']) AS password;

SELECT auth.set_setting('password_minimum_length', '15');
SELECT throws_like(pg_temp.check('vq7hznw4k2m5'), '%12 of at least 15%', 'the minimum length is a setting');
SELECT auth.set_setting('password_minimum_length', NULL);

-- E-mail addresses
SELECT is(auth.normalise_email(given), expected, format('%s is %s', given, expected))
  FROM (VALUES ('  Ann@Example.COM ', 'ann@example.com'), ('RENÉ@exämple.org', 'rené@exämple.org'),
               (normalize('rené@example.org', NFD), normalize('rené@example.org', NFC)),
               ('a+b.c_d-e@sub.example.co', 'a+b.c_d-e@sub.example.co')) AS e (given, expected);
SELECT is(auth.normalise_email(auth.normalise_email('İstanbul@Example.org')),
  auth.normalise_email('İstanbul@Example.org'),
  'the normalised form is its own normalised form');
SELECT throws_ok(format('SELECT auth.normalise_email(%L)', given), 'A0422', NULL,
                 format('%s is not an address', coalesce(to_json(left(given, 40))::text, 'NULL')))
  FROM unnest(ARRAY[NULL, '', ' ', 'ann', 'ann@', '@example.org', 'ann@example', 'a b@example.org',
                    'a@b@example.org', '.a@example.org', 'a.@example.org', 'a..b@example.org',
                    'a@-example.org', 'a@example-.org', 'a@example..org', 'a@example.org.', 'a@exa_mple.org',
                    E'a\nb@example.org', 'a@exa mple.org', 'a' || chr(8203) || '@example.org',
                    'a@exam' || chr(8238) || 'ple.org', 'a' || chr(160) || 'b@example.org', '"a"@example.org',
                    '<a@example.org>', 'a,b@example.org', 'a\b@example.org', 'a[b@example.org',
                    repeat('a', 65) || '@example.org', 'a@' || repeat('b', 64) || '.org',
                    'a@' || repeat('bcd.', 63) || 'org', repeat('a@example.org', 900)]) AS given;

-- Names
SELECT is(auth.normalise_full_name('  Ann  Lee '), 'Ann  Lee', 'a name is trimmed');
SELECT is(auth.normalise_full_name('   '), NULL, 'an empty name is none');
SELECT is(auth.normalise_full_name(repeat('é', 255)), repeat('é', 255), 'a name may have 255 characters');
SELECT throws_ok(format('SELECT auth.normalise_full_name(%L)', given), 'A0422', NULL,
  'a name is refused that is too long '
                 'or has controls in it')
  FROM unnest(ARRAY[repeat('a', 256), repeat('a', 10000), E'a\nb', 'a' || chr(8238) || 'b']) AS given;

SELECT finish();
ROLLBACK;
