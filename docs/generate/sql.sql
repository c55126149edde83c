-- Prints docs/sql.md: every function of schema auth with its signature, its comment and who may execute it.
\pset format unaligned
\pset tuples_only on
SELECT $$# SQL reference

Every function of schema `auth`, from the catalog of the extension (`make docs` writes this page, `make test` compares
it). *Callers* are the roles that may execute it beside its owner, `auth_owner`, and superusers.
$$;
SELECT format(E'## %s\n\n```sql\n%s(%s) → %s\n```\n\n%s\n\n*%s, parallel %s. Callers: %s.*\n',
              p.proname,
              p.oid::regproc,
              pg_get_function_arguments(p.oid),
              pg_get_function_result(p.oid),
              coalesce(obj_description(p.oid, 'pg_proc'), 'No comment.'),
              CASE p.provolatile WHEN 'i' THEN 'Immutable' WHEN 's' THEN 'Stable' ELSE 'Volatile' END,
              CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
              coalesce((SELECT string_agg('`' || g.grantee::regrole || '`', ', ' ORDER BY g.grantee::regrole::text)
                          FROM aclexplode(p.proacl) AS g
                         WHERE g.grantee::regrole::text IN ('auth_caller', 'auth_gateway')), 'none'))
  FROM pg_proc AS p
 WHERE p.pronamespace = 'auth'::regnamespace
   AND p.prorettype <> 'trigger'::regtype
 ORDER BY p.proname, p.oid::regprocedure::text COLLATE "C";
