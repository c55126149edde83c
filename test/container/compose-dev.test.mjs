// Promise 7: docker/compose.dev.yaml brings the gateway up before an external database, and, with the profile with-db,
// before one of its own.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freePort } from "../http/support/gateway.mjs";
import {
  Compose, docker, healthyClient, hostAddressFrom, images, publishedPort, startContainer, untilHealthy,
} from "./support/docker.mjs";

describe("docker/compose.dev.yaml", () => {
  test("with an external database starts no other", async () => {
    const external = await startContainer(
      "external", "--publish", "5432", "--env", "AUTH_PASSWORD=development", images.postgres);
    await untilHealthy(external);
    const databasePort = await publishedPort(external, 5432);
    const host = await hostAddressFrom(external);
    const port = await freePort();
    const compose = new Compose("docker/compose.dev.yaml", {
      SQLALCHEMY_DATABASE_URL: `postgresql+asyncpg://auth_user:development@${host}:${databasePort}/auth_db`,
      AUTH_API_PORT: port,
    });
    try {
      await compose.run("up", "-d");
      const client = await healthyClient(port);
      await client.newUser();
      assert.deepEqual(await compose.containers("db"), []);
    } finally {
      await compose.down();
      await docker("rm", "--force", "--volumes", external);
    }
  });

  test("--profile with-db brings one, and keeps it", async () => {
    const port = await freePort();
    const compose = new Compose("docker/compose.dev.yaml", {
      AUTH_PASSWORD: "development",
      AUTH_API_PORT: port,
      AUTH_DB_PORT: await freePort(),
    });
    try {
      await compose.run("--profile", "with-db", "up", "-d");
      const user = await (await healthyClient(port)).newUser();
      assert.equal((await compose.containers("db")).length, 1);
      await compose.run("--profile", "with-db", "down");
      await compose.run("--profile", "with-db", "up", "-d");
      const client = await healthyClient(port);
      assert.equal((await client.login(user.email, user.password)).status, 200);
    } finally {
      await compose.run("--profile", "with-db", "down", "--volumes");
    }
  });
});
