-- Promise: auth.explain_access shows every path that grants and every rule that denies, in the order in which they are
-- asked, and ends with the decision of auth.check_access; read from top to bottom, the rows lead to that decision.
\ir support.psql
\ir access-model.psql

SELECT pg_temp.make_access_model(0.62);

-- Every question that can be asked of the model, with what explain_access says.
CREATE TEMPORARY TABLE explained AS
SELECT q.*, e.step, e.rule, e.effect, e.object, e.reason
  FROM pg_temp.questions() AS q
 CROSS JOIN LATERAL auth.explain_access(q.user_id, q.action, q.resource_type, q.resource_id, q.service) AS e;
CREATE TEMPORARY TABLE decided AS
SELECT q.question, d.*
  FROM pg_temp.questions() AS q
 CROSS JOIN LATERAL auth.check_access(q.user_id, q.action, q.resource_type, q.resource_id, q.service) AS d;

SELECT cmp_ok(count(DISTINCT question), '>', 4000::bigint, 'the model answers thousands of questions') FROM explained;
SELECT set_eq('SELECT DISTINCT coalesce(deny_reason, granted_by) FROM decided',
  ARRAY['user_not_found', 'user_not_active', 'resource_not_found', 'superuser', 'denied_by_override', 'denied_by_group',
        'override', 'role', 'no_role_grants_action'], 'in every way that there is');
SELECT is_empty(
  $$SELECT d.question, d.allowed, e.effect, e.reason
      FROM decided AS d LEFT JOIN explained AS e ON e.question = d.question AND e.rule = 'decision'
     WHERE e.effect IS DISTINCT FROM CASE WHEN d.allowed THEN 'allowed' ELSE 'denied' END
        OR e.reason IS DISTINCT FROM coalesce(d.deny_reason, d.granted_by)$$,
  'the decision is auth.check_access''s');
SELECT is_empty(
  $$SELECT question FROM explained GROUP BY question
    HAVING max(step) <> count(*) OR max(step) <> max(step) FILTER (WHERE rule = 'decision')
        OR count(*) FILTER (WHERE rule = 'decision') <> 1$$, 'which comes last, once');

-- What the rows say by themselves: the first rule that grants or denies.
SELECT is_empty(
  $$WITH led AS (
      SELECT DISTINCT ON (e.question) e.question,
             CASE e.effect WHEN 'grants' THEN CASE e.rule WHEN 'override allow' THEN 'override' ELSE e.rule END
                           WHEN 'denies' THEN CASE e.rule WHEN 'user' THEN CASE WHEN e.reason LIKE 'there is no %'
                                                                    THEN 'user_not_found' ELSE 'user_not_active' END
                                                          WHEN 'resource' THEN 'resource_not_found'
                                                          WHEN 'override deny' THEN 'denied_by_override'
                                                          WHEN 'group' THEN 'denied_by_group' END END AS outcome
        FROM explained AS e
       WHERE e.effect IN ('grants', 'denies') ORDER BY e.question, e.step)
    SELECT d.question, coalesce(d.deny_reason, d.granted_by), l.outcome
      FROM decided AS d LEFT JOIN led AS l USING (question)
     WHERE coalesce(l.outcome, 'no_role_grants_action') <> coalesce(d.deny_reason, d.granted_by)$$,
  'the rows lead to it');
SELECT is_empty(
  $$SELECT question FROM explained GROUP BY question
    HAVING bool_or(effect = 'grants') AND bool_or(effect = 'denies')$$, 'and do not contradict each other');
SELECT is_empty(
  $$SELECT e.* FROM explained AS e
     WHERE e.effect NOT IN ('passes', 'grants', 'denies', 'does not matter', 'allowed', 'denied')
        OR coalesce(e.object, '') = '' OR coalesce(e.reason, '') = ''$$, 'every row is complete');

-- Every assignment, override and membership on the way is there, whatever it does.
SELECT is_empty(
  $$SELECT q.question, count(a.user_id), count(DISTINCT e.step)
      FROM pg_temp.questions() AS q
     CROSS JOIN LATERAL auth.resource_path(q.resource_type, q.resource_id) AS p
      LEFT JOIN user_role_assignments AS a
        ON a.user_id = q.user_id AND a.resource_id = p.id AND a.resource_type = p.type
      LEFT JOIN explained AS e ON e.question = q.question AND e.rule = 'role'
     GROUP BY q.question
    HAVING count(DISTINCT a.resource_id) <> count(DISTINCT e.step)$$, 'no assignment is left out');

