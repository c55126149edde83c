-- Promise: an installation holds exactly what is documented, owned by auth_owner, closed to everybody else.
-- All of it is enumerated from the catalog, so that what is added later cannot slip by.
\ir support.psql

CREATE TEMPORARY VIEW members AS
SELECT d.classid, d.objid, e.extnamespace
  FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'auth_api';
CREATE TEMPORARY VIEW member_relations AS
SELECT c.*, m.extnamespace
  FROM members AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid;
CREATE TEMPORARY VIEW member_functions AS
SELECT p.*, p.oid::regprocedure::text AS signature
  FROM members AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid;

-- Tables
SELECT set_eq(
  'SELECT relname::text FROM member_relations WHERE relnamespace = extnamespace AND relkind = ''r''',
  ARRAY['users', 'sessions', 'user_activity', 'mfa_verifications', 'device_fingerprints', 'organizations',
        'accounts', 'projects', 'user_role_assignments'],
  'the schema of CREATE EXTENSION has exactly the nine documented tables');
SELECT is_empty(
  $$SELECT c.oid::regclass FROM member_relations AS c
     WHERE c.relnamespace NOT IN (c.extnamespace, 'auth'::regnamespace)$$,
  'nothing lies in any other schema than that one and auth');
SELECT is_empty(
  $$SELECT attrelid::regclass, attname FROM pg_attribute
     WHERE attrelid IN (SELECT oid FROM member_relations WHERE relnamespace = extnamespace AND relkind = 'r')
       AND attnum > 0 AND attname ~ 'secret|token|code|hash' AND attname <> 'is_password_temporary'$$,
  'none of the nine has a column for a secret');
SELECT is_empty(
  $$SELECT f.conrelid::regclass, f.conname
      FROM pg_constraint AS f
     WHERE f.contype = 'f' AND f.conrelid IN (SELECT oid FROM member_relations)
       AND NOT EXISTS (
         SELECT FROM pg_index AS i
          WHERE i.indrelid = f.conrelid
            -- A row whose key is NULL refers to nothing, so the index may leave it out.
            AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = (
                  SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute AS a
                   WHERE a.attrelid = f.conrelid AND a.attnum = f.conkey[1]))
            AND (SELECT array_agg(k.key ORDER BY k.key)
                   FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (key, place)
                  WHERE k.place <= cardinality(f.conkey))
                = (SELECT array_agg(k ORDER BY k) FROM unnest(f.conkey) AS k))$$,
  'every foreign key has an index');
SELECT is_empty(
  $$SELECT c.oid::regclass FROM member_relations AS c CROSS JOIN pg_extension AS e
     WHERE e.extname = 'auth_api' AND c.relkind IN ('r', 'S') AND NOT c.oid = ANY (e.extconfig)$$,
  'pg_dump keeps the rows of every table and the state of every sequence');
SELECT is_empty(
  $$SELECT oid::regclass FROM member_relations
     WHERE relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL$$,
  'every table and view has a comment');
SELECT col_is_unique('users', 'email', 'users.email is unique');
SELECT col_is_unique('organizations', 'name', 'organizations.name is unique');
SELECT set_has(
  $$SELECT a.attname::text
      FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = 'user_role_assignments'::regclass$$,
  $$VALUES ('user_id'), ('resource_id')$$,
  'user_role_assignments has an index on user_id and one on resource_id');

-- Ownership
SELECT is_empty(
  $$SELECT oid::regclass::text FROM member_relations WHERE relowner <> 'auth_owner'::regrole
    UNION ALL SELECT signature FROM member_functions WHERE proowner <> 'auth_owner'::regrole
    UNION ALL SELECT t.oid::regtype::text FROM pg_type AS t JOIN members AS m ON m.objid = t.oid
     WHERE m.classid = 'pg_type'::regclass AND t.typowner <> 'auth_owner'::regrole
    UNION ALL SELECT n.oid::regnamespace::text FROM pg_namespace AS n JOIN members AS m ON m.objid = n.oid
     WHERE m.classid = 'pg_namespace'::regclass AND n.nspowner <> 'auth_owner'::regrole$$,
  'auth_owner owns every object');
