// The ways in which a fast role check goes wrong, one test each: every one fails when the engine's guard against it is
// taken out. The race (race/) looks for what nobody thought of; here is what somebody did.
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { until } from "../http/support/poll.mjs";
import { startDatabase, tokenOf } from "./support/database.mjs";

const roleName = `traps_${Math.random().toString(36).slice(2)}`;
const { database } = await startDatabase({
  cleanUp: (its) => its.query(`DROP OWNED BY ${roleName}; DROP ROLE ${roleName}`),
});
// Every way of asking whether ada is an editor of the first project; under an identity also those of policies.
const byUser = `auth.user_has_role(1, 'project', traps.id('project'), 'editor')`;
const byAction = `(auth.check_access(1, 'edit_project', 'project', traps.id('project'))).allowed`;
const byIdentity = `auth.has_project_role(traps.id('project'), 'editor')`;
const byIds = `traps.id('project') = ANY (auth.project_ids('editor'))`;
const byBatch = `(SELECT allowed FROM auth.check_access_batch('{1}', '{edit_project}', '{project}', ARRAY[traps.id('project')]))`;
const everyWay = [byUser, byAction, byBatch, byIdentity, byIds];
const all = `ARRAY[${everyWay}]`;
// Without a sub-select, so that PL/pgSQL takes it for a simple expression and keeps its call sites between statements.
const simple = `ARRAY[${everyWay.filter((way) => way !== byBatch)}]`;

let one; // where the check is
let other; // where somebody changes rights meanwhile
let token; // ada's
before(async () => {
  await database.query(`
    CREATE SCHEMA traps;
    CREATE FUNCTION traps.id(kind text, number integer DEFAULT 0) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
      AS $$ SELECT md5(kind || number)::uuid $$;
    INSERT INTO public.users (id, email) VALUES (1, 'ada@traps.example'), (2, 'ben@traps.example');
    INSERT INTO public.organizations (id, name) VALUES (traps.id('organization'), 'here'), (traps.id('elsewhere'), 'elsewhere');
    INSERT INTO public.accounts (id, organization_id, name)
      VALUES (traps.id('account'), traps.id('organization'), 'here'), (traps.id('elsewhere'), traps.id('elsewhere'), 'elsewhere');
    INSERT INTO public.projects (id, account_id, organization_id, name)
      SELECT traps.id('project', n), traps.id('account'), traps.id('organization'), 'project ' || n FROM generate_series(0, 19) AS n;
    CREATE TABLE traps.documents (id serial PRIMARY KEY, project_id uuid NOT NULL, text text NOT NULL DEFAULT 'secret');
    INSERT INTO traps.documents (project_id) SELECT traps.id('project', n % 20) FROM generate_series(0, 199) AS n;
    CREATE INDEX ON traps.documents (project_id);
    ALTER TABLE traps.documents ENABLE ROW LEVEL SECURITY;
    CREATE POLICY viewers ON traps.documents USING (auth.has_project_role(project_id, 'viewer'));
    ANALYZE traps.documents;
    CREATE FUNCTION traps.answers() RETURNS boolean[] VOLATILE LANGUAGE plpgsql
      AS $$ BEGIN RETURN ${simple}; END $$;  -- one call site a transaction, whoever calls
    CREATE ROLE ${roleName};
    GRANT auth_caller TO ${roleName};
    GRANT USAGE ON SCHEMA traps TO ${roleName};
    GRANT SELECT ON traps.documents TO ${roleName};`);
  token = await tokenOf(database, 1);
});
beforeEach(async () => {
  [one, other] = [await database.connectSuperuser(), await database.connectSuperuser()];
  await database.query(`
    DELETE FROM public.user_role_assignments;
    DELETE FROM auth.permission_overrides;
    UPDATE public.users SET status = 'active', is_superuser = false;
    UPDATE public.accounts SET organization_id = traps.id('organization') WHERE id = traps.id('account');`);
});

afterEach(() => Promise.all([one.end(), other.end()]));

const value = async (session, text, values) => Object.values((await session.query(text, values)).rows[0])[0];
const grant = (session, on = "project", number = 0, user = 1, as = "editor") =>
  session.query(
    `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role) VALUES ($1, traps.id($2, $3), $2, $4)`,
    [user, on, number, as],
  );
const revoke = (session, user = 1) =>
  session.query("DELETE FROM public.user_role_assignments WHERE user_id = $1", [user]);

const answers = (answer) => everyWay.map(() => answer);
const simpleAnswers = (answer) => answers(answer).slice(1);
const assertAll = async (session, answer, message) =>
  assert.deepEqual(await value(session, `SELECT ${all}`), answers(answer), message);
const assertDocuments = async (session, count, message) =>
  assert.equal(Number(await value(session, "SELECT count(*) FROM traps.documents")), count, message);
const authenticate = (session, who = token) => session.query("SELECT auth.authenticate($1)", [who]);
async function begin(session, level = "READ COMMITTED") {
  await session.query(`BEGIN ISOLATION LEVEL ${level}`);
  await authenticate(session);
}

for (const level of ["REPEATABLE READ", "SERIALIZABLE"]) {
  test(`what a ${level} transaction learned from its old snapshot ends with it`, async () => {
    await grant(other);
    await begin(one, level);
    await assertAll(one, true);
    await revoke(other);
    await assertAll(one, true, "its snapshot is older than the revocation");
    await one.query("COMMIT");
    await begin(one);
    await assertAll(one, false, "the next transaction's is not");
    await one.query("COMMIT");
  });
}

test("what a snapshot does not show yet is not denied for longer than the snapshot", async () => {
  await begin(one, "REPEATABLE READ");
  await assertAll(one, false);
  await grant(other);
  await assertAll(one, false);
  await one.query("COMMIT");
  await begin(one);
  await assertAll(one, true);
});

test("a change counts from its commit, not before, and from the very next statement on", async () => {
  await begin(one);
  for (let round = 0; round < 20; round++) {
    await other.query("BEGIN");
    await grant(other);
    await assertAll(one, false, "not committed");
    await other.query("COMMIT");
    await assertAll(one, true, "committed");
    await other.query("BEGIN");
    await revoke(other);
    await assertAll(one, true, "the revocation is not committed");
    await other.query("COMMIT");
    await assertAll(one, false, "the revocation is committed");
  }
});

test("an exported snapshot decides, wherever it is imported", async () => {
  await grant(other);
  await begin(one, "REPEATABLE READ");
  const name = await value(one, "SELECT pg_export_snapshot()");
  await revoke(other);
  await other.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await other.query(`SET TRANSACTION SNAPSHOT '${name}'`);
  assert.equal(await value(other, `SELECT ${byUser}`), true);
  await other.query("COMMIT");
  assert.equal(await value(other, `SELECT ${byUser}`), false);
});

