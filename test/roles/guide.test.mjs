// docs/row-level-security.md works as it stands: all its psql blocks run in the order of the page, in a new database, and
// print what the page shows.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Cluster, repository } from "../http/support/cluster.mjs";

// The guide makes a role, so it takes a cluster of its own.
const cluster = await Cluster.create();
after(() => cluster.destroy());
const database = await cluster.createDatabase();

// [{ statements, output }]: each ```sql block, with the ```text block that follows it, if one does.
function blocks(page) {
  const found = [];
  for (const [, language, text] of page.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    if (language === "sql") found.push({ statements: text, output: null });
    else if (language === "text") found.at(-1).output = text;
    else assert.fail(`a block of an unknown kind: ${language}`);
  }
  return found;
}

test("the guide to row-level security does what it says", () => {
  const guide = blocks(readFileSync(join(repository, "docs/row-level-security.md"), "utf8"));
  assert.ok(guide.length >= 4);
  const mark = "end of a block of the guide";
  const printed = execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1"], {
    encoding: "utf8",
    env: cluster.environment(database.name),
    input: guide.map(({ statements }) => `${statements}\\echo '${mark}'\n`).join(""),
  }).split(`${mark}\n`);
  const lines = (text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.trimEnd())
      .filter((line) => line !== "");
  guide.forEach(({ statements, output }, index) =>
    assert.deepEqual(lines(printed[index]), lines(output ?? ""), `after:\n${statements}`),
  );
});
