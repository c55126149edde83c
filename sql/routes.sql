-- The whole HTTP surface, one line an endpoint. Written anew at every installation and update; an operator's own rows
-- (builtin false) stay.

DELETE FROM auth.routes WHERE builtin;
INSERT INTO auth.routes (builtin, method, path, function, success_status, lane, summary) VALUES
  (true, 'GET',    '/',                                'auth.show_status',      200, 'read', 'Show that the service is there'),
  (true, 'GET',    '/.well-known/jwks.json',           'auth.jwks',             200, 'read', 'Public keys of the access tokens'),
  (true, 'POST',   '/api/auth/register',               'auth.register',         201, 'hash', 'Register a user'),
  (true, 'POST',   '/api/auth/login',                  'auth.login',            200, 'hash', 'Log in'),
  (true, 'POST',   '/api/auth/refresh',                'auth.refresh',          200, 'call', 'Exchange a refresh token'),
  (true, 'POST',   '/api/auth/logout',                 'auth.logout',           200, 'call', 'End the session of a refresh token'),
  (true, 'POST',   '/api/auth/logout-all',             'auth.logout_all',       200, 'call', 'End all own sessions'),
  (true, 'GET',    '/api/auth/me',                     'auth.me',               200, 'read', 'Show the own account'),
  (true, 'GET',    '/api/auth/sessions',               'auth.list_sessions',    200, 'call', 'List the own live sessions'),
  (true, 'DELETE', '/api/auth/sessions/{session_id}',  'auth.revoke_session',   200, 'call', 'End one of the own sessions'),
  (true, 'POST',   '/api/auth/validate-session',       'auth.validate_session', 200, 'read', 'Check the session'),
  (true, 'POST',   '/api/auth/extend-session',         'auth.extend_session',   200, 'call', 'Keep the session alive longer'),
  (true, 'POST',   '/api/auth/change-password',        'auth.change_password',  200, 'hash', 'Change the own password'),
  (true, 'POST',   '/api/user/change-password-user',   'auth.change_password',  200, 'hash', 'Change the own password');