test("a call site of PL/pgSQL, which outlives its statement, answers each time anew", async () => {
  await one.query(`CREATE FUNCTION traps.seen_in_loop() RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      answers boolean[];
      seen text := '';
    BEGIN
      FOR round IN 1..4 LOOP
        answers := ${simple};
        seen := seen || CASE WHEN true = ALL (answers) THEN 'y' WHEN false = ALL (answers) THEN 'n' ELSE '?' END;
        IF round % 2 = 1 THEN
          INSERT INTO public.user_role_assignments VALUES (1, traps.id('project'), 'project', 'editor');
        ELSE
          DELETE FROM public.user_role_assignments;
        END IF;
      END LOOP;
      RETURN seen;
    END $$`);
  await begin(one);
  assert.equal(await value(one, "SELECT traps.seen_in_loop()"), "nyny");
  assert.equal(await value(one, "SELECT traps.seen_in_loop()"), "nyny", "and in the second call");
  await one.query("COMMIT");
  await begin(one);
  assert.equal(await value(one, "SELECT traps.seen_in_loop()"), "nyny", "and in the next transaction");
});

test("a PL/pgSQL loop sees what others commit while it runs", async () => {
  await one.query(`CREATE FUNCTION traps.seen_between_commits(token text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      answers boolean[];
      seen text := '';
    BEGIN
      PERFORM auth.authenticate(token);
      FOR round IN 1..3 LOOP
        answers := ${simple};
        seen := seen || CASE WHEN true = ALL (answers) THEN 'y' WHEN false = ALL (answers) THEN 'n' ELSE '?' END;
        PERFORM pg_advisory_unlock(1, round), pg_advisory_lock(2, round);
      END LOOP;
      RETURN seen;
    END $$`);
  const rounds = "FROM generate_series(1, 3) AS round";
  await one.query(`SELECT pg_advisory_lock(1, round) ${rounds}`);
  await other.query(`SELECT pg_advisory_lock(2, round) ${rounds}`);
  const seen = value(one, "SELECT traps.seen_between_commits($1)", [token]);
  for (const [round, change] of [grant, revoke, () => {}].entries()) {
    await other.query("SELECT pg_advisory_lock(1, $1)", [round + 1]);
    await change(other);
    await other.query("SELECT pg_advisory_unlock(2, $1)", [round + 1]);
  }
  assert.equal(await seen, "nyn");
});

test("a call site of PL/pgSQL knows the time of each statement that reaches it, though nothing else has changed", async () => {
  await begin(one, "REPEATABLE READ");
  await grant(one);
  await one.query("UPDATE public.user_role_assignments SET expires_at = clock_timestamp() + interval '1 s'");
  const ask = `SELECT statement_timestamp() < (SELECT expires_at FROM public.user_role_assignments) AS early, traps.answers() AS answers`;
  await until("the role to run out", async () => {
    const { early, answers: given } = (await one.query(ask)).rows[0];
    assert.deepEqual(given, simpleAnswers(early));
    return !early;
  });
});

test("a STABLE PL/pgSQL function answers by the snapshot of the query that calls it", async () => {
  await one.query(`CREATE FUNCTION traps.stable_answer() RETURNS boolean[] STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN ${simple}; END $$;
    CREATE FUNCTION traps.volatile_answer() RETURNS boolean[] VOLATILE LANGUAGE plpgsql AS $$ BEGIN RETURN ${simple}; END $$`);
  await begin(one);
  const { rows } = await one.query(`WITH granted AS (
      INSERT INTO public.user_role_assignments VALUES (1, traps.id('project'), 'project', 'editor') RETURNING 1)
    SELECT traps.stable_answer() AS stable, traps.volatile_answer() AS volatile FROM granted`);
  assert.deepEqual(rows[0], { stable: simpleAnswers(false), volatile: simpleAnswers(true) });
});

for (const kind of ["", "SCROLL ", "INSENSITIVE "]) {
  test(`a ${kind}cursor keeps the snapshot of its opening while rights change under it`, async () => {
    await grant(other);
    await begin(one);
    await one.query(`DECLARE answers ${kind}CURSOR FOR SELECT ${all} AS answers FROM generate_series(1, 6)`);
    assert.deepEqual((await one.query("FETCH 2 FROM answers")).rows[1].answers, answers(true));
    await revoke(other);
    await assertAll(one, false, "a statement in between has its own snapshot");
    assert.deepEqual((await one.query("FETCH 2 FROM answers")).rows[1].answers, answers(true));
    await grant(one);
    await assertAll(one, true);
    await revoke(one);
    assert.deepEqual((await one.query("FETCH 2 FROM answers")).rows[1].answers, answers(true));
    await assertAll(one, false);
  });
}

test("two cursors of different age answer each by its own snapshot, in turns", async () => {
  await begin(one);
  await one.query(`DECLARE denied CURSOR FOR SELECT ${all} AS answers FROM generate_series(1, 9)`);
  await grant(one);
  await one.query(`DECLARE allowed CURSOR FOR SELECT ${all} AS answers FROM generate_series(1, 9)`);
  await revoke(one);
  for (let round = 0; round < 3; round++) {
    assert.deepEqual((await one.query("FETCH denied")).rows[0].answers, answers(false));
    assert.deepEqual((await one.query("FETCH allowed")).rows[0].answers, answers(true));
    await assertAll(one, false);
  }
});

test("a WITH HOLD cursor of a policy gives what its transaction was allowed", async () => {
  await grant(other);
  await begin(one);
  await one.query(`SET LOCAL ROLE ${roleName}`);
  await one.query("DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM traps.documents");
  await one.query("COMMIT");
  assert.equal((await one.query("FETCH ALL FROM kept")).rows.length, 10);
});

test("rolling back to a savepoint takes a grant back", async () => {
  await begin(one);
  await assertAll(one, false);
  await one.query("SAVEPOINT s");
  await grant(one);
  await assertAll(one, true);
  await one.query("ROLLBACK TO s");
  await assertAll(one, false);
  await grant(one);
  await assertAll(one, true, "and it can be granted again");
});

test("rolling back to a savepoint gives a revoked role back", async () => {
  await grant(other);
  await begin(one);
  await one.query("SAVEPOINT s");
  await revoke(one);
  await assertAll(one, false);
  await one.query("ROLLBACK TO s");
  await assertAll(one, true);
});

test("a caught exception in PL/pgSQL takes a grant back", async () => {
  await one.query(`CREATE FUNCTION traps.seen_around_exception() RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      seen text := '';
    BEGIN
      FOR round IN 1..3 LOOP
        BEGIN
          INSERT INTO public.user_role_assignments VALUES (1, traps.id('project'), 'project', 'editor');
          seen := seen || CASE WHEN true = ALL (traps.answers()) THEN 'y' ELSE 'n' END;
          RAISE EXCEPTION 'undo';
        EXCEPTION WHEN raise_exception THEN
          seen := seen || CASE WHEN false = ALL (traps.answers()) THEN 'n' ELSE 'y' END;
        END;
      END LOOP;
      RETURN seen;
    END $$`);
  await begin(one);
  assert.equal(await value(one, "SELECT traps.seen_around_exception()"), "ynynyn");
});

