-- The whole HTTP surface, one line an endpoint. Written anew at every installation and update; an operator's
-- own rows (builtin false) stay.

DELETE FROM auth.routes WHERE builtin;
INSERT INTO auth.routes (builtin, method, path, function, success_status, lane, summary)
SELECT true, endpoint.* FROM (VALUES
  ('GET',    '/',                                'auth.show_status',      200, 'read', 'Show that it works'),
  ('GET',    '/.well-known/jwks.json',           'auth.jwks',             200, 'read', 'List public keys'),
  ('POST',   '/api/auth/register',               'auth.register',         201, 'hash', 'Register a user'),
  ('POST',   '/api/auth/login',                  'auth.login',            200, 'hash', 'Log in'),
  ('POST',   '/api/auth/refresh',                'auth.refresh',          200, 'call', 'Refresh the tokens'),
  ('POST',   '/api/auth/logout',                 'auth.logout',           200, 'call', 'Log out'),
  ('POST',   '/api/auth/logout-all',             'auth.logout_all',       200, 'call', 'Log out everywhere'),
  ('GET',    '/api/auth/me',                     'auth.me',               200, 'read', 'Show own account'),
  ('GET',    '/api/auth/sessions',               'auth.list_sessions',    200, 'call', 'List own sessions'),
  ('DELETE', '/api/auth/sessions/{session_id}',  'auth.revoke_session',   200, 'call', 'End own session'),
  ('POST',   '/api/auth/validate-session',       'auth.validate_session', 200, 'read', 'Validate session'),
  ('POST',   '/api/auth/extend-session',         'auth.extend_session',   200, 'call', 'Extend session'),
  ('POST',   '/api/auth/change-password',        'auth.change_password',  200, 'hash', 'Change own password'),
  ('POST',   '/api/user/change-password-user',   'auth.change_password',  200, 'hash', 'Change own password'),

  -- Access checks
  ('POST',   '/api/authz/check_access',          'auth.answer_access_check',  200, 'read', 'Check access'),
  ('POST',   '/api/authz/check_access/batch',    'auth.answer_access_checks', 200, 'call', 'Check access, many'),
  ('GET',    '/api/authz/explain_access', 'auth.answer_access_explanation', 200, 'call', 'Explain a decision'),
  ('GET',    '/api/authz/list_resources', 'auth.answer_resource_list',      200, 'call', 'List where a user may'),
  ('GET',    '/api/authz/list_subjects',  'auth.answer_subject_list',       200, 'call', 'List who may'),
  ('GET',    '/api/authz/list_actions',   'auth.answer_action_list',        200, 'call', 'List what a user may'),
  ('GET',    '/api/authz/health',         'auth.show_authorization_health', 200, 'read', 'Show that access is decided'),
  -- OPA's data API
  ('POST',   '/v1/data/rbac',             'auth.answer_opa_rbac',           200, 'read', 'Decide as OPA, with reasons'),
  ('POST',   '/v1/data/rbac/allow',       'auth.answer_opa_allow',          200, 'read', 'Decide as OPA'),
  -- AuthZEN
  ('GET',    '/.well-known/authzen-configuration', 'auth.show_authzen_configuration', 200, 'read', 'Show metadata'),
  ('POST',   '/access/v1/evaluation',      'auth.answer_authzen_evaluation',      200, 'read', 'Evaluate'),
  ('POST',   '/access/v1/evaluations',     'auth.answer_authzen_evaluations',     200, 'call', 'Evaluate, many'),
  ('POST',   '/access/v1/search/subject',  'auth.answer_authzen_subject_search',  200, 'call', 'Search subjects'),
  ('POST',   '/access/v1/search/resource', 'auth.answer_authzen_resource_search', 200, 'call', 'Search resources'),
  ('POST',   '/access/v1/search/action',   'auth.answer_authzen_action_search',   200, 'call', 'Search actions')
) AS endpoint;

-- A thousand checks are longer than other requests.
UPDATE auth.routes SET max_body_bytes = 1048576
 WHERE builtin AND path IN ('/api/authz/check_access/batch', '/access/v1/evaluations');

