// Running the commands of a page of docs/ as they stand, so that the page cannot say what does not work.
import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { repository } from "./cluster.mjs";

const run = promisify(execFile);

// The `sh` blocks of one section of docs/<page>, in order, without those that only name places (they begin with "# ").
export function commandsOf(page, heading) {
  const text = readFileSync(join(repository, "docs", page), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (!section) throw new Error(`docs/${page} has no section "${heading}"`);
  const blocks = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)]
    .map(([, block]) => block)
    .filter((block) => !block.startsWith("# "));
  if (blocks.length === 0) throw new Error(`docs/${page} has no commands in "${heading}"`);
  return blocks;
}

// Runs them as the user that the cluster's server runs as, its superuser in PostgreSQL, with `names` set.
export async function runAsServer(cluster, blocks, names = {}) {
  const { uid, gid } = statSync(cluster.dataDirectory);
  const identity = process.getuid() === 0 ? { uid, gid } : {};
  const script = `PATH=${cluster.binDirectory}:$PATH\n${blocks.join("\n")}`;
  return run("bash", ["-euo", "pipefail", "-c", script], {
    ...identity,
    cwd: cluster.dataDirectory,
    env: { ...cluster.environment(), HOME: cluster.dataDirectory, ...names },
  });
}
