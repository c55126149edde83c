-- Promise: a role counts on its resource and below it, for active users and until it expires; whatever makes no sense is
-- no, never an error, in a policy.
\ir support.psql

SELECT pg_temp.new_user('member@sql.example') AS member \gset
SELECT pg_temp.new_user('root@sql.example') AS root \gset
UPDATE users SET is_superuser = true WHERE id = :root;
INSERT INTO organizations (name) VALUES ('One'), ('Two');
INSERT INTO accounts (organization_id, name) SELECT id, name || '/A' FROM organizations;
INSERT INTO projects (account_id, organization_id, name) SELECT id, organization_id, name || '/P' FROM accounts;
SELECT o.id AS organization, a.id AS account, p.id AS project
  FROM organizations AS o JOIN accounts AS a ON a.organization_id = o.id JOIN projects AS p ON p.account_id = a.id
 WHERE o.name = 'One' \gset
SELECT id AS other_project FROM projects WHERE name = 'Two/A/P' \gset
SELECT access_token AS token FROM auth.issue_session(:member) \gset
SELECT access_token AS root_token FROM auth.issue_session(:root) \gset

-- The member's roles on the organization, its account and its project, and on the other project, strongest first.
CREATE FUNCTION pg_temp.roles_of(member bigint) RETURNS text[]
RETURN (SELECT array_agg(coalesce((
          SELECT r FROM unnest(ARRAY['superadmin', 'admin', 'editor', 'viewer']) WITH ORDINALITY AS r (r, place)
           WHERE auth.user_has_role(member, resource.type, resource.id, r) ORDER BY r.place LIMIT 1), '-')
          ORDER BY resource.place)
   FROM (SELECT 1 AS place, 'organization' AS type, id FROM organizations WHERE name = 'One'
         UNION ALL SELECT 2, 'account', id FROM accounts WHERE name = 'One/A'
         UNION ALL SELECT 3, 'project', id FROM projects WHERE name = 'One/A/P'
         UNION ALL SELECT 4, 'project', id FROM projects WHERE name = 'Two/A/P') AS resource);

SELECT is(pg_temp.roles_of(:member), '{-,-,-,-}', 'at first there is no role');
SELECT is(pg_temp.roles_of(:root), '{superadmin,superadmin,superadmin,superadmin}', 'but a superuser has every one');

INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (:member, :'project', 'project', 'viewer');
SELECT is(pg_temp.roles_of(:member), '{-,-,viewer,-}', 'a role on a project counts there alone');
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (:member, :'account', 'account', 'editor');
SELECT is(pg_temp.roles_of(:member), '{-,editor,editor,-}', 'one on an account also on its projects, the stronger counts');
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (:member, :'organization', 'organization', 'viewer');
SELECT is(pg_temp.roles_of(:member), '{viewer,editor,editor,-}', 'one on an organization everywhere below');
UPDATE user_role_assignments SET expires_at = statement_timestamp() WHERE resource_type = 'account';
SELECT is(pg_temp.roles_of(:member), '{viewer,viewer,viewer,-}', 'an assignment ends with its expires_at');
UPDATE user_role_assignments SET expires_at = 'infinity' WHERE resource_type = 'account';
SELECT is(pg_temp.roles_of(:member), '{viewer,editor,editor,-}', 'and not before');
UPDATE user_role_assignments SET resource_type = 'project' WHERE resource_id = :'account';
SELECT is(pg_temp.roles_of(:member), '{viewer,viewer,viewer,-}', 'an id counts only with the type of its resource');
UPDATE user_role_assignments SET resource_type = 'account' WHERE resource_id = :'account';

