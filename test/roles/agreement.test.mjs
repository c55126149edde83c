// The engine and the evaluator (evaluator.sql) agree: on random models, on every question, before and after random
// changes. Both are asked inside one statement, so under one snapshot and at one time.
//
// AGREEMENT_SEED repeats a run (each difference names its seed), AGREEMENT_QUESTIONS asks for more of them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDatabase } from "./support/database.mjs";
import {
  actions,
  clear,
  insertModel,
  makeChanges,
  makeModel,
  random,
  roles,
  services,
  types,
} from "./support/models.mjs";

const seed = Number(process.env.AGREEMENT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const wanted = Number(process.env.AGREEMENT_QUESTIONS ?? 150_000);
const unknownId = "ffffffff-ffff-4fff-8fff-ffffffffffff";

const { database } = await startDatabase();
let session;
before(async () => {
  session = await database.connectSuperuser();
  await session.query("SET jit = off");
  await session.query(`CREATE TEMPORARY TABLE questions (
    number serial, kind text, user_id bigint, resource_type text, resource_id uuid, role text, action text, service text)`);
});
after(() => session.end());

// Users, those who do not exist and nobody, by resources of every type, those that do not exist and none: a random
// part of them, as the next model is worth more than the last question about this one.
async function writeQuestions(model) {
  await session.query("TRUNCATE questions RESTART IDENTITY");
  const users = [...model["public.users"].map((row) => row.id), 999, null];
  const ids = [
    ...["organizations", "accounts", "projects"].flatMap((name) =>
      model[`public.${name}`].map((row) => row.id),
    ),
  ];
  await session.query(
    `INSERT INTO questions (kind, user_id, resource_type, resource_id, role)
     SELECT 'role', u, t, r, role
       FROM unnest($1::bigint[]) AS u, unnest($2::text[]) AS t, unnest($3::uuid[]) AS r, unnest($4::text[]) AS role
      WHERE abs(hashtext(concat_ws(' ', u, t, r, role, $5::int)) % 1000) < 300`,
    [users, types, [...new Set(ids), unknownId, null], [...roles, null], seed],
  );
  await session.query(
    `INSERT INTO questions (kind, user_id, resource_type, resource_id, action, service)
     SELECT 'action', u, t, r, action, service
       FROM unnest($1::bigint[]) AS u, unnest($2::text[]) AS t, unnest($3::uuid[]) AS r, unnest($4::text[]) AS action,
            unnest($5::text[]) AS service
      WHERE abs(hashtext(concat_ws(' ', u, t, r, action, service, $6::int)) % 1000) < 30`,
    [
      users,
      [...types, "galaxy", null],
      [...new Set(ids), unknownId, null],
      [...actions, "unheard_of"],
      [...services, "unheard_of", null],
      seed,
    ],
  );
}

// Everything in the tables that bears on a question.
async function context({ user_id, resource_id }) {
  const { rows } = await session.query(
    `SELECT jsonb_pretty(jsonb_build_object(
       'user', (SELECT jsonb_build_object('status', status, 'is_superuser', is_superuser) FROM public.users WHERE id = $1),
       'ancestry', (SELECT jsonb_object_agg(type, a) FROM unnest($3::text[]) AS type,
          LATERAL (SELECT jsonb_agg(a) AS a FROM evaluator.ancestry(type, $2) AS a) AS a),
       'assignments', (SELECT jsonb_agg(a) FROM public.user_role_assignments AS a WHERE user_id = $1),
       'overrides', (SELECT jsonb_agg(o) FROM auth.permission_overrides AS o WHERE user_id = $1),
       'memberships', (SELECT jsonb_agg(m) FROM auth.user_group_memberships AS m WHERE user_id = $1),
       'group_permissions', (SELECT jsonb_agg(p) FROM auth.group_permissions AS p),
       'role_permissions', (SELECT jsonb_agg(p) FROM auth.role_permissions AS p))) AS context`,
    [user_id, resource_id, types],
  );
  return rows[0].context;
}

// Runs a comparison, which answers the number of questions and the first that the two answer differently.
async function compare(model, statement, values) {
  const { rows } = await session.query(
    `WITH answer AS (${statement})
     SELECT count(*)::int AS questions,
            (SELECT to_jsonb(a) FROM answer AS a WHERE engine IS DISTINCT FROM evaluator LIMIT 1) AS difference FROM answer`,
    values,
  );
  const [{ questions, difference }] = rows;
  if (difference !== null) {
    assert.fail(
      `AGREEMENT_SEED=${seed}, model ${model}:\n${JSON.stringify(difference, null, 1)}\n` +
        `in this state (read afterwards):\n${await context(difference)}`,
    );
  }
  return questions;
}

const asked = { role: 0, action: 0, batch: 0, identity: 0, set: 0 };
const total = () => Object.values(asked).reduce((sum, count) => sum + count, 0);

async function compareAll(number, model) {
  asked.role += await compare(
    number,
    `SELECT q.*, auth.user_has_role(user_id, resource_type, resource_id, role) AS engine,
            v.answer AS evaluator
       FROM questions AS q, evaluator.role_check(user_id, resource_type, resource_id, role) AS v WHERE kind = 'role'`,
  );
  asked.action += await compare(
    number,
    `SELECT q.*, to_jsonb(e) AS engine, to_jsonb(v) AS evaluator FROM questions AS q,
            LATERAL auth.check_access(user_id, action, resource_type, resource_id, service) AS e,
            LATERAL evaluator.check_access(user_id, action, resource_type, resource_id, service) AS v
      WHERE kind = 'action'`,
  );
  asked.batch += await compare(
    number,
    `SELECT q.*, to_jsonb(e) - 'item' AS engine, to_jsonb(v) AS evaluator
       FROM (SELECT row_number() OVER (ORDER BY number) AS place, * FROM questions WHERE kind = 'action') AS q
       FULL JOIN (SELECT e.* FROM (SELECT array_agg(user_id ORDER BY number) AS users, array_agg(action ORDER BY number) AS actions,
                                array_agg(resource_type ORDER BY number) AS types, array_agg(resource_id ORDER BY number) AS ids,
                                array_agg(service ORDER BY number) AS services
                           FROM questions WHERE kind = 'action') AS lists,
                  LATERAL auth.check_access_batch(users, actions, types, ids, services) AS e) AS e ON e.item = q.place
       LEFT JOIN LATERAL evaluator.check_access(user_id, action, resource_type, resource_id, service) AS v ON true`,
  );
  const active = model["public.users"].slice(0, 4).map((row) => row.id);
  for (const id of [null, ...active]) await compareAs(number, id);
}

// The questions that an identity asks about itself; null: nobody is authenticated.
async function compareAs(number, userId) {
  await session.query("BEGIN");
  const { rows } = await session.query("SELECT FROM public.users WHERE id = $1 AND status = 'active'", [
    userId,
  ]);
  if (rows.length === 1) {
    const issued = await session.query("SELECT access_token FROM auth.issue_session($1)", [userId]);
    await session.query("SELECT auth.authenticate($1)", [issued.rows[0].access_token]);
  }
  asked.identity += await compare(
    number,
    `SELECT q.resource_type, q.resource_id, q.role, auth.current_user_id() AS user_id,
            CASE resource_type WHEN 'organization' THEN auth.has_organization_role(resource_id, role)
                               WHEN 'account' THEN auth.has_account_role(resource_id, role)
                               WHEN 'project' THEN auth.has_project_role(resource_id, role) END AS engine,
            v.answer AS evaluator
       FROM (SELECT DISTINCT resource_type, resource_id, role FROM questions WHERE kind = 'role'
             UNION ALL SELECT DISTINCT resource_type, resource_id, 'emperor' FROM questions WHERE kind = 'role') AS q,
            evaluator.role_check(auth.current_user_id(), resource_type, resource_id, role) AS v`,
  );
  asked.set += await compare(
    number,
    `SELECT type AS resource_type, role, auth.current_user_id() AS user_id, NULL AS resource_id,
            CASE type WHEN 'organization' THEN auth.organization_ids(role)
                      WHEN 'account' THEN auth.account_ids(role)
                      WHEN 'project' THEN auth.project_ids(role) END AS engine,
            evaluator.ids(auth.current_user_id(), type, role) AS evaluator
       FROM unnest($1::text[]) AS type, unnest($2::text[]) AS role`,
    [types, roles],
  );
  await session.query("COMMIT");
}

test("what a level allows by itself is the documented table", async () => {
  await compare(
    "none",
    `SELECT role, type, NULL AS user_id, NULL AS resource_id, ARRAY(SELECT unnest(auth.role_actions(role, type)) ORDER BY 1) AS engine,
            ARRAY(SELECT unnest(evaluator.role_actions(role, type)) ORDER BY 1) AS evaluator
       FROM unnest($1::text[]) AS role, unnest($2::text[]) AS type`,
    [roles, types],
  );
});

test(`the engine and the evaluator answer ${wanted} random questions alike (AGREEMENT_SEED=${seed})`, async (t) => {
  let number = 0;
  for (; total() < wanted; number++) {
    const chance = random(seed + number);
    const model = makeModel(chance);
    await session.query("BEGIN");
    await session.query(clear);
    await insertModel(session, model);
    await session.query("COMMIT");
    await writeQuestions(model);
    await compareAll(number, model);
    for (let round = 0; round < 2; round++) {
      for (const [text, values] of makeChanges(chance, model)) await session.query(text, values);
      await compareAll(number, model);
    }
  }
  t.diagnostic(`${total()} questions about ${number} models, each in three states: ${JSON.stringify(asked)}`);
});
