// No answer of the engine is ever older, or younger, than the snapshot of the statement that asks: not while others
// grant, revoke, suspend, move and delete, in no isolation level, and not on a hot standby.
//
// Why a stale answer cannot hide here:
// 1. A checking statement asks the engine and the evaluator (../evaluator.sql, plain SQL over the same tables) the same
//    question, and compares. Both run under the statement's one snapshot and its one statement_timestamp(), whatever
//    commits meanwhile. PostgreSQL gives the evaluator exactly the rows of that snapshot. So if the engine's answer
//    differs, it came from somewhere else: from another time (stale, or too new) or from a mistake. There are no
//    differences that are excused. That a snapshot is taken late enough is PostgreSQL's promise, not the engine's...
// 2. ...but it is checked as well (promises.mjs), by real-time order: a change that was acknowledged before a statement
//    was sent must be in the answer, on every connection, and on a standby once that has replayed it. There the engine
//    is asked alone, with nothing beside it that would read the tables first.
// 3. Those who change and those who check run at full speed on few users and few resources, so that nearly every check
//    has a change at its heels; VACUUM, VACUUM FULL, CLUSTER and updates that move rows run among them.
//
// RACE_CHECKS is the least number of checks (50,000; `make race`: 1,000,000), RACE_SEED repeats the random choices,
// though not the interleaving.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { open } from "../../http/support/cluster.mjs";
import { until } from "../../http/support/poll.mjs";
import { startDatabase, tokenOf } from "../support/database.mjs";
import { change } from "./changes.mjs";
import { check, kinds } from "./checks.mjs";
import { preparePromiser, promise } from "./promises.mjs";

const wanted = Number(process.env.RACE_CHECKS ?? 50_000);
const seed = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const deadline = Number(process.env.RACE_SECONDS ?? 540) * 1000;

// What the standby replays waits for those who check there, however long; else it would end their connections. They in turn
// wait only so long for a table that replay has locked, for it may hold that lock while it waits for them.
const { cluster, database } = await startDatabase({
  own: ["max_standby_streaming_delay = -1", "autovacuum_naptime = '1s'"],
});
await database.query(readFileSync(fileURLToPath(new URL("setup.sql", import.meta.url)), "utf8"));
const promisers = [101, 102];
for (const user of promisers) await preparePromiser(database, user);

const race = {
  over: false,
  changes: 0,
  tokens: await Promise.all([1, 2, 3, 4, 5, 6].map((user) => tokenOf(database, user))),
  counts: {},
  difference: null,
  count(kind, checks, differences) {
    this.counts[kind] = (this.counts[kind] ?? 0) + checks;
    if (differences !== null && this.difference === null) {
      this.difference = { kind, differences };
      this.over = true;
    }
  },
  get checks() {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  },
};

const standby = await cluster.standby();
after(() => standby.destroy());

test(`${wanted} checks among changes, none stale (RACE_SEED=${seed})`, async (t) => {
  const sessions = [];
  const connect = async (server = cluster) => {
    const session = await open(server.superuser(database.name));
    sessions.push(session);
    if (server === standby) await session.query("SET lock_timeout = '1s'");
    return session;
  };
  const everybody = [];
  let place = 0;
  // Whoever ends by an error ends the race for all.
  const join = (work) => {
    everybody.push(work);
    work.catch(() => (race.over = true));
  };

  for (let number = 0; number < 3; number++) join(change(race, await connect(), seed + place++));
  for (const kind of Object.keys(kinds)) {
    join(check(race, kind, await connect(kind === "standby" ? standby : cluster), seed + place++));
  }
  for (const user of promisers) {
    const promiser = {
      user,
      writer: await connect(),
      askers: [await connect(), await connect()],
      standby: await connect(standby),
    };
    join(promise(race, promiser, seed + place++));
  }

  const complete = () => race.checks >= wanted && Object.keys(kinds).every((kind) => race.counts[kind] > 0);
  try {
    await until(`${wanted} checks`, () => race.over || complete(), { deadline, every: 50 });
  } finally {
    race.over = true;
    await Promise.allSettled(everybody);
    t.diagnostic(`${race.checks} checks, ${race.changes} changes`);
    for (const [kind, count] of Object.entries(race.counts)) t.diagnostic(`${kind}: ${count}`);
    await Promise.all(sessions.map((session) => session.end()));
  }
  for (const server of [cluster, standby]) {
    assert.doesNotMatch(server.log, /PANIC|terminated by signal/, "the server survives");
  }
  await Promise.all(everybody);
  assert.equal(race.difference, null, `a wrong answer: ${JSON.stringify(race.difference, null, 1)}`);
});
