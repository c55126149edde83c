// Promises about the database: where it may be, how it is set up, what is in it.
import assert from "node:assert/strict";
import { freshEmail, freshPassword } from "../http/support/client.mjs";
import { promise } from "./promise.mjs";
import {
  backends, client, cluster, command, database, dumpOfOthers, firstLogin, others, othersBefore, setUp, withGateway,
} from "./system.mjs";

const names = (rows) => rows.map(({ name }) => name);

promise(1, {
  text: "Works with any reachable PostgreSQL, without a container for it",
  verdict: "replaced: with any PostgreSQL 15 that admits the extension, in whosever cloud; a managed service that admits none cannot host it",
  shown: "gateways log in through an address, a name and a socket",
  async test() {
    const { user, password, name } = database;
    for (const url of [
      database.url(),
      `postgresql://${user}:${password}@localhost:${cluster.port}/${name}`,
      `postgresql://${user}:${password}@/${name}?host=${cluster.socketDirectory}&port=${cluster.port}`,
    ]) {
      await withGateway({}, (there) => there.newUser(), url);
    }
  },
});

promise(2, {
  text: "One server shared by many services, one database each",
  shown: "another service's dump is what it was before the installation, and auth_user cannot read it",
  async test() {
    assert.equal(await dumpOfOthers(), othersBefore);
    const elsewhere = database.url().replace(/[^/]*$/, others.name);
    const { code, stderr } = await command(["migrate", "current"], elsewhere);
    assert.notEqual(code, 0);
    assert.match(stderr, /not installed/);
    const [{ may }] = await others.query(`SELECT has_table_privilege('auth_user', 'orders', 'SELECT') AS may`);
    assert.equal(may, false);
  },
});

promise(3, {
  text: "CREATE DATABASE, CREATE USER and the documented grants are the whole set-up; otherwise least privilege",
  shown: "those statements made this system; auth_user is no superuser and reads no table",
  async test() {
    assert.match(setUp, /GRANT ALL ON SCHEMA public TO auth_user/);
    const [role] = await database.query(
      "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = 'auth_user'",
    );
    assert.deepEqual(role, { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false });
    await client.newUser();
    for (const table of ["users", "sessions", "auth.password_hashes", "auth.signing_keys"])
      await assert.rejects(
        database.asUser((session) => session.query(`SELECT * FROM ${table}`)),
        { code: "42501" },
        table,
      );
  },
});

promise(4, {
  text: "uuid-ossp is the only extension, created once by an administrator",
  verdict: "replaced: no extension but auth_api itself, which auth_user creates",
  shown: "the list of extensions, and whose they are",
  async test() {
    const rows = await database.query(
      "SELECT extname AS name, extowner::regrole::text AS owner FROM pg_extension WHERE extname <> 'plpgsql'",
    );
    assert.deepEqual(rows, [{ name: "auth_api", owner: "auth_user" }]);
  },
});

promise(5, {
  text: "Configured by one variable, a URL postgresql://user:password@host:port/database",
  shown: "a gateway serves with that variable only, in each spelling, and names it when it is missing",
  async test() {
    for (const scheme of ["postgresql", "postgres", "postgresql+asyncpg"])
      assert.equal((await command(["routes"], database.url().replace("postgresql", scheme))).code, 0, scheme);
    const { code, stderr } = await command(["routes"], "");
    assert.notEqual(code, 0);
    assert.match(stderr, /SQLALCHEMY_DATABASE_URL/);
  },
});

promise(8, {
  text: "The documented tables, about nine, without a schema prefix",
  shown: "schema public has exactly those nine, and a service finds a user by SQL",
  async test() {
    const rows = await database.query(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    );
    assert.deepEqual(
      names(rows).sort(),
      [
        "accounts", "device_fingerprints", "mfa_verifications", "organizations", "projects", "sessions", "user_activity",
        "user_role_assignments", "users",
      ],
    );
    const { email } = await client.newUser();
    assert.equal((await database.query("SELECT status FROM users WHERE email = $1", [email]))[0].status, "active");
  },
});

promise(15, {
  text: "Indexes on users.email (unique), user_role_assignments.user_id and its resource, organizations.name (unique)",
  shown: "the catalog, and two rows that are refused",
  async test() {
    const indexed = names(
      await database.query(`
        SELECT indrelid::regclass || '.' || attname AS name
          FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
         WHERE indisvalid AND indpred IS NULL`),
    );
    const resource = indexed.some((name) =>
      /^user_role_assignments\.(resource|organization|account|project)_id$/.test(name),
    );
    assert.ok(resource && indexed.includes("user_role_assignments.user_id"), indexed.join());
    const { email } = await client.newUser();
    await assert.rejects(database.query("INSERT INTO users (email) VALUES ($1)", [email]), { code: "23505" });
    await database.query("INSERT INTO organizations (name) VALUES ('Umbrella')");
    await assert.rejects(database.query("INSERT INTO organizations (name) VALUES ('Umbrella')"), { code: "23505" });
  },
});

promise(13, {
  text: "Observable: pg_stat_activity by application, pg_database_size, size of each table",
  shown: "the queries of the guide, asked as auth_user",
  async test() {
    assert.ok((await backends("usename = 'auth_user'")).length > 0);
    await database.asUser(async (session) => {
      const own = await session.query(
        "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'auth-gateway' AND datname = 'auth_db'",
      );
      assert.ok(own.rows[0].count > 0);
      assert.ok(Number((await session.query("SELECT pg_database_size('auth_db') AS size")).rows[0].size) > 1e6);
      const { rows } = await session.query(`
        SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`);
      assert.ok(rows.length === 9 && rows.every(({ size }) => Number(size) > 0));
    });
  },
});

promise(17, {
  text: "Slow queries by log_min_duration_statement and pg_stat_statements; VACUUM and ANALYZE are the operator's",
  shown: "both name the function that was called, and neither shows a password",
  async test() {
    await database.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
    await database.query("ALTER ROLE auth_user IN DATABASE auth_db SET log_min_duration_statement = 0");
    const [email, password] = [freshEmail(), freshPassword()];
    try {
      await withGateway({}, async (there) => {
        assert.equal((await there.register(email, password)).status, 201);
        assert.equal((await there.login(email, password)).status, 200);
      });
    } finally {
      await database.query("ALTER ROLE auth_user IN DATABASE auth_db RESET log_min_duration_statement");
    }
    assert.match(cluster.log, /duration: .*auth\.login/);
    assert.ok(!cluster.log.includes(password));
    const rows = await database.query(
      "SELECT calls, mean_exec_time, query FROM pg_stat_statements WHERE query LIKE '%auth.login%'",
    );
    assert.ok(rows.length > 0 && rows.every(({ query }) => !query.includes(password)));
    await database.query("DROP EXTENSION pg_stat_statements");
    await database.query("VACUUM ANALYZE users");
    assert.equal((await client.me(firstLogin.access_token)).status, 200);
  },
});
