-- Every update begins by locking all tables and views of the extension, so that none of its later statements can end in
-- a deadlock with a request. Requests wait for the update; the update waits for them only briefly at a time, lest a
-- slow one hold up all that come behind it, and a little longer each time, lest it never get through.
DO $lock$
DECLARE
  locking text[] := (
    SELECT array_agg(CASE c.relkind
                       -- LOCK TABLE would lock what a view reads as well, catalogs of the shared server among it.
                       WHEN 'v' THEN format('ALTER VIEW %s OWNER TO auth_owner', c.oid::regclass)
                       ELSE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.oid::regclass)
                     END ORDER BY c.oid)
      FROM pg_depend AS d
      JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'auth_api'
      JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'v'));
  statement text;
  milliseconds integer := 200;
BEGIN
  LOOP
    BEGIN
      PERFORM set_config('lock_timeout', milliseconds::text, true);
      FOREACH statement IN ARRAY locking LOOP
        EXECUTE statement;
      END LOOP;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(0.1);  -- for those that have queued behind it
      milliseconds := least(2 * milliseconds, 2000);
    END;
  END LOOP;
  PERFORM set_config('lock_timeout', '0', true);
END
$lock$;
