-- Promise: history tells who held which role at any past moment, however the change was made, and outlives the user and
-- the resource.
\ir support.psql
\ir roles.psql

CREATE FUNCTION pg_temp.held(who text, role text, type text, resource text, moment timestamptz) RETURNS boolean
RETURN auth.has_role_at(pg_temp.person(who), type, pg_temp.id(resource), role, moment);
CREATE FUNCTION pg_temp.changes(who text, resource text) RETURNS text
RETURN (SELECT string_agg(change || ' ' || role, ', ' ORDER BY at) FROM auth.role_history
         WHERE user_id = pg_temp.person(who) AND resource_id = pg_temp.id(resource));
SELECT clock_timestamp() AS at_first \gset

-- Granted, changed, revoked, by whoever may write the table
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (pg_temp.person('target'), pg_temp.id('a'), 'account', 'editor');
SELECT clock_timestamp() AS granted \gset
UPDATE user_role_assignments SET role = 'viewer' WHERE user_id = pg_temp.person('target');
SELECT clock_timestamp() AS changed \gset
UPDATE user_role_assignments SET role = 'viewer' WHERE user_id = pg_temp.person('target');
DELETE FROM user_role_assignments WHERE user_id = pg_temp.person('target');
SELECT clock_timestamp() AS revoked \gset
SELECT is(pg_temp.changes('target', 'a'), 'granted editor, changed viewer, revoked viewer',
  'each change is kept, and an update that changes nothing adds nothing');
SELECT is(pg_temp.held('target', role, type, resource, moment::timestamptz), expected,
          format('%s on %s %s at the moment of %s: %s', role, type, resource, event, expected))
  FROM (VALUES ('before', :'at_first', 'viewer', 'account', 'a', false),
               ('grant', :'granted', 'editor', 'account', 'a', true),
               ('grant', :'granted', 'viewer', 'account', 'a', true),
               ('grant', :'granted', 'admin', 'account', 'a', false),
               ('grant', :'granted', 'editor', 'project', 'p', true),
               ('grant', :'granted', 'viewer', 'organization', 'one', false),
               ('grant', :'granted', 'viewer', 'account', 'b', false),
               ('grant', :'granted', 'viewer', 'project', 'a', false),
               ('change', :'changed', 'editor', 'account', 'a', false),
               ('change', :'changed', 'viewer', 'project', 'q', true),
               ('revocation', :'revoked', 'viewer', 'project', 'p', false),
               ('nothing', 'infinity', 'viewer', 'project', 'p', false),
               ('nothing', '-infinity', 'viewer', 'project', 'p', false))
    AS v (event, moment, role, type, resource, expected);

-- Expiry
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role, expires_at)
VALUES (pg_temp.person('target'), pg_temp.id('one'), 'organization', 'admin', clock_timestamp() + interval '1 hour');
SELECT is(pg_temp.held('target', 'admin', 'project', 'p', clock_timestamp()), true, 'a role counts until it expires');
SELECT is(pg_temp.held('target', 'admin', 'project', 'p', clock_timestamp() + interval '2 hours'), false,
  'and no longer');
SELECT clock_timestamp() AS unexpired \gset
UPDATE user_role_assignments SET expires_at = clock_timestamp() - interval '1 second'
 WHERE user_id = pg_temp.person('target');
SELECT is(pg_temp.held('target', 'admin', 'project', 'p', :'unexpired'), true,
  'what was held is not changed by an earlier end that is set later');
SELECT is(pg_temp.held('target', 'admin', 'project', 'p', clock_timestamp()), false, 'which ends it from then on');

