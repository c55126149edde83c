-- Promise: role administration has the documented routes, and SQL callers may do by function what HTTP clients do by
-- route.
\ir support.psql
\ir roles.psql

SELECT set_eq(
  $$SELECT method || ' ' || substr(path, length('/api/rbac') + 1) FROM auth.routes WHERE builtin AND path LIKE '/api/rbac/%'$$,
  ARRAY['GET /me',
        'GET /organizations', 'POST /organizations', 'GET /organizations/{organization_id}',
        'PATCH /organizations/{organization_id}', 'DELETE /organizations/{organization_id}',
        'GET /accounts', 'POST /accounts', 'GET /accounts/{account_id}', 'PATCH /accounts/{account_id}',
        'DELETE /accounts/{account_id}',
        'GET /projects', 'POST /projects', 'GET /projects/{project_id}', 'PATCH /projects/{project_id}',
        'DELETE /projects/{project_id}',
        'GET /user_role_assignments', 'POST /user_role_assignments',
        'DELETE /user_role_assignments/{user_id}/{resource_id}', 'GET /role_changes',
        'GET /permission_overrides', 'POST /permission_overrides',
        'PATCH /permission_overrides/{user_id}/{resource_id}', 'DELETE /permission_overrides/{user_id}/{resource_id}',
        'GET /roles', 'POST /roles', 'GET /roles/{role_id}', 'PATCH /roles/{role_id}', 'DELETE /roles/{role_id}',
        'POST /roles/{role_id}/permissions', 'PATCH /roles/{role_id}/permissions/{permission_id}',
        'DELETE /roles/{role_id}/permissions/{permission_id}',
        'GET /groups', 'POST /groups', 'GET /groups/{group_id}', 'PATCH /groups/{group_id}',
        'DELETE /groups/{group_id}', 'POST /groups/{group_id}/permissions',
        'PATCH /groups/{group_id}/permissions/{permission_id}',
        'DELETE /groups/{group_id}/permissions/{permission_id}', 'GET /groups/{group_id}/members',
        'POST /groups/{group_id}/members', 'DELETE /groups/{group_id}/members/{user_id}/{resource_id}',
        'GET /users/{user_id}/groups'], 'the routes below /api/rbac');
SELECT is_empty(
  $$SELECT method, path FROM auth.list_routes() WHERE path LIKE '/api/rbac/%'
     AND NOT argument_names[cardinality(argument_names)] = '_access_token'$$, 'each asks who is calling');
SELECT is_empty(
  $$SELECT r.path FROM auth.routes AS r WHERE r.path LIKE '/api/rbac/%'
     AND NOT has_function_privilege('auth_caller', r.function::regproc, 'EXECUTE')$$,
  'and can be called from SQL');
SELECT is_empty(
  $$SELECT path FROM auth.routes WHERE path LIKE '/api/rbac/%'
     AND success_status <> CASE method WHEN 'POST' THEN 201 WHEN 'DELETE' THEN 204 ELSE 200 END$$,
  'POST answers 201, DELETE 204, the others 200');

SELECT pg_temp.act_as('boss') AS boss, pg_temp.person('target') AS target, pg_temp.id('p') AS p \gset
SET LOCAL ROLE auth_caller;
SELECT auth.grant_role(:target, 'project', :'p', 'viewer') ->> 'role' AS granted \gset
SELECT auth.has_role_at(:target, 'project', :'p', 'viewer', clock_timestamp()) AS held \gset
SELECT auth.revoke_role(:target, :'p', 'only a test');
RESET ROLE;
SELECT is(:'granted'::text, 'viewer', 'as auth_caller, with the identity of auth.authenticate');
SELECT is(:'held'::boolean, true, 'also the history');
SELECT throws_ok(
  'SET LOCAL ROLE auth_caller; SELECT auth.explain_change(''superuser'', NULL)', '42501', NULL,
  'the functions behind them stay closed');
SELECT throws_ok(
  'SET LOCAL ROLE auth_caller; SELECT FROM auth.role_history', '42501', NULL, 'and so do the tables');

SELECT finish();
ROLLBACK;
