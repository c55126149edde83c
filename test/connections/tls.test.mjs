// TLS to the database, from disable to verify-full, against a certificate authority of our own: what is right
// connects, and whatever is wrong is refused with a message that says what it is.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Cluster, repository } from "../http/support/cluster.mjs";
import { runGateway, startGateway } from "../http/support/gateway.mjs";
import { until } from "../http/support/poll.mjs";
import { Authority, showCertificate } from "./support/authority.mjs";

const cluster = await Cluster.create();
const database = await cluster.createDatabase();
const admin = await database.connectSuperuser();
after(async () => {
  await admin.end();
  await cluster.destroy();
});

const authority = new Authority("auth-api test authority");
const stranger = new Authority("another authority");
const names = ["DNS:db.auth.example", "IP:127.0.0.1"];
const good = authority.issue("db.auth.example", { names });

// The name that certificates are checked against is given beside the address, so nobody has to look it up.
const url = (parameters, { host = "db.auth.example", user = `${database.user}:${database.password}` } = {}) =>
  `postgresql://${user}@${host}:${cluster.port}/${database.name}?hostaddr=127.0.0.1&${parameters}`;
const trusting = `sslrootcert=${authority.certificate}`;
const routes = (parameters, options) =>
  runGateway(["routes"], { SQLALCHEMY_DATABASE_URL: url(parameters, options) });
async function connects(parameters, options) {
  const { code, stderr } = await routes(parameters, options);
  assert.equal(code, 0, stderr);
}
async function isRefused(parameters, options, ...meanings) {
  const { code, stderr } = await routes(parameters, options);
  assert.equal(code, 1, `connected with ${parameters}`);
  for (const meaning of meanings) assert.match(stderr, meaning);
  assert.ok(!stderr.includes(database.password), "the message shows the password");
}
// Whether the gateway's connections are encrypted, as the server sees it.
const encrypted = async () =>
  (
    await admin.query(
      `SELECT DISTINCT s.ssl FROM pg_stat_activity AS a JOIN pg_stat_ssl AS s USING (pid)
      WHERE a.application_name = 'auth-gateway'`,
    )
  ).rows.map(({ ssl }) => ssl);

describe("a server without TLS", () => {
  test("is used with sslmode=disable and prefer", async () => {
    await connects("sslmode=disable");
    await connects("sslmode=prefer");
  });
  test("is refused with require and above, which says how to switch it on", async () => {
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      await isRefused(`sslmode=${mode}&${trusting}`, {}, /does not support SSL/, /ssl = on/);
    }
  });
});

describe("a server with a good certificate", () => {
  before(async () => {
    await showCertificate(cluster, admin, good);
    await until("TLS", async () => (await routes("sslmode=require")).code === 0);
  });

  for (const [mode, expected] of [
    ["disable", false],
    ["allow", false],
    ["prefer", true],
    ["require", true],
    ["verify-ca", true],
    ["verify-full", true],
  ]) {
    test(`and sslmode=${mode}: connections are ${expected ? "" : "not "}encrypted`, async () => {
      const gateway = await startGateway(url(`sslmode=${mode}&${trusting}`));
      try {
        await gateway.client.newUser();
        assert.deepEqual(await encrypted(), [expected]);
      } finally {
        await gateway.stop();
      }
      await until("them to be gone", async () => (await encrypted()).length === 0);
    });
  }

  test("ssl=… is understood as SQLAlchemy's drivers write it", async () => {
    await connects(`ssl=verify-full&${trusting}`);
    await connects("ssl=require");
  });
  test("by its address, when that is in the certificate", async () => {
    await connects(`sslmode=verify-full&${trusting}`, { host: "127.0.0.1" });
  });
  test("a wrong name is refused by verify-full, with both names, and accepted by verify-ca", async () => {
    const host = "other.auth.example";
    await isRefused(
      `sslmode=verify-full&${trusting}`,
      { host },
      /db\.auth\.example.*does not match host name/,
      /other\.auth\.example/,
      /connect by the name that it holds/,
    );
    await connects(`sslmode=verify-ca&${trusting}`, { host });
  });
  test("an unknown authority is refused, and the message says where to put its certificate", async () => {
    for (const mode of ["verify-ca", "verify-full"]) {
      await isRefused(
        `sslmode=${mode}&sslrootcert=${stranger.certificate}`,
        {},
        /certificate verify failed \(unable to get local issuer certificate\)/,
        /sslrootcert does not hold/,
      );
    }
  });
  test("without an authority's certificate, the message asks for one", async () => {
    await isRefused(
      "sslmode=verify-full&sslrootcert=/nowhere/ca.crt",
      {},
      /root certificate file "\/nowhere\/ca.crt" does not exist/,
      /sslrootcert=\/path/,
    );
  });
});

