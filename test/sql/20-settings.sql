-- Promise: a setting takes what its definition allows, whoever writes it, and a refusal says what that is.
\ir support.psql

SELECT set_eq('SELECT name FROM auth.setting_definitions',
  ARRAY['access_token_seconds', 'session_seconds', 'session_maximum_seconds', 'session_extension_seconds',
        'refresh_grace_seconds', 'issuer', 'audience', 'password_minimum_length', 'password_minimum_strength',
        'password_hash_parameters', 'public_url', 'email_verification', 'lockout_threshold'],
  'the documented settings exist');
SELECT is_empty($$SELECT name FROM auth.setting_definitions WHERE coalesce(description, '') = ''$$,
  'each is described');
DELETE FROM auth.settings;
SELECT is(auth.setting('access_token_seconds'), '900', 'a setting that nobody set has its default');
SELECT lives_ok(
  'INSERT INTO auth.settings SELECT name, default_value FROM auth.setting_definitions; '
  'DELETE FROM auth.settings',
  'every default is allowed');

SELECT lives_ok($$SELECT auth.set_setting('access_token_seconds', '0060')$$, 'the smallest value is allowed');
SELECT is(auth.setting('access_token_seconds'), '60', 'the value is stored in its plain form and returned');
SELECT lives_ok($$SELECT auth.set_setting('access_token_seconds', '86400')$$,
  'the greatest value is allowed, and replaces');
SELECT lives_ok($$SELECT auth.set_setting('access_token_seconds', NULL)$$, 'NULL takes it back');
SELECT is(auth.setting('access_token_seconds'), '900', 'to the default');
SELECT is_empty('SELECT FROM auth.settings', 'and leaves no row');

SELECT throws_ok(format('SELECT auth.set_setting(%L, %L)', 'access_token_seconds', value), '22023',
  format('Setting "access_token_seconds" must be a whole number from 60 to 86400, not "%s"', value),
  format('access_token_seconds refuses "%s" and names the range', value))
  FROM unnest(ARRAY['59', '86401', '', ' 900', '9e2', '-900', '900.0', 'x', '99999999999999999999']) AS value;
SELECT throws_ok(format('SELECT auth.set_setting(%L, %L)', name, value), '22023', NULL,
                 format('%s refuses %s', name, to_json(left(value, 30))))
  FROM (VALUES ('session_seconds', '299'), ('session_maximum_seconds', '31536001'),
               ('session_extension_seconds', '59'), ('refresh_grace_seconds', '61'), ('issuer', ''),
               ('audience', repeat('a', 256)), ('issuer', E'a\nb'), ('password_minimum_length', '7'),
               ('password_minimum_length', '65'), ('password_minimum_strength', '2'),
               ('password_minimum_strength', '5'), ('email_verification', 'yes'), ('lockout_threshold', '2'),
               ('lockout_threshold', '101'), ('password_hash_parameters', ''),
               ('password_hash_parameters', 'm=1,t=1,p=1'), ('password_hash_parameters', 'm=19456,t=2,p=2'),
               ('password_hash_parameters', 'm=12287,t=3,p=1'),
               ('password_hash_parameters', 'm=19455,t=2,p=1'),
               ('password_hash_parameters', 'm=47103,t=1,p=1'),
               ('password_hash_parameters', 'm=1048577,t=3,p=1'),
               ('password_hash_parameters', 'm=19456,t=11,p=1'),
               ('password_hash_parameters', 'm=19456,t=2,p=1 '),
               ('public_url', 'http://auth.example.com'), ('public_url', 'https://'),
               ('public_url', 'https://auth.example.com/'), ('public_url', 'https://auth.example.com?a=b'),
               ('public_url', 'https://auth.example.com/a b'), ('public_url', 'https://auth.example.com#a'))
       AS refused (name, value);
SELECT lives_ok(format('SELECT auth.set_setting(%L, %L)', 'public_url', value), 'a URL is taken, or none')
  FROM unnest(ARRAY['https://auth.example.com', 'https://[::1]:8443/auth-api', '']) AS value;
SELECT lives_ok(format('SELECT auth.set_setting(%L, %L)', 'password_hash_parameters', value),
  'the floor itself is allowed')
  FROM unnest(ARRAY['m=47104,t=1,p=1', 'm=19456,t=2,p=1', 'm=12288,t=3,p=1']) AS value;

SELECT throws_ok($$SELECT auth.set_setting('no_such_setting', '1')$$, '22023',
  'There is no setting "no_such_setting"',
  'an unknown setting is refused');
SELECT throws_ok($$SELECT auth.set_setting('no_such_setting', NULL)$$, '22023', NULL,
  'also when it is taken back');
SELECT throws_ok($$SELECT auth.set_setting(NULL, '1')$$, '22023', NULL, 'and when it has no name');
SELECT throws_ok($$SELECT auth.setting('no_such_setting')$$, '22023', NULL, 'or is read');
SELECT throws_ok($$SELECT auth.setting(NULL)$$, '22023', NULL, 'even without a name');
SELECT throws_ok($$INSERT INTO auth.settings VALUES ('session_seconds', '1')$$, '22023', NULL,
  'a row written past auth.set_setting obeys the same rule');
SELECT throws_ok($$INSERT INTO auth.settings VALUES ('no_such_setting', '1')$$, '22023', NULL,
  'and needs a known name');
SELECT throws_ok($$UPDATE auth.settings SET value = 'm=8,t=1,p=1' WHERE name = 'password_hash_parameters'$$,
  '22023', NULL, 'so does an update');

SELECT throws_ok(format('SET LOCAL ROLE %I; SELECT auth.set_setting(''issuer'', ''x'')', role), '42501', NULL,
  format('%s may not change a setting', role))
  FROM unnest(ARRAY['auth_gateway', 'auth_caller']) AS role;

SELECT finish();
ROLLBACK;
