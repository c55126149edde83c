-- Promise: the planner sees through a policy that asks auth.has_project_role: few projects are looked up in an index,
-- many rows are asked one by one, and a prepared plan, made once for all, stays right whoever asks.
\ir support.psql
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;

-- 1,000 projects in 10 accounts of one organization, 50,000 documents, 50 a project.
INSERT INTO organizations (id, name) VALUES (md5('organization')::uuid, 'plans');
INSERT INTO accounts (id, organization_id, name)
SELECT md5('account' || n)::uuid, md5('organization')::uuid, 'account ' || n FROM generate_series(0, 9) AS n;
INSERT INTO projects (id, account_id, organization_id, name)
SELECT md5('project' || n)::uuid, md5('account' || n % 10)::uuid, md5('organization')::uuid, 'project ' || n
  FROM generate_series(0, 999) AS n;
CREATE TABLE documents (id integer PRIMARY KEY, project_id uuid NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO documents
SELECT n, md5('project' || n % 1000)::uuid, '2026-01-01'::timestamptz + n * interval '1 s' FROM generate_series(1, 50000) AS n;
CREATE INDEX documents_project_id ON documents (project_id);
CREATE INDEX documents_created_at ON documents (created_at);
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY viewers ON documents USING (auth.has_project_role(project_id, 'viewer'));
CREATE ROLE sql_test_reader;
GRANT auth_caller TO sql_test_reader;
GRANT SELECT ON documents, projects TO sql_test_reader;

SELECT pg_temp.new_user('fifteen@plans.example') AS fifteen \gset
SELECT pg_temp.new_user('everything@plans.example') AS everything \gset
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
SELECT :fifteen, md5('project' || n)::uuid, 'project', 'viewer' FROM generate_series(0, 14) AS n
UNION ALL SELECT :everything, md5('organization')::uuid, 'organization', 'viewer';
SELECT access_token AS fifteen_token FROM auth.issue_session(:fifteen) \gset
SELECT access_token AS everything_token FROM auth.issue_session(:everything) \gset
ANALYZE organizations, accounts, projects, documents, user_role_assignments, users;

CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
    plan := plan || line || E'\n';
  END LOOP;
  RETURN plan;
END $$;

-- The four queries of every list of rows: how many, one, the newest, and those of an account.
\set by_key 'SELECT * FROM documents WHERE id = 7'
\set newest 'SELECT * FROM documents ORDER BY created_at DESC LIMIT 20'
\set of_account 'SELECT count(*) FROM documents AS d JOIN projects AS p ON p.id = d.project_id WHERE p.account_id = md5(\'account3\')::uuid'

SET LOCAL ROLE sql_test_reader;
SELECT auth.authenticate(:'fifteen_token');
SELECT pg_temp.plan_of('SELECT count(*) FROM documents') AS fifteen_count, pg_temp.plan_of(:'by_key') AS fifteen_by_key,
       pg_temp.plan_of(:'newest') AS fifteen_newest, pg_temp.plan_of(:'of_account') AS fifteen_of_account \gset
SELECT auth.authenticate(:'everything_token');
SELECT pg_temp.plan_of('SELECT count(*) FROM documents') AS everything_count,
       pg_temp.plan_of(:'by_key') AS everything_by_key, pg_temp.plan_of(:'newest') AS everything_newest,
       pg_temp.plan_of(:'of_account') AS everything_of_account \gset
RESET ROLE;

SELECT is(:'fifteen_count'::text, $plan$Aggregate
  ->  Bitmap Heap Scan on documents
        Filter: auth.has_project_role(project_id, 'viewer'::text)
        ->  Bitmap Index Scan on documents_project_id
              Index Cond: (project_id = ANY (auth.project_ids('viewer'::text)))
$plan$, 'counting, with 15 projects: an index scan on project_id, by the set of them');
SELECT is(:'everything_count'::text, $plan$Aggregate
  ->  Seq Scan on documents
        Filter: auth.has_project_role(project_id, 'viewer'::text)
$plan$, 'counting, for who sees everything: a check a row');

SELECT is(plan, $plan$Index Scan using documents_pkey on documents
  Index Cond: (id = 7)
  Filter: auth.has_project_role(project_id, 'viewer'::text)
$plan$, 'one by its primary key: that index and one check, ' || who)
  FROM (VALUES ('with 15 projects', :'fifteen_by_key'), ('for who sees everything', :'everything_by_key')) AS p (who, plan);

SELECT is(plan, $plan$Limit
  ->  Index Scan Backward using documents_created_at on documents
        Filter: auth.has_project_role(project_id, 'viewer'::text)
$plan$, 'the newest 20: in the order of the index, a check a row, ' || who)
  FROM (VALUES ('with 15 projects', :'fifteen_newest'), ('for who sees everything', :'everything_newest')) AS p (who, plan);

-- Which join it is, and in which order, is the planner's to choose.
SELECT matches(:'fifteen_of_account'::text, E'Index Scan on documents_project_id\n *Index Cond: \\(project_id = ANY \\(auth.project_ids',
  'those of an account, with 15 projects: the documents by the set of projects');
SELECT matches(:'everything_of_account'::text, 'Filter: auth.has_project_role\(project_id', 'for who sees everything: a check a row');
SELECT doesnt_match(:'everything_of_account'::text, 'auth.project_ids', 'and no list of all that there is');

-- One generic plan, whoever asks.
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE counted AS SELECT count(*) FROM documents;
CREATE FUNCTION pg_temp.count_prepared() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  counted bigint;
BEGIN
  EXECUTE 'EXECUTE counted' INTO counted;
  RETURN counted;
END $$;
SET LOCAL ROLE sql_test_reader;
SELECT auth.authenticate(:'fifteen_token');
SELECT pg_temp.count_prepared() AS first_fifteen, pg_temp.plan_of('EXECUTE counted') AS generic \gset
SELECT auth.authenticate(:'everything_token');
SELECT pg_temp.count_prepared() AS everything_after_fifteen, pg_temp.plan_of('EXECUTE counted') AS generic_everything \gset
RESET ROLE;
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
VALUES (:fifteen, md5('project500')::uuid, 'project', 'viewer');
DELETE FROM user_role_assignments WHERE user_id = :everything;
SET LOCAL ROLE sql_test_reader;
SELECT pg_temp.count_prepared() AS nothing_left \gset
SELECT auth.authenticate(:'fifteen_token');
SELECT pg_temp.count_prepared() AS one_more \gset
RESET ROLE;
SELECT is(:'generic_everything'::text, :'generic'::text, 'a prepared statement keeps its plan when another user asks');
SELECT is(ARRAY[:first_fifteen, :everything_after_fifteen, :nothing_left, :one_more], ARRAY[750, 50000, 0, 800],
  'and is right for each of them, before and after a grant and a revocation');

-- An index that starts with another column is not searched by project, so nothing is: the check runs a row at a time.
DROP INDEX documents_project_id;
SET LOCAL ROLE sql_test_reader;
SELECT pg_temp.plan_of('SELECT count(*) FROM documents') AS without_index, count(*) AS counted FROM documents \gset
RESET ROLE;
SELECT doesnt_match(:'without_index'::text, 'Index'::text, 'without an index on project_id, every row is asked');
SELECT is(:counted::bigint, 800::bigint, 'with the same result');

SELECT finish();
ROLLBACK;
