-- Promise: who is authenticated is known until the transaction ends, cannot be forged, and counts only while
-- the session is live: the statement after a revocation sees nobody.
\ir support.psql

SELECT pg_temp.new_user('first@sql.example') AS first \gset
SELECT pg_temp.new_user('second@sql.example') AS second \gset
SELECT session_id AS first_session, access_token AS first_token FROM auth.issue_session(:first) \gset
SELECT session_id AS second_session, access_token AS second_token FROM auth.issue_session(:second) \gset

SELECT is(auth.current_user_id(), NULL, 'at first nobody is authenticated');
SELECT is(auth.current_session_id(), NULL, 'in no session');
SELECT throws_ok('SELECT auth.require_user(NULL)', 'A0401', 'Not authenticated', 'so a user is missed');
SELECT throws_ok('SELECT auth.authenticate(NULL)', 'A0401', 'Not authenticated', 'NULL is no token');
SELECT throws_ok('SELECT auth.authenticate(1)', '42883', NULL, 'nor is a number');

CREATE FUNCTION pg_temp.refusal_detail() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  PERFORM auth.authenticate('x');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN detail;
END $$;
SELECT is(pg_temp.refusal_detail(), '{"WWW-Authenticate": "Bearer"}',
  'a refusal carries its header in DETAIL');

SELECT is(auth.authenticate(:'first_token'), :first::bigint, 'a token authenticates its user');
SELECT is(auth.current_user_id(), :first::bigint, 'who is the current user from now on');
SELECT is(auth.current_session_id(), :'first_session'::uuid, 'in the session of the token');
SELECT is(auth.require_user(NULL), :first::bigint, 'so no user is missed');
SELECT is(auth.require_user(:'second_token'), :second::bigint, 'a token given counts more');
SELECT is(auth.current_user_id(), :second::bigint, 'and replaces the identity');
SELECT is(auth.authenticate(:'first_token'), :first::bigint, 'as often as one likes');
SELECT throws_ok('SELECT auth.authenticate(''x'')', 'A0401', NULL, 'a bad token is refused');
SELECT is(auth.current_user_id(), :first::bigint, 'and changes nothing once its error is caught');

-- Savepoints
SAVEPOINT outer_savepoint;
SELECT is(auth.authenticate(:'second_token'), :second::bigint,
  'after a savepoint somebody else is authenticated');
SAVEPOINT inner_savepoint;
SELECT is(auth.authenticate(:'first_token'), :first::bigint, 'and after another one the first user again');
ROLLBACK TO inner_savepoint;
SELECT is(auth.current_user_id(), :second::bigint, 'rolling back to the inner one brings back the second');
SELECT auth.authenticate(:'first_token');
RELEASE inner_savepoint;
SELECT is(auth.current_user_id(), :first::bigint, 'releasing it keeps the first');
ROLLBACK TO outer_savepoint;
SELECT is(auth.current_user_id(), :first::bigint,
  'rolling back to the outer one brings back who was there before it');
SELECT is(auth.current_session_id(), :'first_session'::uuid, 'in the same session');

CREATE FUNCTION pg_temp.current_users(token text) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  users bigint[] := ARRAY[auth.current_user_id()];
BEGIN
  BEGIN
    PERFORM auth.authenticate(token);
    users := users || auth.current_user_id();
    RAISE EXCEPTION 'undo';
  EXCEPTION WHEN raise_exception THEN
    users := users || auth.current_user_id();
  END;
  RETURN users;
END $$;
SELECT is(pg_temp.current_users(:'second_token'), ARRAY[:first, :second, :first]::bigint[],
  'an exception block in PL/pgSQL behaves the same');

-- Liveness, each change undone by a savepoint
CREATE FUNCTION pg_temp.end_session(id uuid) RETURNS void
BEGIN ATOMIC
  UPDATE sessions SET is_active = false, ended_at = now(), end_reason = 'revoked'
   WHERE sessions.id = end_session.id;