-- Moves
SELECT clock_timestamp() AS before_move \gset
UPDATE accounts SET organization_id = pg_temp.id('two') WHERE id = pg_temp.id('a');
SELECT clock_timestamp() AS after_move \gset
UPDATE projects SET account_id = pg_temp.id('b'), organization_id = pg_temp.id('one') WHERE id = pg_temp.id('q');
SELECT is(pg_temp.held(who, 'viewer', 'project', project, moment::timestamptz), expected,
          format('%s on %s %s: %s', who, project, event, expected))
  FROM (VALUES ('boss', 'p', 'before the move', :'before_move', true), ('boss', 'p', 'after it', :'after_move', false),
               ('other', 'p', 'before the move', :'before_move', false),
               ('other', 'p', 'after it', :'after_move', true),
               ('lead', 'p', 'after it', :'after_move', true),
               ('lead', 'q', 'before its own move', :'after_move', true),
               ('boss', 'q', 'before its own move', :'after_move', false),
               ('lead', 'q', 'now', 'infinity', false),
               ('boss', 'q', 'now', 'infinity', true)) AS v (who, project, event, moment, expected);
SELECT is(count(*), 1::bigint, 'an account that moves leaves one row, not one a project') FROM auth.belonging_history
 WHERE at > :'before_move' AND at < :'after_move';

-- A statement that passes keys on leaves one entry a key.
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (pg_temp.person('stranger'), pg_temp.id('b'), 'account', 'viewer');
UPDATE user_role_assignments SET user_id = pg_temp.person('hand') WHERE user_id = pg_temp.person('stranger');
SELECT is(pg_temp.changes('stranger', 'b'), 'granted viewer, revoked viewer', 'a key that is given away is a revocation');
SELECT is(pg_temp.changes('hand', 'b'), 'granted viewer', 'and a grant of the one that takes its place');
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (pg_temp.person('hand'), pg_temp.id('b'), 'account', 'editor')
ON CONFLICT ON CONSTRAINT user_role_assignments_pkey DO UPDATE SET role = EXCLUDED.role;
SELECT is(pg_temp.changes('hand', 'b'), 'granted viewer, changed editor', 'an upsert is a change');

-- Undone with its transaction
SAVEPOINT undone;
DELETE FROM user_role_assignments WHERE user_id = pg_temp.person('hand');
SELECT is(pg_temp.held('hand', 'viewer', 'account', 'b', clock_timestamp()), false, 'a revocation counts at once');
ROLLBACK TO undone;
SELECT is(pg_temp.held('hand', 'viewer', 'account', 'b', clock_timestamp()), true,
  'and never was, when it is rolled back');

-- A clock that was set back
SAVEPOINT set_back;
UPDATE auth.role_history SET at = clock_timestamp() + interval '1 hour'
 WHERE user_id = pg_temp.person('hand') AND resource_id = pg_temp.id('b') AND change = 'changed';
DELETE FROM user_role_assignments WHERE user_id = pg_temp.person('hand') AND resource_id = pg_temp.id('b');
SELECT is(pg_temp.changes('hand', 'b'), 'granted viewer, changed editor, revoked editor',
  'changes keep their order when the clock was set back');
ROLLBACK TO set_back;

-- What a dump brings back
UPDATE user_role_assignments SET created_at = now() - interval '1 day' WHERE user_id = pg_temp.person('eye');
CREATE TEMPORARY TABLE dumped AS SELECT * FROM user_role_assignments WHERE user_id = pg_temp.person('eye');
SELECT count(*) AS entries FROM auth.role_history \gset
ALTER TABLE user_role_assignments DISABLE TRIGGER history_of_delete;
DELETE FROM user_role_assignments WHERE user_id = pg_temp.person('eye');
ALTER TABLE user_role_assignments ENABLE TRIGGER history_of_delete;
INSERT INTO user_role_assignments SELECT * FROM dumped;
SELECT is(count(*), :entries::bigint, 'a row that history knows adds nothing when a restore inserts it')
  FROM auth.role_history;

