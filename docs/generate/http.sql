-- Prints docs/http.md: every endpoint with the function it calls, from auth.routes and the catalog.
\pset format unaligned
\pset tuples_only on
SELECT $$# HTTP reference

Every endpoint, from `auth.routes` and the catalog of the extension (`make docs` writes this page, `make test` compares
it). The machine-readable form is `GET /openapi.json`. `architecture.md` tells how arguments are bound. A refusal is
`application/problem+json` (RFC 9457) whose `detail` says why; a 422 adds `errors`, a list of `{loc, msg, type}`.

The gateway itself answers `GET /api/health` (200 only when the database answers), `GET /api/health/live` (touches
nothing), `GET /api/health/ready`, `GET /metrics` and `GET /openapi.json`.

| method | path | function | success | lane | |
|---|---|---|---|---|---|$$;
SELECT format('| %s | `%s` | [`%s`](sql.md#%s) | %s | %s | %s |', r.method, r.path, r.function,
              split_part(r.function, '.', 2), r.success_status, r.lane, r.summary)
  FROM auth.list_routes() AS r
 ORDER BY r.path COLLATE "C", r.method COLLATE "C";
SELECT format(E'\n## %s %s\n\n%s\n\n%s', r.method, r.path, r.description,
              coalesce(E'| argument | type | from | |\n|---|---|---|---|\n' ||
                (SELECT string_agg(format('| `%s` | %s | %s | %s |', a.name, a.type,
                          CASE WHEN a.name = '_access_token' THEN '`Authorization: Bearer`'
                               WHEN a.name = '_headers' THEN 'request headers'
                               WHEN r.path LIKE '%{' || a.name || '}%' THEN 'path'
                               WHEN r.method IN ('GET', 'DELETE') THEN 'query'
                               ELSE 'body' END,
                          CASE WHEN a.has_default THEN 'optional' ELSE 'required' END), E'\n' ORDER BY a.position)
                   FROM unnest(r.argument_names, r.argument_types, r.argument_has_default)
                        WITH ORDINALITY AS a (name, type, has_default, position)
                  WHERE a.name NOT IN ('_client_ip', '_user_agent', '_request_id')), 'No arguments.'))
  FROM auth.list_routes() AS r
 ORDER BY r.path COLLATE "C", r.method COLLATE "C";