// The transaction that ends meanwhile is younger than the subtransaction, so that the end of the subtransaction leaves
// no trace in the snapshot.
test("a caught exception takes a grant back, also when the snapshot after it looks like the one before it", async () => {
  await one.query(`CREATE FUNCTION traps.seen_around_older_exception(token text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      seen text;
    BEGIN
      PERFORM auth.authenticate(token);
      BEGIN
        INSERT INTO public.user_role_assignments VALUES (1, traps.id('project'), 'project', 'editor');
        PERFORM pg_advisory_unlock(3, 1), pg_advisory_lock(4, 1);
        seen := CASE WHEN true = ALL (traps.answers()) THEN 'y' ELSE 'n' END;
        RAISE EXCEPTION 'undo';
      EXCEPTION WHEN raise_exception THEN
        seen := seen || CASE WHEN false = ALL (traps.answers()) THEN 'n' ELSE 'y' END;
      END;
      RETURN seen;
    END $$`);
  await one.query("SELECT pg_advisory_lock(3, 1)");
  await other.query("SELECT pg_advisory_lock(4, 1)");
  const seen = value(one, "SELECT traps.seen_around_older_exception($1)", [token]);
  await other.query("SELECT pg_advisory_lock(3, 1)");
  await other.query("UPDATE public.organizations SET description = 'younger'");
  await other.query("SELECT pg_advisory_unlock(4, 1)");
  assert.equal(await seen, "yn");
});

test("a transaction sees its own changes, and nobody else does before it commits", async () => {
  await begin(one);
  await grant(one);
  await assertAll(one, true);
  assert.equal(await value(other, `SELECT ${byUser}`), false);
  await one.query("ROLLBACK");
  assert.equal(await value(one, `SELECT ${byUser}`), false);
});

test("a statement that grants does not see its grant: its snapshot is older", async () => {
  await begin(one);
  const { rows } = await one.query(
    `WITH granted AS (INSERT INTO public.user_role_assignments VALUES (1, traps.id('project'), 'project', 'editor') RETURNING 1)
     SELECT ${all} AS answers FROM granted`,
  );
  assert.deepEqual(rows[0].answers, answers(false));
  await assertAll(one, true, "the next one does");
});

test("a VOLATILE function that revokes inside a query does not change the query's answers", async () => {
  await grant(other);
  await one.query(`CREATE FUNCTION traps.revoke_all() RETURNS boolean[] VOLATILE LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM public.user_role_assignments; RETURN ${simple}; END $$`);
  await begin(one);
  const { rows } = await one.query(
    `SELECT ${all} AS answers, CASE WHEN n = 3 THEN traps.revoke_all() END AS inside FROM generate_series(1, 6) AS n`,
  );
  rows.forEach((row) => assert.deepEqual(row.answers, answers(true)));
  assert.deepEqual(rows[2].inside, simpleAnswers(false), "while the function itself sees what it did");
});

test("a role that runs out between two statements has run out, within one transaction and snapshot", async () => {
  await begin(one, "REPEATABLE READ");
  await grant(one);
  await one.query("UPDATE public.user_role_assignments SET expires_at = clock_timestamp() + interval '1 s'");
  const ask = `SELECT statement_timestamp() < (SELECT expires_at FROM public.user_role_assignments) AS early, ${all} AS answers`;
  await until("the role to run out", async () => {
    const { early, answers: given } = (await one.query(ask)).rows[0];
    assert.deepEqual(given, answers(early));
    return !early;
  });
});

test("a role counts until its last moment, and in that moment no more", async () => {
  await one.query(`CREATE FUNCTION traps.at_the_moment(offset_by interval) RETURNS boolean[] LANGUAGE plpgsql AS $$ BEGIN
    UPDATE public.user_role_assignments SET expires_at = statement_timestamp() + offset_by;
    RETURN ${simple}; END $$`);
  await begin(one);
  await grant(one);
  assert.deepEqual(await value(one, "SELECT traps.at_the_moment('0')"), simpleAnswers(false));
  assert.deepEqual(await value(one, "SELECT traps.at_the_moment('1 microsecond')"), simpleAnswers(true));
  assert.deepEqual(await value(one, "SELECT traps.at_the_moment('-1 microsecond')"), simpleAnswers(false));
});

test("one statement has one time, however long it takes", async () => {
  await begin(one);
  await grant(one);
  await one.query(
    "UPDATE public.user_role_assignments SET expires_at = clock_timestamp() + interval '300 ms'",
  );
  const { rows } =
    await one.query(`SELECT statement_timestamp() < (SELECT expires_at FROM public.user_role_assignments) AS early,
    ${all} AS answers, pg_sleep(0.2) FROM generate_series(1, 3)`);
  rows.forEach((row) => assert.deepEqual(row.answers, answers(row.early)));
});

test("another identity in the same transaction gets its own answers", async () => {
  await grant(other, "project", 0, 2);
  const ben = await tokenOf(database, 2);
  await begin(one);
  const own = `SELECT ARRAY[${byIdentity}, ${byIds}]`;
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(await value(one, own), [false, false]);
    await authenticate(one, ben);
    assert.deepEqual(await value(one, own), [true, true]);
    await authenticate(one);
  }
  await one.query("SAVEPOINT s");
  await authenticate(one, ben);
  assert.deepEqual(await value(one, own), [true, true]);
  await one.query("ROLLBACK TO s");
  assert.deepEqual(await value(one, own), [false, false]);
});

test("another identity gets its own answers within one statement, too: nothing but the identity has changed", async () => {
  await grant(other, "project", 0, 2);
  const ben = await tokenOf(database, 2);
  await one.query(`CREATE FUNCTION traps.seen_by_both(ada text, ben text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      answers boolean[];
      seen text := '';
    BEGIN
      FOR round IN 1..6 LOOP
        PERFORM auth.authenticate(CASE WHEN round % 2 = 1 THEN ada ELSE ben END);
        answers := ARRAY[${byIdentity}, ${byIds}];
        seen := seen || CASE WHEN true = ALL (answers) THEN 'y' WHEN false = ALL (answers) THEN 'n' ELSE '?' END;
      END LOOP;
      RETURN seen;
    END $$`);
  assert.equal(await value(one, "SELECT traps.seen_by_both($1, $2)", [token, ben]), "nynyny");
  const { rows } = await one.query(
    `SELECT auth.authenticate(CASE WHEN n % 2 = 1 THEN $1 ELSE $2 END), ${byIdentity} AS has, ${byIds} AS listed FROM generate_series(1, 4) AS n`,
    [token, ben],
  );
  assert.deepEqual(
    rows.map((row) => [row.has, row.listed]),
    [1, 2, 3, 4].map((n) => [n % 2 === 0, n % 2 === 0]),
  );
});

