-- Every update begins by locking all tables and views of the extension, so that none of its later statements can end in
-- a deadlock with a request. Requests wait for the update. The update waits for them a tenth of a second at a time: what
-- takes longer is a request that holds one table and waits for another that the update has, or a long transaction
-- (pg_dump, say). Then it gives way, well before deadlock_timeout would choose a victim, and tries again.
--
-- The tables that requests touch first come first: new requests then wait where they hold nothing yet.
DO $lock$
DECLARE
  locking text[] := (
    SELECT array_agg(CASE c.relkind
                       -- LOCK TABLE would lock what a view reads as well, catalogs of the shared server among it.
                       WHEN 'v' THEN format('ALTER VIEW %s OWNER TO auth_owner', c.oid::regclass)
                       ELSE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.oid::regclass)
                     END
                     ORDER BY c.relkind <> 'v',
                              array_position(ARRAY['settings', 'refresh_tokens', 'sessions', 'users']::name[], c.relname), c.oid)
      FROM pg_depend AS d
      JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'auth_api'
      JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'v'));
  statement text;
BEGIN
  FOR attempt IN 1..800 LOOP
    BEGIN
      PERFORM set_config('lock_timeout', '100', true);
      FOREACH statement IN ARRAY locking LOOP
        EXECUTE statement;
      END LOOP;
      PERFORM set_config('lock_timeout', '0', true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(0.02 + 0.06 * random());
    END;
  END LOOP;
  RAISE EXCEPTION 'the tables of auth_api have been in use for two minutes without a pause'
    USING ERRCODE = 'lock_not_available',
          HINT = 'Wait for long transactions to end (SELECT * FROM pg_stat_activity ORDER BY xact_start), then update again.';
END
$lock$;
