// What the gateway makes of raw bytes. Every input here made Pistache's own parser, writer or router misbehave, or two
// readers of the same bytes could disagree on it. One worker and no database: whatever held the worker up would be
// seen by the request that follows each case.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { after, describe, test } from "node:test";
import { startGateway } from "./support/gateway.mjs";
import { Wire } from "./support/wire.mjs";

const nowhere = "postgresql://nobody@127.0.0.1:1/nothing";
const gateway = await startGateway(nowhere, {
  expect: 503,
  environment: { GATEWAY_WORKERS: "1" },
  flags: ["--root-path", "/auth-api"],
});
after(() => gateway.stop());

const live = "/api/health/live";
const get = (path = live, ...fields) => [`GET ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
const withLength = (length, rest = "") =>
  `GET ${live} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${rest}`;

async function stillServes() {
  assert.equal((await gateway.client.get(live)).status, 200);
}

// Sends `bytes`, and once more a good request behind them: the answer must be a problem document of that status, and
// the connection must end with it, the good request unanswered, for it may be a part of the bad one.
async function assertRefused(bytes, status) {
  const wire = await Wire.open(gateway.port);
  wire.send(...(Array.isArray(bytes) ? bytes : [bytes]), get());
  const what = JSON.stringify(bytes).slice(0, 100);
  const answer = await wire.response();
  assert.equal(answer.status, status, what);
  assert.equal(answer.headers.get("content-type"), "application/problem+json", what);
  assert.equal(answer.headers.get("connection"), "close", what);
  assert.equal(answer.body.status, status, what);
  assert.equal(await wire.end(), "", what);
  wire.close();
  await stillServes();
}

async function assertAnswered(bytes, status = 200) {
  const wire = await Wire.open(gateway.port);
  const answer = await wire.send(bytes).response();
  assert.equal(answer.status, status, JSON.stringify(bytes).slice(0, 100));
  wire.close();
  return answer;
}

describe("a body", () => {
  test("in chunks is a 411, also when a chunk's end is split over two segments", async () => {
    const head = `POST ${live} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`;
    await assertRefused(`${head}5\r\nhello\r\n0\r\n\r\n`, 411);
    await assertRefused([`${head}5\r\nhello\r`, "\n0\r\n\r\n"], 411);
  });

  test("of any other transfer coding is a 411, and together with a length a 400", async () => {
    for (const coding of ["gzip, chunked", "identity", "xchunked"]) {
      await assertRefused(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${coding}\r\n\r\n`, 411);
    }
    await assertRefused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400);
    for (const fields of [
      "Transfer-Encoding: chunked\r\nContent-Length: 5",
      "Content-Length: 5\r\nTransfer-Encoding: chunked",
    ]) {
      await assertRefused(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n0\r\n\r\n`, 400);
    }
  });

  test("has one length, in digits", async () => {
    for (const length of [
      "abc",
      "2abc",
      "+2",
      "-1",
      "",
      "2, 2",
      "0x2",
      "1.0",
      "2\r\nContent-Length: 3",
      "2\r\nContent-Length: 2",
    ]) {
      await assertRefused(withLength(length, "{}"), 400);
    }
  });

  test("that would be huge is a 413 before any memory is set aside for it", async () => {
    const size = () =>
      Number(/VmSize:\s+(\d+) kB/.exec(readFileSync(`/proc/${gateway.process.pid}/status`, "utf8"))[1]);
    const before = size();
    for (const length of ["17179869184", "18446744073709551616", "9".repeat(400)])
      await assertRefused(withLength(length), 413);
    assert.ok(size() - before < 10_000, `${size() - before} kB more`);
  });

  test("of a request that is refused for its path is not taken for the next request", async () => {
    const wire = await Wire.open(gateway.port);
    wire.send(`POST /api/health/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n${get()}`);
    const answer = await wire.response();
    assert.ok([404, 503].includes(answer.status));
    assert.equal(answer.headers.get("connection"), "close");
    assert.equal(await wire.end(), "");
    wire.close();
  });
});

describe("a request line", () => {
  test("of 15 KB of slashes is a 414, and one of 8 KB is answered", async () => {
    await assertRefused(get("/".repeat(15_000)), 414);
    const { status } = await assertAnswered(get("/".repeat(8_000)), 503);
    assert.equal(status, 503); // without a database no path but the built-in ones is known
  });

  test("with a control byte, white space or no version is a 400", async () => {
    for (const target of [
      "/a\0b",
      "/a\rb",
      "/a\nb",
      "/a\tb",
      "/a b",
      "/a\x7f",
      "/\xff",
      "/%",
      "/%4",
      "/%zz",
      "/#a",
      "a",
      "",
    ]) {
      await assertRefused(Buffer.from(get(target), "latin1"), 400);
    }
    for (const line of [
      "GET /",
      "GET / HT",
      "GET / HTTP/1.1 ",
      "GET  / HTTP/1.1",
      " GET / HTTP/1.1",
      "G:T / HTTP/1.1",
      "GET / http/1.1",
    ]) {
      await assertRefused(`${line}\r\nHost: a\r\n\r\n`, 400);
    }
  });

  test("of another version is a 505, of a proxy's method a 501", async () => {
    await assertRefused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    await assertRefused("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505);
    await assertRefused("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501);
  });

  test("that is TLS is told at once", () => assertRefused(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), 400));

  test("may be absolute, or * for OPTIONS", async () => {
    await assertAnswered(get(`http://a${live}?x=1`));
    const answer = await assertAnswered("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204);
    assert.match(answer.headers.get("allow"), /GET/);
  });

  test("may follow one empty line", () => assertAnswered(`\r\n${get()}`));
});