for (const [what, takeAway] of [
  ["revokes the other's role", "DELETE FROM public.user_role_assignments WHERE user_id = $1"],
  ["suspends the other", "UPDATE public.users SET status = 'suspended' WHERE id = $1"],
]) {
  test(`under SERIALIZABLE a check is a read: of two who check their own right, each of whom ${what}, one must fail`, async () => {
    for (const own of [byUser, byAction]) {
      await grant(other);
      await grant(other, "project", 0, 2);
      const refused = [];
      for (const session of [one, other]) await session.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
      assert.equal(await value(one, `SELECT ${own}`), true);
      assert.equal(await value(other, `SELECT ${own.replace("(1,", "(2,")}`), true);
      for (const [session, user] of [
        [one, 2],
        [other, 1],
      ]) {
        await session
          .query(takeAway, [user])
          .then(() => session.query("COMMIT"))
          .catch((error) => refused.push(error.code));
      }
      assert.deepEqual(refused, ["40001"]);
      for (const session of [one, other]) await session.query("ROLLBACK");
      await other.query("DELETE FROM public.user_role_assignments");
      await other.query("UPDATE public.users SET status = 'active'");
    }
  });
}

test("under SERIALIZABLE a no is a read, too: of two who grant themselves what the other has not, one must fail", async () => {
  const check = (session, user) =>
    value(session, `SELECT auth.user_has_role(${user}, 'project', traps.id('project'), 'editor')`);
  // Both know already where the rights would be.
  assert.deepEqual([await check(one, 2), await check(other, 1)], [false, false]);
  const refused = [];
  for (const session of [one, other]) {
    await session.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
    await session.query("SET LOCAL session_replication_role = replica"); // triggers read as well, and would conflict
  }
  assert.deepEqual([await check(one, 2), await check(other, 1)], [false, false]);
  for (const [session, user] of [[one, 1], [other, 2]]) {
    await grant(session, "project", 0, user)
      .then(() => session.query("COMMIT"))
      .catch((error) => refused.push(error.code));
  }
  assert.deepEqual(refused, ["40001"]);
  for (const session of [one, other]) await session.query("ROLLBACK");
});

test("nobody's answers are no, and nothing of an identity is left for the next transaction", async () => {
  await grant(other);
  await begin(one);
  await assertAll(one, true);
  await one.query("COMMIT");
  assert.deepEqual(await value(one, `SELECT ARRAY[${byIdentity}, ${byIds}]`), [false, false]);
  await one.query(`SET ROLE ${roleName}`);
  await assertDocuments(one, 0);
});

test("a revoked session and a suspended user are nobody at the next statement", async () => {
  await grant(other);
  const mine = await tokenOf(database, 1);
  await one.query("BEGIN");
  await authenticate(one, mine);
  await one.query(`SET LOCAL ROLE ${roleName}`);
  await assertDocuments(one, 10);
  await other.query("UPDATE public.users SET status = 'suspended' WHERE id = 1");
  await assertDocuments(one, 0);
  await other.query("UPDATE public.users SET status = 'active' WHERE id = 1");
  await assertDocuments(one, 10);
  await other.query(`UPDATE public.sessions SET is_active = false, ended_at = now(), end_reason = 'revoked'
    WHERE id = (SELECT session_id FROM auth.decode_access_token('${mine}'))`);
  await assertDocuments(one, 0);
});

for (const mode of ["force_generic_plan", "force_custom_plan", "auto"]) {
  test(`a prepared statement (${mode}) is right across users and grants`, async () => {
    const ben = await tokenOf(database, 2);
    await grant(other, "project", 1, 2);
    await one.query(`SET plan_cache_mode = ${mode}; SET ROLE ${roleName}`);
    await one.query("PREPARE documents AS SELECT count(*)::int AS count FROM traps.documents");
    const count = async (who) => {
      await one.query("BEGIN");
      if (who) await authenticate(one, who);
      const counted = await value(one, "EXECUTE documents");
      await one.query("COMMIT");
      return counted;
    };
    for (let round = 0; round < 7; round++) {
      assert.equal(await count(token), 0);
      await grant(other);
      assert.equal(await count(token), 10);
      assert.equal(await count(ben), 10);
      assert.equal(await count(null), 0);
      await revoke(other);
    }
    await grant(other, "organization", 0, 1, "viewer");
    assert.equal(await count(token), 200);
    assert.equal(await count(ben), 10);
  });
}

const planSettings = [
  "enable_seqscan",
  "enable_indexscan",
  "enable_indexonlyscan",
  "enable_bitmapscan",
  "enable_hashjoin",
  "enable_mergejoin",
  "enable_nestloop",
  "enable_memoize",
  "enable_material",
  "enable_sort",
  "enable_hashagg",
];
for (const setting of planSettings) {
  test(`no plan shows more: ${setting} = off`, async () => {
    await grant(other);
    await grant(other, "project", 3);
    await begin(one);
    await one.query(`SET LOCAL ROLE ${roleName}; SET LOCAL ${setting} = off`);
    await assertDocuments(one, 20);
    const joined = `SELECT count(*)::int FROM traps.documents AS a JOIN traps.documents AS b USING (project_id)`;
    assert.equal(await value(one, joined), 200);
    assert.equal(
      await value(
        one,
        "SELECT count(*)::int FROM (SELECT * FROM traps.documents ORDER BY id DESC LIMIT 5) AS d",
      ),
      5,
    );
  });
}

test("an index that has the project behind another column gives its rows in its order", async () => {
  await database.query(`
    CREATE TABLE traps.ordered AS SELECT id, project_id FROM traps.documents;
    CREATE INDEX ON traps.ordered (id, project_id);
    ALTER TABLE traps.ordered ENABLE ROW LEVEL SECURITY;
    CREATE POLICY viewers ON traps.ordered USING (auth.has_project_role(project_id, 'viewer'));
    GRANT SELECT ON traps.ordered TO ${roleName};
    ANALYZE traps.ordered;`);
  await grant(other);
  await grant(other, "project", 3);
  await begin(one);
  await one.query(`SET LOCAL ROLE ${roleName}; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off`);
  const { rows } = await one.query("SELECT id FROM traps.ordered ORDER BY id");
  const ids = rows.map((row) => row.id);
  assert.equal(ids.length, 20);
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  );
});

