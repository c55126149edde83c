-- Every update begins by locking all tables and views of the extension, so that none of its later statements can end in
-- a deadlock with a request. Requests wait for the update; the update waits for them less than a second at a time
-- (deadlock_timeout, so that it is the update which gives way) and then lets them by for as long, so that a long
-- transaction (pg_dump, say) holds up the update and nobody else.
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
  milliseconds integer := 125;
BEGIN
  FOR attempt IN 1..60 LOOP
    BEGIN
      PERFORM set_config('lock_timeout', milliseconds::text, true);
      FOREACH statement IN ARRAY locking LOOP
        EXECUTE statement;
      END LOOP;
      PERFORM set_config('lock_timeout', '0', true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(milliseconds / 1000.0);
      milliseconds := least(2 * milliseconds, 800);
    END;
  END LOOP;
  RAISE EXCEPTION 'the tables of auth_api have been in use for two minutes without a pause'
    USING ERRCODE = 'lock_not_available',
          HINT = 'Wait for long transactions to end (SELECT * FROM pg_stat_activity ORDER BY xact_start), then update again.';
END
$lock$;
