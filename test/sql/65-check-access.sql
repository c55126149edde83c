-- Promise: the first rule that applies decides, in the documented order, and the answer says which one it was.
\ir support.psql

SELECT pg_temp.new_user('member@sql.example') AS member \gset
SELECT pg_temp.new_user('other@sql.example') AS other \gset
WITH o AS (INSERT INTO organizations (name) VALUES ('One') RETURNING id)
SELECT id AS organization FROM o \gset
WITH a AS (INSERT INTO accounts (organization_id, name) VALUES (:'organization', 'A') RETURNING id)
SELECT id AS account FROM a \gset
WITH p AS (INSERT INTO projects (account_id, organization_id, name) VALUES (:'account', :'organization', 'P') RETURNING id)
SELECT id AS project FROM p \gset

-- allowed, deny_reason and granted_by of the member on the project, as one text
CREATE FUNCTION pg_temp.decision(member bigint, action text, service text DEFAULT NULL, type text DEFAULT 'project')
RETURNS text
RETURN (SELECT CASE WHEN d.allowed THEN 'allowed by ' || d.granted_by ELSE d.deny_reason END
          FROM (SELECT id FROM projects WHERE type = 'project' UNION ALL SELECT id FROM accounts WHERE type = 'account'
                UNION ALL SELECT id FROM organizations WHERE type = 'organization') AS r (id),
               auth.check_access(member, action, type, r.id, service) AS d);

SELECT is(pg_temp.decision(:member, 'view_project'), 'no_role_grants_action', 'without a role nothing is allowed');
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (:member, :'organization', 'organization', 'editor');
SELECT is(pg_temp.decision(:member, action, NULL, type), expected, format('an editor of the organization: %s on %s', action, type))
  FROM (VALUES ('view_project', 'project', 'allowed by role'), ('edit_project', 'project', 'allowed by role'),
               ('manage_account', 'project', 'no_role_grants_action'), ('view_project', 'account', 'no_role_grants_action'),
               ('view_project', 'organization', 'no_role_grants_action'), ('*', 'project', 'no_role_grants_action'),
               ('', 'project', 'no_role_grants_action')) AS case_of (action, type, expected);

INSERT INTO auth.groups (organization_id, name) VALUES (:'organization', 'Readers');
INSERT INTO auth.group_permissions (group_id, service_name, deny_actions) SELECT id, 'files', '{edit_project}' FROM auth.groups;
INSERT INTO auth.user_group_memberships (user_id, group_id, resource_id, resource_type)
SELECT :member, id, :'account', 'account' FROM auth.groups;
SELECT is(pg_temp.decision(:member, 'edit_project', 'files'), 'denied_by_group', 'a group denies below its resource');
SELECT is(pg_temp.decision(:member, 'edit_project', 'mail'), 'allowed by role', 'in its service');
SELECT is(pg_temp.decision(:member, 'edit_project'), 'allowed by role', 'and in none other');
SELECT is(pg_temp.decision(:member, 'view_project', 'files'), 'allowed by role', 'what it lists');
UPDATE auth.group_permissions SET deny_actions = '{*}';
SELECT is(pg_temp.decision(:member, 'view_project', 'files'), 'denied_by_group', 'or everything');

INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, allow_actions)
VALUES (:member, :'project', 'project', '{launch,view_project}');
SELECT is(pg_temp.decision(:member, 'launch'), 'allowed by override', 'an override allows without a role');
SELECT is(pg_temp.decision(:member, 'launch', 'files'), 'denied_by_group', 'but not against a group');
SELECT is(pg_temp.decision(:other, 'launch'), 'no_role_grants_action', 'nor for others');
UPDATE auth.permission_overrides SET deny_actions = '{launch}';
SELECT is(pg_temp.decision(:member, 'launch'), 'denied_by_override', 'and what it denies it denies first');
UPDATE auth.permission_overrides SET allow_actions = '{*}', deny_actions = '{*}';
SELECT is(pg_temp.decision(:member, 'launch'), 'no_role_grants_action', 'it has no wildcard');
UPDATE auth.permission_overrides SET resource_id = :'account', resource_type = 'account', deny_actions = '{edit_project}';
SELECT is(pg_temp.decision(:member, 'edit_project'), 'allowed by role', 'and does not reach below its resource');
DELETE FROM auth.user_group_memberships;