describe("the head", () => {
  test("ends its lines with CR LF and nothing else", async () => {
    await assertRefused(`GET ${live} HTTP/1.1\nHost: a\n\n`, 400);
    await assertRefused(`GET ${live} HTTP/1.1\r\nHost: a\n\r\n`, 400);
    await assertRefused(get(live, "X: a\rb"), 400);
  });

  test("has fields that only one reading fits", async () => {
    for (const field of [
      "X : a",
      "X\t: a",
      ": a",
      "X",
      " X: a",
      "X: a\r\n b",
      "X: a\0b",
      "X: \x01",
      "X(): a",
    ]) {
      await assertRefused(get(live, field), 400);
    }
  });

  test("has one well-formed Host, which HTTP/1.0 may leave out", async () => {
    await assertRefused(`GET ${live} HTTP/1.1\r\n\r\n`, 400);
    for (const host of ["", "x:99999999", "a b", "a/b", "a@b", "a\r\nHost: a"]) {
      await assertRefused(`GET ${live} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400);
    }
    await assertAnswered(`GET ${live} HTTP/1.0\r\n\r\n`);
    await assertAnswered(`GET ${live} HTTP/1.1\r\nHost: [::1]:8004\r\n\r\n`);
  });

  test("may hold fields that Pistache's typed headers throw at", async () => {
    await assertAnswered(
      get(live, "Cache-Control: immutable", "Date: yesterday", "Accept: ;;;", "Cookie: =;=", "User-Agent:"),
    );
  });

  test("may hold 10,000 bytes in one field, not 16 KiB in all, nor more than 100 fields", async () => {
    await assertAnswered(get(live, `X: ${"x".repeat(10_000)}`));
    await assertRefused(get(live, `X: ${"x".repeat(16_384)}`), 431);
    await assertAnswered(get(live, ...Array(99).fill("X: 1")));
    await assertRefused(get(live, ...Array(100).fill("X: 1")), 431);
  });

  test("may expect 100-continue and nothing else", async () => {
    await assertRefused(get(live, "Expect: 200-maybe"), 417);
  });

  test("comes to the same answer wherever it is split", async () => {
    const whole = get(`${live}?a=1`, "X-Request-ID: split");
    for (let at = 1; at < whole.length; at++) {
      const wire = await Wire.open(gateway.port);
      wire.send(whole.slice(0, at));
      await new Promise(setImmediate);
      const answer = await wire.send(whole.slice(at)).response();
      assert.equal(answer.status, 200, `split at ${at}`);
      assert.equal(answer.headers.get("x-request-id"), "split");
      wire.close();
    }
  });

  test("may arrive byte by byte, and the next one too", async () => {
    const wire = await Wire.open(gateway.port);
    for (const byte of get() + get()) wire.send(byte);
    assert.equal((await wire.response()).status, 200);
    assert.equal((await wire.response()).status, 200);
    wire.close();
  });
});

describe("a connection", () => {
  test("answers pipelined requests in order, all of them", async () => {
    const wire = await Wire.open(gateway.port);
    const count = 500;
    wire.send(
      Array.from({ length: count }, (_, i) => get(i % 3 ? live : "/metrics", `X-Request-ID: n${i}`)).join(""),
    );
    for (let i = 0; i < count; i++) {
      const answer = await wire.response();
      assert.equal(answer.headers.get("x-request-id"), `n${i}`);
      assert.equal(/^# HELP/.test(answer.text), i % 3 === 0);
    }
    wire.close();
  });

  test("stays open in HTTP/1.1 and closes on request; in HTTP/1.0 the other way round", async () => {
    const ask = (version, ...fields) =>
      [`GET ${live} HTTP/${version}`, "Host: a", ...fields, "", ""].join("\r\n");
    for (const [request, stays] of [
      [ask("1.1"), true],
      [ask("1.1", "Connection: close"), false],
      [ask("1.1", "Connection: x, CLOSE"), false],
      [ask("1.1", "Connection: Upgrade", "Upgrade: websocket"), true],
      [ask("1.0"), false],
      [ask("1.0", "Connection: keep-alive"), true],
    ]) {
      const wire = await Wire.open(gateway.port);
      const answer = await wire.send(request, request).response();
      assert.equal(answer.status, 200, request);
      assert.equal(answer.headers.get("connection"), stays ? "keep-alive" : "close", request);
      if (stays) assert.equal((await wire.response()).status, 200, request);
      else assert.equal(await wire.end(), "", request);
      wire.close();
    }
  });

  test("answers a client that has closed its sending half, then closes", async () => {
    const wire = await Wire.open(gateway.port);
    wire.send(get(), get()).finish();
    assert.equal((await wire.response()).status, 200);
    assert.equal((await wire.response()).status, 200);
    assert.equal(await wire.end(), "");
    wire.close();
  });

  test("answers HEAD as GET without the body, and goes on", async () => {
    const wire = await Wire.open(gateway.port);
    const full = await wire.send(get()).response();
    const head = await wire.send(get().replace("GET", "HEAD")).response({ head: true });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), full.headers.get("content-length"));
    assert.equal((await wire.send(get()).response()).status, 200);
    wire.close();
  });

  test("carries a well-formed request id through and replaces any other", async () => {
    const id = async (...fields) => (await assertAnswered(get(live, ...fields))).headers.get("x-request-id");
    assert.equal(await id("X-Request-ID: A-z_0.9~"), "A-z_0.9~");
    assert.equal(await id(`X-Request-ID: ${"a".repeat(128)}`), "a".repeat(128));
    assert.equal(await id("X-Request-ID: a:b/c+d=="), "a:b/c+d==", "whatever visible characters it has");
    const made = [
      await id(),
      await id("X-Request-ID: a b"),
      await id('X-Request-ID: a"b'),
      await id("X-Request-ID: a\\b"),
      await id("X-Request-ID: \xff"),
      await id(`X-Request-ID: ${"a".repeat(129)}`),
    ];
    for (const own of made) assert.match(own, /^[0-9a-f]{16}-[0-9a-f]+$/);
    assert.equal(new Set(made).size, made.length);
  });

  test("finds the same paths below the root path", async () => {
    await assertAnswered(get(`/auth-api${live}`));
    await assertAnswered(get(`/auth-apix${live}`), 503);
  });
});

test("nothing of Pistache's HTTP layer is linked", () => {
  const binary = readlinkSync(`/proc/${gateway.process.pid}/exe`);
  const symbols = execFileSync("nm", ["-C", "-D", binary], { encoding: "utf8" });
  assert.match(symbols, /Pistache::Tcp::Listener/);
  assert.doesNotMatch(symbols, /Pistache::(Http|Rest|Async)\b/);
});

test("the log tells of each request without what the client wrote in it", async () => {
  const secret = "s3cr3t-in-a-place-where-none-belongs";
  for (const bytes of [
    get(`${live}?token=${secret}`, `Authorization: Bearer ${secret}`, `Cookie: a=${secret}`),
    get(`/${secret}`),
    `${secret} / HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: ${secret} \x01\r\n\r\n`,
  ]) {
    const wire = await Wire.open(gateway.port);
    await wire.send(bytes).response();
    wire.close();
  }
  await assertAnswered(get(live, "X-Request-ID: the-last-of-all"));
  await gateway.stop();
  const lines = gateway.log().trim().split("\n").map(JSON.parse);
  assert.ok(!gateway.log().includes("s3cr3t"));
  const last = lines.find((line) => line.request_id === "the-last-of-all");
  assert.deepEqual(
    { ...last, time: 0, duration_ms: 0, bytes: 0 },
    {
      time: 0,
      level: "info",
      message: "request",
      request_id: "the-last-of-all",
      method: "GET",
      route: live,
      status: 200,
      duration_ms: 0,
      bytes: 0,
      client_ip: "127.0.0.1",
    },
  );
  assert.match(last.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(last.duration_ms >= 0 && last.bytes > 100);
});
