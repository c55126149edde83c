-- auth.doctor(): what is wrong with this installation, and what to type against it. It changes nothing.
--
-- 1. Each check is one row "ok", or a row for each thing that it found.
-- 2. The functions below run with their caller's rights, so that a superuser sees more than others; what only
--    auth_owner can see is asked by SECURITY DEFINER ones. What the caller may not see is "skipped", and says
--    so.
-- 3. A remedy that is SQL can be pasted into psql as it is.

CREATE OR REPLACE FUNCTION auth.list_logins()
RETURNS TABLE (login name, granted name)
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 5
SET search_path = pg_catalog, pg_temp
AS $function$
  WITH RECURSIVE holders (role, granted) AS (
    SELECT r.oid, r.rolname FROM pg_roles AS r WHERE r.rolname IN ('auth_gateway', 'auth_caller')
    UNION
    SELECT m.member, h.granted FROM holders AS h JOIN pg_auth_members AS m ON m.roleid = h.role
  )
  SELECT r.rolname, h.granted FROM holders AS h JOIN pg_roles AS r ON r.oid = h.role WHERE r.rolcanlogin
$function$;
COMMENT ON FUNCTION auth.list_logins() IS
$$Lists the login roles that hold auth_gateway or auth_caller, directly or through other roles. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.effective_setting(login name, parameter text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce(
    (SELECT substring(c.entry FROM position('=' IN c.entry) + 1)
       FROM pg_db_role_setting AS s
      CROSS JOIN LATERAL unnest(s.setconfig) AS c (entry)
      WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
        AND s.setrole IN (0, (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = login))
        AND split_part(c.entry, '=', 1) = parameter
      ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
      LIMIT 1),
    -- This session may have its own value by a setting of its role, or by its client.
    (SELECT CASE WHEN g.source IN ('database', 'user', 'database user', 'client') THEN g.boot_val
                 ELSE g.reset_val END
       FROM pg_settings AS g WHERE g.name = parameter))
$function$;
COMMENT ON FUNCTION auth.effective_setting(name, text) IS
$$Returns the value that a setting has when a role logs in to this database: of ALTER ROLE … IN DATABASE,
ALTER ROLE, ALTER DATABASE, and the server, the first that sets it. login: a role; NULL: any. parameter: the
setting's name in lower case. Errors: none. Callers: functions of this extension.$$;

-- --- Rights -------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION auth.check_rights()
RETURNS TABLE (check_name text, status text, finding text, remedy text)
LANGUAGE sql STABLE COST 10000 ROWS 5
SET search_path = pg_catalog, pg_temp
AS $function$
  WITH members AS (
    SELECT d.classid, d.objid
      FROM pg_extension AS e
      JOIN pg_depend AS d
        ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
     WHERE e.extname = 'auth_api'
  ), objects AS (
    SELECT 'FUNCTION' AS kind, p.oid::regprocedure::text AS name, p.proowner AS owner,
           coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
      FROM members AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
    UNION ALL
    SELECT 'TABLE', c.oid::regclass::text, c.relowner, coalesce(c.relacl, acldefault('r', c.relowner))
      FROM members AS m
      JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind IN ('r', 'v')
    UNION ALL
    SELECT 'SCHEMA', n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
      FROM pg_namespace AS n WHERE n.nspname = 'auth'
  ), grants AS (
    SELECT o.kind, o.name, g.grantee, r.rolname, string_agg(DISTINCT g.privilege_type, ', ') AS privileges
      FROM objects AS o
     CROSS JOIN LATERAL aclexplode(o.acl) AS g
      LEFT JOIN pg_roles AS r ON r.oid = g.grantee
     GROUP BY o.kind, o.name, g.grantee, r.rolname
  ), callers AS (
    SELECT l.login AS role FROM auth.list_logins() AS l
    UNION SELECT unnest(ARRAY['auth_gateway', 'auth_caller']::name[])
  ), monitoring (name) AS (
    VALUES ('auth.connections'), ('auth.table_sizes'), ('auth.database_sizes'), ('auth.slow_functions')
  )
  SELECT 'grants', 'error', format('PUBLIC has %s on %s %s', g.privileges, lower(g.kind), g.name),
         format('REVOKE ALL ON %s %s FROM PUBLIC;', g.kind, g.name)
    FROM grants AS g WHERE g.grantee = 0
  UNION ALL
  SELECT 'grants', 'error',
         format('%s, as which applications call, has %s on %s', g.rolname, g.privileges, g.name),
         format('REVOKE ALL ON %s FROM %I;', g.name, g.rolname)
    FROM grants AS g
   WHERE g.kind = 'TABLE' AND g.rolname IN (SELECT c.role FROM callers AS c)
     AND g.name NOT IN (SELECT v.name FROM monitoring AS v)
  UNION ALL
  SELECT 'grants', 'error', format('%s holds %s and so reads or writes every table', c.role, p.rolname),
         format('REVOKE %I FROM %I;', p.rolname, c.role)
    FROM callers AS c
    JOIN pg_roles AS r ON r.rolname = c.role AND NOT r.rolsuper
    JOIN pg_roles AS p ON p.rolname IN ('pg_read_all_data', 'pg_write_all_data')
   WHERE pg_has_role(r.oid, p.oid, 'MEMBER')
  UNION ALL
  SELECT 'grants', 'error', format('%s may become auth_owner and read every password hash', r.rolname),
         format('REVOKE auth_owner FROM %I;', r.rolname)
    FROM pg_auth_members AS m
    JOIN pg_roles AS r ON r.oid = m.member
   WHERE m.roleid = (SELECT o.oid FROM pg_roles AS o WHERE o.rolname = 'auth_owner')
  UNION ALL
  SELECT 'owners', 'error', format('%s %s belongs to %s', lower(o.kind), o.name, r.rolname),
         format('ALTER %s %s OWNER TO auth_owner;', o.kind, o.name)
    FROM objects AS o JOIN pg_roles AS r ON r.oid = o.owner WHERE r.rolname <> 'auth_owner'
  UNION ALL
  SELECT 'logins', 'warning', 'no login role holds auth_gateway', 'GRANT auth_gateway TO auth_user;'
   WHERE NOT EXISTS (SELECT FROM auth.list_logins() AS l WHERE l.granted = 'auth_gateway')
  UNION ALL
  SELECT 'logins', 'error', format('%s, as which applications log in, is a superuser', l.login),
         format('ALTER ROLE %I NOSUPERUSER;', l.login)
    FROM (SELECT DISTINCT a.login FROM auth.list_logins() AS a) AS l
    JOIN pg_roles AS r ON r.rolname = l.login AND r.rolsuper
$function$;
COMMENT ON FUNCTION auth.check_rights() IS
$$Part of auth.doctor: what PUBLIC, applications and their login roles may do that they should not; objects of
the wrong owner; logins that are missing or too powerful. Errors: none. Callers: functions of this
extension.$$;

-- --- Settings -----------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION auth.check_settings()
RETURNS TABLE (check_name text, status text, finding text, remedy text)
LANGUAGE plpgsql STABLE COST 10000 ROWS 5
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  -- Bound parameters hold passwords and tokens.
  FOR check_name, status, finding, remedy IN
    SELECT 'log_parameters', CASE WHEN e.logs THEN 'error' ELSE 'warning' END,
           format(CASE WHEN e.logs
                         THEN 'statements of %s are logged with their parameters, passwords among them'
                       ELSE 'were statements of %s ever logged, then with their parameters and passwords' END,
                  l.login),
           format('ALTER ROLE %I SET log_parameter_max_length = 0;', l.login)
      FROM (SELECT DISTINCT a.login FROM auth.list_logins() AS a) AS l
     CROSS JOIN LATERAL (
       SELECT auth.effective_setting(l.login, 'log_statement') = 'all'
              OR auth.effective_setting(l.login, 'log_min_duration_statement') !~ '^-'
              OR auth.effective_setting(l.login, 'log_min_duration_sample') !~ '^-' AS logs) AS e
     WHERE auth.effective_setting(l.login, 'log_parameter_max_length') !~ '^0'
    UNION ALL
    SELECT 'log_parameters', 'error',
           format('statements of %s that fail are logged with their parameters, passwords among them',
                  l.login),
           format('ALTER ROLE %I SET log_parameter_max_length_on_error = 0;', l.login)
      FROM (SELECT DISTINCT a.login FROM auth.list_logins() AS a) AS l
     WHERE auth.effective_setting(l.login, 'log_parameter_max_length_on_error') !~ '^0'
    UNION ALL
    SELECT 'log_statement', 'warning',
           format('every statement of %s is logged, with the passwords that somebody typed into it', l.login),
           format('ALTER ROLE %I SET log_statement = ''ddl'';', l.login)
      FROM (SELECT DISTINCT a.login FROM auth.list_logins() AS a) AS l
     WHERE auth.effective_setting(l.login, 'log_statement') = 'all'
    UNION ALL
    SELECT 'password_encryption', 'warning', 'new passwords of roles are kept as MD5 hashes',
           'ALTER SYSTEM SET password_encryption = ''scram-sha-256''; SELECT pg_reload_conf();'
     WHERE auth.effective_setting(NULL, 'password_encryption') <> 'scram-sha-256'
    UNION ALL
    SELECT 'ssl', 'warning', 'the server offers no TLS: whoever sees the network sees passwords and tokens',
           'ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf();  -- with ssl_cert_file, ssl_key_file there'
     WHERE auth.effective_setting(NULL, 'ssl') = 'off'
    UNION ALL
    SELECT 'durability', 'error',
           format('%s is off: a crash of the machine may destroy the databases', g.name),
           format('ALTER SYSTEM SET %I = on; SELECT pg_reload_conf();', g.name)
      FROM pg_settings AS g WHERE g.name IN ('fsync', 'full_page_writes') AND g.setting = 'off'
    UNION ALL
    SELECT 'autovacuum', 'error',
           format('%s is off: tables grow, and the planner knows nothing of them', g.name),
           format('ALTER SYSTEM SET %I = on; SELECT pg_reload_conf();', g.name)
      FROM pg_settings AS g WHERE g.name IN ('autovacuum', 'track_counts') AND g.setting = 'off'
  LOOP
    RETURN NEXT;
  END LOOP;

  IF has_table_privilege('pg_catalog.pg_authid', 'SELECT') THEN
    FOR check_name, status, finding, remedy IN
      SELECT 'password_encryption', 'warning', format('the password of %s is kept as an MD5 hash', l.login),
             format('ALTER ROLE %I PASSWORD ''…'';  -- with password_encryption = ''scram-sha-256''', l.login)
        FROM (SELECT DISTINCT a.login FROM auth.list_logins() AS a) AS l
        JOIN pg_authid AS r ON r.rolname = l.login
       WHERE r.rolpassword LIKE 'md5%'
    LOOP
      RETURN NEXT;
    END LOOP;
  ELSE
    RETURN QUERY VALUES ('password_encryption', 'skipped',
                         'how passwords of roles are kept was not checked', 'run as superuser');
  END IF;

  IF has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
     AND has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE') THEN
    FOR check_name, status, finding, remedy IN
      SELECT 'pg_hba', 'error', format('line %s of pg_hba.conf: %s', h.line_number, h.error),
             'correct the line; SELECT pg_reload_conf();'
        FROM pg_hba_file_rules AS h WHERE h.error IS NOT NULL
      UNION ALL
      SELECT 'pg_hba', 'error',
             format('line %s of pg_hba.conf lets in whoever connects by network, without a password (trust)',
                    h.line_number),
             'put scram-sha-256 in the place of trust; SELECT pg_reload_conf();'
        FROM pg_hba_file_rules AS h WHERE h.auth_method = 'trust' AND h.type <> 'local'
      UNION ALL
      SELECT 'pg_hba', 'warning',
             format('line %s of pg_hba.conf sends passwords in plain text (password)', h.line_number),
             'put scram-sha-256 in the place of password; SELECT pg_reload_conf();'
        FROM pg_hba_file_rules AS h WHERE h.auth_method = 'password'
    LOOP
      RETURN NEXT;
    END LOOP;
  ELSE
    RETURN QUERY VALUES ('pg_hba', 'skipped', 'pg_hba.conf was not checked', 'run as superuser');
  END IF;
END
$function$;
COMMENT ON FUNCTION auth.check_settings() IS
$$Part of auth.doctor: settings of the server and of the login roles that show secrets, weaken passwords or
endanger data; pg_hba.conf and kept passwords where the caller may see them. Errors: none. Callers: functions
of this extension.$$;

-- --- Objects ------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION auth.check_objects()
RETURNS TABLE (check_name text, status text, finding text, remedy text)
LANGUAGE sql STABLE COST 10000 ROWS 5
SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'version', 'error',
         format('the extension in this database is %s, the library on this server is %s',
                e.extversion, auth.library_version()),
         format('ALTER EXTENSION auth_api UPDATE TO %L;  -- or install version %s on the server''s machine',
                auth.library_version(), e.extversion)
    FROM pg_extension AS e WHERE e.extname = 'auth_api' AND e.extversion <> auth.library_version()
  UNION ALL
  SELECT 'indexes', 'error', format('index %s is not valid, so no query uses it', i.indexrelid::regclass),
         format('REINDEX INDEX CONCURRENTLY %s;', i.indexrelid::regclass)
    FROM auth.list_tables() AS t
    JOIN pg_index AS i ON i.indrelid = t.relation
   WHERE NOT (i.indisvalid AND i.indisready)
  UNION ALL
  -- A lookup by these columns is promised to be quick: the documented ones, and every foreign key.
  SELECT 'indexes', 'error',
         format('%s has no %s (%s)', w.relation,
                CASE WHEN w.is_unique THEN 'unique constraint of' ELSE 'index on' END, w.columns),
         CASE WHEN w.is_unique THEN
                -- By this name, which functions know (ON CONFLICT ON CONSTRAINT).
                format('ALTER TABLE %s ADD CONSTRAINT %I UNIQUE (%s);', w.relation, w.constraint_name,
                       w.columns)
              ELSE format('CREATE INDEX CONCURRENTLY ON %s (%s);', w.relation, w.columns) END
    FROM (SELECT t.relation, a.keys, a.is_unique, a.constraint_name,
                 (SELECT string_agg(quote_ident(c.attname), ', ' ORDER BY k.place)
                    FROM unnest(a.keys) WITH ORDINALITY AS k (number, place)
                    JOIN pg_attribute AS c ON c.attrelid = t.relation AND c.attnum = k.number) AS columns
            FROM auth.list_tables() AS t
            JOIN pg_class AS r ON r.oid = t.relation
           CROSS JOIN LATERAL (
             SELECT f.conkey, false, NULL
               FROM pg_constraint AS f WHERE f.conrelid = t.relation AND f.contype = 'f'
             UNION
             SELECT ARRAY[c.attnum], p.is_unique, format('%s_%s_key', p.relation, p.name)
               FROM (VALUES ('users', 'email', true), ('organizations', 'name', true),
                            ('user_role_assignments', 'user_id', false),
                            ('user_role_assignments', 'resource_id', false)) AS p (relation, name, is_unique)
               JOIN pg_attribute AS c ON c.attrelid = t.relation AND c.attname = p.name
              WHERE r.relname = p.relation AND r.relnamespace <> 'auth'::regnamespace)
                AS a (keys, is_unique, constraint_name)) AS w
   WHERE NOT EXISTS (
     SELECT FROM pg_index AS i
      WHERE i.indrelid = w.relation
        -- A foreign key's index may leave out what refers to nothing.
        AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = (
              SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute AS a
               WHERE a.attrelid = w.relation AND a.attnum = w.keys[1]))
        AND (NOT w.is_unique
             OR i.indexrelid IN (SELECT u.conindid FROM pg_constraint AS u
                                  WHERE u.conrelid = w.relation AND u.conname = w.constraint_name))
        AND (SELECT array_agg(k.key ORDER BY k.key)
               FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (key, place)
              WHERE k.place <= cardinality(w.keys))
            = (SELECT array_agg(k ORDER BY k) FROM unnest(w.keys) AS k))
  UNION ALL
  SELECT 'constraints', 'error', format('constraint %s of %s was never checked', c.conname, t.relation),
         format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', t.relation, c.conname)
    FROM auth.list_tables() AS t JOIN pg_constraint AS c ON c.conrelid = t.relation AND NOT c.convalidated
  UNION ALL
  SELECT 'triggers', 'error', format('%s trigger(s) of %s are disabled', count(*), t.relation),
         format('ALTER TABLE %s ENABLE TRIGGER ALL;', t.relation)
    FROM auth.list_tables() AS t JOIN pg_trigger AS g ON g.tgrelid = t.relation AND g.tgenabled IN ('D', 'R')
   GROUP BY t.relation
  UNION ALL
  SELECT 'connections', CASE WHEN u.used >= u.allowed * 0.95 THEN 'error' ELSE 'warning' END,
         format('%s of %s connections are in use', u.used, u.allowed),
         'SELECT * FROM auth.connections;  -- then fewer, or a higher max_connections and a restart'
    FROM (SELECT (SELECT sum(a.connections)::integer FROM auth.connections AS a) AS used,
                 current_setting('max_connections')::integer
                   - current_setting('superuser_reserved_connections')::integer AS allowed) AS u
   WHERE u.used >= u.allowed * 0.8
  UNION ALL
  SELECT 'connections', 'warning',
         format('role %s may have %s connections, a gateway of four workers wants up to 60', r.rolname,
                r.rolconnlimit),
         format('ALTER ROLE %I CONNECTION LIMIT -1;', r.rolname)
    FROM pg_roles AS r
   WHERE r.rolconnlimit BETWEEN 0 AND 59
     AND r.rolname IN (SELECT l.login FROM auth.list_logins() AS l WHERE l.granted = 'auth_gateway')
  UNION ALL
  SELECT 'connections', 'warning',
         format('database %s takes %s connections, a gateway of four workers wants up to 60', d.datname,
                d.datconnlimit),
         format('ALTER DATABASE %I CONNECTION LIMIT -1;', d.datname)
    FROM pg_database AS d WHERE d.datname = current_database() AND d.datconnlimit BETWEEN 0 AND 59
