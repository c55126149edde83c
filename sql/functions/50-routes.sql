-- What the gateway reads of the HTTP surface: the routes, and the signatures behind them from the catalog.

CREATE OR REPLACE FUNCTION auth.find_function(name text) RETURNS oid
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  matches oid[];
BEGIN
  -- Not to_regproc(): it fails where auth_owner may not look into the schema, and an operator need not allow
  -- that.
  SELECT array_agg(p.oid) INTO matches
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
   WHERE n.nspname = split_part(find_function.name, '.', 1)
     AND p.proname = split_part(find_function.name, '.', 2);
  RETURN CASE WHEN cardinality(matches) = 1 THEN matches[1] END;
END
$function$;
COMMENT ON FUNCTION auth.find_function(text) IS
$$Returns the OID of the function with a qualified name, NULL when there is none or more than one. name:
schema.function. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.leave_out_route(method text, path text, function text) RETURNS boolean
LANGUAGE plpgsql STABLE COST 100
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE WARNING 'Route % % is left out: function % does not exist or is overloaded', method, path, function;
  RETURN false;
END
$function$;
COMMENT ON FUNCTION auth.leave_out_route(text, text, text) IS
$$Warns that a route is left out, and returns false. method, path, function: the row of auth.routes. Errors: none.
Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.list_routes()
RETURNS TABLE (
  method text, path text, function text, success_status integer, lane text, max_body_bytes integer,
  summary text, description text, returns text,
  argument_names text[], argument_types text[], argument_has_default boolean[])
LANGUAGE sql STABLE SECURITY DEFINER COST 10000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
  -- A gateway asks this as the first thing in a new backend, whose caches are empty: one plain query over the catalogs
  -- takes half the time there that PL/pgSQL and a call of auth.find_function a route take, whose rule this is.
  SELECT r.method, r.path, r.function, r.success_status, r.lane, r.max_body_bytes, r.summary,
         d.description, format_type(p.prorettype, NULL),
         -- OUT arguments are no input; of the input arguments, those with a default are the last ones.
         ARRAY(SELECT p.proargnames[a.place]
                 FROM unnest(coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs::integer])))
                      WITH ORDINALITY AS a (mode, place)
                WHERE a.mode IN ('i', 'b', 'v')),
         ARRAY(SELECT format_type(a.type, NULL) FROM unnest(p.proargtypes::oid[]) AS a (type)),
         ARRAY(SELECT a.place > p.pronargs - p.pronargdefaults FROM generate_series(1, p.pronargs) AS a (place))
    FROM auth.routes AS r
    LEFT JOIN pg_namespace AS n ON n.nspname = split_part(r.function, '.', 1)
    LEFT JOIN pg_proc AS p
      ON p.pronamespace = n.oid AND p.proname = split_part(r.function, '.', 2)
         AND NOT EXISTS (SELECT FROM pg_proc AS other
                          WHERE other.pronamespace = p.pronamespace AND other.proname = p.proname AND other.oid <> p.oid)
    LEFT JOIN pg_description AS d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass AND d.objsubid = 0
   -- A row whose function is gone, or overloaded, would make every route fail if it were an error.
   WHERE CASE WHEN p.oid IS NULL THEN auth.leave_out_route(r.method, r.path, r.function) ELSE true END
   ORDER BY r.path, r.method
$function$;
COMMENT ON FUNCTION auth.list_routes() IS
$$Lists the HTTP surface for the gateway: each route with its function's comment, return type and input
arguments. A route whose function does not exist, or is overloaded, is left out with a warning. Errors: none.
Callers: auth_gateway.$$;

CREATE OR REPLACE FUNCTION auth.show_status() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
AS $function$SELECT pg_catalog.jsonb_build_object('status', 'ok')$function$;
COMMENT ON FUNCTION auth.show_status() IS
$$Answers status "ok": the service is there and reaches its database. Errors: none. Callers: auth_gateway.$$;