test("the inner side of a nested loop, scanned again and again, stays filtered", async () => {
  await grant(other);
  await begin(one);
  await one.query(`SET LOCAL ROLE ${roleName}; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
    SET LOCAL enable_material = off; SET LOCAL enable_memoize = off; SET LOCAL enable_seqscan = off`);
  const { rows } = await one.query(
    `SELECT n, count(d.id)::int AS count FROM generate_series(0, 19) AS n
       LEFT JOIN LATERAL (SELECT * FROM traps.documents WHERE project_id = traps.id('project', n) OFFSET 0) AS d ON true GROUP BY n ORDER BY n`,
  );
  assert.deepEqual(
    rows.map((row) => row.count),
    [10, ...Array(19).fill(0)],
  );
});

test("parallel workers answer by the leader's snapshot, including what it changed itself", async () => {
  await one.query(
    "CREATE TABLE traps.many AS SELECT n FROM generate_series(1, 20000) AS n; ANALYZE traps.many",
  );
  await grant(other);
  await one.query(`SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
    SET max_parallel_workers_per_gather = 2`);
  const query = `SELECT count(*)::int FROM traps.many WHERE auth.user_has_role(1, 'project', traps.id('project', n % 2), 'editor')`;
  const plan = (await one.query(`EXPLAIN ${query}`)).rows.map((row) => row["QUERY PLAN"]).join("\n");
  assert.match(plan, /Gather/, "user_has_role can run in workers");
  assert.equal(await value(one, query), 10000);
  await one.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  assert.equal(await value(one, query), 10000);
  await revoke(other);
  assert.equal(await value(one, query), 10000, "the leader's snapshot is older than the revocation");
  await one.query("COMMIT");
  assert.equal(await value(one, query), 0);
});

test("workers, who know of no identity, are never asked about one", async () => {
  await grant(other);
  await begin(one);
  await one.query(`SET LOCAL ROLE ${roleName}; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;
    SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL force_parallel_mode = on`);
  await assertDocuments(one, 10);
  const unsafe = await value(
    other,
    `SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'auth'::regnamespace AND proparallel = 's'
    AND proname IN ('has_organization_role', 'has_account_role', 'has_project_role', 'organization_ids', 'account_ids', 'project_ids')`,
  );
  assert.equal(unsafe, 0);
});

// Rows that lie somewhere else than they did when the check last read them.
const moves = {
  "VACUUM FULL": [
    "VACUUM FULL public.user_role_assignments",
    "VACUUM FULL public.users",
    "VACUUM FULL public.projects",
    "VACUUM FULL public.accounts",
  ],
  CLUSTER: [
    "CLUSTER public.user_role_assignments USING user_role_assignments_pkey",
    "CLUSTER public.users USING users_pkey",
    "CLUSTER public.projects USING projects_pkey",
  ],
  "updates within the page": Array(5).fill(
    "UPDATE public.users SET full_name = 'x'; UPDATE public.projects SET description = 'x'",
  ),
  "updates and VACUUM": [
    ...Array(3).fill(
      "UPDATE public.users SET full_name = 'x'; UPDATE public.projects SET description = repeat('x', 2000)",
    ),
    "VACUUM public.users",
    "VACUUM public.projects",
    "VACUUM public.user_role_assignments",
    "UPDATE public.users SET full_name = 'y'; UPDATE public.projects SET description = 'y'",
  ],
  REINDEX: [
    "REINDEX TABLE public.users",
    "REINDEX TABLE public.projects",
    "REINDEX TABLE public.user_role_assignments",
  ],
  "another tablespace's file": [
    "ALTER TABLE public.users ALTER COLUMN full_name TYPE varchar(300)",
    "ALTER TABLE public.users ALTER COLUMN full_name TYPE text",
  ],
  "a column more and one less": [
    "ALTER TABLE public.users ADD COLUMN extra text DEFAULT 'x'",
    "ALTER TABLE public.users DROP COLUMN extra",
  ],
};
for (const [name, statements] of Object.entries(moves)) {
  test(`rows are found where they are after ${name}`, async () => {
    await grant(other);
    await begin(one);
    await assertAll(one, true);
    await one.query("COMMIT");
    for (const statement of statements) await other.query(statement);
    await begin(one);
    await assertAll(one, true);
    await one.query("COMMIT");
    await other.query("UPDATE public.users SET status = 'suspended' WHERE id = 1");
    assert.equal(await value(one, `SELECT ${byUser}`), false, "and their contents are of now");
  });
}

test("a row's place, taken by another user's row, does not speak for the first", async () => {
  await other.query(
    "INSERT INTO public.users (id, email, is_superuser) VALUES (50, 'chief@traps.example', true)",
  );
  const asked = (id) =>
    value(one, `SELECT auth.user_has_role(${id}, 'project', traps.id('project'), 'admin')`);
  assert.equal(await asked(50), true);
  await other.query("DELETE FROM public.users WHERE id = 50");
  await other.query("VACUUM public.users");
  assert.equal(await asked(50), false);
  for (let id = 51; id < 60; id++) {
    await other.query("INSERT INTO public.users (id, email, is_superuser) VALUES ($1, $2, $3)", [
      id,
      `u${id}@traps.example`,
      id % 2 === 1,
    ]);
  }
  assert.equal(await asked(50), false);
  for (let id = 51; id < 60; id++) assert.equal(await asked(id), id % 2 === 1, `user ${id}`);
  await other.query("DELETE FROM public.users WHERE id >= 50");
});

// The checks remember the page of the index where a user's rights begin, the one where they go on, and of each right,
// unless they are many, two bytes. So some begin where a page begins, and many go on in the next; and everybody is asked
// about twice.
const crowd = "generate_series(1001, 1030)";
const crowdsAnswers = (session) =>
  value(session, `SELECT array_agg(DISTINCT auth.user_has_role(id, 'project', traps.id('project'), 'editor'))
    FROM generate_series(1, 2), ${crowd} AS id`);
const grantEach = (resource, users = crowd, rights = 1) => `
  INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
  SELECT id, ${resource}, 'project', 'editor' FROM ${users} AS id, generate_series(1, ${rights}) AS n`;
const grantCrowd = grantEach("traps.id('project')");
const revokeCrowd = "DELETE FROM public.user_role_assignments WHERE resource_id = traps.id('project') AND user_id > 1000";

