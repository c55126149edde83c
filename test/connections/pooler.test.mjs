// Behind PgBouncer in transaction mode every request may meet another server connection: no answer is mixed
// up, none fails, and the one setting that PgBouncer needs is named when it is missing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBouncer } from "../http/support/bouncer.mjs";
import { Cluster, repository } from "../http/support/cluster.mjs";
import { runGateway, startGateway } from "../http/support/gateway.mjs";

const [line] = /^ignore_startup_parameters = .*$/m.exec(
  readFileSync(join(repository, "docs/connections.md"), "utf8"),
);
const owned = !process.env.AUTH_API_TEST_CLUSTER;
const cluster = await Cluster.shared();
const database = await cluster.createDatabase();
after(() => owned && cluster.destroy());

test("two gateways and few server connections: every answer is right, and none is an error", async (t) => {
  const bouncer = await startBouncer(database, {
    connections: 4,
    ignored: line.split(" = ")[1],
  });
  t.after(() => bouncer.stop());
  const gateways = await Promise.all([1, 2].map(() => startGateway(database.url(bouncer.port))));
  t.after(() => Promise.all(gateways.map((gateway) => gateway.stop())));
  const users = await Promise.all(
    Array.from({ length: 8 }, (_, index) => gateways[index % 2].client.newUser()),
  );
  await Promise.all(
    users.map(async (user, index) => {
      for (let round = 0; round < 40; round++) {
        const { client } = gateways[(index + round) % 2];
        const options = { token: user.access_token };
        const [me, sessions, keys, valid] = await Promise.all([
          client.get("/api/auth/me", options),
          client.get("/api/auth/sessions", options),
          client.get("/.well-known/jwks.json"),
          client.request("POST", "/api/auth/validate-session", options),
        ]);
        for (const answer of [me, sessions, keys, valid]) assert.equal(answer.status, 200, answer.text);
        assert.equal(me.body.email, user.email);
        assert.equal(valid.body.email, user.email);
        assert.equal(sessions.body.length, 1);
        assert.ok(Array.isArray(keys.body.keys));
      }
    }),
  );
  for (const gateway of gateways) assert.doesNotMatch(gateway.log(), /database connection lost|"status":5/);
});

test("without ignore_startup_parameters the message says which setting is missing", async (t) => {
  const bouncer = await startBouncer(database, { ignored: "extra_float_digits" });
  t.after(() => bouncer.stop());
  const { code, stderr } = await runGateway(["routes"], { DATABASE_URL: database.url(bouncer.port) });
  assert.equal(code, 1);
  assert.match(stderr, /unsupported startup parameter: options/);
  assert.match(stderr, /ignore_startup_parameters = extra_float_digits, options/);
});
