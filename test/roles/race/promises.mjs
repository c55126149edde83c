// What is acknowledged is so: whoever asks after a grant, a revocation or any other change of rights was acknowledged
// gets the answer after that change, in READ COMMITTED on whatever connection, and on a standby that has replayed it.
//
// Each promiser has a user and a branch of the hierarchy that nobody else changes, so the right answer is known without
// asking the evaluator.
import { until } from "../../http/support/poll.mjs";
import { random } from "../support/models.mjs";

const changes = [
  {
    name: "grant and revoke",
    allow: `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
            VALUES ($1, race.id('promised organization', $1), 'organization', 'editor')`,
    deny: `DELETE FROM public.user_role_assignments
            WHERE user_id = $1 AND resource_id = race.id('promised organization', $1)`,
    undo: `DELETE FROM public.user_role_assignments WHERE user_id = $1`,
  },
  {
    name: "activate and suspend",
    before: `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
             VALUES ($1, race.id('promised project', $1), 'project', 'editor')`,
    allow: `UPDATE public.users SET status = 'active' WHERE id = $1`,
    deny: `UPDATE public.users SET status = 'suspended' WHERE id = $1`,
    undo: `WITH gone AS (DELETE FROM public.user_role_assignments WHERE user_id = $1)
           UPDATE public.users SET status = 'active' WHERE id = $1`,
  },
  {
    name: "move the project in and out",
    before: `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
             VALUES ($1, race.id('promised account', $1), 'account', 'editor')`,
    allow: `UPDATE public.projects SET account_id = race.id('promised account', $1)
             WHERE id = race.id('promised project', $1)`,
    deny: `UPDATE public.projects SET account_id = race.id('other account', $1)
            WHERE id = race.id('promised project', $1)`,
    undo: `WITH gone AS (DELETE FROM public.user_role_assignments WHERE user_id = $1)
           UPDATE public.projects SET account_id = race.id('promised account', $1)
            WHERE id = race.id('promised project', $1)`,
  },
  {
    name: "raise and lower",
    before: `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
             VALUES ($1, race.id('promised account', $1), 'account', 'viewer')`,
    allow: `UPDATE public.user_role_assignments SET role = 'admin' WHERE user_id = $1`,
    deny: `UPDATE public.user_role_assignments SET role = 'viewer' WHERE user_id = $1`,
    undo: `DELETE FROM public.user_role_assignments WHERE user_id = $1`,
  },
  {
    name: "expire and renew",
    before: `INSERT INTO public.user_role_assignments (user_id, resource_id, resource_type, role)
             VALUES ($1, race.id('promised account', $1), 'account', 'editor')`,
    allow: `UPDATE public.user_role_assignments SET expires_at = NULL WHERE user_id = $1`,
    deny: `UPDATE public.user_role_assignments SET expires_at = clock_timestamp() WHERE user_id = $1`,
    undo: `DELETE FROM public.user_role_assignments WHERE user_id = $1`,
  },
];

export async function preparePromiser(database, user) {
  await database.query("INSERT INTO public.users (id, email) VALUES ($1, $2)", [
    user,
    `promiser${user}@race.example`,
  ]);
  await database.query(
    `WITH o AS (INSERT INTO public.organizations (id, name)
                VALUES (race.id('promised organization', $1), 'promised organization ' || $1) RETURNING id),
          a AS (INSERT INTO public.accounts (id, organization_id, name)
                SELECT race.id(kind || ' account', $1), o.id, kind FROM o, unnest('{promised,other}'::text[]) AS kind
                RETURNING id, organization_id)
     INSERT INTO public.projects (id, account_id, organization_id, name)
     SELECT race.id('promised project', $1), a.id, a.organization_id, 'promised' FROM a
      WHERE a.id = race.id('promised account', $1)`,
    [user],
  );
}

// `askers` are connections to the primary, `standby` is one to the standby; `writer` makes the changes.
export async function promise(race, { user, writer, askers, standby }, seed) {
  const chance = random(seed);
  const ask = async (session) => {
    const { rows } = await session.query({
      name: "promised",
      text: `SELECT auth.user_has_role($1, 'project', race.id('promised project', $1), 'editor') AS by_role,
                    (auth.check_access($1, 'edit_project', 'project', race.id('promised project', $1))).allowed AS by_action`,
      values: [user],
    });
    return rows[0];
  };
  // A table that replay has locked may not be free in time.
  const askStandby = () => until("an answer of the standby", () => ask(standby), { deadline: 60_000 });
  const expect = async (change, answer, asked, where) => {
    for (const given of await Promise.all(asked)) {
      const right = given.by_role === answer && given.by_action === answer;
      race.count(where, 2, right ? null : [{ change, user, expected: answer, given }]);
    }
  };
  while (!race.over) {
    const change = chance.one(changes);
    if (change.before) await writer.query(change.before, [user]);
    if (change.name === "activate and suspend") await writer.query(change.deny, [user]);
    for (let round = 0; round < 5 && !race.over; round++) {
      await writer.query(change.allow, [user]);
      await expect(change.name, true, askers.map(ask), "acknowledged changes");
      await writer.query(change.deny, [user]);
      await expect(change.name, false, askers.map(ask), "acknowledged changes");
    }
    const { rows } = await writer.query("SELECT pg_current_wal_lsn() AS lsn");
    await until(
      "the standby to replay a change",
      async () => {
        const text = "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS replayed";
        return race.over || (await standby.query(text, [rows[0].lsn])).rows[0].replayed;
      },
      { deadline: 60_000 },
    );
    if (!race.over) await expect(change.name, false, [askStandby()], "acknowledged changes, on the standby");
    await writer.query(change.undo, [user]);
  }
}
