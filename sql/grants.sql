-- Who owns what and who may do what. Runs last, at installation and again at the end of every update: an
-- object that an update adds is closed before it can be used.

-- Every member of the extension belongs to auth_owner and is closed to PUBLIC.
DO $owner$
DECLARE
  member record;
BEGIN
  FOR member IN
    SELECT CASE d.classid
             WHEN 'pg_namespace'::regclass THEN 'SCHEMA'
             WHEN 'pg_proc'::regclass THEN 'ROUTINE'
             WHEN 'pg_type'::regclass THEN 'TYPE'
             ELSE 'TABLE'  -- Views and sequences answer to it as well.
           END AS kind,
           -- An update leaves the tables that it finds alone: ALTER TABLE would lock each of them.
           c.relowner IS DISTINCT FROM 'auth_owner'::regrole AS is_new,
           i.identity
      FROM pg_depend AS d
      JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'auth_api'
     CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i
      LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
      LEFT JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
      LEFT JOIN pg_class AS of_type ON of_type.oid = t.typrelid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
       AND (d.classid IN ('pg_namespace'::regclass, 'pg_proc'::regclass)
            -- Identity sequences go with their table, row types as well.
            OR c.relkind IN ('r', 'v') OR t.typtype <> 'c' OR of_type.relkind = 'c')
  LOOP
    IF member.is_new THEN
      EXECUTE format('ALTER %s %s OWNER TO auth_owner', member.kind, member.identity);
    END IF;
    EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC', member.kind, member.identity);
  END LOOP;
END
$owner$;

-- SECURITY DEFINER functions reach the nine tables as auth_owner.
GRANT USAGE ON SCHEMA @extschema@ TO auth_owner;

GRANT USAGE ON SCHEMA auth TO auth_gateway, auth_caller;
GRANT USAGE ON TYPE auth.http_response TO auth_gateway, auth_caller;

-- The gateway: what the routes name, the list of routes, and what an operator's own endpoint needs to know
-- its caller and to refuse (it runs with the gateway's rights unless it is SECURITY DEFINER).
DO $gateway$
DECLARE
  routed regproc;
BEGIN
  FOR routed IN SELECT DISTINCT r.function::regproc FROM auth.routes AS r WHERE r.builtin LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO auth_gateway', routed::oid::regprocedure);
  END LOOP;
END
$gateway$;
GRANT EXECUTE ON FUNCTION
  auth.list_routes(),
  auth.authenticate(text), auth.require_user(text), auth.current_user_id(), auth.current_session_id(),
  auth.refuse(integer, text, jsonb), auth.problem(integer, text, jsonb)
TO auth_gateway;

-- Applications, from SQL.
GRANT EXECUTE ON FUNCTION
  auth.authenticate(text), auth.require_user(text), auth.current_user_id(), auth.current_session_id(),
  auth.register(text, text, text, inet, text), auth.login(text, text, text, inet, text),
  auth.refresh(text, inet, text), auth.logout(text), auth.logout_all(text), auth.me(text),
  auth.list_sessions(text), auth.revoke_session(uuid, text), auth.validate_session(text, jsonb),
  auth.extend_session(text, jsonb), auth.change_password(text, text, text), auth.jwks(),
  auth.refuse(integer, text, jsonb), auth.problem(integer, text, jsonb)
TO auth_caller;

-- Role administration, from SQL: the same functions as over HTTP, with the identity of auth.authenticate.
DO $administration$
DECLARE
  routed regproc;
BEGIN
  FOR routed IN SELECT r.function::regproc FROM auth.routes AS r WHERE r.builtin AND r.path LIKE '/api/rbac/%' LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO auth_caller', routed::oid::regprocedure);
  END LOOP;
END
$administration$;
GRANT EXECUTE ON FUNCTION auth.has_role_at(bigint, text, uuid, text, timestamptz) TO auth_caller;

-- Applications' policies and services: what roles the caller holds, and, for services that are trusted to ask, others.
GRANT EXECUTE ON FUNCTION
  auth.has_organization_role(uuid, text), auth.has_account_role(uuid, text), auth.has_project_role(uuid, text),
  auth.organization_ids(text), auth.account_ids(text), auth.project_ids(text),
  auth.user_has_role(bigint, text, uuid, text), auth.role_actions(text, text),
  auth.check_access(bigint, text, text, uuid, text),
  auth.check_access_batch(bigint[], text[], text[], uuid[], text[]),
  auth.explain_access(bigint, text, text, uuid, text),
  auth.list_resources(bigint, text, text, text, uuid, integer),
  auth.list_subjects(text, uuid, text, text, bigint, integer),
  auth.list_actions(bigint, text, uuid, text)
TO auth_caller;

-- Whoever owns the extension may run a gateway and make the first superuser. It could drop the extension
-- anyway; it still reads no table.
DO $installer$
DECLARE
  installer name;
BEGIN
  SELECT r.rolname INTO installer
    FROM pg_extension AS e JOIN pg_roles AS r ON r.oid = e.extowner
   WHERE e.extname = 'auth_api' AND NOT r.rolsuper;
  IF FOUND THEN
    EXECUTE format('GRANT auth_gateway TO %I', installer);
    EXECUTE format('GRANT EXECUTE ON FUNCTION auth.create_superuser(text, text, text) TO %I', installer);
  END IF;
END
$installer$;

-- Watching: whoever monitors the server, and the owner of the extension. Each view, and what it calls on its
-- reader's behalf.
DO $monitoring$
DECLARE
  watcher name;
BEGIN
  FOR watcher IN
    SELECT 'pg_monitor'
    UNION ALL
    SELECT r.rolname FROM pg_extension AS e JOIN pg_roles AS r ON r.oid = e.extowner
     WHERE e.extname = 'auth_api' AND NOT r.rolsuper
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA auth TO %I', watcher);
    EXECUTE format('GRANT SELECT ON auth.connections, auth.table_sizes, auth.database_sizes, '
                   'auth.slow_functions TO %I', watcher);
    EXECUTE format('GRANT EXECUTE ON FUNCTION auth.doctor(), auth.library_version(), auth.list_tables(), '
                   'auth.list_logins(), auth.list_slow_functions(), auth.effective_setting(name, text), '
                   'auth.check_rights(), auth.check_settings(), auth.check_objects(), '
                   'auth.check_routes_and_keys() TO %I', watcher);
  END LOOP;
END
$monitoring$;
