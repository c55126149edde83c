// What the gateway says of itself and of its database while that is away, hangs, or has no connection left: health,
// readiness and liveness tell the truth at any moment, refusals are 503 with Retry-After, nobody gets another's answer,
// and service is back right after the database.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { freshEmail, freshPassword } from "../http/support/client.mjs";
import { Cluster } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { assertProblem } from "../http/support/problem.mjs";
import { Ledger, Person } from "../kills/load.mjs";

const cluster = await Cluster.create("max_connections = 20");
const database = await cluster.createDatabase();
const gateways = [];
after(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop("SIGKILL")));
  await cluster.destroy();
});

async function start(environment = {}, expect = 200) {
  const gateway = await startGateway(database, { environment: { DB_POOL_SIZE: "3", ...environment }, expect });
  gateways.push(gateway);
  return gateway;
}

const status = async (gateway, path) => (await gateway.client.get(path)).status;
const own = "FROM pg_stat_activity WHERE application_name = 'auth-gateway'";

// Takes every connection that PostgreSQL has left for others than superusers.
async function takeTheRest() {
  const taken = [];
  for (;;) {
    const session = await database.connect().catch((error) => {
      assert.equal(error.code, "53300");
    });
    if (!session) return () => Promise.all(taken.map((each) => each.end()));
    taken.push(session);
  }
}

// Ends the gateway's backends while it cannot notice, and lets others have their places.
async function takeAll(gateway) {
  gateway.process.kill("SIGSTOP");
  try {
    await database.asSuperuser(async (session) => {
      await session.query(`SELECT pg_terminate_backend(pid) ${own}`);
      await until("its backends to end", async () => (await session.query(`SELECT ${own}`)).rows.length === 0);
    });
    return await takeTheRest();
  } finally {
    gateway.process.kill("SIGCONT");
  }
}

async function assertOutage(gateway) {
  for (const path of ["/api/health", "/api/health/ready"]) {
    const { headers } = assertProblem(await gateway.client.get(path), 503);
    assert.ok(Number(headers.get("retry-after")) > 0, path);
  }
  assert.equal(await status(gateway, "/api/health/live"), 200);
  const refused = assertProblem(await gateway.client.login("ada@example.com", "a-passphrase"), 503);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
}

// People at the gateway; `served` resolves once all of them have been served by a request that began after now.
async function crowd(gateway) {
  const ledger = new Ledger();
  const place = { name: "the gateway", client: gateway.client, isDisturbed: false };
  const people = [];
  for (let count = 0; count < 4; count++)
    people.push(new Person(await gateway.client.newUser(), [place], Math.random, ledger));
  people.forEach((person) => person.start());
  return {
    ledger,
    async served(t, what) {
      const begin = performance.now();
      await until("everybody to be served", () => people.every((person) => person.servedSince(begin)));
      t.diagnostic(`${what}: everybody served after ${(performance.now() - begin).toFixed(0)} ms`);
    },
    async leave() {
      await Promise.all(people.map((person) => person.leave()));
      assert.deepEqual(ledger.mistakes, []);
    },
  };
}

test("others hold every further connection: the gateway serves with those that it has, and refuses nobody", async (t) => {
  const gateway = await start();
  const giveBack = await takeTheRest();
  const people = await crowd(gateway);
  try {
    await people.served(t, "with the pool's own connections");
    await until("a hundred answers", () => people.ledger.counts[200] > 100, { deadline: 60_000 });
    assert.equal(await status(gateway, "/api/health"), 200);
  } finally {
    await people.leave();
    await giveBack();
  }
  assert.equal(people.ledger.counts[503], undefined);
  await gateway.stop();
});

test("max_connections reached by others after the gateway lost its own: 503 with Retry-After until they leave", async (t) => {
  const gateway = await start();
  const people = await crowd(gateway);
  try {
    const giveBack = await takeAll(gateway);
    await until("health to notice", async () => (await status(gateway, "/api/health")) === 503);
    await assertOutage(gateway);
    await giveBack();
    await people.served(t, "connections are free again");
    await until("health to return", async () => (await status(gateway, "/api/health")) === 200);
    assert.equal(await status(gateway, "/api/health/ready"), 200);
  } finally {
    await people.leave();
  }
  assert.ok(people.ledger.counts[503] > 0);
  await gateway.stop();
});

