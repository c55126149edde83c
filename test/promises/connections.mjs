// Promises about what lies between a client and the database: ports, the pool, TLS, secrets, proxies, scale.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshPassword } from "../http/support/client.mjs";
import { runGateway } from "../http/support/gateway.mjs";
import { runAsServer } from "../http/support/page.mjs";
import { until } from "../http/support/poll.mjs";
import { Wire } from "../http/support/wire.mjs";
import { promise } from "./promise.mjs";
import { backends, client, cluster, command, database, socketsOf, superuser, withGateway } from "./system.mjs";

promise(9, {
  text: "The only port behind the gateway is PostgreSQL's; reachability can be tested from its container",
  verdict: "replaced: psql is not in the image, `auth-gateway migrate current` asks from there and says what is wrong",
  shown: "every socket of a gateway under load; the command against a server and against none",
  async test() {
    await withGateway({}, async (there, { process, port }) => {
      await there.newUser();
      const outward = socketsOf(process).filter(({ isListening, local }) => !isListening && local.port !== port);
      assert.ok(outward.length > 0);
      assert.deepEqual([...new Set(outward.map(({ remote }) => remote.port))], [cluster.port]);
    });
    assert.equal((await command(["migrate", "current"])).code, 0);
    const { code, stderr } = await command(["migrate", "current"], database.url(1));
    assert.notEqual(code, 0);
    assert.match(stderr, /refused/);
  },
});

promise(10, {
  text: "Pool: 5 connections and 10 more, 30 s of waiting, recycled after 3600 s, about 20 connections for 4 workers",
  shown: "pg_stat_activity at rest and under load; the two times shortened",
  async test() {
    const others = (await backends()).length;
    const own = async () => (await backends()).length - others;
    await withGateway({ environment: { GATEWAY_WORKERS: "4" } }, async (there) => {
      await until("20 connections at rest", async () => (await own()) === 20);
      const user = await there.newUser();
      const { access_token } = user;
      let most = 0;
      const load = Array.from({ length: 200 }, async (_, index) => {
        const { status } = await (index % 4
          ? there.get("/api/auth/sessions", { token: access_token })
          : there.login(user.email, user.password));
        assert.equal(status, 200);
      });
      const watch = (async () => {
        for (let look = 0; look < 20; look++) most = Math.max(most, await own());
      })();
      await Promise.all([...load, watch]);
      assert.ok(most >= 20 && most <= 60, `${most} connections`);
    });
    const environment = { GATEWAY_WORKERS: "1", DB_POOL_RECYCLE: "1", DB_POOL_TIMEOUT: "1", DB_MAX_OVERFLOW: "0" };
    await withGateway({ environment }, async (there) => {
      const before = (await backends()).map(({ pid }) => pid);
      await until("every connection to be replaced", async () => {
        const now = new Set((await backends()).map(({ pid }) => pid));
        return before.filter((pid) => now.has(pid)).length <= others;
      });
      // Whoever holds the row holds the one connection for log-ins, and the next one waits in vain.
      const user = await there.newUser();
      const holder = await database.connectSuperuser();
      await holder.query("BEGIN");
      await holder.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user.id]);
      const held = there.login(user.email, user.password);
      await until("it to wait", async () => (await backends("wait_event_type = 'Lock'")).length > 0);
      const answer = await there.login("ada@example.com", freshPassword());
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get("retry-after")) > 0);
      await holder.query("COMMIT");
      await holder.end();
      assert.equal((await held).status, 200);
    });
  },
});

