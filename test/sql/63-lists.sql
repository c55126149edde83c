-- Promise: auth.list_subjects, list_resources and list_actions list exactly what auth.check_access allows, in order,
-- page by page, and a page costs what it holds, not what there is.
\ir support.psql
\ir access-model.psql

-- All pages of a list, `length` items each.
CREATE FUNCTION pg_temp.all_subjects(resource_type text, resource_id uuid, action text, service text, length integer)
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  pages bigint[] := '{}';
  page bigint[];
BEGIN
  LOOP
    page := ARRAY(SELECT s.user_id FROM auth.list_subjects(resource_type, resource_id, action, service,
                                                           pages[cardinality(pages)], length) AS s);
    pages := pages || page;
    EXIT WHEN cardinality(page) < length;
  END LOOP;
  RETURN pages;
END $$;
CREATE FUNCTION pg_temp.all_resources(user_id bigint, action text, resource_type text, service text, length integer)
RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  pages uuid[] := '{}';
  page uuid[];
BEGIN
  LOOP
    page := ARRAY(SELECT r.resource_id FROM auth.list_resources(user_id, action, resource_type, service,
                                                                pages[cardinality(pages)], length) AS r);
    pages := pages || page;
    EXIT WHEN cardinality(page) < length;
  END LOOP;
  RETURN pages;
END $$;