SELECT is_empty(
  $$SELECT rolname FROM pg_roles WHERE rolname IN ('auth_owner', 'auth_gateway', 'auth_caller')
       AND (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)$$,
  'the three roles cannot log in and have no attribute of power');
SELECT is_empty(
  $$SELECT member::regrole FROM pg_auth_members WHERE roleid = 'auth_owner'::regrole
    UNION ALL SELECT roleid::regrole FROM pg_auth_members WHERE member = 'auth_owner'::regrole$$,
  'nobody can become auth_owner, and it can become nobody');

-- Functions
SELECT is_empty(
  'SELECT signature FROM member_functions WHERE obj_description(oid, ''pg_proc'') IS NULL',
  'every function has a comment');
SELECT is_empty(
  $$SELECT signature FROM member_functions
     WHERE obj_description(oid, 'pg_proc') !~ 'Errors:.*Callers:'$$,
  'every comment says which errors there are and who may call');
SELECT is_empty(
  $$SELECT signature FROM member_functions
     WHERE prosecdef AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}'))$$,
  'every SECURITY DEFINER function pins its search_path');
SELECT is_empty(
  $$SELECT signature FROM member_functions AS p JOIN pg_language AS l ON l.oid = p.prolang
     WHERE l.lanname = 'plpgsql'
       AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}'))$$,
  'every PL/pgSQL function does');
SELECT is_empty(
  $$SELECT signature FROM member_functions WHERE prosrc ~* '\mEXECUTE\M' AND prosrc !~* 'format\('$$,
  'no function runs a statement that it has put together without format()');

-- Rights
SELECT is_empty(
  $$SELECT p.signature FROM member_functions AS p
     CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
     WHERE a.grantee = 0$$,
  'PUBLIC may execute no function');
SELECT is_empty(
  $$SELECT c.oid::regclass FROM member_relations AS c
     CROSS JOIN LATERAL aclexplode(coalesce(c.relacl,
       acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                                 c.relowner))) AS a WHERE a.grantee = 0$$,
  'PUBLIC has no right on any table, view or sequence');
