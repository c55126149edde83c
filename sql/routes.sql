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

  ('GET',  '/api/authz/health',         'auth.show_authorization_health',  200, 'read', 'Show that access can be decided'),
  ('GET',  '/api/authz/explain_access', 'auth.answer_access_explanation',  200, 'call', 'Explain a decision'),
  ('GET',  '/api/authz/list_resources', 'auth.answer_resource_list',       200, 'call', 'List where a user may'),
  ('GET',  '/api/authz/list_subjects',  'auth.answer_subject_list',        200, 'call', 'List who may'),
  ('GET',  '/api/authz/list_actions',   'auth.answer_action_list',         200, 'call', 'List what a user may'),
  ('POST', '/v1/data/rbac',             'auth.answer_opa_rbac',            200, 'read', 'Decide as OPA would, with reasons'),
  ('POST', '/v1/data/rbac/allow',       'auth.answer_opa_allow',           200, 'read', 'Decide as OPA would'),
  ('GET',  '/.well-known/authzen-configuration', 'auth.show_authzen_configuration',     200, 'read', 'Show AuthZEN metadata'),
  ('POST', '/access/v1/evaluation',              'auth.answer_authzen_evaluation',      200, 'read', 'Evaluate (AuthZEN)'),
  ('POST', '/access/v1/evaluations',             'auth.answer_authzen_evaluations',     200, 'call', 'Evaluate several (AuthZEN)'),
  ('POST', '/access/v1/search/subject',          'auth.answer_authzen_subject_search',  200, 'call', 'Search subjects (AuthZEN)'),
  ('POST', '/access/v1/search/resource',         'auth.answer_authzen_resource_search', 200, 'call', 'Search resources (AuthZEN)'),
  ('POST', '/access/v1/search/action',           'auth.answer_authzen_action_search',   200, 'call', 'Search actions (AuthZEN)')
) AS endpoint;

-- A thousand evaluations need more room than the usual 64 KiB.
UPDATE auth.routes SET max_body_bytes = 1048576 WHERE builtin AND path = '/access/v1/evaluations';
