// PostgreSQL restarted, backends ended and killed, all under load from several users: nobody gets an answer
// that is not theirs, nobody gets anything but 200 or 503, and service returns by itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { Cluster, using } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";

const cluster = await Cluster.create();
const database = await cluster.createDatabase();
const gateway = await startGateway(database);
const { client } = gateway;
const users = await Promise.all(Array.from({ length: 6 }, () => client.newUser()));
after(async () => {
  await gateway.stop();
  await cluster.destroy();
});

// Runs `disturb` while every user keeps asking who they are (three requests at a time each) and listing their
// sessions. Resolves to the number of answers by status, once `disturb` is over and every user has had five
// 200s since; `recovered` is the milliseconds from its end to the last user's first 200.
async function underLoad(disturb) {
  const counts = {};
  const mistakes = [];
  const since = users.map(() => []);
  let disturbed; // when the disturbance was over
  let finished = false;
  const ask = async (index, lane) => {
    const user = users[index];
    for (let round = 0; !finished; round++) {
      const id = `${index}-${lane}-${round}-${Math.random().toString(36).slice(2)}`;
      const path = lane === 2 ? "/api/auth/sessions" : "/api/auth/me";
      const answer = await client
        .get(path, { token: user.access_token, headers: { "X-Request-ID": id } })
        .catch((error) => ({
          status: `no answer (${error.cause?.code ?? error.message})`,
          headers: new Map(),
        }));
      counts[answer.status] = (counts[answer.status] ?? 0) + 1;
      if (answer.headers.get("x-request-id") !== id)
        mistakes.push(`${id} got the id ${answer.headers.get("x-request-id")}`);
      if (answer.status === 200 && lane !== 2 && answer.body.email !== user.email) {
        mistakes.push(`${user.email} got the answer of ${answer.body.email}`);
      }
      if (answer.status === 200 && disturbed !== undefined) since[index].push(performance.now());
      if (answer.status === 503 && !(Number(answer.headers.get("retry-after")) >= 0))
        mistakes.push("503 without Retry-After");
    }
  };
  const load = users.flatMap((_, index) => [0, 1, 2].map((lane) => ask(index, lane)));
  await until("the load to run", () => (counts[200] ?? 0) > 100);
  let end;
  try {
    await disturb();
    end = disturbed = performance.now();
    await until("every user to be served again", () => since.every((times) => times.length >= 5));
  } finally {
    finished = true;
    await Promise.all(load);
  }
  return { counts, mistakes, recovered: Math.max(...since.map(([first]) => first)) - end };
}

function assertHeld({ counts, mistakes, recovered }, { outage }) {
  assert.deepEqual(mistakes, []);
  const { 200: served, 503: refused = 0, ...other } = counts;
  assert.deepEqual(other, {}, "only 200 and 503 are ever seen");
  assert.ok(served > 0);
  if (outage) assert.ok(refused > 0, "the outage was noticed at all");
  assert.ok(recovered < 2000, `served again after ${recovered.toFixed(0)} ms`);
}

const gatewayBackends = "FROM pg_stat_activity WHERE application_name = 'auth-gateway'";

for (const mode of ["fast", "immediate"]) {
  test(`PostgreSQL restarted (${mode}): no wrong answer, and service returns by itself`, async () => {
    assertHeld(
      await underLoad(async () => {
        await cluster.stop(mode);
        await cluster.start();
      }),
      { outage: true },
    );
  });
}

test("every backend terminated, five times over: no wrong answer, and service returns by itself", async () => {
  assertHeld(
    await underLoad(() =>
      database.asSuperuser(async (session) => {
        for (let round = 0; round < 5; round++) {
          const { rows } = await session.query(`SELECT pid, pg_terminate_backend(pid) ${gatewayBackends}`);
          assert.ok(rows.length > 0);
          await until(
            "new backends",
            async () =>
              (
                await session.query(
                  `SELECT FROM pg_stat_activity WHERE application_name = 'auth-gateway' AND pid <> ALL ($1)`,
                  [rows.map(({ pid }) => pid)],
                )
              ).rows.length > 0,
          );
        }
      }),
    ),
    { outage: false },
  );
});

test("one backend killed by signal 9, the server recovering from it: no wrong answer, and service returns", async () => {
  assertHeld(
    await underLoad(async () => {
      // The server ends all backends when one has crashed: this one's end says that it has noticed. It is back so
      // soon that the gateway may have kept every request waiting: a 503 need not be seen.
      const witness = await database.connectSuperuser();
      const noticed = new Promise((resolve) => witness.once("end", resolve));
      const { rows } = await witness.query(`SELECT pid ${gatewayBackends} LIMIT 1`);
      execFileSync("kill", ["-KILL", String(rows[0].pid)]);
      await noticed;
      await until("the server to answer again", () =>
        using(cluster.superuser(), (session) => session.query("SELECT 1")),
      );
    }),
    { outage: false },
  );
});

test("every session and token is as good after all of this as before", async () => {
  for (const user of users) assert.equal((await client.refresh(user.refresh_token)).status, 200);
});
