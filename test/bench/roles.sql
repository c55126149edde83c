-- What the figures about roles are taken on: 100 organizations × 10 accounts × 10 projects, 20,000 users with 6
-- assignments each.
--
-- User 30001 sees 15 projects, user 30002 sees everything, by a role on each organization.
CREATE SCHEMA bench;

INSERT INTO public.organizations (id, name)
SELECT gen_random_uuid(), 'organization ' || n FROM generate_series(1, 100) AS n;
INSERT INTO public.accounts (id, organization_id, name)
SELECT gen_random_uuid(), o.id, 'account ' || n FROM public.organizations AS o, generate_series(1, 10) AS n;
INSERT INTO public.projects (id, account_id, organization_id, name)
SELECT gen_random_uuid(), a.id, a.organization_id, 'project ' || n FROM public.accounts AS a, generate_series(1, 10) AS n;

-- Every resource by a number, so that a random one is easy to take: 0 to 99 organizations, then 1,000 accounts, then
-- 10,000 projects.
CREATE TABLE bench.resources (number integer PRIMARY KEY, type text NOT NULL, id uuid NOT NULL);
INSERT INTO bench.resources
SELECT row_number() OVER (ORDER BY rank, id) - 1, type, id
  FROM (SELECT 1 AS rank, 'organization' AS type, id FROM public.organizations
         UNION ALL SELECT 2, 'account', id FROM public.accounts
         UNION ALL SELECT 3, 'project', id FROM public.projects) AS resource;
ANALYZE bench.resources;

INSERT INTO public.users (id, email)
SELECT n, 'user' || n || '@bench.example' FROM generate_series(100, 20099) AS n;

-- `count` assignments for each of the 20,000 users: of 40, one on an organization, seven on accounts, 32 on projects.
CREATE FUNCTION bench.assign(count integer) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
  SELECT drawn.user_id, r.id, r.type, drawn.role
    FROM (SELECT u.id AS user_id,
                 CASE WHEN kind < 1 THEN floor(random() * 100)
                      WHEN kind < 8 THEN 100 + floor(random() * 1000)
                      ELSE 1100 + floor(random() * 10000) END::integer AS number,
                 (ARRAY['viewer', 'viewer', 'editor', 'admin'])[1 + floor(random() * 4)::integer] AS role
            FROM public.users AS u, generate_series(1, count) AS n, LATERAL (SELECT random() * 40 + 0 * n AS kind) AS k
           WHERE u.email LIKE 'user%@bench.example') AS drawn
    JOIN bench.resources AS r USING (number)
      ON CONFLICT DO NOTHING
$$;
SELECT setseed(0.15);
SELECT bench.assign(6);
INSERT INTO public.users (id, email) VALUES (30001, 'fifteen@bench.example'), (30002, 'everything@bench.example');
INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
SELECT 30001, id, type, 'editor' FROM bench.resources WHERE number IN (SELECT 1100 + n * 617 FROM generate_series(0, 14) AS n)
UNION ALL SELECT 30002, id, type, 'viewer' FROM bench.resources WHERE type = 'organization';

-- The same rule as a good SQL function would say it: one query, three look-ups by primary key.
CREATE FUNCTION bench.user_has_role(asked_user bigint, asked_project uuid, asked_role text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM public.users AS u, public.projects AS p
     WHERE u.id = asked_user AND u.status = 'active' AND p.id = asked_project
       AND (u.is_superuser
            OR EXISTS (
              SELECT FROM public.user_role_assignments AS a
               WHERE a.user_id = u.id
                 AND (a.resource_type, a.resource_id) IN
                       (('project', p.id), ('account', p.account_id), ('organization', p.organization_id))
                 AND array_position('{viewer,editor,admin,superadmin}', a.role)
                     >= array_position('{viewer,editor,admin,superadmin}', asked_role)
                 AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp()))))
$$;
-- And as PL/pgSQL, which keeps the query's plan between calls.
CREATE FUNCTION bench.user_has_role_kept(asked_user bigint, asked_project uuid, asked_role text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM public.users AS u, public.projects AS p
     WHERE u.id = asked_user AND u.status = 'active' AND p.id = asked_project
       AND (u.is_superuser
            OR EXISTS (
              SELECT FROM public.user_role_assignments AS a
               WHERE a.user_id = u.id
                 AND (a.resource_type, a.resource_id) IN
                       (('project', p.id), ('account', p.account_id), ('organization', p.organization_id))
                 AND array_position('{viewer,editor,admin,superadmin}', a.role)
                     >= array_position('{viewer,editor,admin,superadmin}', asked_role)
                 AND (a.expires_at IS NULL OR a.expires_at > statement_timestamp()))));
END $$;