CREATE FUNCTION pg_temp.roles_as(member bigint, status text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET status = roles_as.status, deleted_at = CASE roles_as.status WHEN 'deleted' THEN now() END
   WHERE id = member;
  RETURN pg_temp.roles_of(member);
END $$;
SELECT is(pg_temp.roles_as(u, s), '{-,-,-,-}', format('%s: no role', s))
  FROM unnest(ARRAY['inactive', 'suspended', 'pending', 'deleted']) AS s, unnest(ARRAY[:member, :root]::bigint[]) AS u;
SELECT pg_temp.roles_as(:root, 'active');
SELECT is(pg_temp.roles_as(:member, 'active'), '{viewer,editor,editor,-}', 'active again: they are all back');

-- Nonsense
SELECT is(auth.user_has_role(u, t, i, r), false, format('%s %s %s %s: no', u, t, i, r))
  FROM (VALUES (NULL::bigint, 'project', :'project'::uuid, 'viewer'), (:member, NULL, :'project', 'viewer'),
               (:member, 'project', NULL, 'viewer'), (:member, 'project', :'project', NULL),
               (-1, 'project', :'project', 'viewer'), (:member, 'project', :'account', 'viewer'),
               (:root, 'project', gen_random_uuid(), 'viewer')) AS question (u, t, i, r);
SELECT throws_ok(format('SELECT auth.user_has_role(%s, %L, %L, %L)', :member, t, :'project', r), '22023', NULL,
                 format('%s as %s is an error', r, t))
  FROM (VALUES ('project', 'owner'), ('projects', 'viewer'), ('', 'viewer'), ('project', repeat('x', 10000))) AS q (t, r);
SELECT throws_ok($$SELECT auth.project_ids('owner')$$, '22023', NULL, 'an unknown role lists nothing but an error');
SELECT throws_ok($$SELECT auth.role_actions('viewer', 'planet')$$, '22023', NULL, 'so does an unknown type');

-- The caller
SELECT is(auth.has_project_role(:'project', 'viewer'), false, 'nobody has no role');
SELECT is(auth.project_ids('viewer'), '{}', 'and sees nothing');
SELECT auth.authenticate(:'token');
SELECT results_eq(
  format('SELECT auth.has_organization_role(%L, r), auth.has_account_role(%L, r), auth.has_project_role(%L, r),
                 auth.has_project_role(%L, r) FROM unnest(ARRAY[''viewer'', ''editor'', ''admin'']) AS r',
         :'organization', :'account', :'project', :'other_project'),
  'VALUES (true, true, true, false), (false, true, true, false), (false, false, false, false)',
  'who is authenticated has the roles of their assignments');
SELECT is(auth.has_project_role(i, r), false, format('%s on %s: no, and no error', r, i))
  FROM (VALUES (NULL::uuid, 'viewer'), (:'project', NULL), (:'project', 'owner'), (:'project', repeat('x', 10000)),
               (:'account', 'viewer'), (gen_random_uuid(), 'viewer')) AS question (i, r);
SELECT is(auth.project_ids('editor'), ARRAY[:'project']::uuid[], 'the projects they may edit');
SELECT is(auth.account_ids('editor'), ARRAY[:'account']::uuid[], 'the accounts');
SELECT is(auth.organization_ids('editor'), '{}', 'the organizations: none');
SELECT is(auth.organization_ids('viewer'), ARRAY[:'organization']::uuid[], 'one that they may see');
DELETE FROM user_role_assignments WHERE resource_id = :'account';
SELECT is(auth.project_ids('editor'), '{}', 'the next statement knows what the last one took away');
SELECT auth.authenticate(:'root_token');
SELECT is(auth.project_ids('superadmin'), (SELECT array_agg(id ORDER BY id) FROM projects), 'a superuser sees everything');
SELECT is(auth.has_project_role(gen_random_uuid(), 'viewer'), false, 'but nothing that is not there');

-- A resource that goes takes what is attached to it along
DELETE FROM projects WHERE id = :'project';
SELECT is_empty(format('SELECT FROM user_role_assignments WHERE resource_id = %L', :'project'),
  'assignments go with their resource');
SELECT throws_ok(
  $$INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role, role_id)
    SELECT $$ || :member || $$, p.id, 'project', 'viewer', r.id FROM projects AS p, auth.roles AS r
     WHERE p.name = 'Two/A/P' AND r.name = 'Project editor'$$, '23503', NULL,
  'an assignment cannot claim another level than its role has');

-- Many assignments are looked up one by one
INSERT INTO projects (account_id, organization_id, name) SELECT :'account', :'organization', n FROM generate_series(1, 200) AS n;
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
SELECT :member, id, 'project', CASE WHEN name = '200' THEN 'admin' ELSE 'editor' END FROM projects WHERE account_id = :'account';
SELECT results_eq(
  format('SELECT auth.user_has_role(%s, ''project'', id, ''editor''), count(*)::integer FROM projects GROUP BY 1 ORDER BY 1', :member),
  'VALUES (false, 1), (true, 200)', 'whoever has 200 assignments has each of them');
SELECT is((SELECT array_agg(name) FROM projects WHERE auth.user_has_role(:member, 'project', id, 'admin')), '{200}',
  'at its own level');

SELECT * FROM finish();
ROLLBACK;
