-- Promise: what a log-in, a refresh or the list of sessions reads does not grow with what a user has behind them.
-- (Compared with clock_timestamp() itself, no index of time is used: it is volatile.)
\ir support.psql

-- Rows of a table that a statement reads, by index or not, when it is run for the seventh time: by then PL/pgSQL has
-- settled for a plan.
CREATE FUNCTION pg_temp.rows_read(statement text, of_table regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  before bigint;
BEGIN
  FOR run IN 1 .. 6 LOOP
    EXECUTE statement;
  END LOOP;
  SELECT seq_tup_read + idx_tup_fetch INTO before FROM pg_stat_xact_all_tables WHERE relid = of_table;
  EXECUTE statement;
  RETURN (SELECT seq_tup_read + idx_tup_fetch - before FROM pg_stat_xact_all_tables WHERE relid = of_table);
END $$;

SELECT pg_temp.new_user('many@sql.example') AS id \gset
SELECT access_token, refresh_token FROM pg_temp.begin_session('many@sql.example') \gset
SELECT pg_temp.session_of(:'refresh_token') AS session \gset
INSERT INTO sessions (id, user_id, expires_at)
SELECT gen_random_uuid(), :id, now() + n * interval '1 second' FROM generate_series(1, 2000) AS n;
INSERT INTO auth.refresh_tokens (token_hash, session_id, rotated_at, successor_hash, sealed_successor)
SELECT sha256(n::text::bytea), :'session', now() - n * interval '1 second', '\x00', '\x00' FROM generate_series(1, 2000) AS n;
ANALYZE sessions;
ANALYZE auth.refresh_tokens;

SELECT cmp_ok(
  pg_temp.rows_read($$SELECT auth.login('many@sql.example', pg_temp.good_password())$$, 'sessions'), '<', 20::bigint,
  'a log-in reads few of 2,000 live sessions');
SELECT cmp_ok(
  pg_temp.rows_read(format('SELECT auth.purge_refresh_tokens(%L)', :'session'), 'auth.refresh_tokens'), '<', 20::bigint,
  'a refresh reads few of 2,000 tokens of today');
UPDATE sessions SET expires_at = expires_at - interval '3 days' WHERE user_id = :id AND id <> :'session';
ANALYZE sessions;
SELECT cmp_ok(
  pg_temp.rows_read(format('SELECT auth.list_sessions(%L)', :'access_token'), 'sessions'), '<', 20::bigint,
  'the list reads few of 2,000 that have run out');
SELECT cmp_ok(
  pg_temp.rows_read(format('SELECT auth.end_sessions(%s, ''logout_all'', %L)', :id, :'session'), 'sessions'),
  '<', 20::bigint, 'and so does the end of all');

SELECT finish();
ROLLBACK;