for (const rights of [0, 30, 60, 100, 160]) test(`${rights} rights are found where they begin, while their neighbours' come and go`, async () => {
  await other.query(`INSERT INTO public.users (id, email) SELECT id, 'u' || id || '@traps.example' FROM ${crowd} AS id`);
  try {
    await other.query(grantEach("md5(id || 'x' || n)::uuid", crowd, rights));
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await crowdsAnswers(one), [false], `round ${round}, before`);
      await other.query(grantCrowd);
      assert.deepEqual(await crowdsAnswers(one), [true], `round ${round}, granted`);
      await other.query(grantEach("md5(id || 'split' || n)::uuid", crowd, 40));
      assert.deepEqual(await crowdsAnswers(one), [true], `round ${round}, pages split`);
      await other.query(revokeCrowd);
      assert.deepEqual(await crowdsAnswers(one), [false], `round ${round}, revoked`);
      // Pages that are empty are given back by one VACUUM, and to others by the next.
      await other.query("DELETE FROM public.user_role_assignments WHERE user_id BETWEEN 1003 AND 1027");
      for (let pass = 0; pass < 2; pass++) await other.query("VACUUM public.user_role_assignments");
      await other.query(grantEach("md5(id || 'again' || n)::uuid", "generate_series(1003, 1027)", 60));
      assert.deepEqual(await crowdsAnswers(one), [false], `round ${round}, pages recycled`);
      await other.query(grantCrowd);
      assert.deepEqual(await crowdsAnswers(one), [true], `round ${round}, granted on them`);
      await other.query(revokeCrowd);
      await other.query("DELETE FROM public.user_role_assignments WHERE user_id > 1000");
      await other.query(grantEach("md5(id || 'x' || n)::uuid", crowd, rights));
    }
  } finally {
    await other.query("DELETE FROM public.users WHERE id > 1000");
  }
});

// Rights on the project whose id is the greatest are the last of each user's, and what begins with f is near them.
test("of rights on two pages, those on the second come and go while the first stays as it is", async () => {
  const last = "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid";
  const near = (n) => `('fffffff' || substr(md5(id || 'near' || ${n}), 8))::uuid`;
  await other.query(`INSERT INTO public.projects (id, account_id, organization_id, name)
      VALUES (${last}, traps.id('account'), traps.id('organization'), 'last');
    INSERT INTO public.users (id, email) SELECT id, 'u' || id || '@traps.example' FROM ${crowd} AS id;
    TRUNCATE public.user_role_assignments;  -- what is left of other rights would take up pages
    ${grantEach("md5(id || 'x' || n)::uuid", crowd, 60)} ORDER BY n  -- else pages split between users
  `);
  const assertAnswer = async (id, answer, message) => {
    const given = await value(one, `SELECT array_agg(DISTINCT auth.user_has_role(${id}, 'project', ${last}, 'editor')) FROM generate_series(1, 2)`);
    assert.deepEqual(given, [answer], `user ${id}, ${message}`);
  };
  const users = Array.from({ length: 30 }, (_, number) => 1001 + number);
  try {
    for (const id of users) {
      await assertAnswer(id, false, "before");
      const user = `generate_series(${id}, ${id})`;
      for (let more = 0; more < 3; more++) {
        await other.query(grantEach(near(`${more} * 100 + n`), user, 9));
        await assertAnswer(id, false, "others granted beside it");
      }
      await other.query(grantEach(last, user));
      await assertAnswer(id, true, "granted");
      await other.query(grantEach(near("1000 + n"), user, 30));
      await assertAnswer(id, true, "more than can be remembered");
    }
    // Now the second pages lose entries before the one that stays.
    await other.query("DELETE FROM public.user_role_assignments WHERE resource_id BETWEEN 'fffffff0-0000-0000-0000-000000000000' AND 'ffffffff-ffff-ffff-ffff-fffffffffffe'");
    await other.query("VACUUM public.user_role_assignments");
    for (const id of users) await assertAnswer(id, true, "after VACUUM");
    for (const id of users) {
      await other.query(`DELETE FROM public.user_role_assignments WHERE user_id = ${id} AND resource_id = ${last}`);
      await assertAnswer(id, false, "revoked");
    }
    await other.query("VACUUM public.user_role_assignments");
    for (const id of users) await assertAnswer(id, false, "after another VACUUM");
  } finally {
    await other.query(`DELETE FROM public.users WHERE id > 1000; DELETE FROM public.projects WHERE id = ${last}`);
  }
});

test("every one of sixty rights counts, the first time and the second", async () => {
  await other.query(`INSERT INTO public.users (id, email) VALUES (1001, 'sixty@traps.example')`);
  try {
    for (let round = 0; round < 20; round++) {  // in other places of other pages
      await other.query(`DELETE FROM public.user_role_assignments;
        ${grantEach("md5(id || 'x' || n)::uuid", "generate_series(1, 2)", 20 * round)};
        INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
        SELECT 1001, md5('x' || n)::uuid, 'project', 'editor' FROM generate_series(1, 40) AS n
        UNION ALL SELECT 1001, traps.id('project', n), 'project', 'editor' FROM generate_series(0, 19) AS n`);
      const answer = await value(one, `SELECT array_agg(DISTINCT auth.user_has_role(1001, 'project', traps.id('project', n), 'editor'))
        FROM generate_series(1, 2), generate_series(0, 19) AS n`);
      assert.deepEqual(answer, [true], `round ${round}`);
    }
  } finally {
    await other.query("DELETE FROM public.users WHERE id > 1000");
  }
});

// The checks ask for their locks once a transaction.
test("the tables that a check has read stay as they are until its transaction ends, and no longer", async () => {
  const tables = ["users", "projects", "user_role_assignments"];
  const areFree = async (free, message) => {
    for (const table of tables) {
      await other.query("BEGIN");
      const outcome = await other.query(`LOCK TABLE public.${table} IN ACCESS EXCLUSIVE MODE NOWAIT`).then(() => true, (error) => error.code);
      await other.query("ROLLBACK");
      assert.equal(outcome, free || "55P03", `${table}, ${message}`);
    }
  };
  for (let round = 0; round < 2; round++) {
    await one.query("BEGIN");
    for (const end of ["ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a"]) {
      await one.query("SAVEPOINT a");
      await value(one, `SELECT ${byUser}`);
      await areFree(false, "in a savepoint");
      await one.query(end);
      if (end.startsWith("ROLLBACK")) await areFree(true, "rolled back to the savepoint");
      await value(one, `SELECT ${byUser}`);
      await areFree(false, `after ${end}`);
    }
    await one.query("DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN END $$");
    await value(one, `SELECT ${byUser}`);
    await areFree(false, "after a caught exception");
    await one.query(round === 0 ? "COMMIT" : "ROLLBACK");
    await areFree(true, "after the end");
  }
});

test("a role that was changed a hundred times, each time leaving a row behind, is the last one", async () => {
  const old = await database.connectSuperuser(); // nothing that it could still see may be cleaned up
  try {
    await grant(other);
    await old.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert.equal(await value(old, `SELECT ${byUser}`), true);
    for (let change = 0; change < 100; change++) {
      const role = ["viewer", "editor", "admin"][change % 3];
      await other.query("UPDATE public.user_role_assignments SET role = $1 WHERE user_id = 1", [role]);
      assert.equal(await value(one, `SELECT ${byUser}`), role !== "viewer", `change ${change}`);
      assert.equal(await value(old, `SELECT ${byUser}`), true, `change ${change}, for the old snapshot`);
    }
  } finally {
    await old.end();
  }
});

