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

CREATE OR REPLACE FUNCTION auth.list_routes()
RETURNS TABLE (
  method text, path text, function text, success_status integer, lane text, max_body_bytes integer,
  summary text, description text, returns text,
  argument_names text[], argument_types text[], argument_has_default boolean[])
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 10000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  broken record;
BEGIN
  -- A row whose function is gone, or overloaded, would make every route fail if it were an error.
  FOR broken IN
    SELECT r.method, r.path, r.function FROM auth.routes AS r WHERE auth.find_function(r.function) IS NULL
  LOOP
    RAISE WARNING 'Route % % is left out: function % does not exist or is overloaded',
      broken.method, broken.path, broken.function;
  END LOOP;

  RETURN QUERY
  SELECT r.method, r.path, r.function, r.success_status, r.lane, r.max_body_bytes, r.summary,
         obj_description(p.oid, 'pg_proc'), format_type(p.prorettype, NULL),
         a.names, a.types, a.has_default
    FROM auth.routes AS r
    JOIN pg_proc AS p ON p.oid = auth.find_function(r.function)
   CROSS JOIN LATERAL (
     -- OUT arguments are no input; of the input arguments, those with a default are the last ones.
     SELECT coalesce(array_agg(i.name ORDER BY i.place), '{}') AS names,
            coalesce(array_agg(format_type(i.type, NULL) ORDER BY i.place), '{}') AS types,
            coalesce(array_agg(i.place > p.pronargs - p.pronargdefaults ORDER BY i.place), '{}')
              AS has_default
       FROM (SELECT t.type, p.proargnames[t.place] AS name, row_number() OVER (ORDER BY t.place) AS place
               FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
                    WITH ORDINALITY AS t (type, place)
              WHERE coalesce(p.proargmodes[t.place], 'i') IN ('i', 'b', 'v')) AS i) AS a
   ORDER BY r.path, r.method;
END
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
