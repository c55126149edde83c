-- Promise: everybody may administer what lies at or below a role of admin or above, nothing above the own level, and
-- sees only what is theirs to see.
\ir support.psql
\ir roles.psql

-- A role of the operator's own whose permissions an administrator does not have, and one whose permissions are modest.
INSERT INTO auth.roles (id, name, base_type, scope_type)
SELECT pg_temp.id(name), name, 'viewer', 'project' FROM unnest(ARRAY['mighty', 'modest', 'foreign', 'plain']) AS name;
INSERT INTO auth.role_permissions (id, role_id, service_name, allowed_actions)
VALUES (pg_temp.id('mighty-s'), pg_temp.id('mighty'), 's', '{view_project,*}'),
       (pg_temp.id('modest-s'), pg_temp.id('modest'), 's', '{view_project,edit_project}'),
       (pg_temp.id('foreign-s'), pg_temp.id('foreign'), 's', '{launch_rocket}');
INSERT INTO auth.groups (id, organization_id, name) VALUES (pg_temp.id('g'), pg_temp.id('one'), 'g');
INSERT INTO auth.group_permissions (id, group_id, service_name, deny_actions)
VALUES (pg_temp.id('g-s'), pg_temp.id('g'), 's', '{edit_project}');
INSERT INTO auth.user_group_memberships (user_id, group_id, resource_id, resource_type)
VALUES (pg_temp.person('hand'), pg_temp.id('g'), pg_temp.id('p'), 'project');
INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, allow_actions, deny_actions)
VALUES (pg_temp.person('hand'), pg_temp.id('p'), 'project', '{view_project}', '{edit_project}');

-- Each statement, and what it comes to for each person. $one and the like are ids, %chief and the like people.
CREATE TEMPORARY TABLE cases (statement text, root text, chief text, boss text, lead text, owner text, hand text,
                              eye text, other text, stranger text);
