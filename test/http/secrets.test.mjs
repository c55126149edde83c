// No password and no token is ever written down: not in a log, not where other sessions could look, not in a
// table, not in any file of the server. Canaries go in by every door that takes a secret, at the most
// talkative log settings.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Cluster } from "./support/cluster.mjs";
import { freshEmail } from "./support/client.mjs";
import { runGateway, startGateway } from "./support/gateway.mjs";

const cluster = await Cluster.create(
  "log_statement = all",
  "log_min_duration_statement = 0",
  "log_connections = on",
  "log_min_messages = debug1",
  "log_error_verbosity = verbose",
  "track_activity_query_size = 8192",
);
const database = await cluster.createDatabase();
const gateway = await startGateway(database, { environment: { LOG_LEVEL: "DEBUG" } });
const { client } = gateway;
after(async () => {
  await gateway.stop();
  await cluster.destroy();
});

const secrets = new Map(); // the secret → what it is
const secret = (name, value = `Canary ${randomBytes(12).toString("base64url")}`) => {
  secrets.set(value, name);
  return value;
};
const remember = ({ body }) => {
  secret("an access token", body.access_token);
  secret("a refresh token", body.refresh_token);
  return body;
};

// The ways in which a secret could be lying around: as it is, or in bytea's hex; a token also as the bytes it
// encodes.
const spellings = (value) => [
  value,
  JSON.stringify(value).slice(1, -1),
  Buffer.from(value).toString("hex"),
  ...(/^[\w-]{43}$/.test(value) ? [Buffer.from(value, "base64url").toString("hex")] : []),
];
function assertHoldsNone(text, where) {
  for (const [value, name] of secrets) {
    for (const spelling of spellings(value)) assert.ok(!text.includes(spelling), `${where} holds ${name}`);
  }
}

const activity = new Set();

before(async () => {
  const watcher = await database.connectSuperuser();
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const { rows } = await watcher.query(
        "SELECT query FROM pg_stat_activity WHERE application_name = 'auth-gateway'",
      );
      rows.forEach(({ query }) => activity.add(query));
    }
  })();

  const email = freshEmail();
  const password = secret("a password");
  await client.register(email, password);
  const first = remember(await client.login(email, password));
  await client.login(email, secret("a wrong password"));
  await client.login(freshEmail(), secret("an unknown user's password"));
  await client.post("/api/auth/login", { email, password, totp_code: secret("a code", "CanaryCode-749201") });
  await client.register(freshEmail(), secret("a weak password", "canarycanarycanary"));
  await client.register(email, secret("a password for a taken e-mail"));
  await client.register(`${email}\ud800`, secret("a password beside bad Unicode"));
  await client.post("/api/auth/register", { email: 1, password: [secret("a password of the wrong type")] });
  await client.request("POST", "/api/auth/login", {
    headers: { "Content-Type": "application/json" },
    body: `{"email": "${email}", "password": "${secret("a password in malformed JSON")}"`,
  });
  await client.post(
    `/api/auth/login?password=${secret("a password in the query", "Canary-in-the-query-x91")}`,
    { email },
  );
  await client.get(`/api/auth/${secret("a token in an unknown path", "Canary-in-the-path-x37")}`);
  await client.me(first.access_token, {
    headers: { Cookie: `session=${secret("a cookie", "CanaryCookie-x27")}` },
  });
  await client.me(secret("a malformed token", "canary.token.x55"));
  await client.get("/api/auth/sessions", {
    headers: { Authorization: `Basic ${secret("a Basic credential", "Q2FuYXJ5OngxMg")}` },
  });
  const second = remember(await client.refresh(first.refresh_token));
  remember(await client.refresh(first.refresh_token));
  const next = secret("a new password");
  await client.post(
    "/api/auth/change-password",
    { current_password: password, new_password: next },
    { token: second.access_token },
  );
  const third = remember(await client.login(email, next));
  remember(await client.refresh(third.refresh_token));
  await client.refresh(secret("an unknown refresh token", randomBytes(32).toString("base64url")));
  await client.post("/api/auth/logout", { refresh_token: third.refresh_token });
  const created = await runGateway(["create-superuser", "--email", freshEmail("admin")], {
    SQLALCHEMY_DATABASE_URL: database.url(),
    SUPERUSER_PASSWORD: secret("the superuser's password"),
  });
  assert.equal(created.code, 0, created.stderr);
  assertHoldsNone(created.stdout + created.stderr, "create-superuser's output");

  watching = false;
  await watch;
  await watcher.end();
  await database.query("CHECKPOINT");
});

test("no secret is in the gateway's log, at its most talkative", () => {
  assert.ok(gateway.log().includes("/api/auth/login"), "the log holds the requests at all");
  assertHoldsNone(gateway.log(), "the gateway's log");
});

test("no secret is in PostgreSQL's log, with every statement in it", () => {
  assert.match(cluster.log, /auth\.login/);
  assertHoldsNone(cluster.log, "PostgreSQL's log");
});

test("no secret is in pg_stat_activity", () => {
  assert.ok(
    [...activity].some((query) => query.includes("auth.")),
    [...activity].join("\n"),
  );
  assertHoldsNone([...activity].join("\n"), "pg_stat_activity");
});

test("no secret is in any table of the database", async () => {
  await database.asSuperuser(async (session) => {
    const { rows: tables } = await session.query(`
      SELECT format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'm') AND nspname NOT LIKE 'pg\\_temp%'`);
    assert.ok(tables.length > 60);
    for (const { name } of tables) {
      const { rows } = await session.query(`SELECT t::text AS row FROM ${name} t`);
      assertHoldsNone(rows.map(({ row }) => row).join("\n"), name);
    }
  });
});

test("no secret is in any file of the server, the write-ahead log included", () => {
  const visit = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) {
        const bytes = readFileSync(path);
        for (const [value, name] of secrets) {
          assert.ok(!bytes.includes(value), `${path} holds ${name}`);
          if (/^[\w-]{43}$/.test(value))
            assert.ok(!bytes.includes(Buffer.from(value, "base64url")), `${path}: ${name}`);
        }
      }
    }
  };
  visit(cluster.dataDirectory);
});