promise(11, {
  text: "TLS by ?sslmode= in the URL, from disable to verify-full",
  shown: "each mode against a certificate of a test authority; a name that it does not hold is refused",
  async test() {
    const authority = join(cluster.directory, "authority.pem");
    await runAsServer(cluster, [`
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \\
        -keyout authority.key -out "$AUTHORITY"
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
      openssl x509 -req -in server.csr -CA "$AUTHORITY" -CAkey authority.key -CAcreateserial -days 2 -out server.crt \\
        -extfile <(echo subjectAltName=DNS:localhost)
      psql -X -q -c "ALTER SYSTEM SET ssl = on" -c "SELECT pg_reload_conf()"`],
      { AUTHORITY: authority });
    const directory = mkdtempSync(join(tmpdir(), "auth-api-tls-"));
    const trusted = join(directory, "authority.pem");
    writeFileSync(trusted, readFileSync(authority));
    await until("TLS", async () => (await database.query("SHOW ssl"))[0].ssl === "on");
    const url = (mode, host) =>
      `${database.url().replace("127.0.0.1", host)}?sslmode=${mode}&sslrootcert=${trusted}`;
    try {
      const plain = (await backends("NOT ssl")).length;
      for (const mode of ["disable", "require", "verify-ca", "verify-full"]) {
        await withGateway({}, async (there) => {
          await there.newUser();
          const isPlain = (await backends("NOT ssl")).length > plain;
          assert.equal(isPlain, mode === "disable", mode);
        }, url(mode, "localhost"));
      }
      assert.equal((await command(["routes"], url("verify-ca", "127.0.0.1"))).code, 0);
      const { code, stderr } = await command(["routes"], url("verify-full", "127.0.0.1"));
      assert.notEqual(code, 0);
      assert.match(stderr, /does not match host name/);
    } finally {
      rmSync(directory, { recursive: true });
      await database.query("ALTER SYSTEM RESET ssl");
      await database.query("SELECT pg_reload_conf()");
    }
  },
});

