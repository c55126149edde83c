// Those who check, each kind over a connection of its own: in every isolation level, in prepared statements, savepoints,
// cursors, PL/pgSQL, parallel workers and policies, here and on a hot standby.
import { random } from "../support/models.mjs";
import { isExpected, rightsOf } from "./changes.mjs";

const questions = 24 * 39 * 2;
const first = (chance, asked) => 1 + chance.below(questions - asked);

// The comparison as a prepared statement with a generic plan, alternating between the three forms.
const forms = ["compare_roles", "compare_actions", "compare_batch"];
async function compare(race, session, chance, asked = 40, form = chance.one(forms)) {
  const { rows } = await session.query({
    name: `${form} ${asked}`,
    text: `SELECT * FROM race.${form}($1, ${asked})`,
    values: [first(chance, asked)],
  });
  return race.count(rows[0]);
}

async function inOldSnapshot(race, session, chance, level) {
  await session.query(`BEGIN ISOLATION LEVEL ${level}`);
  await compare(race, session, chance, 10);
  const seen = race.changes;
  for (let round = 0; round < 4 || (race.changes < seen + 5 && round < 20); round++)
    await compare(race, session, chance, 20);
  await session.query("COMMIT");
  // What was learned under the old snapshot must not outlive it.
  await compare(race, session, chance, 40);
}

export const kinds = {
  "read committed": (race, session, chance) => compare(race, session, chance),

  "repeatable read": (race, session, chance) => inOldSnapshot(race, session, chance, "REPEATABLE READ"),

  serializable: (race, session, chance) =>
    inOldSnapshot(race, session, chance, chance.one(["SERIALIZABLE", "SERIALIZABLE, READ ONLY"])),

  async savepoints(race, session, chance) {
    const user = 1 + chance.below(24);
    const isolation = chance.one(["READ COMMITTED", "REPEATABLE READ"]);
    await session.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    await session.query("SET LOCAL lock_timeout = '500ms'");
    await compare(race, session, chance, 20);
    await session.query("SAVEPOINT one");
    await session.query(`DELETE FROM public.user_role_assignments WHERE ${rightsOf(user)}`);
    await compare(race, session, chance, 20);
    await session.query("SAVEPOINT two");
    await session.query(
      `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
       SELECT $1, id, type, 'admin' FROM race.resources WHERE number = $2 ON CONFLICT DO NOTHING`,
      [user, 1 + chance.below(39)],
    );
    await compare(race, session, chance, 20);
    await session.query("ROLLBACK TO two");
    await compare(race, session, chance, 20);
    await session.query(chance.one(["RELEASE one", "ROLLBACK TO one"]));
    await compare(race, session, chance, 20);
    await session.query(chance.one(["COMMIT", "ROLLBACK"]));
    await compare(race, session, chance, 20);
  },

  async cursor(race, session, chance) {
    const isolation = chance.one(["READ COMMITTED", "REPEATABLE READ"]);
    await session.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    await session.query(
      `DECLARE answers ${chance.one(["", "SCROLL "])}CURSOR FOR
       SELECT q.*, auth.user_has_role(q.user_id, q.type, q.id, q.role) AS engine,
              evaluator.user_has_role(q.user_id, q.type, q.id, q.role) AS evaluator
         FROM race.questions AS q WHERE q.number >= ${first(chance, 60)} LIMIT 60`,
    );
    for (let round = 0; round < 6; round++) {
      const { rows } = await session.query("FETCH 10 FROM answers");
      const differences = rows.filter((row) => row.engine !== row.evaluator);
      race.count({ checks: rows.length, differences: differences.length === 0 ? null : differences });
      // Questions of younger snapshots, in between and by the same backend.
      await compare(race, session, chance, 5);
    }
    await session.query("COMMIT");
  },

  async "PL/pgSQL loop"(race, session, chance) {
    await session.query("BEGIN");
    await session.query("SET LOCAL lock_timeout = '500ms'");
    await compare(race, session, chance, 60, "compare_in_loop");
    await compare(race, session, chance, 60, "compare_in_loop");
    await session.query("ROLLBACK");
  },

  async "query that changes"(race, session, chance) {
    await session.query("BEGIN");
    await session.query("SET LOCAL lock_timeout = '500ms'");
    await compare(race, session, chance, 40, "compare_while_changing");
    await session.query("ROLLBACK");
    await compare(race, session, chance, 20);
  },

  async policy(race, session, chance) {
    await session.query(`BEGIN ISOLATION LEVEL ${chance.one(["READ COMMITTED", "REPEATABLE READ"])}`);
    try {
      await session.query("SELECT auth.authenticate($1)", [chance.one(race.tokens)]);
    } catch (error) {
      if (error.code !== "A0401") throw error; // suspended
      await session.query("ROLLBACK");
      return;
    }
    for (let round = 0; round < 4; round++) {
      const forbidden = chance.one(["enable_seqscan", "enable_indexscan", "enable_bitmapscan"]);
      await session.query(`SET LOCAL ${forbidden} = ${chance.one(["on", "off"])}`);
      const { rows } = await session.query({
        name: "policy",
        text: `SELECT ARRAY(SELECT id FROM race.documents ORDER BY id) AS engine, race.visible_documents() AS evaluator,
                      auth.project_ids('editor') AS engine_ids, race.visible_projects() AS evaluator_ids`,
      });
      const [answer] = rows;
      const same =
        `${answer.engine}` === `${answer.evaluator}` && `${answer.engine_ids}` === `${answer.evaluator_ids}`;
      race.count({ checks: 54 + 27, differences: same ? null : rows });
    }
    await session.query("COMMIT");
  },

  "parallel workers": (race, session, chance) => compare(race, session, chance, 200, "compare_in_parallel"),

  standby: async (race, session, chance) => {
    if (chance.happens(0.5)) await compare(race, session, chance);
    else await inOldSnapshot(race, session, chance, "REPEATABLE READ");
  },
};

const settings = {
  policy: "SET ROLE race_caller",
  "parallel workers": `SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
    SET max_parallel_workers_per_gather = 2; SET force_parallel_mode = on`,
};

// Checks until `race` is over.
export async function check(race, kind, session, seed) {
  const chance = random(seed);
  await session.query("SET jit = off; SET plan_cache_mode = force_generic_plan");
  if (settings[kind]) await session.query(settings[kind]);
  const counted = {
    get changes() {
      return race.changes;
    },
    tokens: race.tokens,
    count: ({ checks, differences }) => race.count(kind, checks, differences),
  };
  while (!race.over) {
    try {
      await kinds[kind](counted, session, chance);
    } catch (error) {
      if (!isExpected(error)) throw error;
      await session.query("ROLLBACK");
    }
  }
}
