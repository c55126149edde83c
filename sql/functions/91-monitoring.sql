-- What an operator watches, as views: who is connected, what takes space, what takes time. They show what
-- PostgreSQL shows their reader: pg_monitor and superusers everything, others their own sessions' part.

CREATE OR REPLACE FUNCTION auth.list_tables()
RETURNS TABLE (relation regclass)
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 30
SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT c.oid::regclass
    FROM pg_extension AS e
    JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'r'
   WHERE e.extname = 'auth_api'
$function$;
COMMENT ON FUNCTION auth.list_tables() IS
$$Lists the tables of the extension: the nine documented ones and those of schema auth. Errors: none. Callers:
functions and views of this extension.$$;

CREATE OR REPLACE VIEW auth.connections AS
SELECT a.application_name AS application,
       a.datname AS database,
       a.usename AS role,
       a.client_addr AS client,
       a.state,
       count(*) AS connections,
       min(a.backend_start) AS oldest,
       max(clock_timestamp() - a.xact_start) AS longest_transaction
  FROM pg_catalog.pg_stat_activity AS a
 -- Of others' sessions most is hidden from those who are not pg_monitor, but not that they are there.
 WHERE coalesce(a.backend_type, 'client backend') = 'client backend' AND a.datid <> 0 AND a.usesysid <> 0
 GROUP BY a.application_name, a.datname, a.usename, a.client_addr, a.state
 ORDER BY connections DESC, application, database, role, client, state;
COMMENT ON VIEW auth.connections IS
  'Client connections of the whole server, by application, database, role, client address (NULL: Unix socket) '
  'and state: how many, since when the oldest is there, how long the longest transaction has lasted. The '
  'gateway''s are called auth-gateway. Read by pg_monitor and the owner of the extension.';

CREATE OR REPLACE VIEW auth.table_sizes AS
SELECT t.relation::text AS "table",
       c.reltuples::bigint AS estimated_rows,
       pg_relation_size(c.oid) AS table_bytes,
       pg_indexes_size(c.oid) AS index_bytes,
       pg_total_relation_size(c.oid) AS total_bytes,
       pg_size_pretty(pg_total_relation_size(c.oid)) AS total,
       s.n_dead_tup AS dead_rows,
       greatest(s.last_vacuum, s.last_autovacuum) AS last_vacuum,
       greatest(s.last_analyze, s.last_autoanalyze) AS last_analyze
  FROM auth.list_tables() AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.relation
  LEFT JOIN pg_catalog.pg_stat_all_tables AS s ON s.relid = c.oid
 ORDER BY total_bytes DESC, "table";
COMMENT ON VIEW auth.table_sizes IS
  'The tables of the extension by size, with indexes and TOAST in total, rows as the planner estimates them '
  '(-1: never analyzed), and when they were last vacuumed and analyzed. Read by pg_monitor and the owner of '
  'the extension.';

CREATE OR REPLACE VIEW auth.database_sizes AS
SELECT d.datname AS database,
       s.bytes,
       pg_size_pretty(s.bytes) AS size,
       d.datname = current_database() AS is_this
  FROM pg_catalog.pg_database AS d
 CROSS JOIN LATERAL (
   SELECT CASE WHEN has_database_privilege(d.oid, 'CONNECT')
                 OR pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_database_size(d.oid) END AS bytes) AS s
 WHERE NOT d.datistemplate
 ORDER BY s.bytes DESC NULLS LAST, database;
COMMENT ON VIEW auth.database_sizes IS
  'The databases of the server by size; NULL where the reader may not connect. Read by pg_monitor and the owner '
  'of the extension.';

CREATE OR REPLACE FUNCTION auth.list_slow_functions()
RETURNS TABLE (function text, calls bigint, total_ms float8, mean_ms float8, max_ms float8, share float8)
LANGUAGE plpgsql STABLE COST 10000 ROWS 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  home name := (SELECT n.nspname
                  FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
                 WHERE e.extname = 'pg_stat_statements');
BEGIN
  IF home IS NULL THEN
    RAISE NOTICE 'pg_stat_statements is not installed in this database'
      USING HINT = 'Put it into shared_preload_libraries, restart, and CREATE EXTENSION pg_stat_statements.';
    RETURN;
  END IF;
  -- The columns have had these names since PostgreSQL 13 (extension version 1.8).
  FOR function, calls, total_ms, mean_ms, max_ms, share IN EXECUTE format(
    $query$
      SELECT called.name, sum(s.calls)::bigint, sum(s.total_exec_time),
             sum(s.total_exec_time) / nullif(sum(s.calls), 0)::float8, max(s.max_exec_time),
             sum(s.total_exec_time) / nullif(sum(sum(s.total_exec_time)) OVER (), 0)
        FROM %I.pg_stat_statements AS s
       CROSS JOIN LATERAL (SELECT substring(s.query FROM '\m(auth\.[a-z_0-9]+)"?\s*\(') AS name) AS called
       WHERE s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
         AND s.toplevel AND called.name IS NOT NULL
       GROUP BY called.name
       ORDER BY sum(s.total_exec_time) DESC$query$, home)
  LOOP
    RETURN NEXT;
  END LOOP;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  RAISE NOTICE 'pg_stat_statements is installed but not loaded'
    USING HINT = 'shared_preload_libraries = ''pg_stat_statements'' in postgresql.conf, then a restart.';
WHEN insufficient_privilege THEN
  RAISE NOTICE '% may not read pg_stat_statements', current_user
    USING HINT = format('GRANT USAGE ON SCHEMA %I TO %I; or give it pg_read_all_stats.', home, current_user);
END
$function$;
COMMENT ON FUNCTION auth.list_slow_functions() IS
$$Lists the functions of schema auth that were called by statements of this database, the most expensive first,
as pg_stat_statements counts them: calls, milliseconds in all, on average and at most, and the share of all
that such statements took (0 to 1). Empty, with a notice that says what to do, where pg_stat_statements is not
installed, not loaded or closed to the caller. Errors: none. Callers: pg_monitor and the owner of the
extension, through auth.slow_functions; others' statements are shown to pg_read_all_stats only.$$;

CREATE OR REPLACE VIEW auth.slow_functions AS
SELECT f.function, f.calls, f.total_ms, f.mean_ms, f.max_ms, f.share FROM auth.list_slow_functions() AS f;
COMMENT ON VIEW auth.slow_functions IS
  'Which functions of schema auth take the server''s time, by pg_stat_statements; empty, with a notice, where '
  'that is not installed. Read by pg_monitor and the owner of the extension.';