-- Who, why and by which right
DELETE FROM user_role_assignments WHERE user_id = pg_temp.person('target');
DELETE FROM auth.role_history WHERE user_id = pg_temp.person('target');
SELECT pg_temp.act_as('boss');
SELECT auth.grant_role(pg_temp.person('target'), 'organization', pg_temp.id('one'), 'viewer', reason => 'new here');
SELECT auth.revoke_role(pg_temp.person('target'), pg_temp.id('one'), 'left');
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (pg_temp.person('target'), pg_temp.id('one'), 'organization', 'editor');
SET LOCAL auth.change_reason = 'ticket 4711';
DELETE FROM user_role_assignments WHERE user_id = pg_temp.person('target');
RESET auth.change_reason;
SELECT results_eq(
  $$SELECT change, changed_by = pg_temp.person('boss'), session_role = session_user, by_right, reason
      FROM auth.role_history WHERE user_id = pg_temp.person('target') ORDER BY at$$,
  format($$VALUES ('granted', true, true, %1$L, 'new here'), ('revoked', true, true, %1$L, 'left'),
                  ('granted', true, true, NULL, NULL), ('revoked', true, true, NULL, 'ticket 4711')$$,
         format('admin on organization %s', pg_temp.id('one'))),
  'an entry says who, why and by which right; past the functions there is no right but the database''s');

-- Pages
CREATE FUNCTION pg_temp.pages(who text, size integer, resource uuid DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  page jsonb := '{"next": null}';
  read jsonb := '[]';
BEGIN
  PERFORM pg_temp.act_as(who);
  LOOP
    page := auth.list_role_changes(resource_id => resource, after => page ->> 'next', "limit" => size);
    read := read || (page -> 'changes');
    EXIT WHEN page ->> 'next' IS NULL;
  END LOOP;
  RETURN read;
END $$;
SELECT is(pg_temp.pages('root', size),
  (SELECT jsonb_agg(to_jsonb(h) ORDER BY at DESC, user_id DESC, resource_id DESC) FROM auth.role_history AS h),
  format('pages of %s show everything once, newest first', size)) FROM unnest(ARRAY[1, 2, 7, 1000]) AS size;
SELECT is(pg_temp.pages('lead', 3, pg_temp.id('p')),
  (SELECT jsonb_agg(to_jsonb(h) ORDER BY at DESC, user_id DESC) FROM auth.role_history AS h
    WHERE resource_id = pg_temp.id('p')), 'an administrator reads the history of a resource below');
SELECT is(pg_temp.pages('eye', 3), (SELECT jsonb_agg(to_jsonb(h) ORDER BY at DESC) FROM auth.role_history AS h
    WHERE user_id = pg_temp.person('eye')), 'others read their own');
SELECT is(pg_temp.pages('stranger', 3, pg_temp.id('p')), '[]', 'a stranger reads nothing of it');
SELECT pg_temp.act_as('root');
SELECT throws_ok(format('SELECT auth.list_role_changes(after => %L)', after), 'A0422', NULL,
                 format('no page begins after %s', left(after, 40)))
  FROM unnest(ARRAY['', 'x', '1-2-3', '1-2-' || pg_temp.id('p') || ' ', repeat('9', 10000), '1' || repeat('0', 17) ||
                    '-1-' || pg_temp.id('p')]) AS after;

-- History agrees with what is, for everybody, everywhere, after random changes.
DO $churn$
DECLARE
  step integer;
  organizations uuid[] := ARRAY[pg_temp.id('one'), pg_temp.id('two')];
BEGIN
  PERFORM setseed(0.42);
  FOR step IN 1..300 LOOP
    IF random() < 0.1 THEN
      UPDATE accounts SET organization_id = organizations[1 + floor(random() * 2)] WHERE random() < 0.3;
    ELSIF random() < 0.2 THEN
      UPDATE projects AS p SET account_id = a.id, organization_id = a.organization_id
        FROM (SELECT id, organization_id FROM accounts ORDER BY random() LIMIT 1) AS a WHERE random() < 0.3;
    ELSIF random() < 0.4 THEN
      DELETE FROM user_role_assignments WHERE random() < 0.2;
    ELSE
      INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role, expires_at)
      SELECT u.id, r.id, r.type, (ARRAY['superadmin', 'admin', 'editor', 'viewer'])[1 + floor(random() * 4)],
             CASE WHEN random() < 0.2 THEN clock_timestamp() - interval '1 minute' END
        FROM users AS u
       CROSS JOIN (SELECT 'organization' AS type, id FROM organizations UNION ALL SELECT 'account', id FROM accounts
                   UNION ALL SELECT 'project', id FROM projects) AS r
       WHERE u.email LIKE '%@roles.example' AND random() < 0.03
      ON CONFLICT ON CONSTRAINT user_role_assignments_pkey
        DO UPDATE SET role = EXCLUDED.role, expires_at = EXCLUDED.expires_at;
    END IF;
  END LOOP;
