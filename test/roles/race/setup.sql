-- What the race is about: few users and few resources, so that whoever checks meets whoever changes.
--
-- Users 1 to 24 and organizations 0 to 2 are changed by everybody; those of promises.mjs, from user 101 on, by their
-- promiser alone.
CREATE SCHEMA race;

CREATE FUNCTION race.id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT md5(kind || number)::uuid $$;

INSERT INTO public.users (id, email)
SELECT n, 'racer' || n || '@race.example' FROM generate_series(1, 24) AS n;
INSERT INTO public.organizations (id, name)
SELECT race.id('organization', n), 'organization ' || n FROM generate_series(0, 2) AS n;
INSERT INTO public.accounts (id, organization_id, name)
SELECT race.id('account', n), race.id('organization', n % 3), 'account ' || n FROM generate_series(0, 8) AS n;
INSERT INTO public.projects (id, account_id, organization_id, name)
SELECT race.id('project', n), race.id('account', n % 9), race.id('organization', n % 3), 'project ' || n
  FROM generate_series(0, 26) AS n;

INSERT INTO auth.roles (id, name, base_type, scope_type)
SELECT race.id('role', n), 'racer ' || n, 'editor', (ARRAY['organization', 'account', 'project'])[1 + n]
  FROM generate_series(0, 2) AS n;
INSERT INTO auth.role_permissions (role_id, service_name, allowed_actions)
SELECT race.id('role', n), 'billing', '{publish}' FROM generate_series(0, 2) AS n;
INSERT INTO auth.groups (id, organization_id, name) VALUES (race.id('group', 0), race.id('organization', 0), 'readers');
INSERT INTO auth.group_permissions (group_id, service_name, deny_actions)
VALUES (race.id('group', 0), 'billing', '{publish,edit_project}');

CREATE TABLE race.resources (number serial PRIMARY KEY, type text, id uuid);
INSERT INTO race.resources (type, id)
SELECT 'organization', race.id('organization', n) FROM generate_series(0, 2) AS n
UNION ALL SELECT 'account', race.id('account', n) FROM generate_series(0, 8) AS n
UNION ALL SELECT 'project', race.id('project', n) FROM generate_series(0, 26) AS n;

-- Rights of the first racers that nobody asks about and nobody takes away: so many that they fill more than one page of
-- the index.
INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
SELECT u, race.id('elsewhere', u * 1000 + n), 'project', 'viewer'
  FROM generate_series(1, 8) AS u, generate_series(1, 60) AS n ORDER BY n;

CREATE TABLE race.questions (
  number serial PRIMARY KEY, user_id bigint, type text, id uuid, role text, action text, service text);
INSERT INTO race.questions (user_id, type, id, role, action, service)
SELECT u, r.type, r.id, role, (ARRAY['view_project', 'edit_project', 'publish'])[1 + (u + r.number) % 3],
       CASE WHEN (u + r.number) % 2 = 0 THEN 'billing' END
  FROM generate_series(1, 24) AS u, race.resources AS r, unnest(ARRAY['viewer', 'admin']) AS role
 ORDER BY md5(u || r.type || r.id || role);
ANALYZE race.questions;

-- Asks `asked` questions from number `first` on, both ways; `differences` is NULL when there are none.
CREATE FUNCTION race.compare_roles(first integer, asked integer) RETURNS TABLE (checks integer, differences jsonb)
LANGUAGE sql STABLE PARALLEL SAFE AS
$$
  SELECT count(*)::integer, jsonb_agg(to_jsonb(c)) FILTER (WHERE engine IS DISTINCT FROM evaluator)
    FROM (SELECT q.*, auth.user_has_role(q.user_id, q.type, q.id, q.role) AS engine, v.answer AS evaluator
            FROM race.questions AS q, evaluator.role_check(q.user_id, q.type, q.id, q.role) AS v
           WHERE q.number >= first AND q.number < first + asked) AS c
$$;

CREATE FUNCTION race.compare_actions(first integer, asked integer) RETURNS TABLE (checks integer, differences jsonb)
LANGUAGE sql STABLE AS
$$
  SELECT count(*)::integer, jsonb_agg(to_jsonb(c)) FILTER (WHERE engine IS DISTINCT FROM evaluator)
    FROM (SELECT q.*, to_jsonb(e) AS engine, to_jsonb(v) AS evaluator
            FROM race.questions AS q,
                 auth.check_access(q.user_id, q.action, q.type, q.id, q.service) AS e,
                 evaluator.check_access(q.user_id, q.action, q.type, q.id, q.service) AS v
           WHERE q.number >= first AND q.number < first + asked) AS c
$$;