test("a project's place, emptied by TRUNCATE and filled again, shows the new rows only", async () => {
  await grant(other, "account");
  assert.equal(await value(one, `SELECT ${byUser}`), true);
  await other.query("BEGIN");
  await other.query("CREATE TEMPORARY TABLE kept AS TABLE public.projects");
  await other.query("TRUNCATE public.projects");
  assert.equal(await value(other, `SELECT ${byUser}`), false, "gone, for the transaction that truncates");
  await other.query(
    "INSERT INTO public.projects SELECT * FROM kept WHERE id <> traps.id('project') ORDER BY id DESC",
  );
  assert.equal(await value(other, `SELECT ${byUser}`), false);
  await other.query("COMMIT");
  assert.equal(await value(one, `SELECT ${byUser}`), false);
  await other.query("INSERT INTO public.projects SELECT * FROM kept WHERE id = traps.id('project')");
  assert.equal(await value(one, `SELECT ${byUser}`), true);
});

test("a moved project and a moved account inherit from where they are now", async () => {
  await grant(other, "organization");
  await begin(one);
  await assertAll(one, true);
  await other.query(
    "UPDATE public.accounts SET organization_id = traps.id('elsewhere') WHERE id = traps.id('account')",
  );
  await assertAll(one, false);
  await other.query(
    "UPDATE public.accounts SET organization_id = traps.id('organization') WHERE id = traps.id('account')",
  );
  await other.query(`UPDATE public.projects SET account_id = traps.id('elsewhere'), organization_id = traps.id('elsewhere')
    WHERE id = traps.id('project')`);
  await assertAll(one, false);
  await other.query(`UPDATE public.projects SET account_id = traps.id('account'), organization_id = traps.id('organization')
    WHERE id = traps.id('project')`);
  await assertAll(one, true);
});

test("hundreds of rights of one user, all of them rows of several pages, count", async () => {
  await other.query(`INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
    SELECT 1, md5('nothing' || n)::uuid, 'project', 'viewer' FROM generate_series(1, 3000) AS n`);
  await begin(one);
  await assertAll(one, false);
  await grant(other);
  await assertAll(one, true);
});

test("long lists of actions, stored out of line, are read whole", async () => {
  const long = `(SELECT array_agg(md5('x' || n)) FROM generate_series(1, 4000) AS n)`;
  await other.query(`INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, allow_actions)
    VALUES (1, traps.id('project'), 'project', ${long} || 'edit_project'::text)`);
  assert.equal(await value(one, `SELECT ${byAction}`), true);
  await other.query(`UPDATE auth.permission_overrides SET deny_actions = ${long} || 'edit_project'::text`);
  assert.equal(await value(one, `SELECT ${byAction}`), false);
});

test("another schema's tables of the same names decide nothing", async () => {
  await begin(one);
  await one.query(`
    CREATE SCHEMA forged;
    CREATE TABLE forged.users AS SELECT id, email, 'active'::text AS status, true AS is_superuser FROM public.users;
    CREATE TABLE forged.projects AS TABLE public.projects;
    CREATE TABLE forged.user_role_assignments AS SELECT 1::bigint AS user_id, id AS resource_id, 'project'::text AS resource_type,
      'superadmin'::text AS role, NULL::uuid AS role_id, NULL::timestamptz AS expires_at FROM public.projects;
    CREATE TEMPORARY TABLE user_role_assignments AS TABLE forged.user_role_assignments;
    CREATE TEMPORARY TABLE users AS TABLE forged.users;
    CREATE FUNCTION forged.true(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR forged.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = forged.true);
    SET LOCAL search_path = forged, pg_temp, public, pg_catalog`);
  assert.deepEqual(await value(one, `SELECT ARRAY[${[byUser, byAction, byBatch, byIdentity]}]`), [
    false,
    false,
    false,
    false,
  ]);
  await one.query(`GRANT USAGE ON SCHEMA forged TO ${roleName}; SET LOCAL ROLE ${roleName}`);
  await assertDocuments(one, 0);
  await one.query("ROLLBACK");
});

test("a policy holds through partitions, whichever way they are asked for", async () => {
  await database.query(`
    CREATE TABLE traps.parts (id int, project_id uuid NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE traps.parts_1 PARTITION OF traps.parts FOR VALUES FROM (0) TO (100);
    CREATE TABLE traps.parts_2 PARTITION OF traps.parts FOR VALUES FROM (100) TO (200);
    CREATE INDEX ON traps.parts (project_id);
    INSERT INTO traps.parts SELECT n, traps.id('project', n % 20) FROM generate_series(0, 199) AS n;
    ALTER TABLE traps.parts ENABLE ROW LEVEL SECURITY;
    CREATE POLICY viewers ON traps.parts USING (auth.has_project_role(project_id, 'viewer'));
    GRANT SELECT ON traps.parts TO ${roleName};
    ANALYZE traps.parts;`);
  await grant(other);
  for (const setting of [
    "enable_seqscan = off",
    "enable_indexscan = off",
    "enable_partition_pruning = off",
  ]) {
    await begin(one);
    await one.query(`SET LOCAL ROLE ${roleName}; SET LOCAL ${setting}`);
    assert.equal(await value(one, "SELECT count(*)::int FROM traps.parts"), 10);
    assert.equal(await value(one, "SELECT count(*)::int FROM traps.parts WHERE id < 100"), 5);
    await one.query("COMMIT");
  }
});

test("a policy holds through views, security barriers and security invokers", async () => {
  await database.query(`
    CREATE VIEW traps.barrier WITH (security_barrier) AS SELECT * FROM traps.documents
      WHERE auth.has_project_role(project_id, 'viewer');
    CREATE VIEW traps.invoker WITH (security_invoker) AS SELECT * FROM traps.documents;
    GRANT SELECT ON traps.barrier, traps.invoker TO ${roleName};`);
  await grant(other);
  await begin(one);
  await one.query(`SET LOCAL ROLE ${roleName}`);
  for (const view of ["barrier", "invoker"])
    assert.equal(await value(one, `SELECT count(*)::int FROM traps.${view}`), 10, view);
});

