// Upgrades and downgrades: whatever way a database came to a version, it is that version.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Cluster } from "../http/support/cluster.mjs";
import { assertSame, fingerprint } from "../http/support/fingerprint.mjs";
import { runGateway } from "../http/support/gateway.mjs";
import { current, databaseAt, installNextVersion, next, pairs } from "./versions.mjs";

const cluster = await Cluster.create();
after(() => cluster.destroy());
await installNextVersion(cluster);
const fresh = {};
for (const version of new Set(pairs.flat())) fresh[version] = await fingerprint(await databaseAt(cluster, version));

for (const [older, newer] of pairs) {
  describe(`${older} and ${newer}`, () => {
    test("they differ, or nothing here could fail", () => {
      assert.notDeepEqual(fresh[newer], fresh[older]);
    });

    test("a fresh installation and an upgraded one are equal", async () => {
      assertSame(await fingerprint(await databaseAt(cluster, older, newer)), fresh[newer]);
    });

    test("a downgraded one equals a fresh installation of the older version", async () => {
      assertSame(await fingerprint(await databaseAt(cluster, newer, older)), fresh[older]);
    });

    test("there and back and there again changes nothing", async () => {
      assertSame(await fingerprint(await databaseAt(cluster, older, newer, older, newer)), fresh[newer]);
    });
  });
}

test("auth-gateway migrate does the same, and says where it is", async () => {
  const database = await cluster.createDatabase({ extension: false });
  const migrate = async (...words) => {
    const result = await runGateway(["migrate", ...words], { SQLALCHEMY_DATABASE_URL: database.url() });
    assert.equal(result.code, 0, `migrate ${words.join(" ")}: ${result.stderr}`);
    return result.stdout;
  };
  await migrate("upgrade", current);
  assert.ok((await migrate("current")).includes(current));
  await migrate("upgrade");
  assert.ok((await migrate("current")).includes(next));
  assertSame(await fingerprint(database), fresh[next], "upgraded to the head");
  const history = await migrate("history");
  assert.ok(history.indexOf(current) < history.indexOf(next) && history.includes(current), history);
  await migrate("downgrade", "-1");
  assert.ok((await migrate("current")).includes(current));
  assertSame(await fingerprint(database), fresh[current], "downgraded by one");
  await migrate("upgrade", "head");
  await migrate("downgrade", current);
  assertSame(await fingerprint(database), fresh[current], "downgraded by name");
});

test("auth-gateway migrate refuses a version that there is not, changes nothing and says so", async () => {
  const database = await databaseAt(cluster, current);
  for (const words of [
    ["upgrade", "98.7"],
    ["downgrade", "0.1"],
    ["downgrade", "-5"],
    ["upgrade", "'; DROP TABLE users"],
  ]) {
    const { code, stderr } = await runGateway(["migrate", ...words], {
      SQLALCHEMY_DATABASE_URL: database.url(),
    });
    assert.notEqual(code, 0, words.join(" "));
    assert.ok(stderr.length > 10);
  }
  assertSame(await fingerprint(database), fresh[current]);
});
