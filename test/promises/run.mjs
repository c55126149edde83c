// make promises: holds every promise of the documentation about external PostgreSQL against the running system, one test
// a promise; prints the table that docs/promises.md contains, and last `N passed, N failed`. `--write` writes that table.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../http/support/cluster.mjs";
import { missing, runContainerTests } from "./containers.mjs";
import "./connections.mjs";
import "./database.mjs";
import "./operation.mjs";
import "./roles.mjs";
import { allPromises } from "./promise.mjs";
import { takeDown } from "./system.mjs";

const count = 30;
const page = join(repository, "docs/promises.md");
const [begin, end] = ["<!-- what `make promises` prints -->\n", "<!-- end -->\n"];

const promises = allPromises();
const table = [
  "| # | promise | | shown by |",
  "|---|---|---|---|",
  ...promises.map(({ number, text, verdict, shown }) =>
    `| ${[number, text, verdict, shown].map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`),
].join("\n") + "\n";

const text = readFileSync(page, "utf8");
const written = text.slice(text.indexOf(begin) + begin.length, text.indexOf(end));
if (process.argv.includes("--write")) {
  writeFileSync(page, text.slice(0, text.indexOf(begin) + begin.length) + table + text.slice(text.indexOf(end)));
}

const only = process.env.PROMISES?.split(",").map(Number); // some of them, while working on one
const failures = [];
const leftOut = [];
let passed = 0;
async function hold(number, what, test) {
  const started = performance.now();
  try {
    await test();
    passed++;
    console.log(`ok ${number} - ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failures.push(number);
    console.log(`not ok ${number} - ${what}\n${error.stack}${error.cause ? `\n${error.cause.stack}` : ""}`);
  }
}

const reason = missing();
let judge;
for (const { number, text: what, test, container } of promises) {
  if (only && !only.includes(number)) continue;
  if (!container) {
    await hold(number, what, test);
  } else if (reason) {
    leftOut.push(number);
  } else {
    await hold(number, what, async () => (judge ??= await runContainerTests())(container));
  }
}
await takeDown();

console.log(`\n${table}`);
if (promises.length !== count) failures.push(`${promises.length} promises are tested, not ${count}`);
if (written !== table && !process.argv.includes("--write"))
  failures.push("docs/promises.md is out of date: node test/promises/run.mjs --write");
if (leftOut.length > 0)
  console.log(`!!! NOT TESTED, because ${reason}: promises ${leftOut.join(", ")} !!!\n`);
if (failures.length > 0) console.log(`Failed: ${failures.join("; ")}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