-- Words, on a small case that a person can follow
INSERT INTO organizations (id, name) VALUES ('62000000-0000-4000-8000-000000000001', 'Acme');
INSERT INTO accounts (id, organization_id, name)
VALUES ('62000000-0000-4000-8000-000000000002', '62000000-0000-4000-8000-000000000001', 'Sales');
INSERT INTO projects (id, account_id, organization_id, name)
VALUES ('62000000-0000-4000-8000-000000000003', '62000000-0000-4000-8000-000000000002',
        '62000000-0000-4000-8000-000000000001', 'Q4');
INSERT INTO users (id, email) VALUES (62, 'explain@sql.example');
INSERT INTO auth.roles (id, name, base_type, scope_type)
VALUES ('62000000-0000-4000-8000-000000000004', 'Analyst', 'viewer', 'project');
INSERT INTO auth.role_permissions (role_id, service_name, allowed_actions)
VALUES ('62000000-0000-4000-8000-000000000004', 'reports', '{run_report,view_project}');
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role, role_id, expires_at)
VALUES (62, '62000000-0000-4000-8000-000000000001', 'organization', 'editor', NULL, NULL),
       (62, '62000000-0000-4000-8000-000000000002', 'account', 'admin', NULL, '2020-01-01 00:00:00+00'),
       (62, '62000000-0000-4000-8000-000000000003', 'project', 'viewer', '62000000-0000-4000-8000-000000000004', NULL);
INSERT INTO auth.groups (id, organization_id, name)
VALUES ('62000000-0000-4000-8000-000000000005', '62000000-0000-4000-8000-000000000001', 'Contractors');
INSERT INTO auth.group_permissions (group_id, service_name, deny_actions)
VALUES ('62000000-0000-4000-8000-000000000005', 'reports', '{run_report}');
INSERT INTO auth.user_group_memberships (user_id, group_id, resource_id, resource_type)
VALUES (62, '62000000-0000-4000-8000-000000000005', '62000000-0000-4000-8000-000000000002', 'account');
INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, allow_actions)
VALUES (62, '62000000-0000-4000-8000-000000000003', 'project', '{archive}');

SELECT results_eq(
  $$SELECT rule, effect, object, reason
      FROM auth.explain_access(62, 'run_report', 'project', '62000000-0000-4000-8000-000000000003', 'reports')$$,
  $$VALUES ('user', 'passes', 'user 62', 'status is active'),
           ('resource', 'passes', 'project "Q4"', 'lies in account "Sales" in organization "Acme"'),
           ('group', 'denies', 'group "Contractors" on account "Sales"', 'denies run_report in service "reports"'),
           ('override allow', 'does not matter', 'override on project "Q4"', 'allows archive'),
           ('role', 'does not matter', 'role editor on organization "Acme"',
            'allows edit_project, view_project on a project'),
           ('role', 'does not matter', 'role admin on account "Sales"',
            'expired at 2020-01-01 00:00:00 UTC, allows edit_project, manage_account, view_project on a project'),
           ('role', 'does not matter', 'role "Analyst" (viewer) on project "Q4"',
            'allows run_report, view_project in service "reports"; '
            'group "Contractors" on account "Sales" comes first and denies'),
           ('decision', 'denied', 'run_report on project "Q4"', 'denied_by_group')$$,
  'a denial is told in words');
SELECT results_eq(
  $$SELECT rule, effect, object
      FROM auth.explain_access(62, 'view_project', 'project', '62000000-0000-4000-8000-000000000003')
     WHERE effect IN ('grants', 'allowed')$$,
  $$VALUES ('role', 'grants', 'role editor on organization "Acme"'),
           ('decision', 'allowed', 'view_project on project "Q4"')$$, 'a grant too');
SELECT results_eq(
  $$SELECT rule, effect, object, reason FROM auth.explain_access(NULL, 'view_project', NULL, NULL)$$,
  $$VALUES ('user', 'denies', 'user NULL', 'there is no such user'),
           ('resource', 'denies', 'NULL NULL', 'there is no such resource'),
           ('decision', 'denied', 'view_project on nothing', 'user_not_found')$$, 'NULLs are nobody and nothing');
SELECT throws_ok('SELECT * FROM auth.explain_access(62, NULL, NULL, NULL)', '22004', NULL, 'but an action is needed');

SELECT finish();
ROLLBACK;