INSERT INTO auth.roles (name, base_type, scope_type) VALUES ('Analyst', 'viewer', 'project');
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role, role_id)
SELECT :other, :'project', 'project', 'viewer', id FROM auth.roles WHERE name = 'Analyst';
SELECT is(pg_temp.decision(:other, 'view_project'), 'allowed by role', 'a role without permissions allows what its base type does');
INSERT INTO auth.role_permissions (role_id, service_name, allowed_actions)
SELECT id, 'reports', '{run_report}' FROM auth.roles WHERE name = 'Analyst';
SELECT is(pg_temp.decision(:other, 'run_report', 'reports'), 'allowed by role', 'one with permissions what these list');
SELECT is(pg_temp.decision(:other, 'run_report', 'files'), 'no_role_grants_action', 'for their service');
SELECT is(pg_temp.decision(:other, 'run_report'), 'no_role_grants_action', 'which must be named');
SELECT is(pg_temp.decision(:other, 'view_project', 'reports'), 'no_role_grants_action', 'and nothing else');
SELECT is(auth.user_has_role(:other, 'project', :'project', 'viewer'), true, 'as a level it still counts');
UPDATE auth.role_permissions SET allowed_actions = '{*}';
SELECT is(pg_temp.decision(:other, 'view_project', 'reports'), 'allowed by role', '* is every action of the service');

UPDATE users SET is_superuser = true WHERE id = :member;
INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, deny_actions)
VALUES (:member, :'project', 'project', '{launch}');
SELECT is(pg_temp.decision(:member, 'launch'), 'allowed by superuser', 'a superuser is allowed everything');
SELECT is(deny_reason, 'resource_not_found', 'on what exists') FROM auth.check_access(:member, 'a', 'project', gen_random_uuid());
UPDATE users SET status = 'suspended' WHERE id = :member;
SELECT results_eq(format('SELECT * FROM auth.check_access(%s, ''launch'', ''project'', %L)', :member, :'project'),
  $$VALUES (false, 'user_not_active', NULL::text, 'suspended')$$, 'while active');

-- Nonsense
SELECT is(deny_reason, expected, format('%s %s %s', u, t, i))
  FROM (VALUES (NULL::bigint, 'project', :'project'::uuid, 'user_not_found'), (-1, 'project', :'project', 'user_not_found'),
               (:other, NULL, :'project', 'resource_not_found'), (:other, 'planet', :'project', 'resource_not_found'),
               (:other, 'project', NULL, 'resource_not_found'), (:other, 'project', :'account', 'resource_not_found'),
               (:other, repeat('x', 10000), :'project', 'resource_not_found')) AS question (u, t, i, expected),
       auth.check_access(u, 'view_project', t, i);
SELECT throws_ok(format('SELECT auth.check_access(%s, NULL, ''project'', %L)', :other, :'project'), '22004', NULL,
  'no action is an error');

-- Batch
SELECT results_eq(
  format($$SELECT * FROM auth.check_access_batch(ARRAY[%1$s, NULL, %2$s, %1$s]::bigint[], ARRAY['run_report', 'a', 'b', 'c'],
             ARRAY['project', 'project', 'project', NULL], ARRAY[%3$L, %3$L, %3$L, %3$L]::uuid[], ARRAY['reports', NULL, NULL, NULL])$$,
         :other, :member, :'project'),
  $$VALUES (1, true, NULL, 'role', 'active'), (2, false, 'user_not_found', NULL, NULL),
           (3, false, 'user_not_active', NULL, 'suspended'), (4, false, 'resource_not_found', NULL, 'active')$$,
  'a batch answers each question as it would be answered alone');
SELECT is_empty($$SELECT * FROM auth.check_access_batch('{}', '{}', '{}', '{}')$$, 'none for none');
SELECT throws_ok($$SELECT * FROM auth.check_access_batch('{1,2}', '{a}', '{project}', ARRAY[gen_random_uuid()])$$, '2202E',
  NULL, 'arrays of unequal length are an error');
SELECT throws_ok($$SELECT * FROM auth.check_access_batch(NULL, '{a}', '{project}', ARRAY[gen_random_uuid()])$$, '22004',
  NULL, 'NULL for an array is one');
SELECT is((SELECT count(*) FROM auth.check_access_batch(
             array_fill(:other::bigint, ARRAY[10000]), array_fill('run_report'::text, ARRAY[10000]),
             array_fill('project'::text, ARRAY[10000]), array_fill(:'project'::uuid, ARRAY[10000]),
             array_fill('reports'::text, ARRAY[10000])) WHERE allowed), 10000::bigint, 'ten thousand are answered');

SELECT * FROM finish();
ROLLBACK;
