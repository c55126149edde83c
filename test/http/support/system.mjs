// A whole system for one test file: a database of its own in the shared cluster, a gateway in front of it.
import { after } from "node:test";
import { Cluster } from "./cluster.mjs";
import { startGateway } from "./gateway.mjs";

// { cluster, database, gateway, client }; taken down when the file's tests are over.
export async function startSystem({ cluster, ...options } = {}) {
  const owned = cluster === undefined && !process.env.AUTH_API_TEST_CLUSTER;
  cluster ??= await Cluster.shared();
  const database = await cluster.createDatabase();
  const gateway = await startGateway(database, options);
  after(async () => {
    await gateway.stop();
    if (owned) await cluster.destroy();
  });
  return { cluster, database, gateway, client: gateway.client };
}