SELECT is_empty(
  $$SELECT r.rolname, c.oid::regclass FROM member_relations AS c
     CROSS JOIN (VALUES ('auth_gateway'), ('auth_caller'), ('auth_user')) AS r (rolname)
     WHERE c.relkind IN ('r', 'v')
       -- What monitors the server, for the owner of the extension.
       AND NOT (r.rolname = 'auth_user' AND c.oid::regclass::text IN ('auth.connections', 'auth.table_sizes',
                                                                     'auth.database_sizes',
                                                                     'auth.slow_functions'))
       AND EXISTS (SELECT FROM pg_roles AS existing WHERE existing.rolname = r.rolname)
       AND (has_any_column_privilege(r.rolname, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
            OR has_table_privilege(r.rolname, c.oid, 'DELETE, TRUNCATE, TRIGGER'))$$,
  'auth_gateway, auth_caller and auth_user have no right on any table');
SELECT set_eq(
  $$SELECT signature FROM member_functions WHERE has_function_privilege('auth_gateway', oid, 'EXECUTE')$$,
  $$SELECT p.signature
      FROM auth.routes AS r JOIN member_functions AS p ON p.oid = r.function::regproc WHERE r.builtin
    UNION VALUES ('auth.list_routes()'), ('auth.authenticate(text)'), ('auth.require_user(text)'),
                 ('auth.current_user_id()'), ('auth.current_session_id()'),
                 ('auth.refuse(integer,text,jsonb)'), ('auth.problem(integer,text,jsonb)')$$,
  'auth_gateway may execute what routes name, what an operator''s endpoint needs, and nothing else');
SELECT set_eq(
  $$SELECT DISTINCT proname::text FROM member_functions
     WHERE has_function_privilege('auth_caller', oid, 'EXECUTE')
       -- Role administration is all of /api/rbac; 77-rbac-routes.sql lists it.
       AND NOT 'auth.' || proname IN (SELECT function FROM auth.routes WHERE path LIKE '/api/rbac/%')$$,
  ARRAY['has_role_at', 'authenticate', 'require_user', 'current_user_id', 'current_session_id', 'register', 'login',
        'refresh', 'logout', 'logout_all', 'me', 'list_sessions', 'revoke_session', 'validate_session',
        'extend_session', 'change_password', 'jwks', 'refuse', 'problem',
        'has_organization_role', 'has_account_role', 'has_project_role',
        'organization_ids', 'account_ids', 'project_ids', 'user_has_role', 'role_actions',
        'check_access', 'check_access_batch',
        'explain_access', 'list_resources', 'list_subjects', 'list_actions'],
  'auth_caller may execute the documented functions and nothing else');
SELECT is_empty(
  $$SELECT r.rolname, f.signature FROM (VALUES ('auth_gateway'), ('auth_caller')) AS r (rolname)
     CROSS JOIN (VALUES ('auth.create_superuser(text, text, text)'), ('auth.set_setting(text, text)'),
                        ('auth.rotate_signing_key()'), ('auth.issue_session(bigint, text, inet, text)'),
                        ('auth.issue_access_token(bigint, uuid, text)'), ('auth.verify_password(text, text)'))
       AS f (signature)
     WHERE has_function_privilege(r.rolname, f.signature, 'EXECUTE')$$,
  'neither may make a superuser, change a setting, rotate a key, issue a token or go past the throttle');
SELECT throws_ok(
  'SET LOCAL ROLE auth_gateway; SELECT auth.create_superuser(''x@sql.example'', pg_temp.good_password())',
  '42501', NULL, 'auth_gateway is refused when it tries to create a superuser');
SELECT throws_ok(
  format('SET LOCAL ROLE auth_gateway; SELECT FROM %s.users',
         (SELECT DISTINCT extnamespace FROM members)::regnamespace),
  '42501', NULL, 'auth_gateway is refused the users');

-- Rules that the tables keep by themselves
SELECT throws_ok($$INSERT INTO users (email) VALUES ('Upper@sql.example')$$, '23514', NULL,
  'users.email takes an address in its normalised form only');
SELECT throws_ok($$INSERT INTO users (email, status) VALUES ('a@sql.example', 'asleep')$$, '23514', NULL,
  'users.status takes a documented status only');
SELECT throws_ok(
  $$WITH organization AS (
      INSERT INTO organizations (name) VALUES ('one, sql.example'), ('two, sql.example') RETURNING id),
    account AS (
      INSERT INTO accounts (organization_id, name) SELECT min(id::text)::uuid, 'a' FROM organization
      RETURNING id)
    INSERT INTO projects (account_id, organization_id, name)
    SELECT account.id, (SELECT max(id::text)::uuid FROM organization), 'p' FROM account$$,
  '23503', NULL, 'a project cannot name another organization than its account''s');
SELECT lives_ok(
  $$INSERT INTO organizations (id, name) VALUES ('6f4e1d1c-0000-4000-8000-000000000001', 'sql.example');
    INSERT INTO accounts (id, organization_id, name)
    VALUES ('6f4e1d1c-0000-4000-8000-000000000002', '6f4e1d1c-0000-4000-8000-000000000001', 'a');
    INSERT INTO projects (id, account_id, organization_id, name)
    VALUES ('6f4e1d1c-0000-4000-8000-000000000003', '6f4e1d1c-0000-4000-8000-000000000002',
            '6f4e1d1c-0000-4000-8000-000000000001', 'p');
    INSERT INTO users (id, email) VALUES (-1, 'role@sql.example');
    INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
    VALUES (-1, '6f4e1d1c-0000-4000-8000-000000000001', 'organization', 'viewer'),
           (-1, '6f4e1d1c-0000-4000-8000-000000000003', 'project', 'editor');
    DELETE FROM organizations WHERE id = '6f4e1d1c-0000-4000-8000-000000000001'$$,
  'an organization goes with its accounts and projects');
SELECT is_empty('SELECT FROM user_role_assignments WHERE user_id = -1',
  'the role assignments on a resource, and on those below it, go with it');

SELECT finish();
ROLLBACK;