test("a user's own function sees no row that the policy hides, and no error tells of one", async () => {
  await database.query(`CREATE SCHEMA snoop; GRANT ALL ON SCHEMA snoop TO ${roleName}`);
  await grant(other);
  await begin(one);
  await one.query(`SET LOCAL ROLE ${roleName}`);
  await one.query(`CREATE TEMPORARY TABLE seen (project_id uuid);
    CREATE FUNCTION snoop.look(project_id uuid) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN
      INSERT INTO seen VALUES (project_id); RETURN true; END $$`);
  for (const setting of [
    "enable_seqscan = off",
    "enable_seqscan = on",
    "enable_indexscan = off",
    "enable_bitmapscan = off",
  ]) {
    await one.query(`SET LOCAL ${setting}`);
    assert.equal(
      await value(one, "SELECT count(*)::int FROM traps.documents WHERE snoop.look(project_id)"),
      10,
    );
  }
  assert.deepEqual(
    (await one.query("SELECT DISTINCT project_id = traps.id('project') AS own FROM seen")).rows,
    [{ own: true }],
  );
  await assert.doesNotReject(
    one.query("SELECT 1 / (project_id = traps.id('project'))::int FROM traps.documents"),
  );
});

test("rows that may not be seen can be neither written nor moved away by a policy's CHECK", async () => {
  await database.query(
    `GRANT INSERT, UPDATE ON traps.documents TO ${roleName}; GRANT USAGE ON SEQUENCE traps.documents_id_seq TO ${roleName}`,
  );
  await grant(other);
  await begin(one);
  await one.query(`SET LOCAL ROLE ${roleName}`);
  await one.query("SAVEPOINT s");
  await one.query("INSERT INTO traps.documents (project_id) VALUES (traps.id('project'))");
  await one.query("ROLLBACK TO s");
  await assert.rejects(
    one.query("INSERT INTO traps.documents (project_id) VALUES (traps.id('project', 1))"),
    { code: "42501" },
  );
  await one.query("ROLLBACK TO s");
  await assert.rejects(one.query("UPDATE traps.documents SET project_id = traps.id('project', 1)"), {
    code: "42501",
  });
  await one.query("ROLLBACK");
});

test("nothing that a policy is given makes it fail", async () => {
  await grant(other);
  await begin(one);
  const odd = [
    "NULL, 'viewer'",
    "traps.id('project'), NULL",
    "traps.id('project'), ''",
    "traps.id('project'), 'Viewer'",
    "traps.id('project'), 'viewer '",
    "traps.id('project'), repeat('x', 10000)",
    "'00000000-0000-0000-0000-000000000000', 'viewer'",
    "NULL, NULL",
  ];
  for (const call of odd) {
    for (const kind of ["organization", "account", "project"]) {
      assert.equal(await value(one, `SELECT auth.has_${kind}_role(${call})`), false, `${kind}: ${call}`);
    }
  }
});

for (const role of ["'emperor'", "NULL", "lower('EMPEROR')", "repeat('x', 10000)"]) {
  test(`nor does a role that does not exist (${role}), in no plan`, async () => {
    await one.query(`CREATE TABLE traps.odd AS TABLE traps.documents; CREATE INDEX ON traps.odd (project_id);
      ALTER TABLE traps.odd ENABLE ROW LEVEL SECURITY; GRANT SELECT ON traps.odd TO ${roleName};
      CREATE POLICY odd ON traps.odd USING (auth.has_project_role(project_id, ${role}))`);
    try {
      await grant(other);
      await begin(one);
      await one.query(`SET LOCAL ROLE ${roleName}`);
      for (const setting of [
        "enable_seqscan = off",
        "enable_seqscan = on",
        "enable_indexscan = off",
        "enable_bitmapscan = off",
      ]) {
        await one.query(`SET LOCAL ${setting}`);
        assert.equal(await value(one, "SELECT count(*)::int FROM traps.odd"), 0);
      }
    } finally {
      await one.query("ROLLBACK; DROP TABLE traps.odd");
    }
  });
}

test("what user_has_role and the sets are given and cannot know is an error that says so; NULL is no", async () => {
  for (const call of [
    "user_has_role(1, 'galaxy', traps.id('project'), 'viewer')",
    "user_has_role(1, 'project', traps.id('project'), 'emperor')",
    "user_has_role(1, '', traps.id('project'), 'viewer')",
    "project_ids('emperor')",
    "account_ids('')",
    "organization_ids('Viewer')",
  ]) {
    await assert.rejects(one.query(`SELECT auth.${call}`), { code: "22023" }, call);
  }
  for (const call of [
    "NULL, 'project', traps.id('project'), 'viewer'",
    "1, NULL, traps.id('project'), 'viewer'",
    "1, 'project', NULL, 'viewer'",
    "1, 'project', traps.id('project'), NULL",
    "NULL, NULL, NULL, NULL",
  ]) {
    assert.equal(await value(one, `SELECT auth.user_has_role(${call})`), false, call);
  }
});

test("batches of none, of ten thousand, of unequal lengths and of NULLs answer or say what is wrong", async () => {
  assert.equal(
    await value(one, "SELECT count(*)::int FROM auth.check_access_batch('{}', '{}', '{}', '{}')"),
    0,
  );
  const many = (item) => `ARRAY(SELECT ${item} FROM generate_series(1, 10000) AS n)`;
  await grant(other);
  const { rows } = await one.query(
    `SELECT count(*)::int AS items, count(*) FILTER (WHERE allowed)::int AS allowed, min(item) AS first, max(item) AS last
       FROM auth.check_access_batch(${many("n % 3")}, ${many("'edit_project'::text")}, ${many("'project'::text")}, ${many("traps.id('project')")})`,
  );
  assert.deepEqual(rows[0], { items: 10000, allowed: 3334, first: 1, last: 10000 });
  await assert.rejects(
    one.query("SELECT auth.check_access_batch('{1,2}', '{a}', '{project}', '{}')"),
    (error) => error.code.startsWith("22"),
  );
  await assert.rejects(one.query("SELECT auth.check_access_batch('{1}', '{NULL}', '{project}', '{NULL}')"), {
    code: "22004",
  });
  const nulls = await one.query(
    "SELECT allowed, deny_reason FROM auth.check_access_batch('{NULL}', '{a}', '{NULL}', '{NULL}')",
  );
  assert.deepEqual(nulls.rows, [{ allowed: false, deny_reason: "user_not_found" }]);
});

test("an extension that was dropped and made again is the one that is asked", async () => {
  const { database: another } = await startDatabase();
  const session = await another.connectSuperuser();
  try {
    const ask = `SELECT auth.user_has_role(1, 'organization', md5('o')::uuid, 'admin')`;
    for (const superuser of [true, false, true]) {
      await another.query("INSERT INTO public.organizations (id, name) VALUES (md5('o')::uuid, 'o')");
      await another.query(
        "INSERT INTO public.users (id, email, is_superuser) VALUES (1, 'a@traps.example', $1)",
        [superuser],
      );
      assert.equal(await value(session, ask), superuser);
      await another.query("DROP EXTENSION auth_api CASCADE");
      await assert.rejects(session.query(ask), "there is none to ask");
      await another.asUser((owner) => owner.query("CREATE EXTENSION auth_api"));
      assert.equal(await value(session, ask), false, "it knows nobody yet");
    }
  } finally {
    await session.end();
  }
});
