-- The three roles that carry rights. Nobody logs in as one of them: login roles are granted auth_gateway or
-- auth_caller.
--
-- 1. auth_owner owns every object of the extension, so SECURITY DEFINER functions run as it, never as a
--    superuser. Nobody but a superuser may become auth_owner: whoever could would read every password hash.
-- 2. auth_gateway may execute the functions that built-in routes name and read no table. Grant it to the
--    gateway's login.
-- 3. auth_caller may execute what applications call from SQL. Grant it to the applications' logins.
-- 4. Roles belong to the cluster: another database may have made them, or somebody with CREATEROLE may have
--    prepared them. One that exists is used only when it is harmless.

DO $roles$
DECLARE
  needed pg_catalog.name;
  existing pg_catalog.pg_roles%ROWTYPE;
  intruder pg_catalog.name;
BEGIN
  FOREACH needed IN ARRAY ARRAY['auth_owner', 'auth_gateway', 'auth_caller'] LOOP
    SELECT r.* INTO existing FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) needed;
    IF NOT FOUND THEN
      BEGIN
        EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', needed);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- Another session has just made it; it is checked below like any that existed.
      END;
      SELECT r.* INTO STRICT existing
        FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) needed;
    END IF;
    IF existing.rolcanlogin OR existing.rolsuper OR existing.rolcreaterole OR existing.rolcreatedb
       OR existing.rolbypassrls OR existing.rolreplication THEN
      RAISE EXCEPTION 'role "%" exists already and may do more than auth_api allows it', needed
        USING ERRCODE = 'invalid_role_specification',
              HINT = pg_catalog.format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB '
                                       'NOBYPASSRLS NOREPLICATION; or rename it.', needed);
    END IF;
  END LOOP;

  SELECT member.rolname INTO intruder
    FROM pg_catalog.pg_auth_members AS membership
    JOIN pg_catalog.pg_roles AS owner ON owner.oid OPERATOR(pg_catalog.=) membership.roleid
    JOIN pg_catalog.pg_roles AS member ON member.oid OPERATOR(pg_catalog.=) membership.member
   WHERE owner.rolname OPERATOR(pg_catalog.=) 'auth_owner' AND NOT member.rolsuper
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'role "%" is a member of auth_owner and could read every password hash', intruder
      USING ERRCODE = 'invalid_role_specification',
            HINT = pg_catalog.format('REVOKE auth_owner FROM %I;', intruder);
  END IF;
END
$roles$;
