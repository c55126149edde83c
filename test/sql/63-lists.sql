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
       FROM auth.list_actions(e.user_id, e.resource_type, e.resource_id, e.service) WITH ORDINALITY AS a (action, place))
     AS listed
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
SELECT pg_temp.compare_lists(seed) FROM unnest(ARRAY[0.1, 0.2, 0.3, 0.4, 0.5]) AS seed;
SELECT cmp_ok(sum(items), '>', 1000::numeric, 'the models allow much') FROM compared;
SELECT is_empty('SELECT * FROM wrong WHERE list = ''subjects''', 'subjects are exact, complete, in order and paged');
SELECT is_empty('SELECT * FROM wrong WHERE list = ''resources''', 'resources too');
SELECT is_empty('SELECT * FROM wrong WHERE list = ''actions''', 'actions too');

SELECT finish();
ROLLBACK;
