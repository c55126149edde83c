-- Promise: every PL/pgSQL function of the extension passes plpgsql_check, warnings and security warnings
-- included.
\ir support.psql
CREATE EXTENSION IF NOT EXISTS plpgsql_check;

SELECT isnt_empty(
  $$SELECT FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
     WHERE p.pronamespace = 'auth'::regnamespace AND l.lanname = 'plpgsql'$$,
  'there are PL/pgSQL functions to check');

-- A trigger function can only be checked with each table it hangs on, and with its transition tables.
-- auth.login takes totp_code for the sake of its documented signature; nobody has a second factor yet. limit is a
-- word of the HTTP contract.
SELECT is_empty(
         format('SELECT * FROM plpgsql_check_function(%L::regprocedure, relid => %L::regclass, '
                'newtable => %L, oldtable => %L, '
                'fatal_errors => false, extra_warnings => true, security_warnings => true) AS finding '
                'WHERE finding !~ ''unused parameter "totp_code"|parameter "limit" is reserved|reserved keyword was used''',
                p.oid::regprocedure, coalesce(t.tgrelid, 0), t.newtable, t.oldtable),
         format('%s is clean%s', p.oid::regprocedure, ' on ' || t.tgrelid::regclass))
  FROM pg_proc AS p
  JOIN pg_language AS l ON l.oid = p.prolang
  LEFT JOIN (SELECT tgfoid, tgrelid, max(tgnewtable) AS newtable, max(tgoldtable) AS oldtable
               FROM pg_trigger WHERE NOT tgisinternal GROUP BY tgfoid, tgrelid) AS t ON t.tgfoid = p.oid
 WHERE p.pronamespace = 'auth'::regnamespace AND l.lanname = 'plpgsql'
 ORDER BY p.oid::regprocedure::text;

SELECT finish();
ROLLBACK;
