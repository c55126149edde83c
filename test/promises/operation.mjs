// Promises about running it: migrations, backups, health, updates.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { Cluster } from "../http/support/cluster.mjs";
import { startGateway } from "../http/support/gateway.mjs";
import { commandsOf, runAsServer } from "../http/support/page.mjs";
import { until } from "../http/support/poll.mjs";
import { installNextVersion, current, next } from "../upgrade/versions.mjs";
import { promise } from "./promise.mjs";
import { client, cluster, command, database, secondsToFirstLogin, superuser, withGateway } from "./system.mjs";

const health = async (there, path = "") => (await there.get(`/api/health${path}`)).status;

promise(14, {
  text: "Migrations: upgrade, current, history; downgrade -1 or to a version; run before the API serves",
  shown: "a gateway on an empty database waits, serves once that is upgraded, and through a downgrade by either name",
  async test() {
    const own = await Cluster.create();
    try {
      await installNextVersion(own);
      const empty = await own.createDatabase({ extension: false });
      const migrate = async (...words) => {
        const { code, stdout, stderr } = await command(["migrate", ...words], empty.url());
        assert.equal(code, 0, stderr);
        return stdout;
      };
      await withGateway({ expect: 503 }, async (there) => {
        await migrate("upgrade", "head");
        await until("service", async () => (await health(there)) === 200);
        const user = await there.newUser();
        assert.match(await migrate("current"), new RegExp(`^${next.replace(".", "\\.")}`));
        const history = await migrate("history");
        assert.ok(history.includes(current) && history.includes(next), history);
        for (const back of ["-1", current]) {
          await migrate("downgrade", back);
          assert.ok((await migrate("current")).startsWith(current));
          assert.equal((await there.me(user.access_token)).status, 200);
          await migrate("upgrade");
        }
      }, empty);
    } finally {
      await own.destroy();
    }
  },
});

promise(18, {
  text: "Central backups with pg_dump and restore; policies are backed up with everything else",
  shown: "the commands of backups-and-upgrades.md, up to a log-in; test-recovery adds points in time and pg_upgrade",
  async test() {
    const page = "backups-and-upgrades.md";
    const names = { BACKUPS: join(cluster.directory, "backups") };
    const user = await client.newUser();
    await database.query("INSERT INTO organizations (name) VALUES ('Kept')");
    await database.query(
      `INSERT INTO user_role_assignments (user_id, resource_type, resource_id, role)
       SELECT $1, 'organization', id, 'admin' FROM organizations WHERE name = 'Kept'`,
      [user.id],
    ).catch((error) => assert.equal(error.code, "42703")); // the columns of the tables before this version
    const roles = async (of) => (await of.query("SELECT count(*)::int FROM user_role_assignments"))[0].count;
    await runAsServer(cluster, commandsOf(page, "A dump"), names);
    const target = await Cluster.create();
    try {
      await target.stop();
      copyFileSync(cluster.keyFile, target.keyFile);
      await target.start();
      const restored = await target.createDatabase({ like: database });
      await runAsServer(target, commandsOf(page, "Restoring a dump"), names);
      await withGateway({}, async (there) => {
        assert.equal((await there.login(user.email, user.password)).status, 200);
        assert.equal((await there.me(user.access_token)).body.email, user.email);
      }, restored);
      assert.equal(await roles(restored), await roles(database));
    } finally {
      await target.destroy();
    }
  },
});

promise(19, {
  text: "/api/authz/health verifies OPA and the database",
  verdict: "replaced: there is no OPA; health asks the database, so whatever decides is what is verified",
  shown: "200 with a database, 503 with Retry-After without, on every endpoint but liveness",
  async test() {
    const own = await Cluster.create();
    try {
      const there = await own.createDatabase();
      const running = await startGateway(there);
      const ask = async (path) => {
        const { status, headers } = await running.client.get(path);
        return status === 503 ? `503 after ${Number(headers.get("retry-after")) > 0}` : status;
      };
      const paths = ["/api/health", "/api/health/ready"];
      if ((await ask("/api/authz/health")) !== 404) paths.push("/api/authz/health");
      for (const path of paths) assert.equal(await ask(path), 200, path);
      await own.stop();
      for (const path of paths) assert.equal(await ask(path), "503 after true", path);
      assert.equal(await health(running.client, "/live"), 200);
      await own.start();
      for (const path of paths) await until(path, async () => (await ask(path)) === 200);
      assert.equal(await running.stop(), 0);
    } finally {
      await own.destroy();
    }
  },
});

promise(23, {
  text: "The same image, schema and variables on Kubernetes; rolling updates",
  shown: "probes tell live from ready; of two gateways each is replaced in turn, and no request fails",
  async test() {
    await withGateway({}, async (_, first) => {
      const second = await startGateway(database);
      let balanced = [first, second];
      const user = await client.newUser();
      const statuses = {};
      let isOver = false;
      const load = Array.from({ length: 4 }, async () => {
        for (let turn = 0; !isOver; turn++) {
          const { status } = await balanced[turn % balanced.length].client.me(user.access_token);
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
      });
      const answered = async () => {
        const sum = () => statuses[200] ?? 0;
        const enough = sum() + 50;
        await until("fifty answers", () => sum() > enough);
      };
      await answered();
      balanced = [first]; // taken out of rotation, then told to end
      await answered();
      assert.equal(await second.stop(), 0);
      const third = await startGateway(database);
      assert.equal(await health(third.client, "/ready"), 200);
      balanced = [first, third];
      await answered();
      isOver = true;
      await Promise.all(load);
      assert.deepEqual(Object.keys(statuses), ["200"]);
      assert.equal(await third.stop(), 0);
    });
  },
});

promise(24, {
  text: "Deployed in 30 minutes; an update accepts downtime",
  verdict: "replaced: seconds, once it is built; an update needs no downtime (test-upgrade)",
  shown: "the time from an empty server to a superuser's log-in, which was the beginning of this run",
  async test() {
    assert.ok(secondsToFirstLogin < 30 * 60, `${secondsToFirstLogin} s`);
    assert.ok((await superuser()).access_token);
  },
});
