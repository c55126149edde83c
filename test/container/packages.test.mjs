// Promise: both Debian packages install, work, and leave nothing behind when they are purged.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { ExternalServer, docker, images, inspect, startContainer, tryDocker, uniqueName } from "./support/docker.mjs";
import { extensionPackage, gatewayPackage } from "./support/packages.mjs";

// Every file but those that dpkg and apt keep their own books in.
const listing =
  "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /var/lib/dpkg -o -path /var/lib/apt" +
  " -o -path /var/cache -o -path /var/log -o -path /tmp -o -path /root -o -path /run \\) -prune -o -print | sort";
const apt = (command) => `DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends ${command}`;

describe("postgresql-15-auth-api", () => {
  let server;
  before(async () => {
    server = await ExternalServer.start();
    await docker("cp", extensionPackage, `${server.name}:/root/extension.deb`);
  });

  test("installs with the extension's files and a key of its own, which an upgrade keeps", async () => {
    await server.shell("apt-get update -qq && " + apt("install /root/extension.deb"));
    await server.createDatabase();
    await server.psql("auth_db", "CREATE EXTENSION auth_api");
    const found = await server.shell("stat -c '%a %U %G %s' /etc/auth-api/key");
    assert.equal(found, "640 root postgres 32");
    const key = await server.shell("sha256sum /etc/auth-api/key");
    await server.shell(apt("install --reinstall /root/extension.deb"));
    assert.equal(await server.shell("sha256sum /etc/auth-api/key"), key);
  });

  test("signs with that key", async () => {
    const sql = `SELECT auth.register('ada@example.com', 'correct horse battery');
      SELECT (auth.login('ada@example.com', 'correct horse battery')).body ? 'access_token'`;
    assert.match(await server.psql("auth_db", sql), /^t$/m);
  });

  test("is purged without a trace", async () => {
    await server.psql("auth_db", "DROP EXTENSION auth_api");
    const files = (await server.shell("dpkg-query -L postgresql-15-auth-api")).split("\n");
    assert.ok(files.includes("/usr/lib/postgresql/15/lib/auth_api.so"));
    await server.shell(apt("purge postgresql-15-auth-api"));
    const left = "find / -xdev -name '*auth[-_]api*' -not -path '/proc/*' -not -path '/var/cache/*'";
    assert.equal(await server.shell(left), "");
    const status = await tryDocker("exec", server.name, "dpkg", "-s", "postgresql-15-auth-api");
    assert.match(status.stderr, /not installed/);
  });
});

describe("auth-api-gateway", () => {
  let container;
  let untouched;
  const shell = (command) => docker("exec", container, "sh", "-c", command);

  before(async () => {
    container = await startContainer("debian", "debian:bookworm-slim", "sleep", "infinity");
    await docker("cp", gatewayPackage, `${container}:/root/gateway.deb`);
    // What it depends on, and systemd, are Debian's: they stay.
    await shell("apt-get update -qq && " + apt("install systemd /root/gateway.deb"));
    await shell("dpkg --purge auth-api-gateway");
    untouched = await shell(listing);
    await shell("dpkg -i /root/gateway.deb");
  });

  test("installs a program that runs, and settings that root alone may read", async () => {
    assert.match(await shell("auth-gateway --version"), /^auth-gateway \d/);
    assert.equal(await shell("stat -c '%a %U' /etc/auth-api/gateway.env"), "640 root");
  });

  test("has a unit in which systemd finds no fault and little exposure", async () => {
    const unit = "/lib/systemd/system/auth-api-gateway.service";
    const { code, stdout, stderr } = await tryDocker("exec", container, "systemd-analyze", "verify", "--man=no", unit);
    assert.equal(code, 0, stdout + stderr);
    assert.doesNotMatch(stdout + stderr, /auth-api-gateway/);
    const security = await docker("exec", container, "systemd-analyze", "security", "--offline=true", unit);
    const exposure = Number(security.match(/Overall exposure level for .*: ([\d.]+)/)[1]);
    assert.ok(exposure < 2, security);
  });

  test("is enabled and disabled like any service, kept by remove, and purged without a trace", async () => {
    await shell("systemctl --quiet enable auth-api-gateway");
    await shell("echo LOG_LEVEL=DEBUG >> /etc/auth-api/gateway.env; dpkg --remove auth-api-gateway");
    assert.equal(await shell("tail -n 1 /etc/auth-api/gateway.env"), "LOG_LEVEL=DEBUG");
    assert.equal(await shell("find /etc/systemd -name '*auth-api*'"), "");
    await shell("dpkg --purge auth-api-gateway");
    assert.equal(await shell(listing), untouched);
  });

  test("is made of the same program as the image", async () => {
    const user = (await inspect(images.gateway)).Config.User;
    assert.equal(user, "10001:10001");
    const query = ["--entrypoint", "dpkg-query", images.gateway, "-W", "-f", "${Status}", "auth-api-gateway"];
    const state = await docker("run", "--rm", "--name", uniqueName("query"), ...query);
    assert.equal(state, "install ok installed");
  });
});
