// KILLS times (100), a random one of {backend, gateway, postmaster} is killed by signal 9 under load. Every answer that
// comes is right and its asker's own, every acknowledged write is there at the end, the pools return to rest, memory and
// descriptors stay flat, and service is back right after the database. KILLS_SEED repeats a run's choices.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Cluster } from "../http/support/cluster.mjs";
import { until } from "../http/support/poll.mjs";
import { Ledger, Person } from "./load.mjs";
import { Gateway, killBackend, Postmaster } from "./victims.mjs";

const kills = Number(process.env.KILLS ?? 100);
const seed = Number(process.env.KILLS_SEED ?? Math.floor(Math.random() * 2 ** 32));
const people = 6;
const workers = { survivor: 2, victim: 1 };
const poolSize = 3;
const servedAgain = { deadline: 10_000, every: 10 };
const poolAtRest = { deadline: 40_000, every: 200 }; // an additional connection is closed after 10 s without work
const memoryGrowth = 24; // MiB that the gateway may differ by: buffers and caches of its allocator
console.log(`${kills} kills, KILLS_SEED=${seed}`);

// mulberry32: choices that a seed repeats.
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const cluster = await Cluster.create("shared_buffers = 16MB"); // less to set up after every crash
const database = await cluster.createDatabase();
await database.query("SELECT auth.set_setting('refresh_grace_seconds', '60')");
await cluster.stop();
const postmaster = new Postmaster(cluster);
await postmaster.start();
const environment = (threads) => ({
  GATEWAY_WORKERS: String(threads),
  DB_POOL_SIZE: String(poolSize),
  DB_MAX_OVERFLOW: "3",
  LOG_LEVEL: "warning",
});
const survivor = await Gateway.start("the gateway that lives on", database, environment(workers.survivor));
const victim = await Gateway.start("the gateway that is killed", database, environment(workers.victim));
const gateways = [survivor, victim];
after(async () => {
  await Promise.all(gateways.map(({ running }) => running.stop("SIGKILL")));
  await cluster.destroy();
});

const gauge = async (name) => {
  const { text } = await survivor.client.get("/metrics");
  const lines = text.split("\n").filter((line) => !line.startsWith("#") && line.includes(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
};
const memory = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${survivor.running.process.pid}/status`, "utf8"))[1]) / 1024;
// Those that its clients do not hold.
const descriptors = async () =>
  readdirSync(`/proc/${survivor.running.process.pid}/fd`).length - (await gauge("http_connections"));

async function returnToRest() {
  const expected = (workers.survivor + workers.victim) * poolSize;
  await until(
    `the pools to return to ${expected} connections`,
    async () => {
      const [{ count }] = await database.query(
        "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'auth-gateway'",
      );
      return (
        count === expected &&
        (await gauge("database_connections{")) === workers.survivor * poolSize &&
        (await gauge("database_waiting_requests")) === 0
      );
    },
    poolAtRest,
  );
}

test(`${kills} kills under load`, { timeout: kills * 20_000 + 120_000 }, async (t) => {
  const random = generator(seed);
  const ledger = new Ledger();
  const crowd = [];
  for (let index = 0; index < people; index++) {
    const user = await survivor.client.newUser();
    crowd.push(new Person(user, gateways, generator(seed + index + 1), ledger));
  }
  const victims = {
    backend: () => killBackend(database, random),
    gateway: () => victim.kill(),
    postmaster: () => postmaster.kill(),
  };
  const killed = {};
  const recoveries = [];
  let memoryBefore, last;
  await returnToRest();
  const descriptorsBefore = await descriptors();
  crowd.forEach((person) => person.start());
  try {
    for (let round = 1; round <= kills; round++) {
      last = Object.keys(victims)[Math.floor(random() * 3)];
      killed[last] = (killed[last] ?? 0) + 1;
      await pause(random() * 50); // not for anything to happen: so that the kill falls at any moment of it
      const back = await victims[last]();
      await until(
        "everybody to be served again, by every gateway",
        () =>
          ledger.mistakes.length > 0 ||
          (crowd.every((person) => person.servedSince(back)) &&
            gateways.every((gateway) => crowd.some((person) => person.servedSince(back, gateway)))),
        servedAgain,
      );
      recoveries.push(performance.now() - back);
      assert.deepEqual(ledger.mistakes, []);
      if (round === Math.ceil(kills / 5)) memoryBefore = memory();
      if (round % Math.ceil(kills / 10) === 0)
        console.log(`${round} kills after ${process.uptime().toFixed(0)} s, memory ${memory().toFixed(1)} MiB`);
    }
    await Promise.all(crowd.map((person) => person.leave()));
    assert.deepEqual(ledger.mistakes, []);
    await returnToRest();
    await ledger.assertKept(database);
    for (const { user } of crowd) {
      assert.equal((await survivor.client.refresh(user.refresh_token)).status, 200);
      assert.equal((await survivor.client.login(user.email, user.password)).status, 200);
    }
    const memoryAfter = memory();
    recoveries.sort((left, right) => left - right);
    const recovered = (share) => recoveries[Math.ceil(share * recoveries.length) - 1].toFixed(0);
    t.diagnostic(`killed ${JSON.stringify(killed)}, answers ${JSON.stringify(ledger.counts)}`);
    t.diagnostic(`refusals ${JSON.stringify(ledger.refusals)}`);
    t.diagnostic(
      `acknowledged and there: ${ledger.users.size} registrations, ${ledger.sessions.size} sessions, ` +
        `${ledger.rotations.size} refresh tokens`,
    );
    t.diagnostic(`everybody served again: median ${recovered(0.5)} ms, 99 % ${recovered(0.99)} ms, last ${recovered(1)} ms`);
    t.diagnostic(`memory after a fifth ${memoryBefore.toFixed(1)} MiB, at the end ${memoryAfter.toFixed(1)} MiB`);
    assert.ok(memoryAfter < memoryBefore + memoryGrowth, "memory is flat");
    assert.ok((await descriptors()) <= descriptorsBefore + 2, "descriptors are closed");
  } catch (error) {
    const logs = gateways.map(({ name, running }) => `--- ${name}, its log's end:\n${running.log().slice(-4000)}`);
    console.log(`KILLS_SEED=${seed}, after ${JSON.stringify(killed)}, the last a ${last}\n${logs.join("\n")}`);
    await Promise.race([Promise.all(crowd.map((person) => person.leave())), pause(5000)]);
    throw error;
  }
});
