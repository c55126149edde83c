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
