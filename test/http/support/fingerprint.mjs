// Comparing two databases by test/upgrade/fingerprint.sql.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./cluster.mjs";

const statement = readFileSync(join(repository, "test/upgrade/fingerprint.sql"), "utf8");

// One line an object or property, sorted.
export const fingerprint = async (database) =>
  (await database.query(statement)).map(({ kind, object, fact }) => `${kind} | ${object} | ${fact}`);

// Asserts equality and, where there is none, lists the lines that only one side has.
export function assertSame(actual, expected, what) {
  assert.ok(expected.length > 300, `a fingerprint of ${expected.length} lines cannot be whole`);
  const only = (some, others) => {
    const known = new Set(others);
    return some.filter((line) => !known.has(line));
  };
  assert.deepEqual(
    { additional: only(actual, expected), missing: only(expected, actual) },
    { additional: [], missing: [] },
    what,
  );
}
