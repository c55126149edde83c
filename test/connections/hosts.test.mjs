// Several hosts in one URL: the first that answers and suits is used, whatever the others do, and the gateway
// follows when the roles of the servers change.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, describe, test } from "node:test";
import { Cluster, using } from "../http/support/cluster.mjs";
import { freePort, runGateway, startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";

const primary = await Cluster.create();
const database = await primary.createDatabase();
const standby = await primary.standby();
after(async () => {
  await standby.destroy();
  await primary.destroy();
});

// Accepts connections and never says a word.
const peers = new Set();
const silent = createServer((socket) => {
  peers.add(socket.on("error", () => {}));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => silent.once("listening", resolve));
after(() => {
  peers.forEach((socket) => socket.destroy());
  silent.close();
});
const silentPort = silent.address().port;
const closedPort = await freePort();

const url = (hosts, parameters = "") =>
  `postgresql://${database.user}:${database.password}@${hosts.join(",")}/${database.name}?${parameters}`;
const local = (...ports) => ports.map((port) => `127.0.0.1:${port}`);

// Where a gateway's connections lead: how many there are to each server.
const connections = async (cluster) =>
  using(cluster.superuser(database.name), async (session) =>
    Number(
      (
        await session.query(
          "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'auth-gateway' AND usename = $1",
          [database.user],
        )
      ).rows[0].count,
    ),
  );
async function serves(address, { from, environment = {} }) {
  const gateway = await startGateway(address, { environment: { GATEWAY_WORKERS: "1", ...environment } });
  try {
    for (const [cluster, expected] of [
      [primary, from === primary ? 5 : 0],
      [standby, from === standby ? 5 : 0],
    ]) {
      await until("its connections to lead there", async () => (await connections(cluster)) === expected);
    }
  } finally {
    await gateway.stop();
  }
  for (const cluster of [primary, standby]) {
    await until("its connections to be gone", async () => (await connections(cluster)) === 0);
  }
}

describe("a host that cannot be used is passed over:", () => {
  test("one that accepts and stays silent, one that refuses, one whose name is unknown", async () => {
    const hosts = [`127.0.0.1:${silentPort}`, `127.0.0.1:${closedPort}`, "nowhere.invalid:5432"];
    await serves(url([...hosts, `127.0.0.1:${primary.port}`], "connect_timeout=1"), { from: primary });
  });

  test("also as the address of a name, with a port for each", async () => {
    await serves(url([`localhost:${silentPort}`, `localhost:${primary.port}`], "connect_timeout=1"), {
      from: primary,
    });
  });

  test("also in a subcommand, which says what each of them did when none is left", async () => {
    const environment = {
      SQLALCHEMY_DATABASE_URL: url(local(silentPort, primary.port), "connect_timeout=1"),
    };
    const listed = await runGateway(["routes"], environment);
    assert.equal(listed.code, 0, listed.stderr);

    environment.SQLALCHEMY_DATABASE_URL = url(local(silentPort, closedPort), "connect_timeout=1");
    const refused = await runGateway(["routes"], environment);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, new RegExp(`no answer from 127.0.0.1, port ${silentPort} within 1 s`));
    assert.match(refused.stderr, new RegExp(`port ${closedPort} failed: Connection refused`));
    assert.match(refused.stderr, /firewalls/);
    assert.match(refused.stderr, /Nothing listens there/);
  });
});

describe("target_session_attrs, the standby first:", () => {
  const both = () => local(standby.port, primary.port);
  for (const [wanted, role] of [
    ["any", "standby"],
    ["read-write", "primary"],
    ["primary", "primary"],
    ["read-only", "standby"],
    ["standby", "standby"],
    ["prefer-standby", "standby"],
  ]) {
    test(`${wanted} leads to the ${role}`, async () => {
      const from = role === "primary" ? primary : standby;
      await serves(url(both(), `target_session_attrs=${wanted}`), { from });
    });
  }

  test("prefer-standby leads to the primary where every standby is silent", async () => {
    const hosts = local(primary.port, silentPort);
    await serves(url(hosts, "target_session_attrs=prefer-standby&connect_timeout=1"), { from: primary });
  });

  test("without a host that suits, the gateway says which kind is missing", async () => {
    for (const [wanted, port, meaning] of [
      ["read-write", standby.port, /asks for a server that can write/],
      ["primary", standby.port, /asks for a primary and this is a standby/],
      ["standby", primary.port, /asks for a standby and this is a primary/],
      ["read-only", primary.port, /asks for a server that only reads/],
    ]) {
      const { code, stderr } = await runGateway(["routes"], {
        SQLALCHEMY_DATABASE_URL: url(local(port), `target_session_attrs=${wanted}`),
      });
      assert.equal(code, 1);
      assert.match(stderr, meaning);
    }
  });
});

test("as many hosts as ports, or the start fails and says so", async () => {
  const { code, stderr } = await runGateway(["serve"], {
    SQLALCHEMY_DATABASE_URL: `postgresql://u:hidden@/d?host=a,b&port=1,2,3`,
  });
  assert.equal(code, 1);
  assert.match(stderr, /names 2 hosts, but 3 ports/);
  assert.doesNotMatch(stderr, /hidden/);
});

test("when the primary dies and the standby is promoted, the gateway follows it", async () => {
  const gateway = await startGateway(
    url(local(primary.port, standby.port), "target_session_attrs=read-write&connect_timeout=2"),
  );
  try {
    const user = await gateway.client.newUser();
    const { lsn } = (await database.query("SELECT pg_current_wal_lsn() AS lsn"))[0];
    await using(standby.superuser(), async (session) => {
      await until(
        "the standby to catch up",
        async () =>
          (await session.query("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done", [lsn])).rows[0].done,
      );
      await primary.stop("immediate");
      await session.query("SELECT pg_promote()");
    });
    await until(
      "a log-in, which writes",
      async () => (await gateway.client.login(user.email, user.password)).status === 200,
    );
  } finally {
    await gateway.stop();
  }
});
