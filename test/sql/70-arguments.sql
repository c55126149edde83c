-- Promise: whatever a caller passes, the answer is a result or a clear refusal, never an internal error.
-- Every function that auth_caller or auth_gateway may execute is tried, as the catalog lists them.
\ir support.psql

-- Each function's call with arguments of that kind; given a token, only of those that take one, with it.
CREATE FUNCTION pg_temp.calls(filler text, token text DEFAULT NULL) RETURNS TABLE (statement text,
  description text)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  SELECT format('SELECT %s(%s)', p.oid::regproc, arguments.list),
         format('%s with %s', p.oid::regprocedure, CASE filler WHEN 'null'
           THEN 'NULLs' ELSE filler || ' arguments' END)
    FROM pg_proc AS p
   CROSS JOIN LATERAL (
     SELECT string_agg(
              CASE WHEN p.proargnames[place] = '_access_token' AND token IS NOT NULL THEN quote_literal(token)
                   WHEN filler = 'null' THEN format('NULL::%s', format_type(type, NULL))
                   WHEN type = 'text'::regtype AND filler = 'empty' THEN quote_literal('')
                   WHEN type = 'text'::regtype THEN format('repeat(%L, 10000)',
                     CASE filler WHEN 'long' THEN 'x' ELSE '𝄞' END)
                   WHEN type IN ('json'::regtype, 'jsonb'::regtype) AND filler = 'empty'
                     THEN format('''{}''::%s', type::regtype)
                   WHEN type IN ('json'::regtype, 'jsonb'::regtype)
                     THEN format('jsonb_build_object(''x-refresh-token'', repeat(''x'', 10000))::text::%s', type::regtype)
                   WHEN type IN ('bigint[]'::regtype, 'uuid[]'::regtype)
                     THEN format('ARRAY[NULL]::%s', type::regtype)
                   WHEN type = 'inet'::regtype THEN '''2001:db8::/32''::inet'
                   WHEN type = 'text[]'::regtype AND filler = 'empty' THEN '''{}''::text[]'
                   WHEN type = 'text[]'::regtype THEN 'ARRAY[repeat(''x'', 10000), NULL]'
                   WHEN type = 'boolean'::regtype THEN 'true'
                   WHEN type = 'timestamptz'::regtype THEN '''infinity''::timestamptz'
                   WHEN type = 'uuid'::regtype THEN '''00000000-0000-0000-0000-000000000000''::uuid'
                   WHEN type IN ('integer'::regtype,
                     'bigint'::regtype) THEN CASE filler WHEN 'empty' THEN '0' ELSE '-1' END
              END, ', ' ORDER BY place) AS list
       FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)) AS arguments
   WHERE p.pronamespace = 'auth'::regnamespace
     AND (has_function_privilege('auth_caller', p.oid, 'EXECUTE') OR has_function_privilege('auth_gateway',
       p.oid, 'EXECUTE'))
     AND (token IS NULL OR '_access_token' = ANY (p.proargnames));
END $$;

SELECT matches(pg_temp.sqlstate_of(call.statement), '^(00000|A0[45][0-9][0-9]|22004|22023|2202E)$', call.description)
  FROM unnest(ARRAY['null', 'empty', 'long', 'multibyte']) AS filler, pg_temp.calls(filler) AS call
 ORDER BY call.description;

-- The same with a caller who is somebody.
SELECT pg_temp.new_user('arguments@sql.example') AS id \gset
SELECT access_token FROM pg_temp.begin_session('arguments@sql.example') \gset
SELECT matches(pg_temp.sqlstate_of(call.statement), '^(00000|A0[45][0-9][0-9]|22004|22023|2202E)$',
  call.description || ', authenticated')
  FROM unnest(ARRAY['null', 'empty', 'long', 'multibyte']) AS filler,
    pg_temp.calls(filler, :'access_token') AS call
 ORDER BY call.description;

SELECT finish();
ROLLBACK;