-- Exact and complete, over random models
CREATE TEMPORARY TABLE wrong (seed double precision, list text, question text);
CREATE TEMPORARY TABLE compared (list text, items bigint);
CREATE FUNCTION pg_temp.compare_lists(seed double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_temp.make_access_model(seed);
  CREATE TEMPORARY TABLE answer AS
  SELECT q.*, d.allowed, d.granted_by FROM pg_temp.questions() AS q
   CROSS JOIN LATERAL auth.check_access(q.user_id, q.action, q.resource_type, q.resource_id, q.service) AS d
   WHERE q.resource_type <> 'spaceship';
  INSERT INTO compared SELECT 'subjects', count(*) FROM answer WHERE allowed;

  INSERT INTO wrong
  SELECT seed, 'subjects', concat_ws(', ', e.resource_type, e.resource_id, e.action, e.service, length, e.expected,
           pg_temp.all_subjects(e.resource_type, e.resource_id, e.action, e.service, length))
    FROM (SELECT resource_type, resource_id, action, service,
                 coalesce(array_agg(user_id ORDER BY user_id) FILTER (WHERE allowed), '{}') AS expected
            FROM answer GROUP BY 1, 2, 3, 4) AS e, unnest('{2,100}'::integer[]) AS length
   WHERE e.expected <> ARRAY(
     SELECT s FROM unnest(pg_temp.all_subjects(e.resource_type, e.resource_id, e.action, e.service, length))
       WITH ORDINALITY AS l (s, place) WHERE s BETWEEN 1001 AND 1009 ORDER BY place);

  INSERT INTO wrong
  SELECT seed, 'resources', concat_ws(', ', e.user_id, e.action, e.resource_type, e.service, length, e.expected,
           pg_temp.all_resources(e.user_id, e.action, e.resource_type, e.service, length))
    FROM (SELECT user_id, action, resource_type, service,
                 coalesce(array_agg(resource_id ORDER BY resource_id) FILTER (WHERE allowed), '{}') AS expected
            FROM answer GROUP BY 1, 2, 3, 4) AS e, unnest('{2,100}'::integer[]) AS length
   WHERE e.expected <> pg_temp.all_resources(e.user_id, e.action, e.resource_type, e.service, length);

  INSERT INTO wrong
  SELECT seed, 'actions', concat_ws(', ', e.user_id, e.resource_type, e.resource_id, e.service, e.expected)
    FROM (SELECT user_id, resource_type, resource_id, service,
                 coalesce(array_agg(action ORDER BY action COLLATE "C") FILTER (WHERE allowed AND action <> '*'), '{}')
                   AS expected,
                 coalesce(bool_or(allowed AND granted_by <> 'override') FILTER (WHERE action = '*'), false)
                   AS has_wildcard,
                 bool_and(allowed) AS has_all
            FROM answer GROUP BY 1, 2, 3, 4) AS e
   CROSS JOIN LATERAL (
     SELECT coalesce(array_agg(a.action ORDER BY a.place), '{}') AS list
       FROM auth.list_actions(e.user_id, e.resource_type, e.resource_id, e.service)
            WITH ORDINALITY AS a (action, place)) AS listed
   -- `fly` is named nowhere: it is allowed where everything is, and never listed. What no rule of the service names
   -- may be missing only if it is not named.
   WHERE NOT array_remove(listed.list, '*') <@ e.expected
      OR ('*' = ANY (listed.list)) IS DISTINCT FROM (e.has_wildcard AND e.has_all)
      OR EXISTS (
           SELECT FROM unnest(e.expected) AS missing (action)
            WHERE missing.action <> ALL (listed.list)
              AND (missing.action = ANY ('{view_project,edit_project,manage_account}')
                   AND e.resource_type <> 'organization'
                   AND missing.action = ANY (auth.role_actions('admin', e.resource_type))
                   OR EXISTS (SELECT FROM auth.role_permissions AS p
                               WHERE p.service_name = e.service AND missing.action = ANY (p.allowed_actions))
                   OR EXISTS (SELECT FROM auth.permission_overrides AS o
                               WHERE o.user_id = e.user_id AND o.resource_id = e.resource_id
                                 AND missing.action = ANY (o.allow_actions))));
  DROP TABLE answer;
  -- Makes room for the next model.
  DELETE FROM organizations WHERE name LIKE 'organization %';
  DELETE FROM users WHERE id BETWEEN 1001 AND 1009;
  DELETE FROM auth.roles WHERE NOT is_system;
  DELETE FROM resource;
END $$;
SELECT pg_temp.compare_lists(seed) FROM unnest(ARRAY[0.1, 0.2, 0.3]) AS seed;
SELECT cmp_ok(sum(items), '>', 1000::numeric, 'the models allow much') FROM compared;
SELECT is_empty('SELECT * FROM wrong WHERE list = ''subjects''', 'subjects are exact, complete, in order and paged');
SELECT is_empty('SELECT * FROM wrong WHERE list = ''resources''', 'resources too');
SELECT is_empty('SELECT * FROM wrong WHERE list = ''actions''', 'actions too');

-- Arguments
SELECT is_empty(statement, 'nothing is listed by ' || statement)
  FROM unnest(ARRAY[
    'SELECT * FROM auth.list_subjects(''project'', NULL, ''view_project'')',
    'SELECT * FROM auth.list_subjects(''project'', gen_random_uuid(), ''view_project'')',
    'SELECT * FROM auth.list_resources(NULL, ''view_project'', ''project'')',
    'SELECT * FROM auth.list_resources(-1, ''view_project'', ''project'')',
    'SELECT * FROM auth.list_actions(NULL, ''project'', NULL)',
    'SELECT * FROM auth.list_actions(-1, ''project'', gen_random_uuid())']) AS statement;
SELECT throws_ok(statement, sqlstate, NULL, statement || ' is refused')
  FROM (VALUES ('SELECT * FROM auth.list_subjects(''spaceship'', NULL, ''x'')', '22023'),
               ('SELECT * FROM auth.list_subjects(NULL, NULL, ''x'')', '22023'),
               ('SELECT * FROM auth.list_subjects(''project'', NULL, NULL)', '22004'),
               ('SELECT * FROM auth.list_subjects(''project'', NULL, ''x'', max_items => 0)', '22023'),
               ('SELECT * FROM auth.list_subjects(''project'', NULL, ''x'', max_items => 10001)', '22023'),
               ('SELECT * FROM auth.list_subjects(''project'', NULL, ''x'', max_items => NULL)', '22023'),
               ('SELECT * FROM auth.list_resources(1, ''x'', ''spaceship'')', '22023'),
               ('SELECT * FROM auth.list_resources(1, NULL, ''project'')', '22004'),
               ('SELECT * FROM auth.list_resources(1, ''x'', ''project'', max_items => -1)', '22023'),
               ('SELECT * FROM auth.list_actions(1, ''spaceship'', NULL)', '22023'),
               ('SELECT * FROM auth.list_actions(1, NULL, NULL)', '22023')) AS refused (statement, sqlstate);

-- What a page costs, in blocks read or found: the same for 100 of 20,000 as for 100 of 1,000
INSERT INTO organizations (id, name) VALUES ('63000000-0000-4000-8000-000000000001', 'lists');
INSERT INTO accounts (id, organization_id, name)
VALUES ('63000000-0000-4000-8000-000000000002', '63000000-0000-4000-8000-000000000001', 'large'),
       ('63000000-0000-4000-8000-000000000003', '63000000-0000-4000-8000-000000000001', 'small');
INSERT INTO projects (id, account_id, organization_id, name)
SELECT md5('lists' || n)::uuid, ('63000000-0000-4000-8000-00000000000' || CASE WHEN n % 10 = 0 THEN 3 ELSE 2 END)::uuid,
       '63000000-0000-4000-8000-000000000001', 'p' || n
  FROM generate_series(1, 10000) AS n;
INSERT INTO users (id, email) SELECT 100000 + n, format('lists-%s@sql.example', n) FROM generate_series(1, 20000) AS n;
-- The foreign key's plan was made when there were ten users, and would go on reading all of them for each row.
ANALYZE users;
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role)
SELECT 100000 + n, md5('lists1')::uuid, 'project', 'viewer' FROM generate_series(1, 20000) AS n
 UNION ALL
