// The identity that auth.authenticate gives a transaction, as SQL callers and their poolers meet it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { freshEmail, freshPassword } from "./support/client.mjs";
import { startBouncer } from "./support/bouncer.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();
// What an application has: a login role of its own that may call what auth_caller may.
await database.asSuperuser((session) => session.query(`GRANT auth_caller TO ${database.user}`));

const whoAmI = async (session) => {
  const { rows } = await session.query(
    "SELECT auth.current_user_id() AS id, auth.current_session_id() AS session",
  );
  assert.equal(rows[0].id === null, rows[0].session === null);
  return rows[0].id;
};
const authenticate = async (session, { access_token }) =>
  (await session.query("SELECT auth.authenticate($1) AS id", [access_token])).rows[0].id;

async function transaction(work, { end = "ROLLBACK", port, begin = "BEGIN" } = {}) {
  const session = await database.connect(port);
  try {
    await session.query(begin);
    await work(session);
    await session.query(end);
    return await whoAmI(session);
  } finally {
    await session.end();
  }
}
const rejects = (promise, code) => assert.rejects(promise, { code });

for (const end of ["COMMIT", "ROLLBACK"]) {
  test(`an identity is gone after ${end}`, async () => {
    const user = await client.newUser();
    const left = await transaction(
      async (session) => {
        assert.equal(await authenticate(session, user), String(user.id));
        assert.equal(await whoAmI(session), String(user.id));
      },
      { end },
    );
    assert.equal(left, null);
  });
}

test("an identity outside a transaction block lasts for its own statement", async () => {
  const user = await client.newUser();
  await database.asUser(async (session) => {
    assert.equal(await authenticate(session, user), String(user.id));
    assert.equal(await whoAmI(session), null);
  });
});

test("an identity taken in a savepoint goes with it, and the one before returns", async () => {
  const [ada, bob] = [await client.newUser(), await client.newUser()];
  await transaction(async (session) => {
    await authenticate(session, ada);
    await session.query("SAVEPOINT s");
    await authenticate(session, bob);
    assert.equal(await whoAmI(session), String(bob.id));
    await session.query("ROLLBACK TO s");
    assert.equal(await whoAmI(session), String(ada.id));
    await session.query("SAVEPOINT t");
    await authenticate(session, bob);
    await session.query("RELEASE t");
    assert.equal(await whoAmI(session), String(bob.id));
  });
});

test("a token that is refused leaves no identity behind, not even the one before", async () => {
  const user = await client.newUser();
  await transaction(async (session) => {
    await authenticate(session, user);
    await session.query("SAVEPOINT s");
    await rejects(session.query("SELECT auth.authenticate('x.y.z')"), "A0401");
    await session.query("ROLLBACK TO s");
    assert.equal(await whoAmI(session), String(user.id));
  });
});

test("no identity leaks through PgBouncer in transaction mode", async (t) => {
  const bouncer = await startBouncer(database);
  t.after(() => bouncer.stop());
  const users = [await client.newUser(), await client.newUser()];
  const [first, second] = await Promise.all([database.connect(bouncer.port), database.connect(bouncer.port)]);
  try {
    const backend = async (session) => (await session.query("SELECT pg_backend_pid() AS pid")).rows[0].pid;
    assert.equal(await backend(first), await backend(second), "the pool has one server connection");
    for (let round = 0; round < 20; round++) {
      for (const [session, user, other] of [
        [first, users[0], second],
        [second, users[1], first],
      ]) {
        await session.query("BEGIN");
        assert.equal(await authenticate(session, user), String(user.id));
        assert.equal(await whoAmI(session), String(user.id));
        await session.query(round % 2 ? "COMMIT" : "ROLLBACK");
        assert.equal(await whoAmI(other), null);
        assert.equal(await whoAmI(session), null);
      }
    }
  } finally {
    await Promise.all([first.end(), second.end()]);
  }
});

test("a revocation is seen by the next statement of another backend, also in an open transaction", async () => {
  const user = await client.newUser();
  await transaction(
    async (session) => {
      await authenticate(session, user);
      assert.equal(await whoAmI(session), String(user.id));
      await client.post("/api/auth/logout", { refresh_token: user.refresh_token });
      assert.equal(await whoAmI(session), null);
      await rejects(authenticate(session, user), "A0401");
    },
    { begin: "BEGIN ISOLATION LEVEL READ COMMITTED" },
  );
});

test("a token that a backend has verified and cached is refused after the session's revocation", async () => {
  const user = await client.newUser();
  await database.asUser(async (session) => {
    for (let round = 0; round < 3; round++) await authenticate(session, user);
    await client.post("/api/auth/logout-all", undefined, { token: user.access_token });
    await rejects(authenticate(session, user), "A0401");
  });
});

test("a token whose key is gone is refused by a backend that has not verified it before", async () => {
  const user = await client.newUser();
  await database.asUser((session) => authenticate(session, user));
  await database.query("DELETE FROM auth.signing_keys");
  await database.asUser((session) => rejects(authenticate(session, user), "A0401"));
});

test("a suspended user is refused at the next statement", async () => {
  const user = await client.newUser();
  await transaction(async (session) => {
    await authenticate(session, user);
    await database.query("UPDATE users SET status = 'suspended' WHERE id = $1", [user.id]);
    assert.equal(await whoAmI(session), null);
    await rejects(authenticate(session, user), "A0401");
  });
});

test("no SQL of a caller can forge an identity", async () => {
  const user = await client.newUser();
  await database.asUser(async (session) => {
    for (const name of [
      "auth_api.user_id",
      "auth.user_id",
      "auth_api.current_user_id",
      "request.jwt.claims",
    ]) {
      await session.query("SELECT set_config($1, $2, false)", [name, String(user.id)]).catch(() => {});
      assert.equal(await whoAmI(session), null);
    }
  });
});

test("auth.register and an application's own INSERT share one transaction", async () => {
  await database.asSuperuser((session) =>
    session.query(
      `CREATE TABLE public.customers (user_id bigint, plan text); GRANT ALL ON public.customers TO ${database.user}`,
    ),
  );
  const attempt = async (end) => {
    const email = freshEmail();
    await transaction(
      async (session) => {
        const { rows } = await session.query("SELECT auth.register($1, $2)->>'id' AS id", [
          email,
          freshPassword(),
        ]);
        await session.query("INSERT INTO public.customers VALUES ($1, 'basic')", [rows[0].id]);
      },
      { end },
    );
    return (
      await database.query(
        `SELECT (SELECT count(*) FROM users WHERE email = $1)::int AS users,
              (SELECT count(*) FROM public.customers JOIN users ON users.id = user_id WHERE email = $1)::int AS customers`,
        [email],
      )
    )[0];
  };
  assert.deepEqual(await attempt("ROLLBACK"), { users: 0, customers: 0 });
  assert.deepEqual(await attempt("COMMIT"), { users: 1, customers: 1 });
});
