-- A million documents of 10,000 projects in no order, and three ways to say who may see them, each a policy for a role
-- of its own.
CREATE TABLE bench.documents (
  id bigint PRIMARY KEY, project_id uuid NOT NULL, created_at timestamptz NOT NULL, title text NOT NULL);
INSERT INTO bench.documents
SELECT n, r.id, '2026-01-01'::timestamptz + n * interval '1 s', 'Document ' || n
  FROM generate_series(1, 1000000) AS n
  JOIN bench.resources AS r ON r.number = 1100 + (n * 7919::bigint + n / 10000) % 10000;
CREATE INDEX ON bench.documents (project_id);
CREATE INDEX ON bench.documents (created_at);

-- What a careful author writes by hand: the set of ids once a statement, by one query with joins, in PL/pgSQL, which
-- keeps its plan.
CREATE FUNCTION bench.visible_projects() RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT a.resource_id FROM public.user_role_assignments AS a JOIN public.users AS u ON u.id = a.user_id
   WHERE a.user_id = auth.current_user_id() AND u.status = 'active' AND a.resource_type = 'project'
     AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
  UNION
  SELECT p.id FROM public.user_role_assignments AS a JOIN public.users AS u ON u.id = a.user_id
    JOIN public.projects AS p ON p.account_id = a.resource_id
   WHERE a.user_id = auth.current_user_id() AND u.status = 'active' AND a.resource_type = 'account'
     AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp())
  UNION
  SELECT p.id FROM public.user_role_assignments AS a JOIN public.users AS u ON u.id = a.user_id
    JOIN public.projects AS p ON p.organization_id = a.resource_id
   WHERE a.user_id = auth.current_user_id() AND u.status = 'active' AND a.resource_type = 'organization'
     AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp());
END $$;

CREATE ROLE bench_engine;
CREATE ROLE bench_by_hand;
CREATE ROLE bench_everybody;
GRANT auth_caller TO bench_engine, bench_by_hand, bench_everybody;
GRANT USAGE ON SCHEMA bench TO auth_caller;
GRANT SELECT ON bench.documents, public.projects TO auth_caller;
ALTER TABLE bench.documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON bench.documents TO bench_engine USING (auth.has_project_role(project_id, 'viewer'));
CREATE POLICY by_hand ON bench.documents TO bench_by_hand
  USING (project_id = ANY (ARRAY(SELECT bench.visible_projects())));
CREATE POLICY everybody ON bench.documents TO bench_everybody USING (true);
VACUUM ANALYZE bench.documents;