-- Role administration, below /api/rbac.
INSERT INTO auth.routes (builtin, method, path, function, success_status, lane, summary)
SELECT true, e.method, '/api/rbac' || e.path, 'auth.' || e.function, e.success_status, e.lane, e.summary FROM (VALUES
  ('GET',    '/me', 'show_own_access', 200, 'call', 'Show own rights'),
  ('GET',    '/organizations', 'list_organizations', 200, 'call', 'List organizations'),
  ('POST',   '/organizations', 'create_organization', 201, 'call', 'Create an organization'),
  ('GET',    '/organizations/{organization_id}', 'show_organization', 200, 'read', 'Show an organization'),
  ('PATCH',  '/organizations/{organization_id}', 'change_organization', 200, 'call', 'Change an organization'),
  ('DELETE', '/organizations/{organization_id}', 'delete_organization', 204, 'call', 'Delete an organization'),
  ('GET',    '/accounts', 'list_accounts', 200, 'call', 'List accounts'),
  ('POST',   '/accounts', 'create_account', 201, 'call', 'Create an account'),
  ('GET',    '/accounts/{account_id}', 'show_account', 200, 'read', 'Show an account'),
  ('PATCH',  '/accounts/{account_id}', 'change_account', 200, 'call', 'Change or move an account'),
  ('DELETE', '/accounts/{account_id}', 'delete_account', 204, 'call', 'Delete an account'),
  ('GET',    '/projects', 'list_projects', 200, 'call', 'List projects'),
  ('POST',   '/projects', 'create_project', 201, 'call', 'Create a project'),
  ('GET',    '/projects/{project_id}', 'show_project', 200, 'read', 'Show a project'),
  ('PATCH',  '/projects/{project_id}', 'change_project', 200, 'call', 'Change or move a project'),
  ('DELETE', '/projects/{project_id}', 'delete_project', 204, 'call', 'Delete a project'),
  ('GET',    '/user_role_assignments', 'list_role_assignments', 200, 'call', 'List role assignments'),
  ('POST',   '/user_role_assignments', 'grant_role', 201, 'call', 'Grant or change a role'),
  ('DELETE', '/user_role_assignments/{user_id}/{resource_id}', 'revoke_role', 204, 'call', 'Revoke a role'),
  ('GET',    '/role_changes', 'list_role_changes', 200, 'call', 'List changes of roles'),
  ('GET',    '/permission_overrides', 'list_permission_overrides', 200, 'call', 'List overrides'),
  ('POST',   '/permission_overrides', 'set_permission_override', 201, 'call', 'Set an override'),
  ('PATCH',  '/permission_overrides/{user_id}/{resource_id}', 'change_permission_override', 200, 'call', 'Change an override'),
  ('DELETE', '/permission_overrides/{user_id}/{resource_id}', 'delete_permission_override', 204, 'call', 'Delete an override'),
  ('GET',    '/roles', 'list_roles', 200, 'call', 'List roles'),
  ('POST',   '/roles', 'create_role', 201, 'call', 'Define a role'),
  ('GET',    '/roles/{role_id}', 'show_role', 200, 'read', 'Show a role'),
  ('PATCH',  '/roles/{role_id}', 'change_role', 200, 'call', 'Change a role'),
  ('DELETE', '/roles/{role_id}', 'delete_role', 204, 'call', 'Delete a role'),
  ('POST',   '/roles/{role_id}/permissions', 'add_role_permission', 201, 'call', 'Add permissions to a role'),
  ('PATCH',  '/roles/{role_id}/permissions/{permission_id}', 'change_role_permission', 200, 'call', 'Change permissions of a role'),
  ('DELETE', '/roles/{role_id}/permissions/{permission_id}', 'delete_role_permission', 204, 'call', 'Delete permissions of a role'),
  ('GET',    '/groups', 'list_groups', 200, 'call', 'List groups'),
  ('POST',   '/groups', 'create_group', 201, 'call', 'Create a group'),
  ('GET',    '/groups/{group_id}', 'show_group', 200, 'read', 'Show a group'),
  ('PATCH',  '/groups/{group_id}', 'change_group', 200, 'call', 'Change a group'),
  ('DELETE', '/groups/{group_id}', 'delete_group', 204, 'call', 'Delete a group'),
  ('POST',   '/groups/{group_id}/permissions', 'add_group_permission', 201, 'call', 'Add denials to a group'),
  ('PATCH',  '/groups/{group_id}/permissions/{permission_id}', 'change_group_permission', 200, 'call', 'Change denials of a group'),
  ('DELETE', '/groups/{group_id}/permissions/{permission_id}', 'delete_group_permission', 204, 'call', 'Delete denials of a group'),
  ('GET',    '/groups/{group_id}/members', 'list_group_members', 200, 'call', 'List members of a group'),
  ('POST',   '/groups/{group_id}/members', 'add_group_member', 201, 'call', 'Add a member to a group'),
  ('DELETE', '/groups/{group_id}/members/{user_id}/{resource_id}', 'remove_group_member', 204, 'call', 'Remove a member from a group'),
  ('GET',    '/users/{user_id}/groups', 'list_user_groups', 200, 'call', 'List groups of a user')
) AS e (method, path, function, success_status, lane, summary);