promise(12, {
  text: "Secrets by environment or by a file such as /run/secrets/…, never hard-coded",
  shown: "a URL from a file; both at once are refused; no command line shows the password",
  async test() {
    const directory = mkdtempSync(join(tmpdir(), "auth-api-secret-"));
    const file = join(directory, "database_url");
    writeFileSync(file, `${database.url()}\n`);
    chmodSync(file, 0o400);
    try {
      const fromFile = { SQLALCHEMY_DATABASE_URL_FILE: file };
      assert.equal((await runGateway(["routes"], fromFile)).code, 0);
      const both = await command(["routes"], database.url(), fromFile);
      assert.notEqual(both.code, 0);
      await withGateway({ environment: fromFile }, async () => {}, database).then(
        () => assert.fail("both at once were accepted"),
        (error) => assert.match(error.message, /SQLALCHEMY_DATABASE_URL/),
      );
      await withGateway({}, async (_, { process }) => {
        assert.ok(!readFileSync(`/proc/${process.pid}/cmdline`, "latin1").includes(database.password));
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
});

promise(16, {
  text: "Troubleshooting: connection refused, authentication failed, permission denied, too many connections",
  shown: "each fault made for real; the command says which one it is",
  async test() {
    const wrongly = async (url, says) => {
      const { code, stderr } = await command(["migrate", "current"], url);
      assert.notEqual(code, 0);
      assert.match(stderr, says);
      assert.ok(!stderr.includes(database.password));
    };
    const { user, password, name } = database;
    const at = `127.0.0.1:${cluster.port}`;
    await wrongly(database.url(1), /refused/);
    await wrongly(`postgresql://${user}:wrong@${at}/${name}`, /authentication failed/);
    await wrongly(`postgresql://${user}:${password}@${at}/absent`, /does not exist/);
    await wrongly(`postgresql://${user}:${password}@no-such-host.invalid/${name}`, /no-such-host/);
    await database.query("CREATE DATABASE unready");
    await database.query("REVOKE CONNECT ON DATABASE unready FROM PUBLIC");
    await wrongly(`postgresql://${user}:${password}@${at}/unready`, /permission denied/);
    await database.query("ALTER ROLE auth_user CONNECTION LIMIT 0");
    try {
      await wrongly(database.url(), /too many connections/);
    } finally {
      await database.query("ALTER ROLE auth_user CONNECTION LIMIT -1");
    }
  },
});

promise(20, {
  text: "OPA is never exposed; only the API's port is published",
  verdict: "replaced: there is no OPA, the database decides; one port listens, and a second on loopback if asked for",
  shown: "the listening sockets of a gateway",
  async test() {
    const listening = (process) => socketsOf(process).filter(({ isListening }) => isListening);
    let spare;
    await withGateway({}, (_, { process, port }) => {
      spare = port;
      assert.deepEqual(listening(process).map(({ local }) => local.port), [port]);
    });
    const environment = { AUTH_API_HOST: "0.0.0.0", AUTH_API_ADMIN_PORT: String(spare) };
    await withGateway({ environment }, (_, { process }) => {
      const administrative = listening(process).find(({ local }) => local.port === spare);
      assert.equal(administrative.local.address, "0100007F", "127.0.0.1, as the kernel writes it");
    });
  },
});

promise(21, {
  text: "Scales horizontally: three instances behind one address, stateless, with sessions in the shared database",
  shown: "log in at one gateway, ask the second, log out at the third, be refused by all at once",
  async test() {
    await withGateway({}, (second) =>
      withGateway({}, async (third) => {
        const user = await client.newUser();
        assert.equal((await second.me(user.access_token)).body.email, user.email);
        const { body } = await second.refresh(user.refresh_token);
        assert.equal((await third.post("/api/auth/logout", { refresh_token: body.refresh_token })).status, 200);
        for (const each of [client, second, third]) {
          assert.equal((await each.me(user.access_token)).status, 401);
          assert.equal((await each.me(body.access_token)).status, 401);
        }
      }),
    );
  },
});

promise(26, {
  text: "A reverse proxy with TLS in front, which passes Host and X-Forwarded-For",
  shown: "any Host is served; a trusted proxy's X-Forwarded-For is the session's address, and nobody else's",
  async test() {
    await withGateway({}, async (_, { port }) => {
      const wire = await Wire.open(port);
      wire.send("GET /api/health HTTP/1.1\r\nHost: auth.example.com\r\n\r\n");
      assert.equal((await wire.response()).status, 200);
      wire.close();
    });
    const headers = { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" };
    const addressBy = async (environment) =>
      withGateway({ environment }, async (there) => {
        const user = await there.newUser();
        const { access_token } = await there.newSession(user, { headers });
        const { body } = await there.get("/api/auth/sessions", { token: access_token });
        return body.find(({ is_current }) => is_current).ip_address;
      });
    assert.equal(await addressBy({ TRUSTED_PROXIES: "127.0.0.1/32" }), "203.0.113.9");
    assert.equal(await addressBy({}), "127.0.0.1");
  },
});

promise(30, {
  text: "Checklist: strong keys, CORS list, TLS, firewall, backups, tested health, active and inactive users, monitoring, rollback",
  shown: "what software can check of it is checked: a careless key file, a foreign origin, a suspended user, metrics",
  async test() {
    await withGateway({ environment: { CORS_ORIGINS: "https://app.example.com" } }, async (there) => {
      const allowed = async (origin) =>
        (await there.get("/", { headers: { Origin: origin } })).headers.get("access-control-allow-origin");
      assert.equal(await allowed("https://app.example.com"), "https://app.example.com");
      assert.equal(await allowed("https://evil.example.com"), null);
      const { status, text } = await there.get("/metrics");
      assert.equal(status, 200);
      assert.match(text, /requests_total\{/);
    });
    const user = await client.newUser();
    await database.query("UPDATE users SET status = 'suspended' WHERE id = $1", [user.id]);
    assert.equal((await client.login(user.email, user.password)).status, 401);
    assert.equal((await client.me(user.access_token)).status, 401);
    const { mode } = statSync(cluster.keyFile);
    chmodSync(cluster.keyFile, 0o644);
    try {
      await withGateway({}, async (there) => {
        await database.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'auth-gateway'",
        );
        await until("every backend to be a new one", async () => (await there.get("/api/health")).status === 200);
        const { status } = await there.login("admin@example.com", freshPassword());
        assert.equal(status, 401, "nothing is signed for a wrong password");
        await assert.rejects(superuser(), /login answered 5/);
      });
    } finally {
      chmodSync(cluster.keyFile, mode);
    }
  },
});