CREATE FUNCTION race.compare_batch(first integer, asked integer) RETURNS TABLE (checks integer, differences jsonb)
LANGUAGE sql STABLE AS
$$
  WITH q AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY number) AS item, * FROM race.questions
     WHERE number >= first AND number < first + asked
  )
  SELECT count(*)::integer, jsonb_agg(to_jsonb(c)) FILTER (WHERE engine IS DISTINCT FROM evaluator)
    FROM (SELECT q.*, to_jsonb(e) - 'item' AS engine, to_jsonb(v) AS evaluator
            FROM q
            JOIN auth.check_access_batch(
                   ARRAY(SELECT user_id FROM q ORDER BY item), ARRAY(SELECT action FROM q ORDER BY item),
                   ARRAY(SELECT type FROM q ORDER BY item), ARRAY(SELECT q.id FROM q ORDER BY item),
                   ARRAY(SELECT service FROM q ORDER BY item)) AS e ON e.item = q.item,
                 evaluator.check_access(q.user_id, q.action, q.type, q.id, q.service) AS v) AS c
$$;

-- Shaped so that the planner gives all of it to parallel workers.
CREATE FUNCTION race.compare_in_parallel(first integer, asked integer) RETURNS TABLE (checks integer, differences jsonb)
LANGUAGE sql STABLE AS
$$
  SELECT count(*)::integer,
         to_jsonb(nullif(count(*) FILTER (
           WHERE auth.user_has_role(q.user_id, q.type, q.id, q.role)
                 IS DISTINCT FROM evaluator.user_has_role(q.user_id, q.type, q.id, q.role)), 0))
    FROM race.questions AS q WHERE q.number >= first AND q.number < first + asked
$$;

-- One PL/pgSQL simple expression a question: it takes its snapshot once for both sides, and keeps the engine's call site
-- through the whole transaction. Half way it changes something itself, which the second half must see.
CREATE FUNCTION race.compare_in_loop(first integer, asked integer) RETURNS TABLE (checks integer, differences jsonb)
LANGUAGE plpgsql AS
$$
DECLARE
  question race.questions;
BEGIN
  checks := 0;
  FOR question IN SELECT * FROM race.questions WHERE number >= first AND number < first + asked LOOP
    IF checks = asked / 2 THEN
      UPDATE public.user_role_assignments AS a
         SET role = CASE a.role WHEN 'viewer' THEN 'admin' ELSE 'viewer' END, role_id = NULL
       WHERE a.user_id = question.user_id;
    END IF;
    IF auth.user_has_role(question.user_id, question.type, question.id, question.role)
       IS DISTINCT FROM evaluator.user_has_role(question.user_id, question.type, question.id, question.role) THEN
      differences := coalesce(differences, '[]') || to_jsonb(question);
    END IF;
    checks := checks + 1;
  END LOOP;
  RETURN NEXT;
END
$$;

-- A query whose rows are made one by one while the same transaction changes what they say: its snapshot stays its own.
CREATE FUNCTION race.compare_while_changing(first integer, asked integer)
RETURNS TABLE (checks integer, differences jsonb) LANGUAGE plpgsql AS
$$
DECLARE
  compared record;
BEGIN
  checks := 0;
  FOR compared IN
    SELECT q.*, auth.user_has_role(q.user_id, q.type, q.id, q.role) AS engine,
           evaluator.user_has_role(q.user_id, q.type, q.id, q.role) AS evaluator
      FROM race.questions AS q WHERE q.number >= first AND q.number < first + asked
  LOOP
    IF checks % 10 = 0 THEN
      DELETE FROM public.user_role_assignments AS a WHERE a.user_id = compared.user_id % 24 + 1;
      UPDATE public.users SET status = CASE status WHEN 'active' THEN 'suspended' ELSE 'active' END
       WHERE id = compared.user_id;
    END IF;
    IF compared.engine IS DISTINCT FROM compared.evaluator THEN
      differences := coalesce(differences, '[]') || to_jsonb(compared);
    END IF;
    checks := checks + 1;
  END LOOP;
  RETURN NEXT;
END
$$;

-- Documents behind a policy, two a project, read by a role without any right on the tables of the extension.
CREATE TABLE race.documents (id serial PRIMARY KEY, project_id uuid NOT NULL);
INSERT INTO race.documents (project_id) SELECT race.id('project', n % 27) FROM generate_series(0, 53) AS n;
CREATE INDEX ON race.documents (project_id);
ALTER TABLE race.documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY viewers ON race.documents USING (auth.has_project_role(project_id, 'viewer'));

CREATE FUNCTION race.visible_documents() RETURNS integer[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS
$$
  SELECT coalesce(array_agg(d.id ORDER BY d.id), '{}')
    FROM race.documents AS d, evaluator.role_check(auth.current_user_id(), 'project', d.project_id, 'viewer') AS v
   WHERE v.answer
$$;
CREATE FUNCTION race.visible_projects() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS
$$ SELECT evaluator.ids(auth.current_user_id(), 'project', 'editor') $$;

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'race_caller') THEN CREATE ROLE race_caller; END IF;
END $$;
GRANT auth_caller TO race_caller;
GRANT USAGE ON SCHEMA race TO race_caller;
GRANT SELECT ON race.documents TO race_caller;
