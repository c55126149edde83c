-- 1.1 to 1.0: takes back what 1.1 has added, views before what they call; no table changes.
DROP VIEW auth.connections, auth.table_sizes, auth.database_sizes, auth.slow_functions;
DROP FUNCTION auth.doctor();
DROP FUNCTION auth.check_rights(), auth.check_settings(), auth.check_objects(), auth.check_routes_and_keys();
DROP FUNCTION auth.list_tables(), auth.list_slow_functions(), auth.list_logins(), auth.effective_setting(name, text);
DROP FUNCTION auth.library_version(), auth.check_key_file(), auth.leave_out_route(text, text, text);

DO $watchers$
DECLARE
  watcher name;
BEGIN
  FOR watcher IN
    SELECT 'pg_monitor'
    UNION ALL
    SELECT r.rolname FROM pg_extension AS e JOIN pg_roles AS r ON r.oid = e.extowner
     WHERE e.extname = 'auth_api' AND NOT r.rolsuper
  LOOP
    EXECUTE format('REVOKE USAGE ON SCHEMA auth FROM %I', watcher);
  END LOOP;
END
$watchers$;
