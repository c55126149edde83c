// The packages that `make deb` has made.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../http/support/cluster.mjs";

function find(name) {
  const directory = join(repository, "build/deb");
  const file = readdirSync(directory).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith(".deb"));
  return join(directory, file);
}
export const extensionPackage = find("postgresql-15-auth-api");
export const gatewayPackage = find("auth-api-gateway");
