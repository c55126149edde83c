// Promises about containers. What shows them is in test/container, named by the promise; here those tests run when a
// Docker engine answers.
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../http/support/cluster.mjs";
import { promise } from "./promise.mjs";

promise(6, {
  text: "`docker compose -f docker/compose.prod.yaml --env-file .env.production up -d`, and /api/health is healthy",
  shown: "exactly that, against a server in another container",
  container: /promise 6\b/,
});
promise(7, {
  text: "Development with an external database, or with --profile with-db",
  shown: "both, up to a log-in",
  container: /docker\/compose\.dev\.yaml/,
});
promise(22, {
  text: "Scales vertically by the limits of the compose file: 2 cores and 2 GB by default",
  shown: "the limits of the running container",
  container: /promise 22\b/,
});
promise(25, {
  text: "restart: always; and yet no healing by itself",
  verdict: "replaced: a gateway that dies is restarted, one whose database comes back serves again by itself",
  shown: "the gateway's process in its container killed; test-kills does the rest",
  container: /promise (22 and )?25\b/,
});
promise(28, {
  text: "Expected of ps: the API healthy, the migration ended with 0, a database",
  verdict: "replaced: no database container, for the database is external",
  shown: "the services of the compose file, and what they have come to",
  container: /promise (20 and )?28\b/,
});

const script = join(repository, "test/container/run.sh");

// Why the container tests cannot run here; undefined when they can.
export function missing() {
  if (!existsSync(script)) return "there is no test/container";
  try {
    execFileSync("docker", ["info"], { stdio: "ignore", timeout: 20_000 });
    return undefined;
  } catch {
    return "no Docker engine answers";
  }
}

// Runs them once; resolves to a function that throws unless there are tests with such a title and all of them passed.
export async function runContainerTests() {
  const files = ["compose-prod", "compose-dev"].map((name) => join(repository, `test/container/${name}.test.mjs`));
  const output = await new Promise((resolve) => {
    execFile(script, files, { cwd: repository, maxBuffer: 1 << 26 }, (_, stdout, stderr) => resolve(stdout + stderr));
  });
  const results = [...output.matchAll(/^\s*(?:(ok|not ok) \d+ - |([✔✖]) )(.*)$/gm)].map(([, tap, spec, title]) => ({
    passed: tap === "ok" || spec === "✔",
    title,
  }));
  return (pattern) => {
    const own = results.filter(({ title }) => pattern.test(title));
    if (own.length === 0 || own.some(({ passed }) => !passed))
      throw new Error(`${own.length} tests of test/container are named ${pattern}; the run said:\n${output.slice(-8000)}`);
  };
}
