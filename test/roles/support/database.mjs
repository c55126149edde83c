// A database with the extension and the evaluator, for the tests of roles.
import { readFileSync } from "node:fs";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { Cluster } from "../../http/support/cluster.mjs";

const evaluator = readFileSync(fileURLToPath(new URL("../evaluator.sql", import.meta.url)), "utf8");

// { cluster, database }; taken down when the file's tests are over, after `cleanUp(database)`. `own`: a cluster of its own,
// with these settings.
export async function startDatabase({ own, cleanUp = () => {} } = {}) {
  const shared = own === undefined && process.env.AUTH_API_TEST_CLUSTER !== undefined;
  const cluster = own === undefined ? await Cluster.shared() : await Cluster.create(...own);
  let database;
  after(async () => {
    if (database !== undefined) await cleanUp(database);
    if (!shared) await cluster.destroy();
  });
  database = await cluster.createDatabase();
  await database.query(evaluator);
  return { cluster, database };
}

// An access token of a session that begins now.
export async function tokenOf(database, userId) {
  const [{ access_token }] = await database.query("SELECT access_token FROM auth.issue_session($1)", [
    userId,
  ]);
  return access_token;
}