$function$;
COMMENT ON FUNCTION auth.check_objects() IS
$$Part of auth.doctor: extension and library of different versions; indexes that are missing or not valid;
constraints that were never checked; disabled triggers; connections that run short. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_routes_and_keys()
RETURNS TABLE (check_name text, status text, finding text, remedy text)
LANGUAGE sql VOLATILE SECURITY DEFINER COST 10000 ROWS 2
SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'routes', 'error',
         format('route %s %s is left out: function %s does not exist or is overloaded', r.method, r.path,
                r.function),
         CASE WHEN r.builtin THEN 'ALTER EXTENSION auth_api UPDATE;  -- or restore a backup: it belongs to it'
              ELSE format('DELETE FROM auth.routes WHERE method = %L AND path = %L;  -- or create the function',
                          r.method, r.path) END
    FROM auth.routes AS r WHERE auth.find_function(r.function) IS NULL
  UNION ALL
  SELECT 'routes', 'error',
         format('route %s %s fails: auth_gateway may not execute %s', r.method, r.path, r.function),
         format('GRANT EXECUTE ON FUNCTION %s TO auth_gateway;', auth.find_function(r.function)::regprocedure)
    FROM auth.routes AS r
   WHERE NOT has_function_privilege('auth_gateway', auth.find_function(r.function), 'EXECUTE')
  UNION ALL
  SELECT 'key_file', 'error', k.problem, k.remedy FROM auth.check_key_file() AS k WHERE k.problem IS NOT NULL