test("docs/connections.md makes an authority and a certificate that verify-full accepts", async () => {
  const page = readFileSync(join(repository, "docs/connections.md"), "utf8");
  const [, recipe] = /```sh\n(openssl req -x509[^]*?)```/.exec(page);
  const directory = mkdtempSync(join(tmpdir(), "auth-api-recipe-"));
  try {
    execFileSync("sh", ["-e"], { cwd: directory, input: recipe, stdio: ["pipe", "ignore", "ignore"] });
    const file = (name) => join(directory, name);
    await showCertificate(cluster, admin, { certificate: file("server.crt"), key: file("server.key") });
    const parameters = `sslmode=verify-full&sslrootcert=${file("ca.crt")}`;
    await until("it", async () => (await routes(parameters, { host: "db.example.com" })).code === 0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("a client certificate", () => {
  const own = authority.issue(database.user);
  const others = authority.issue("somebody_else");
  const strange = stranger.issue(database.user);
  const withKey = ({ certificate, key }) =>
    `sslmode=verify-full&${trusting}&sslcert=${certificate}&sslkey=${key}`;
  const alone = { user: database.user };

  before(async () => {
    await showCertificate(cluster, admin, good, authority.certificate);
    const file = join(cluster.dataDirectory, "pg_hba.conf");
    writeFileSync(file, `hostssl all ${database.user} 127.0.0.1/32 cert\n${readFileSync(file, "utf8")}`);
    await admin.query("SELECT pg_reload_conf()");
    await until("the rule", async () => (await routes(`sslmode=require`)).code === 1);
  });

  test("opens the database without a password", async () => {
    const gateway = await startGateway(url(withKey(own), alone));
    await gateway.client.newUser();
    await gateway.stop();
  });
  test("is asked for where there is none", async () => {
    await isRefused(`sslmode=require`, alone, /requires a valid client certificate/, /sslcert=/);
  });
  test("with another name is refused, and the message names the rule", async () => {
    await isRefused(withKey(others), alone, /28000|28P01/, /CN must be the role's name/);
  });
  test("of another authority is refused, and the message says where the server looks", async () => {
    await isRefused(withKey(strange), alone, /unknown ca/, /ssl_ca_file/);
  });
  test("whose key others may read is refused", async () => {
    const loose = authority.issue(database.user);
    chmodSync(loose.key, 0o644);
    await isRefused(withKey(loose), alone, /has group or world access/, /mode 0600/);
  });
  after(async () => {
    const file = join(cluster.dataDirectory, "pg_hba.conf");
    writeFileSync(file, readFileSync(file, "utf8").split("\n").slice(1).join("\n"));
    await admin.query("SELECT pg_reload_conf()");
  });
});

describe("a certificate at the wrong time", () => {
  const expired = authority.issue("db.auth.example", { names, from: -20, to: -10 });
  const early = authority.issue("db.auth.example", { names, from: 5, to: 9 });

  for (const [what, certificate, reason, cure] of [
    ["that has expired", expired, /certificate verify failed \(certificate has expired\)/, /renew it/],
    ["that is not valid yet", early, /\(certificate is not yet valid\)/, /compare the clocks/],
  ]) {
    test(`${what} is refused by verify-ca and verify-full`, async () => {
      await showCertificate(cluster, admin, certificate);
      await until("it", async () => reason.test((await routes(`sslmode=verify-full&${trusting}`)).stderr));
      for (const mode of ["verify-ca", "verify-full"]) {
        await isRefused(`sslmode=${mode}&${trusting}`, {}, reason, cure);
      }
      await connects("sslmode=require");
    });
  }

  test("is told in the gateway's log, once; renewed, the gateway connects without a restart", async () => {
    const gateway = await startGateway(url(`sslmode=verify-full&${trusting}`), { expect: 503 });
    try {
      const told = () =>
        gateway
          .log()
          .split("\n")
          .filter((line) => line.includes("cannot connect"));
      await until("the reason", () => told().some((line) => line.includes("not yet valid")));
      assert.match(
        told().find((line) => line.includes("not yet valid")),
        /"advice":".*compare the clocks/,
      );
      await showCertificate(cluster, admin, good);
      await until("it to connect", async () => (await gateway.client.get("/api/health")).status === 200);
      assert.ok(told().length <= 3, gateway.log());
      assert.match(gateway.log(), /connected to the database again/);
    } finally {
      await gateway.stop();
    }
  });
});