END $churn$;
SELECT is_empty(
  $$SELECT u.email, r.type, r.id, role, level, held
      FROM users AS u
     CROSS JOIN (SELECT 'organization' AS type, id FROM organizations UNION ALL SELECT 'account', id FROM accounts
                 UNION ALL SELECT 'project', id FROM projects) AS r
     CROSS JOIN unnest(ARRAY['superadmin', 'admin', 'editor', 'viewer']) AS role
     CROSS JOIN LATERAL auth.administration_level(u.id, r.type, r.id)
     CROSS JOIN LATERAL auth.has_role_at(u.id, r.type, r.id, role, clock_timestamp()) AS held
     WHERE u.email LIKE '%@roles.example' AND NOT u.is_superuser
       AND (held <> auth.user_has_role(u.id, r.type, r.id, role) OR held <> (level >= auth.role_level(role)))$$,
  'history, role checks and administration say the same of the present');

-- It outlives everything.
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (pg_temp.person('target'), pg_temp.id('b'), 'account', 'editor')
ON CONFLICT ON CONSTRAINT user_role_assignments_pkey DO UPDATE SET role = 'editor', expires_at = NULL;
SELECT pg_temp.person('target') AS target \gset
SELECT clock_timestamp() AS alive \gset
SAVEPOINT emptied;
DELETE FROM organizations;
SELECT is(pg_temp.changes('target', 'b') LIKE '%revoked editor', true, 'deletion of the resource revokes');
SELECT is(auth.has_role_at(:target, 'account', pg_temp.id('b'), 'editor', :'alive'), true, 'and what was, was');
SELECT is(auth.has_role_at(:target, 'account', pg_temp.id('b'), 'viewer', clock_timestamp()), false,
  'but is no more');
ROLLBACK TO emptied;
DELETE FROM users WHERE id = :target;
SELECT is(auth.has_role_at(:target, 'account', pg_temp.id('b'), 'editor', :'alive'), true,
  'deletion of the user leaves what was');
SELECT is(auth.has_role_at(:target, 'account', pg_temp.id('b'), 'viewer', clock_timestamp()), false,
  'and revokes as well');
ROLLBACK TO emptied;
TRUNCATE user_role_assignments;
SELECT is(pg_temp.changes('target', 'b') LIKE '%revoked editor', true, 'emptying the table revokes');
ROLLBACK TO emptied;
TRUNCATE organizations CASCADE;
SELECT is(pg_temp.changes('target', 'b') LIKE '%revoked editor', true, 'emptying the hierarchy does');
SELECT is_empty('SELECT FROM user_role_assignments', 'and leaves no assignment');
SELECT is(auth.has_role_at(:target, 'account', pg_temp.id('b'), 'editor', :'alive'), true, 'nor loses what was');
SELECT is_empty(
  $$SELECT resource_id FROM auth.belonging_history GROUP BY resource_id
    HAVING (array_agg(change ORDER BY at DESC))[1] <> 'deleted'$$, 'every resource has its end');
ROLLBACK TO emptied;

-- Nonsense
SELECT throws_ok(format('SELECT auth.has_role_at(1, %L, %L, %L, now())', type, pg_temp.id('p'), role), '22023',
                 detail, detail)
  FROM (VALUES ('project', 'king', 'There is no role "king"'), ('planet', 'viewer', 'There is no resource type "planet"'))
    AS v (type, role, detail);
SELECT is(auth.has_role_at(user_id, type, id, role, moment), false, 'NULL is held by nobody')
  FROM (VALUES (NULL, 'account', pg_temp.id('a'), 'viewer', now()), (1, NULL, pg_temp.id('a'), 'viewer', now()),
               (1, 'account', NULL, 'viewer', now()), (1, 'account', pg_temp.id('a'), NULL, now()),
               (1, 'account', pg_temp.id('a'), 'viewer', NULL)) AS v (user_id, type, id, role, moment);

SELECT finish();
ROLLBACK;
