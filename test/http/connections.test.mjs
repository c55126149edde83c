// What becomes of connections in time: slow clients, silent clients, clients that leave, too many of them, and the
// end of the server. With timeouts short enough to wait for; two routes of our own take as long, or as much, as asked.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { Cluster } from "./support/cluster.mjs";
import { startGateway } from "./support/gateway.mjs";
import { until } from "./support/poll.mjs";
import { Wire } from "./support/wire.mjs";

const owned = !process.env.AUTH_API_TEST_CLUSTER;
const cluster = await Cluster.shared();
after(() => owned && cluster.destroy());
const database = await cluster.createDatabase();
await database.query(`
  CREATE FUNCTION public.nap(seconds float8) RETURNS jsonb LANGUAGE sql VOLATILE
    AS $$ SELECT jsonb_build_object('slept', pg_sleep(seconds)::text || seconds) $$;
  CREATE FUNCTION public.pad(size integer) RETURNS jsonb LANGUAGE sql VOLATILE AS $$ SELECT to_jsonb(repeat('x', size)) $$;
  CREATE FUNCTION public.echo(_body jsonb, _client_ip inet) RETURNS jsonb LANGUAGE sql VOLATILE
    AS $$ SELECT jsonb_build_object('body', _body, 'client_ip', host(_client_ip)) $$;
  GRANT EXECUTE ON FUNCTION public.nap, public.pad, public.echo TO auth_gateway;
  INSERT INTO auth.routes (method, path, function, lane, summary) VALUES
    ('GET', '/nap/{seconds}', 'public.nap', 'call', 'Sleeps'),
    ('GET', '/pad/{size}', 'public.pad', 'call', 'Answers much'),
    ('POST', '/echo', 'public.echo', 'call', 'Answers what it got')`);