END;
CREATE TEMPORARY TABLE ends (description text, statement text);
INSERT INTO ends VALUES
  ('the session ends', format('SELECT pg_temp.end_session(%L)', :'first_session')),
  ('the session expires', format('UPDATE sessions SET expires_at = clock_timestamp() WHERE id = %L',
    :'first_session')),
  ('the session is deleted', format('DELETE FROM sessions WHERE id = %L', :'first_session')),
  ('the session is another''s', format('UPDATE sessions SET user_id = %s WHERE id = %L', :'second',
    :'first_session')),
  ('the user is suspended', format('UPDATE users SET status = ''suspended'' WHERE id = %s', :'first')),
  ('the user is pending', format('UPDATE users SET status = ''pending'' WHERE id = %s', :'first')),
  ('the user is deleted softly',
    format('UPDATE users SET status = ''deleted'', deleted_at = now() WHERE id = %s', :'first')),
  ('the user is removed', format('DELETE FROM users WHERE id = %s', :'first'));

-- What is seen before, after and once it is undone, in one function: its statements have a snapshot each.
CREATE FUNCTION pg_temp.seen(statement text, token text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  seen text[] := ARRAY[(auth.current_user_id() IS NOT NULL)::text];
BEGIN
  BEGIN
    EXECUTE statement;
    seen := seen || (auth.current_user_id() IS NOT NULL)::text ||
                 (auth.current_session_id() IS NOT NULL)::text;
    BEGIN
      PERFORM auth.require_user(NULL);
    EXCEPTION WHEN SQLSTATE 'A0401' THEN
      seen := seen || SQLERRM;
    END;
    BEGIN
      PERFORM auth.authenticate(token);
    EXCEPTION WHEN SQLSTATE 'A0401' THEN
      seen := seen || SQLERRM;
    END;
    RAISE EXCEPTION 'undo';
  EXCEPTION WHEN raise_exception THEN
    RETURN seen || (auth.current_user_id() IS NOT NULL)::text;
  END;
END $$;
SELECT is(pg_temp.seen(statement, :'first_token'),
          ARRAY['true', 'false', 'false', 'Not authenticated', 'Could not validate credentials', 'true'],
          'as soon as ' || description || ', nobody is authenticated; undone, the user is back') FROM ends;

-- A statement sees the state at its own beginning: a policy cannot change its mind between two rows.
SELECT is(array_agg(DISTINCT auth.current_user_id()), ARRAY[:first]::bigint[], 'one statement has one answer')
  FROM generate_series(1, 1000);

-- Callers without a right on any table
CREATE ROLE sql_test_caller;
GRANT auth_caller TO sql_test_caller;
CREATE TABLE pg_temp.notes (owner_id bigint, note text);
INSERT INTO pg_temp.notes VALUES (:first, 'mine'), (:second, 'not mine');
ALTER TABLE pg_temp.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_notes ON pg_temp.notes USING (owner_id = auth.current_user_id());
GRANT SELECT ON pg_temp.notes TO sql_test_caller;
SELECT access_token AS fresh_token FROM auth.issue_session(:first) \gset
SET LOCAL ROLE sql_test_caller;
SELECT auth.authenticate(:'fresh_token') AS id, (SELECT array_agg(note) FROM pg_temp.notes) AS notes,
       pg_temp.sqlstate_of('SELECT FROM sessions') AS sessions,
         pg_temp.sqlstate_of('SELECT FROM auth.signing_keys') AS keys,
       pg_temp.sqlstate_of('SELECT auth.decode_access_token(''x'')') AS decode,
       pg_temp.sqlstate_of('SELECT auth.issue_session(1)') AS issue \gset caller_
RESET ROLE;
SELECT is(:'caller_id'::bigint, :first::bigint,
  'a caller who may read no table authenticates, also with a new token');
SELECT is(:'caller_notes'::text[], ARRAY['mine'], 'a policy shows the caller the user''s own rows');
SELECT is(ARRAY[:'caller_sessions', :'caller_keys', :'caller_decode', :'caller_issue'],
  array_fill('42501'::text, ARRAY[4]),
  'and may neither read the tables nor decode or issue anything');

-- Forging
SELECT throws_ok('SET LOCAL auth_api.current_user_id = ''1''', '42602', NULL, 'no setting makes an identity');
SELECT is_empty(
  $$SELECT oid::regprocedure FROM pg_proc
     WHERE pronamespace = 'auth'::regnamespace AND prosrc IN ('authenticate', 'require_user',
       'current_user_id',
           'current_session_id') AND (prosecdef OR proparallel <> 'r')$$,
  'the functions of identity run with their caller''s rights, never in a parallel worker');

SELECT finish();
ROLLBACK;