SELECT 100000 + n * 20, md5('lists2')::uuid, 'project', 'viewer' FROM generate_series(1, 1000) AS n
 UNION ALL
SELECT 100001, '63000000-0000-4000-8000-000000000002', 'account', 'viewer'
 UNION ALL
SELECT 100002, '63000000-0000-4000-8000-000000000003', 'account', 'viewer'
 UNION ALL
SELECT 100003, ('63000000-0000-4000-8000-00000000000' || n)::uuid, 'account', 'viewer' FROM generate_series(2, 3) AS n;
ANALYZE users, organizations, accounts, projects, user_role_assignments;

CREATE FUNCTION pg_temp.blocks(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE statement;  -- Once before, for what is only looked up once.
  EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) ' || statement INTO plan;
  RETURN (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
END $$;
CREATE FUNCTION pg_temp.subjects_page(project text, after bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$SELECT format('SELECT * FROM auth.list_subjects(''project'', %L, ''view_project'', after => %L)',
                md5(project)::uuid, after)$$;
SELECT is((SELECT count(*) FROM auth.list_subjects('project', md5('lists1')::uuid, 'view_project', max_items => 10000)),
  10000::bigint, 'the large project has subjects to list');
SELECT cmp_ok(pg_temp.blocks(pg_temp.subjects_page('lists1')), '<=',
              2 * pg_temp.blocks(pg_temp.subjects_page('lists2')),
  'the first 100 of 20,000 subjects cost at most twice the first 100 of 1,000');
SELECT cmp_ok(pg_temp.blocks(pg_temp.subjects_page('lists1', 118000)), '<=',
              2 * pg_temp.blocks(pg_temp.subjects_page('lists2', 118000)), 'and so do those at the end');
CREATE FUNCTION pg_temp.resources_page(user_id bigint) RETURNS text LANGUAGE sql AS
$$SELECT format('SELECT * FROM auth.list_resources(%s, ''view_project'', ''project'', after => %L)',
                user_id, md5('half')::uuid)$$;
SELECT cmp_ok(pg_temp.blocks(pg_temp.resources_page(100001)), '<=', 2 * pg_temp.blocks(pg_temp.resources_page(100002)),
  'a page of 9,000 projects costs at most twice one of 1,000');
SELECT results_eq(
  'SELECT resource_id FROM auth.list_resources(100003, ''view_project'', ''project'', max_items => 1000)',
  'SELECT id FROM projects WHERE organization_id = ''63000000-0000-4000-8000-000000000001'' ORDER BY id LIMIT 1000',
  'what comes from a large account and a small one is merged without a gap');
INSERT INTO users (id, email, is_superuser) VALUES (100000, 'lists-root@sql.example', true);
SELECT cmp_ok(pg_temp.blocks(pg_temp.resources_page(100000)), '<=', 2 * pg_temp.blocks(pg_temp.resources_page(100002)),
  'also for a superuser, who may everywhere');

SELECT finish();
ROLLBACK;