$function$;
COMMENT ON FUNCTION auth.check_routes_and_keys() IS
$$Part of auth.doctor: routes whose function is gone or closed to the gateway, and whether the key file opens
the signing key. Errors: none. Callers: functions of this extension.$$;

-- --- All of it ----------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION auth.doctor()
RETURNS TABLE (check_name text, status text, finding text, remedy text)
LANGUAGE sql VOLATILE COST 50000 ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
  WITH checks (place, name, promise) AS (
    VALUES (1, 'version', 'extension and library are of one version'),
           (2, 'key_file', 'the key file is there, closed to others, and opens the signing key'),
           (3, 'grants', 'PUBLIC and applications have no right on a table'),
           (4, 'owners', 'auth_owner owns every object'),
           (5, 'logins', 'a login role holds auth_gateway, and none of them is a superuser'),
           (6, 'log_parameters', 'no parameter, such as a password, reaches the server''s log'),
           (7, 'log_statement', 'statements are not logged'),
           (8, 'password_encryption', 'passwords of roles are kept as SCRAM verifiers'),
           (9, 'pg_hba', 'nobody is let in from the network without a password'),
           (10, 'ssl', 'the server offers TLS'),
           (11, 'durability', 'what is committed survives a crash'),
           (12, 'autovacuum', 'tables are vacuumed and analyzed'),
           (13, 'indexes', 'every promised index is there and valid'),
           (14, 'constraints', 'every constraint holds for every row'),
           (15, 'triggers', 'every trigger is enabled'),
           (16, 'routes', 'every route leads to a function that the gateway may call'),
           (17, 'connections', 'there are connections left')
  ), findings AS (
    SELECT r.* FROM auth.check_rights() AS r
    UNION ALL SELECT s.* FROM auth.check_settings() AS s
    UNION ALL SELECT o.* FROM auth.check_objects() AS o
    UNION ALL SELECT k.* FROM auth.check_routes_and_keys() AS k
  )
  SELECT c.name, coalesce(f.status, 'ok'), coalesce(f.finding, c.promise), f.remedy
    FROM checks AS c LEFT JOIN findings AS f ON f.check_name = c.name
   ORDER BY c.place, f.status, f.finding
$function$;
COMMENT ON FUNCTION auth.doctor() IS
$$Examines this installation and changes nothing. check_name: what was examined. status: ok; warning:
something to think about; error: something to mend; skipped: the caller may not see it. finding: what is
there. remedy: what to type against it, in psql unless it says otherwise; NULL when there is nothing to do.
Superusers have everything examined. Errors: none. Callers: superusers, pg_monitor and the owner of the
extension; `auth-gateway doctor` adds what can only be seen from outside.$$;
