// Promise: docs/nginx.conf is HTTPS in front of the gateway, as docs/https.md says. It is run as it stands, but for the
// places that it tells its reader to change and the ports, which a test cannot have.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { atExit, Cluster, repository } from "./support/cluster.mjs";
import { freePort, startGateway } from "./support/gateway.mjs";
import { until } from "./support/poll.mjs";

const owned = !process.env.AUTH_API_TEST_CLUSTER;
const cluster = await Cluster.shared();
const database = await cluster.createDatabase();
await database.query(`
  CREATE FUNCTION public.address(_client_ip inet) RETURNS jsonb LANGUAGE sql STABLE
    AS $$ SELECT to_jsonb(host(_client_ip)) $$;
  GRANT EXECUTE ON FUNCTION public.address TO auth_gateway;
  INSERT INTO auth.routes (method, path, function, lane, summary)
    VALUES ('GET', '/address', 'public.address', 'read', 'Client address')`);
const gateway = await startGateway(database, {
  environment: { TRUSTED_PROXIES: "127.0.0.1/32" },
  flags: ["--root-path", "/auth-api"],
});

const directory = mkdtempSync(join(tmpdir(), "auth-api-nginx-"));
const port = await freePort();
const [certificate, key] = [join(directory, "certificate.pem"), join(directory, "key.pem")];
execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
  "-subj", "/CN=auth.example.com", "-addext", "subjectAltName=DNS:auth.example.com", "-keyout", key, "-out", certificate],
{ stdio: "ignore" });

const replacements = [
  ["127.0.0.1:8004", `127.0.0.1:${gateway.port}`],
  ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
  ["  listen [::]:443 ssl http2;\n", ""],
  ["/etc/ssl/certs/auth.example.com.pem", certificate],
  ["/etc/ssl/private/auth.example.com.key", key],
];
let site = readFileSync(join(repository, "docs/nginx.conf"), "utf8");
for (const [from, to] of replacements) {
  assert.ok(site.includes(from), `docs/nginx.conf has "${from}"`);
  site = site.replace(from, to);
}
const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((name) => `${name}_temp_path ${directory}/${name};`).join("\n");
writeFileSync(join(directory, "nginx.conf"), `
  daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
  events {} http { access_log off; ${places}\n${site} }`);
const nginx = spawn("/usr/sbin/nginx", ["-e", `${directory}/error.log`, "-p", directory, "-c", `${directory}/nginx.conf`],
  { stdio: "inherit" });
const forget = atExit(() => nginx.kill("SIGKILL"));

const trusted = readFileSync(certificate);
function get(path, headers = {}, options = {}) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, ca: trusted, servername: "auth.example.com",
      headers: { Host: "auth.example.com", ...headers }, agent: false, ...options }, (response) => {
      let body = "";
      response.on("data", (data) => (body += data));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}
await until("nginx to answer", async () => (await get("/api/health/live").catch(() => ({}))).status === 200);

after(async () => {
  forget();
  nginx.kill("SIGTERM");
  await gateway.stop();
  rmSync(directory, { recursive: true, force: true });
  if (owned) await cluster.destroy();
});

describe("docs/nginx.conf", () => {
  test("serves the API over HTTPS, with and without the documented prefix", async () => {
    for (const path of ["/api/health", "/auth-api/api/health"]) {
      const answer = await get(path);
      assert.equal(answer.status, 200, answer.body);
      assert.match(answer.headers["strict-transport-security"], /max-age=/);
      assert.match(answer.headers["x-request-id"], /^[0-9a-f]{32}$/);
    }
  });

  test("tells the gateway the client's address, and a client cannot choose its own", async () => {
    assert.equal(JSON.parse((await get("/address", { "X-Forwarded-For": "192.0.2.7" })).body), "192.0.2.7",
      "127.0.0.1 is a trusted proxy here, so what it says of a client counts");
    assert.equal(JSON.parse((await get("/address", { "X-Forwarded-For": "198.51.100.1, 192.0.2.7" })).body), "192.0.2.7",
      "but only the right-most address that is not a proxy's");
  });

  test("speaks nothing older than TLS 1.2", async () => {
    await assert.rejects(get("/api/health", {}, { maxVersion: "TLSv1.1", minVersion: "TLSv1" }));
    assert.equal((await get("/api/health", {}, { maxVersion: "TLSv1.2" })).status, 200);
    assert.equal((await get("/api/health", {}, { minVersion: "TLSv1.3" })).status, 200);
  });

  test("keeps metrics inside", async () => {
    assert.equal((await get("/metrics")).status, 404);
  });
});
