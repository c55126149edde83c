// Promise: from an empty PostgreSQL server on another address to a logged-in user with a role in under ten commands,
// which are those of docs/external-postgresql.md, read from the page. Only what is particular to the reader's place
// is replaced, as the page says: the server's name, the port.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { atExit, repository } from "../http/support/cluster.mjs";
import { freePort } from "../http/support/gateway.mjs";
import { ExternalServer, attempt, composeCommand, uniqueName } from "./support/docker.mjs";

const page = readFileSync(join(repository, "docs/external-postgresql.md"), "utf8");
const section = page.slice(page.indexOf("## From an empty server"));
const block = section.match(/^```sh\n([^]*?)^```$/m)[1];

// Commands of a block: a here-document's lines, and those after a backslash, belong to the one before.
function commandsOf(text) {
  const commands = [];
  let end; // of the here-document that we are in
  let continues = false;
  for (const line of text.trimEnd().split("\n")) {
    if (end !== undefined || continues) commands[commands.length - 1] += `\n${line}`;
    else commands.push(line);
    if (end !== undefined) {
      if (line === end) end = undefined;
    } else {
      end = line.match(/(?<!<)<<-?'?(\w+)'?/)?.[1];
      continues = line.endsWith("\\");
    }
  }
  return commands;
}

const project = uniqueName("newcomer");
let server;
let directory;
let compose;

before(async () => {
  server = await ExternalServer.start();
  directory = mkdtempSync(join(tmpdir(), "auth-api-newcomer-"));
  atExit(() => rmSync(directory, { recursive: true, force: true }));
  // A checkout, built as far as this one is.
  const files = ["Makefile", "LICENSE", ".dockerignore", "auth_api.so"];
  for (const entry of [...files, "build", "control", "docker", "extension", "gateway", "sql"]) {
    cpSync(join(repository, entry), join(directory, entry), {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !/\/build\/(unit|tidy|fuzz)/.test(path),
    });
  }
  compose = (...args) =>
    attempt(composeCommand[0], [...composeCommand.slice(1), "-f", "docker/compose.prod.yaml", "-p", project, ...args],
      { cwd: directory });
});

after(async () => {
  await compose?.("down", "--timeout", "5");
});

test("the page's own commands lead from an empty server to a logged-in user with a role", async (context) => {
  const commands = commandsOf(block);
  assert.ok(commands.length < 10, `${commands.length} commands:\n${commands.join("\n")}`);

  const port = await freePort();
  const script = [
    "set -euo pipefail",
    `ssh() { docker exec -i ${server.name} sh -c "$2"; }`,
    ...commands,
    "echo", // the answer before it ends without a line's end
    'echo "token=$TOKEN"',
  ]
    .join("\n")
    .replaceAll("db.example.com:5432", `${server.host}:${server.port}`)
    .replaceAll("localhost:8004", `localhost:${port}`)
    .replaceAll("docker compose ", `${composeCommand.join(" ")} `);
  const begin = performance.now();
  const { code, stdout, stderr } = await attempt("bash", ["-c", script], {
    cwd: directory,
    env: { AUTH_API_PORT: String(port), COMPOSE_PROJECT_NAME: project },
  });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  context.diagnostic(`${commands.length} commands, ${((performance.now() - begin) / 1000).toFixed(1)} s`);

  const token = stdout.match(/^token=(\S+)$/m)[1];
  const answer = await fetch(`http://localhost:${port}/api/auth/me`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  const me = await answer.json();
  assert.equal(me.email, "admin@example.com");
  assert.equal(me.is_superuser, true);
  const roles = await server.psql("auth_db",
    "SELECT user_id || ' ' || role || ' ' || resource_type FROM user_role_assignments");
  assert.equal(roles, `${me.id} admin organization`);
});