const live = "/api/health/live";
const get = (path = live, ...fields) => [`GET ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
const start = (environment = {}, flags = []) =>
  startGateway(database, { environment: { GATEWAY_WORKERS: "1", ...environment }, flags });
const processorTime = ({ process }) => {
  const fields = readFileSync(`/proc/${process.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // milliseconds
};
const seconds = async (work) => {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
};

describe("a slow client", () => {
  test("does not hold up the others, nor cost processor time, and gets its whole answer in the end", async () => {
    const gateway = await start();
    const size = 30_000_000;
    const slow = await Wire.open(gateway.port);
    slow.socket.pause();
    slow.send(get(`/pad/${size}`), get());
    await until("the answer to be written", async () => /"route":"\/pad/.test(gateway.log()));
    const before = processorTime(gateway);
    for (let i = 0; i < 200; i++) assert.equal((await gateway.client.get(live)).status, 200);
    assert.equal((await gateway.client.get("/nap/0.5")).status, 200);
    assert.ok(processorTime(gateway) - before < 300, "the worker spins");
    slow.socket.resume();
    assert.equal((await slow.response()).body.length, size);
    assert.equal((await slow.response()).status, 200); // the request that was pipelined behind it
    slow.close();
    await gateway.stop();
  });

  test("that never reads is cut off", async () => {
    const gateway = await start({ GATEWAY_WRITE_TIMEOUT: "0.3" });
    const wire = await Wire.open(gateway.port);
    wire.socket.pause();
    wire.send(get("/pad/30000000"));
    await until("the connection to be gone", async () =>
      /^auth_http_connections 1$/m.test(
        (await gateway.client.get("/metrics", { headers: { Connection: "close" } })).text,
      ),
    );
    wire.close();
    await gateway.stop();
  });

  test("gets 408 for half a head and for half a body, also as its second request", async () => {
    const gateway = await start({ GATEWAY_HEADER_TIMEOUT: "0.3", GATEWAY_BODY_TIMEOUT: "0.3" });
    const half = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a"`;
    for (const before of ["", get()]) {
      for (const bytes of [half.slice(0, 20), half]) {
        const wire = await Wire.open(gateway.port);
        wire.send(before);
        if (before) assert.equal((await wire.response()).status, 200);
        const waited = await seconds(async () =>
          assert.equal((await wire.send(bytes).response()).status, 408),
        );
        assert.ok(waited > 0.25 && waited < 2, `${waited} s`);
        assert.equal(await wire.end(), "");
        wire.close();
      }
    }
    await gateway.stop();
  });

  test("is not given more time by sending a byte now and then", async () => {
    const gateway = await start({ GATEWAY_HEADER_TIMEOUT: "0.5" });
    const wire = await Wire.open(gateway.port);
    const drip = setInterval(() => wire.send("X"), 50);
    assert.equal((await wire.response()).status, 408);
    clearInterval(drip);
    wire.close();
    await gateway.stop();
  });
});

test("no time runs out while the answer is being made", async () => {
  const gateway = await start({
    GATEWAY_HEADER_TIMEOUT: "0.1",
    GATEWAY_BODY_TIMEOUT: "0.1",
    GATEWAY_IDLE_TIMEOUT: "0.1",
  });
  assert.equal((await gateway.client.get("/nap/1")).status, 200);
  await gateway.stop();
});

test("an idle connection is closed without a word, used or not", async () => {
  const gateway = await start({ GATEWAY_IDLE_TIMEOUT: "0.3" });
  for (const bytes of ["", get()]) {
    const wire = await Wire.open(gateway.port);
    wire.send(bytes);
    if (bytes) await wire.response();
    assert.equal(await wire.end(), "");
    wire.close();
  }
  await gateway.stop();
});

test("a client that expects 100-continue gets it when its body is really wanted", async () => {
  const gateway = await start();
  const head = (path, size) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${size}\r\n\r\n`;
  const wire = await Wire.open(gateway.port);
  assert.equal((await wire.send(head("/echo", 2)).response()).status, 100);
  assert.deepEqual((await wire.send("{}").response()).body.body, {});
  wire.close();
  for (const [path, size, status] of [
    ["/echo", 1_000_000, 413],
    ["/nothing", 2, 404],
    ["/nap/0", 2, 405],
  ]) {
    const refused = await Wire.open(gateway.port);
    const answer = await refused.send(head(path, size)).response();
    assert.equal(answer.status, status);
    if (status === 405) assert.equal(answer.headers.get("allow").includes("GET"), true);
    assert.equal(await refused.end(), "");
    refused.close();
  }
  await gateway.stop();
});

test("a refusal reaches a client that is still sending", async () => {
  const gateway = await start();
  for (let round = 0; round < 20; round++) {
    const wire = await Wire.open(gateway.port);
    wire.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n", "x".repeat(500_000));
    assert.equal((await wire.response()).status, 413);
    assert.equal(await wire.end(), "");
    assert.equal(wire.error, undefined);
    wire.close();
  }
  await gateway.stop();
});

test("clients that leave early cost nothing: all connections are closed, and the work they queued is dropped", async () => {
  const gateway = await start({ DB_POOL_SIZE: "3", DB_MAX_OVERFLOW: "0" });
  const busy = gateway.client.get("/nap/1");
  const wires = await Promise.all(Array.from({ length: 100 }, () => Wire.open(gateway.port)));
  for (const [index, wire] of wires.entries()) {
    wire.send(index % 2 ? get("/nap/0.5") : get("/nap/0.5").slice(0, 30));
  }
  await until(
    "the requests to have arrived",
    async () =>
      Number(
        /^auth_database_waiting_requests\{lane="call"\} (\d+)/m.exec(
          (await gateway.client.get("/metrics")).text,
        )?.[1],
      ) >= 49,
  );
  for (const [index, wire] of wires.entries()) index % 3 ? wire.abort() : wire.close();
  assert.equal((await busy).status, 200);
  const waited = await seconds(() =>
    until("all connections but this one to be gone", async () =>
      /^auth_http_connections [12]$/m.test((await gateway.client.get("/metrics")).text),
    ),
  );
  assert.ok(waited < 5, `${waited} s: fifty naps were taken for nobody`);
  assert.equal((await gateway.client.get("/nap/0")).status, 200);
  await gateway.stop();
});

test("a connection too many is told so, and room that is given back is used", async () => {
  const gateway = await start({ GATEWAY_MAX_CONNECTIONS: "5" });
  const wires = [];
  for (let i = 0; i < 5; i++) {
    wires.push(await Wire.open(gateway.port));
    if (
      (
        await wires[i]
          .send(get())
          .response()
          .catch(() => ({ status: 503 }))
      ).status === 503
    )
      break;
  }
  const extra = await Wire.open(gateway.port);
  assert.equal((await extra.response()).status, 503);
  await extra.end();
  for (const wire of wires) wire.close();
  await until("room", async () => (await gateway.client.get(live)).status === 200);
  await gateway.stop();
});

test("only a trusted proxy tells who the client is", async () => {
  const ask = async (gateway, ...forwarded) => {
    const wire = await Wire.open(gateway.port);
    const fields = forwarded.map((value) => `X-Forwarded-For: ${value}\r\n`).join("");
    wire.send(
      `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${fields}Content-Length: 2\r\n\r\n{}`,
    );
    const { body } = await wire.response();
    wire.close();
    return body.client_ip;
  };
  const believing = await start({ TRUSTED_PROXIES: "127.0.0.0/8, 10.0.0.0/8" });
  assert.equal(await ask(believing), "127.0.0.1");
  assert.equal(await ask(believing, "203.0.113.9, 198.51.100.7, 10.1.1.1"), "198.51.100.7");
  assert.equal(await ask(believing, "203.0.113.9", "2001:db8::7"), "2001:db8::7");
  assert.equal(await ask(believing, "nonsense"), "127.0.0.1");
  await believing.stop();
  const doubting = await start();
  assert.equal(await ask(doubting, "203.0.113.9"), "127.0.0.1");
  await doubting.stop();
});

test("IPv6 is served, with IPv4 beside it on ::", async () => {
  const gateway = await start({ AUTH_API_HOST: "::" });
  for (const host of ["::1", "127.0.0.1"]) {
    const wire = await Wire.open(gateway.port, host);
    assert.equal((await wire.send(get()).response()).status, 200);
    wire.close();
  }
  await gateway.stop();
});

test("the admin port answers metrics and readiness, on loopback, and nothing else", async () => {
  const gateway = await start();
  await gateway.stop();
  const admin = await start({ AUTH_API_ADMIN_PORT: String(gateway.port) });
  for (const [path, status] of [
    ["/metrics", 200],
    ["/api/health/ready", 200],
    ["/api/health", 404],
    ["/echo", 404],
  ]) {
    const wire = await Wire.open(gateway.port);
    assert.equal((await wire.send(get(path)).response()).status, status, path);
    wire.close();
  }
  await admin.stop();
});

describe("SIGTERM", () => {
  test("lets what is in flight finish, tells its clients to go, closes the idle and refuses new ones", async () => {
    const gateway = await start();
    const idle = await Wire.open(gateway.port);
    await idle.send(get()).response();
    const half = await Wire.open(gateway.port);
    half.send(get().slice(0, 20));
    const busy = await Wire.open(gateway.port);
    busy.send(get("/nap/1", "X-Request-ID: in-flight"));
    await until("the request to be in flight", async () =>
      /^auth_database_connections\{lane="call",state="busy"\} 1/m.test(
        (await gateway.client.get("/metrics")).text,
      ),
    );
    const ended = gateway.stop();
    assert.equal(await idle.end(), "");
    const answered = await half.send(get().slice(20)).response();
    assert.deepEqual([answered.status, answered.headers.get("connection")], [200, "close"]);
    await assert.rejects(Wire.open(gateway.port), /ECONNREFUSED/);
    const answer = await busy.response();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("connection"), "close");
    assert.equal(await busy.end(), "");
    for (const wire of [idle, half, busy]) wire.close();
    assert.equal(await ended, 0);
  });

  test("does not wait longer than it may, and exits with 0", async () => {
    const gateway = await start({ GATEWAY_SHUTDOWN_TIMEOUT: "0.3" });
    const wire = await Wire.open(gateway.port);
    wire.send(get("/nap/20"));
    await until("the request to be in flight", async () =>
      /^auth_database_connections\{lane="call",state="busy"\} 1/m.test(
        (await gateway.client.get("/metrics")).text,
      ),
    );
    const waited = await seconds(async () => assert.equal(await gateway.stop(), 0));
    assert.ok(waited < 3, `${waited} s`);
    wire.close();
  });

  test("a second time ends the process at once", async () => {
    const gateway = await start();
    const wire = await Wire.open(gateway.port);
    wire.send(get("/nap/20"));
    await until("the request to be in flight", async () =>
      /^auth_database_connections\{lane="call",state="busy"\} 1/m.test(
        (await gateway.client.get("/metrics")).text,
      ),
    );
    gateway.stop();
    await until("the first signal to be seen", async () => /"stopping"/.test(gateway.log()));
    assert.equal(await gateway.stop(), "SIGTERM");
    wire.close();
  });
});
