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
  ('POST',   '/api/authz/check_access/batch',    'auth.answer_access_checks', 200, 'call', 'Check access, many')
) AS endpoint;

-- A thousand checks are longer than other requests.
UPDATE auth.routes SET max_body_bytes = 1048576 WHERE builtin AND path = '/api/authz/check_access/batch';
