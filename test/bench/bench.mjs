// Takes every figure that this project claims, in one run on one machine, and prints them beside their targets. The
// gateway runs with the settings that a user gets by default, access log on (to a file).
//
// Environment: PG* reach the database as the gateway's login role, ADMIN_EMAIL and ADMIN_PASSWORD name a user (all
// from .run/env), GATEWAY_BINARY, BENCH_BINARIES (folder of argon2id and point_check), BENCH_CLUSTER (the cluster's
// directory), BENCH_JSON (result file), BENCH_SHARING (from in-one-group.sh); BENCH_PARTS (sessions,roles), BENCH_SECONDS
// (5) and BENCH_ROUNDS (3) shorten it.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fail, figures, required } from "./measure.mjs";
import { measureRoles } from "./roles.mjs";
import { measureSessions } from "./sessions.mjs";

const parts = { sessions: measureSessions, roles: measureRoles };
for (const part of (process.env.BENCH_PARTS ?? "sessions,roles").split(",")) {
  await (parts[part] ?? fail(`bench: BENCH_PARTS knows ${Object.keys(parts)}, not "${part}"`))();
}

console.log(`processor shared out among ${process.env.BENCH_SHARING ?? "threads"}`);
for (const { name, value, target, holds, detail } of figures) {
  console.log(`${holds ? "holds " : "MISSED"}  ${name.padEnd(64)} ${value.toFixed(2).padStart(8)}  ${target.padEnd(10)}  (${detail})`);
}
const result = { taken: new Date().toISOString(), cores: cpus().length, figures };
writeFileSync(required("BENCH_JSON"), JSON.stringify(result, null, 2) + "\n");