test("max_connections reached by others before the gateway starts: it waits for them, and says so", async () => {
  const giveBack = await takeTheRest();
  const gateway = await start({}, 503);
  await assertOutage(gateway);
  await giveBack();
  await until("health to return", async () => (await status(gateway, "/api/health")) === 200);
  await gateway.client.newUser();
  await gateway.stop();
});

test("one connection left, which reads: checks are answered, and health does not call that healthy", async () => {
  const gateway = await start({ GATEWAY_WORKERS: "1", DB_MAX_OVERFLOW: "0" });
  const user = await gateway.client.newUser();
  await gateway.client.me(user.access_token);
  gateway.process.kill("SIGSTOP");
  let giveBack;
  try {
    await database.asSuperuser(async (session) => {
      const { rows } = await session.query(
        `SELECT pg_terminate_backend(pid) ${own} AND query NOT LIKE '%auth.me%'`,
      );
      assert.equal(rows.length, 2);
      await until("two backends to end", async () => (await session.query(`SELECT ${own}`)).rows.length === 1);
    });
    giveBack = await takeTheRest();
  } finally {
    gateway.process.kill("SIGCONT");
  }
  await until("health to notice", async () => (await status(gateway, "/api/health")) === 503);
  await assertOutage(gateway);
  assert.equal((await gateway.client.me(user.access_token)).body.email, user.email);
  await giveBack();
  await until("health to return", async () => (await status(gateway, "/api/health")) === 200);
  assert.equal((await gateway.client.login(user.email, user.password)).status, 200);
  await gateway.stop();
});

test("while PostgreSQL stops, is away and starts, no health answer contradicts it", async (t) => {
  const gateway = await start();
  const people = await crowd(gateway);
  const samples = [];
  let isOver = false;
  const paths = ["/api/health", "/api/health/ready", "/api/health/live"];
  const sampling = paths.map(async (path) => {
    while (!isOver) {
      const begin = performance.now();
      const answer = await gateway.client.get(path);
      samples.push({ path, begin, end: performance.now(), status: answer.status });
    }
  });
  const count = () => samples.length;
  const outages = [];
  try {
    for (const mode of ["fast", "immediate"]) {
      await cluster.stop(mode);
      const begin = performance.now();
      const enough = count() + 30;
      await until("thirty answers without a database", () => count() > enough);
      outages.push({ begin, end: performance.now() });
      await cluster.start();
      await people.served(t, `after a restart (${mode})`);
      await until("health to return", async () => (await status(gateway, "/api/health")) === 200);
    }
  } finally {
    isOver = true;
    await Promise.all(sampling);
    await people.leave();
  }
  const lies = samples.filter(({ path, begin, end, status: said }) => {
    if (path.endsWith("live")) return said !== 200;
    const isAway = outages.some((outage) => begin > outage.begin && end < outage.end);
    return isAway ? said !== 503 : said !== 200 && said !== 503;
  });
  assert.deepEqual(lies, []);
  await gateway.stop();
});

test("a server that hangs is not healthy within 2 s, and is again as soon as it goes on", async () => {
  const gateway = await start();
  const user = await gateway.client.newUser();
  const [postmaster] = readFileSync(join(cluster.dataDirectory, "postmaster.pid"), "utf8").split("\n").map(Number);
  const rows = await database.query(`SELECT pid ${own}`);
  const hung = [postmaster, ...rows.map(({ pid }) => pid)];
  hung.forEach((pid) => process.kill(pid, "SIGSTOP"));
  try {
    const begin = performance.now();
    await Promise.all(
      ["/api/health", "/api/health/ready"].map(async (path) =>
        assertProblem(await gateway.client.get(path), 503, /does not answer|cannot connect/),
      ),
    );
    assert.ok(performance.now() - begin < 10_000);
    assert.equal(await status(gateway, "/api/health/live"), 200);
  } finally {
    hung.forEach((pid) => process.kill(pid, "SIGCONT"));
  }
  await until("health to return", async () => (await status(gateway, "/api/health")) === 200);
  assert.equal((await gateway.client.me(user.access_token)).body.email, user.email);
  assert.equal((await gateway.client.register(freshEmail(), freshPassword())).status, 201);
  await gateway.stop();
});
