// Promise: what a deployment runs unattended ends as it should: migrations that start at once, or before the server
// does, and the health check.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { Cluster } from "../http/support/cluster.mjs";
import { freePort, runGateway, startGateway } from "../http/support/gateway.mjs";

const cluster = await Cluster.shared();

describe("auth-gateway migrate", () => {
  test("of four first upgrades at once, one creates the extension and all succeed", async () => {
    const database = await cluster.createDatabase({ extension: false });
    const environment = { SQLALCHEMY_DATABASE_URL: database.url() };
    const runs = await Promise.all(
      [1, 2, 3, 4].map(() => runGateway(["migrate", "upgrade", "head"], environment)),
    );
    for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
    assert.equal(runs.filter(({ stdout }) => / created\n$/.test(stdout)).length, 1);
    assert.equal(runs.filter(({ stdout }) => / already\n$/.test(stdout)).length, 3);
  });

  test("--wait waits for a server that is not there yet, and not for ever", async () => {
    const late = await Cluster.create();
    const database = await late.createDatabase({ extension: false });
    const environment = { SQLALCHEMY_DATABASE_URL: database.url() };
    try {
      await late.stop();
      const refused = await runGateway(["migrate", "upgrade", "--wait", "0.3"], environment);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /Cannot connect to the database/);
      const waiting = runGateway(["migrate", "upgrade", "head", "--wait", "60"], environment);
      await late.start();
      const { code, stdout, stderr } = await waiting;
      assert.equal(code, 0, stderr);
      assert.match(stdout, / created\n$/);
    } finally {
      await late.destroy();
    }
  });

  test("may be called alembic", async () => {
    const database = await cluster.createDatabase();
    const environment = { SQLALCHEMY_DATABASE_URL: database.url() };
    const [familiar, own] = await Promise.all(
      ["alembic", "migrate"].map((name) => runGateway([name, "history"], environment)),
    );
    assert.equal(familiar.code, 0, familiar.stderr);
    assert.equal(familiar.stdout, own.stdout);
  });
});

describe("auth-gateway health", () => {
  const ask = (port, more = {}) => runGateway(["health"], { AUTH_API_PORT: String(port), ...more });

  test("succeeds beside a healthy gateway, at a wildcard and at an address, and needs no database URL", async () => {
    const database = await cluster.createDatabase();
    for (const address of ["127.0.0.1", "0.0.0.0"]) {
      const gateway = await startGateway(database, { environment: { AUTH_API_HOST: address } });
      const { code, stdout } = await ask(gateway.port, { AUTH_API_HOST: address });
      assert.equal(code, 0, stdout);
      assert.equal(JSON.parse(stdout).status, "healthy");
      assert.equal((await runGateway(["health", "--port", String(gateway.port)], {})).code, 0);
      await gateway.stop();
    }
  });

  test("fails beside a gateway without its database, and says what that answers", async () => {
    const url = `postgresql://auth_user:x@127.0.0.1:${await freePort()}/auth_db`;
    const gateway = await startGateway(url, { expect: 503 });
    const { code, stdout } = await ask(gateway.port);
    await gateway.stop();
    assert.equal(code, 1);
    assert.match(stdout, /503|unhealthy|database/i);
  });

  test("fails where nothing listens, where nobody answers in time, and on nonsense", async () => {
    const nothing = await ask(await freePort());
    assert.equal(nothing.code, 1);
    assert.match(nothing.stdout, /refused/);

    const peers = [
      { reply: undefined, says: /no answer in time/ },
      { reply: "HTTP/1.1 200\r\n", says: /HTTP/ },
      { reply: "\0".repeat(200_000), says: /./s },
      { reply: "", says: /^\n$/ },
    ];
    for (const { reply, says } of peers) {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        if (reply !== undefined) socket.end(reply);
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const { code, stdout } = await ask(server.address().port);
      server.close();
      assert.equal(code, 1);
      assert.match(stdout, says);
    }
  });
});