INSERT INTO cases VALUES
  ('auth.create_organization(''three'')', 'ok', '403', '403', '403', '403', '403', '403', '403', '403'),
  ('auth.show_organization($one)',        'ok', 'ok',  'ok',  'ok',  'ok',  'ok',  'ok',  '404', '404'),
  ('auth.show_organization($two)',        'ok', '404', '404', '404', '404', '404', '404', 'ok',  '404'),
  ('auth.change_organization($one, ''n'')', 'ok', 'ok', 'ok', '403', '403', '403', '403', '404', '404'),
  ('auth.delete_organization($one)',      'ok', 'ok',  '403', '403', '403', '403', '403', '404', '404'),
  ('auth.create_account($one, ''n'')',    'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.show_account($a)',               'ok', 'ok',  'ok',  'ok',  'ok',  'ok',  'ok',  '404', '404'),
  ('auth.show_account($b)',               'ok', 'ok',  'ok',  '404', '404', '404', '404', '404', '404'),
  ('auth.change_account($a, ''n'')',      'ok', 'ok',  'ok',  'ok',  '403', '403', '403', '404', '404'),
  ('auth.change_account($b, ''n'')',      'ok', 'ok',  'ok',  '404', '404', '404', '404', '404', '404'),
  ('auth.change_account($a, organization_id => $two)',
                                          'ok', '404', '404', '404', '404', '404', '404', '404', '404'),
  ('auth.delete_account($a)',             'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.create_project($a, $one, ''n'')', 'ok', 'ok', 'ok',  'ok',  '403', '403', '403', '404', '404'),
  ('auth.create_project($a, $two, ''n'')', '400', '400', '400', '400', '403', '403', '403', '404', '404'),
  ('auth.show_project($p)',               'ok', 'ok',  'ok',  'ok',  'ok',  'ok',  'ok',  '404', '404'),
  ('auth.show_project($q)',               'ok', 'ok',  'ok',  'ok',  '404', '404', 'ok',  '404', '404'),
  ('auth.change_project($p, ''n'')',      'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.change_project($p, account_id => $b)',
                                          'ok', 'ok',  'ok',  '404', '404', '404', '404', '404', '404'),
  ('auth.delete_project($p)',             'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.delete_project($q)',             'ok', 'ok',  'ok',  'ok',  '404', '404', '403', '404', '404'),
  -- Within one's own level
  ('auth.grant_role(%target, ''organization'', $one, ''superadmin'')',
                                          'ok', 'ok',  '403', '403', '403', '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''organization'', $one, ''admin'')',
                                          'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''account'', $a, ''admin'')',
                                          'ok', 'ok',  'ok',  'ok',  '403', '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''project'', $p, ''superadmin'')',
                                          'ok', 'ok',  '403', '403', 'ok',  '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''project'', $p, ''viewer'')',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  -- A type that is not the resource's
  ('auth.grant_role(%target, ''account'', $p, ''viewer'')',
                                          '404', '404', '404', '404', '404', '404', '404', '404', '404'),
  -- Of somebody above
  ('auth.grant_role(%chief, ''organization'', $one, ''viewer'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '404', '404'),
  ('auth.revoke_role(%chief, $one)',      'ok', '403', '403', '403', '403', '403', '403', '404', '404'),
  ('auth.revoke_role(%owner, $p)',        'ok', 'ok',  '403', '403', '403', '403', '403', '404', '404'),
  ('auth.revoke_role(%hand, $p)',         'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.revoke_role(%stranger, $p)',     '404', '404', '404', '404', '404', '403', '403', '404', '404'),
  ('auth.grant_role(-1, ''project'', $p, ''viewer'')',
                                          '404', '404', '404', '404', '404', '403', '403', '404', '404'),
  -- One's own
  ('auth.grant_role(auth.current_user_id(), ''project'', $p, ''viewer'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '404', '404'),
  ('auth.revoke_role(auth.current_user_id(), $one)',
                                          '404', '403', '403', '403', '403', '403', '403', '404', '404'),
  ('auth.set_permission_override(auth.current_user_id(), ''project'', $p, ''{}'', ''{x}'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '404', '404'),
  ('auth.add_group_member($g, auth.current_user_id(), $p, ''project'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '404', '404'),
  -- Roles of the operator's own
  ('auth.grant_role(%target, ''project'', $p, role_id => $mighty)',
                                          'ok', 'ok',  '403', '403', 'ok',  '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''project'', $p, role_id => $foreign)',
                                          'ok', 'ok',  '403', '403', 'ok',  '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''project'', $p, role_id => $modest)',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''project'', $p, role_id => $plain)',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''project'', $p, ''editor'', $plain)',
                                          '422', '422', '422', '422', '422', '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''account'', $a, role_id => $plain)',
                                          '422', '422', '422', '422', '403', '403', '403', '404', '404'),
  ('auth.grant_role(%target, ''project'', $p, role_id => $p)',
                                          '404', '404', '404', '404', '404', '403', '403', '404', '404'),
  ('auth.show_role($mighty)',             'ok', 'ok',  'ok',  'ok',  'ok',  'ok',  'ok',  'ok',  'ok'),
  ('auth.create_role(''n'', ''viewer'', ''project'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '403', '403'),
  ('auth.change_role($mighty, ''n'')',    'ok', '403', '403', '403', '403', '403', '403', '403', '403'),
  ('auth.delete_role($mighty)',           'ok', '403', '403', '403', '403', '403', '403', '403', '403'),
  ('auth.add_role_permission($plain, ''s'', ''{x}'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '403', '403'),
  ('auth.change_role_permission($mighty, ${mighty-s}, ''{x}'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '403', '403'),
  ('auth.delete_role_permission($mighty, ${mighty-s})',
                                          'ok', '403', '403', '403', '403', '403', '403', '403', '403'),
  -- Groups
  ('auth.show_group($g)',                 'ok', 'ok',  'ok',  'ok',  'ok',  'ok',  'ok',  '404', '404'),
  ('auth.create_group($one, ''n'')',      'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.change_group($g, ''n'')',        'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.delete_group($g)',               'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.add_group_permission($g, ''t'', ''{}'', ''{x}'')',
                                          'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.change_group_permission($g, ${g-s}, NULL, ''{x}'')',
                                          'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.delete_group_permission($g, ${g-s})',
                                          'ok', 'ok',  'ok',  '403', '403', '403', '403', '404', '404'),
  ('auth.list_group_members($g)',         'ok', 'ok',  'ok',  'ok',  'ok',  'ok',  'ok',  '404', '404'),
  ('auth.add_group_member($g, %target, $p, ''project'')',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.add_group_member($g, %target, $r, ''project'')',
                                          '400', '404', '404', '404', '404', '404', '404', '404', '404'),
  ('auth.add_group_member($g, %boss, $p, ''project'')',
                                          'ok', 'ok',  '403', 'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.add_group_member($g, %chief, $p, ''project'')',
                                          'ok', '403', '403', '403', 'ok',  '403', '403', '404', '404'),
  ('auth.remove_group_member($g, %hand, $p)',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.list_user_groups(%hand)',        'ok', 'ok',  'ok',  'ok',  'ok',  'ok',  '404', 'ok',  '404'),
  -- Overrides
  ('auth.set_permission_override(%target, ''project'', $p, ''{}'', ''{x}'')',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.set_permission_override(%target, ''project'', $p, ''{x}'')',
                                          'ok', 'ok',  '403', '403', 'ok',  '403', '403', '404', '404'),
  ('auth.set_permission_override(%chief, ''project'', $p, ''{}'', ''{x}'')',
                                          'ok', '403', '403', '403', 'ok',  '403', '403', '404', '404'),
  ('auth.set_permission_override(%root, ''project'', $p, ''{}'', ''{x}'')',
                                          'ok', '403', '403', '403', '403', '403', '403', '404', '404'),
  ('auth.change_permission_override(%hand, $p, NULL, ''{x}'')',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.change_permission_override(%hand, $p, ''{}'')',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.change_permission_override(%hand, $p, ''{view_project,x}'')',
                                          'ok', 'ok',  '403', '403', 'ok',  '403', '403', '404', '404'),
  ('auth.delete_permission_override(%hand, $p)',
                                          'ok', 'ok',  'ok',  'ok',  'ok',  '403', '403', '404', '404'),
  ('auth.delete_permission_override(%target, $p)',
                                          '404', '404', '404', '404', '404', '403', '403', '404', '404');

CREATE FUNCTION pg_temp.filled_in(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT m[1] FROM regexp_matches(statement, '\$\{?([a-z-]+)', 'g') AS m LOOP
    statement := regexp_replace(statement, '\$\{?' || name || '\M\}?', quote_literal(pg_temp.id(name)));
  END LOOP;
  FOR name IN SELECT m[1] FROM regexp_matches(statement, '%([a-z]+)', 'g') AS m LOOP
    statement := replace(statement, '%' || name, pg_temp.person(name)::text);
  END LOOP;
  RETURN 'SELECT ' || statement;
END $$;
SELECT is(pg_temp.outcome(expected.key, pg_temp.filled_in(c.statement)), expected.value,
          format('%s: %s', expected.key, c.statement))
  FROM cases AS c CROSS JOIN LATERAL jsonb_each_text(to_jsonb(c) - 'statement') AS expected;

-- The right ends with the assignment.
UPDATE user_role_assignments SET expires_at = statement_timestamp() - interval '1 second'
 WHERE user_id = pg_temp.person('boss');
SELECT is(pg_temp.outcome('boss', pg_temp.filled_in('auth.create_account($one, ''n'')')), '404',
  'an expired role gives no right');
UPDATE user_role_assignments SET expires_at = statement_timestamp() + interval '1 day'
 WHERE user_id = pg_temp.person('boss');
SELECT is(pg_temp.outcome('boss', pg_temp.filled_in('auth.create_account($one, ''n'')')), 'ok',
  'one that has yet to expire does');
UPDATE user_role_assignments SET expires_at = statement_timestamp() - interval '1 second'
 WHERE user_id = pg_temp.person('chief');
SELECT is(pg_temp.outcome('boss', pg_temp.filled_in('auth.grant_role(%chief, ''organization'', $one, ''viewer'')')),
  'ok', 'an expired role of a higher level is nobody''s any more');
UPDATE user_role_assignments SET expires_at = NULL WHERE user_id = pg_temp.person('chief');
UPDATE users SET is_superuser = false WHERE id = pg_temp.person('root');
SELECT is(pg_temp.outcome('root', 'SELECT auth.create_organization(''n'')'), '403',
  'whoever is no longer a superuser is refused');
UPDATE users SET is_superuser = true WHERE id = pg_temp.person('root');
UPDATE users SET status = 'suspended' WHERE id = pg_temp.person('boss');
SELECT is(pg_temp.outcome('boss', pg_temp.filled_in('auth.create_account($one, ''n'')')), '401',
  'whoever is suspended is nobody');
UPDATE users SET status = 'active' WHERE id = pg_temp.person('boss');

UPDATE users SET status = 'deleted', deleted_at = now() WHERE id = pg_temp.person('target');
SELECT is(pg_temp.outcome('boss', pg_temp.filled_in('auth.grant_role(%target, ''project'', $p, ''viewer'')')), '404',
  'a deleted user is given nothing');
UPDATE users SET status = 'active', deleted_at = NULL WHERE id = pg_temp.person('target');

-- Moves need both ends.
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (pg_temp.person('other'), pg_temp.id('one'), 'organization', 'editor');
SELECT is(pg_temp.outcome('other', pg_temp.filled_in('auth.change_account($a, organization_id => $two)')), '403',
  'an administrator of the new organization only cannot move an account there');
SELECT is(pg_temp.outcome('other', pg_temp.filled_in('auth.change_account($c, organization_id => $one)')), '403',
  'nor can one of the old organization only');
UPDATE user_role_assignments SET role = 'admin'
 WHERE user_id = pg_temp.person('other') AND resource_id = pg_temp.id('one');
SELECT is(pg_temp.outcome('other', pg_temp.filled_in('auth.change_account($a, organization_id => $two)')), 'ok',
  'one of both can');
SELECT pg_temp.act_as('other');
SELECT is(auth.change_account(pg_temp.id('a'), organization_id => pg_temp.id('two')) ->> 'organization_id',
  pg_temp.id('two')::text, 'the account is there');
SELECT is(organization_id, pg_temp.id('two'), 'with its projects') FROM projects WHERE id = pg_temp.id('p');
SELECT is(details - 'by_right', jsonb_build_object('account_id', pg_temp.id('a'), 'organization_id', pg_temp.id('two'),
    'old_organization_id', pg_temp.id('one')), 'the trail says from where to where')
  FROM user_activity WHERE action = 'account_moved';
SELECT is(pg_temp.outcome('boss', pg_temp.filled_in('auth.show_project($p)')), '404',
  'the old organization''s administrator sees it no more');
SELECT auth.change_account(pg_temp.id('a'), organization_id => pg_temp.id('one'));
SELECT is(auth.change_project(pg_temp.id('p'), account_id => pg_temp.id('c')) ->> 'organization_id',
  pg_temp.id('two')::text, 'a project moves into another organization with its account');
SELECT auth.change_project(pg_temp.id('p'), account_id => pg_temp.id('a'));
SELECT throws_ok(format('UPDATE accounts SET organization_id = %L WHERE id = %L', pg_temp.id('a'), pg_temp.id('a')),
  '23503', NULL, 'nothing belongs to itself: each level refers to the one above, so there are no cycles');
DELETE FROM user_role_assignments WHERE user_id = pg_temp.person('other') AND resource_id = pg_temp.id('one');

-- Every change leaves a row that says who, what and by which right.
SELECT pg_temp.act_as('boss');
CREATE TEMPORARY TABLE seen AS SELECT max(id) AS id FROM user_activity;
SELECT auth.grant_role(pg_temp.person('target'), 'project', pg_temp.id('p'), 'viewer');
SELECT results_eq(
  'SELECT user_id, action, details FROM user_activity WHERE id > (SELECT id FROM seen)',
  $$SELECT pg_temp.person('boss'), 'role_granted'::text, jsonb_build_object(
      'user_id', pg_temp.person('target'), 'resource_id', pg_temp.id('p'), 'resource_type', 'project',
      'role', 'viewer', 'role_id', NULL, 'expires_at', NULL,
      'by_right', format('admin on organization %s', pg_temp.id('one')))$$, 'a grant is recorded');
SELECT is(count(*), (SELECT count(*) FROM cases WHERE statement !~ 'show_|list_' AND root = 'ok'),
    'every function that changes something records it')
  FROM cases AS c
 CROSS JOIN LATERAL pg_temp.outcome('root', format(
   $sql$%s; DO $do$ BEGIN ASSERT EXISTS (
       SELECT FROM user_activity WHERE user_id = %s AND id > (SELECT id FROM seen)
          AND details ->> 'by_right' = 'superuser'); END $do$ $sql$,
   pg_temp.filled_in(c.statement), pg_temp.person('root'))) AS outcome
 WHERE c.statement !~ 'show_|list_' AND outcome = 'ok';

-- What cannot be
SELECT pg_temp.act_as('root');
SELECT throws_ok(pg_temp.filled_in(statement), 'A0' || status, detail, statement)
  FROM (VALUES
    ('auth.create_organization(''one'')', 409, 'An organization of this name exists already'),
    ('auth.change_organization($one, ''two'')', 409, 'An organization of this name exists already'),
    ('auth.create_organization('''')', 422, 'name: Input should have from 1 to 255 characters'),
    ('auth.create_organization(repeat(''x'', 256))', 422, 'name: Input should have from 1 to 255 characters'),
    ('auth.create_organization(NULL)', 422, 'name: Input should have from 1 to 255 characters'),
    ('auth.grant_role(%target, ''project'', $p)', 422, 'role: Input should be one of superadmin, admin, editor, viewer'),
    ('auth.grant_role(%target, ''project'', $p, ''king'')', 422,
     'role: Input should be one of superadmin, admin, editor, viewer'),
    ('auth.grant_role(%target, ''planet'', $p, ''viewer'')', 422,
     'resource_type: Input should be one of organization, account, project'),
    ('auth.grant_role(%target, ''project'', $p, ''viewer'', expires_at => now())', 422,
     'expires_at: Input should be a moment to come'),
    ('auth.grant_role(%target, ''project'', $p, ''viewer'', expires_at => ''infinity'')', 422,
     'expires_at: Input should be a moment to come'),
    ('auth.grant_role(%target, ''project'', $p, ''viewer'', reason => repeat(''x'', 501))', 422,
     'reason: Input should have from 0 to 500 characters'),
    ('auth.set_permission_override(%target, ''project'', $p, ''{*}'')', 422,
     'allow_actions: An override names its actions; * is not one'),
    ('auth.set_permission_override(%target, ''project'', $p, ''{}'', ''{NULL}'')', 422,
     'deny_actions: Input should be a list of actions of 1 to 255 characters'),
    ('auth.set_permission_override(%target, ''project'', $p, ''{}'', ''{{x},{y}}'')', 422,
     'deny_actions: Input should be a list of actions of 1 to 255 characters'),
    ('auth.add_group_permission($g, ''t'', ''{x}'', ''{}'')', 422,
     'allow_actions: Groups can only deny; to allow actions, grant a role'),
    ('auth.add_group_permission($g, ''s'')', 409, 'The group has permissions for this service already'),
    ('auth.change_group_permission($g, ${g-s}, ''{x}'')', 422,
     'allow_actions: Groups can only deny; to allow actions, grant a role'),
    ('auth.create_group($one, ''g'')', 409, 'A group of this name exists already in the organization'),
    ('auth.add_group_member($g, %hand, $p, ''project'')', 409, 'The user is in this group on this resource already'),
    ('auth.create_role(''mighty'', ''viewer'', ''project'')', 409, 'A role of this name exists already'),
    ('auth.create_role(''n'', ''king'', ''project'')', 422,
     'base_type: Input should be one of superadmin, admin, editor, viewer'),
    ('auth.change_role(''00000000-0000-4000-8000-000000000011'', ''n'')', 403, 'System roles cannot be changed'),
    ('auth.delete_role(''00000000-0000-4000-8000-000000000011'')', 403, 'System roles cannot be changed'),
    ('auth.add_role_permission(''00000000-0000-4000-8000-000000000011'', ''s'', ''{x}'')', 403,
     'System roles cannot be changed'),
    ('auth.list_organizations(-1)', 422, 'skip: Input should be greater than or equal to 0'),
    ('auth.list_organizations(0, 1001)', 422, 'limit: Input should be from 1 to 1000'),
    ('auth.list_organizations(0, 0)', 422, 'limit: Input should be from 1 to 1000')) AS v (statement, status, detail);
SELECT auth.grant_role(pg_temp.person('target'), 'project', pg_temp.id('p'), role_id => pg_temp.id('modest'));
SELECT is(role, 'viewer', 'a role of the operator''s own counts by its base type')
  FROM user_role_assignments WHERE user_id = pg_temp.person('target');
SELECT throws_ok(pg_temp.filled_in('auth.delete_role($modest)'), 'A0409', 'The role is assigned to users',
  'an assigned role stays');
SELECT auth.grant_role(pg_temp.person('target'), 'project', pg_temp.id('p'), 'editor');
SELECT is(role_id, NULL, 'a grant by level takes a role of the operator''s own away')
  FROM user_role_assignments WHERE user_id = pg_temp.person('target');
SELECT lives_ok(pg_temp.filled_in('auth.delete_role($modest)'), 'and then it can be deleted');

SELECT finish();
ROLLBACK;
