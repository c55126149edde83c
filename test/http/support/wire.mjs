// A client that writes whatever bytes it likes: what a test of the transport needs and no HTTP library allows.
import { connect } from "node:net";

const ended = Symbol("ended");

export class Wire {
  #received = Buffer.alloc(0);
  #chunks = []; // what came behind it
  #missing = 0; // bytes without which there is nothing to see
  #isEnded = false;
  #wake = () => {};

  // Connects to the gateway's `port`; `host` is its address. Stays half-open until close().
  static async open(port, host = "127.0.0.1") {
    const wire = new Wire();
    wire.socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    wire.socket.on("data", (data) => {
      wire.#chunks.push(data);
      wire.#missing -= data.length;
      if (wire.#missing <= 0) wire.#wake();
    });
    for (const event of ["end", "close", "error"]) {
      wire.socket.on(event, (error) => {
        if (event === "error") wire.error = error;
        wire.#isEnded = true;
        wire.#wake();
      });
    }
    await new Promise((resolve, reject) => {
      wire.socket.once("connect", resolve);
      wire.socket.once("error", reject);
    });
    return wire;
  }

  send(...pieces) {
    for (const piece of pieces) this.socket.write(piece);
    return this;
  }

  // Sends FIN, still reads.
  finish() {
    this.socket.end();
    return this;
  }

  // RST.
  abort() {
    this.socket.resetAndDestroy();
  }

  close() {
    this.socket.destroy();
  }

  async #until(condition, what) {
    const signal = AbortSignal.timeout(15_000);
    for (;;) {
      const result = condition();
      if (result !== undefined) return result;
      await new Promise((resolve, reject) => {
        this.#wake = resolve;
        signal.onabort = () => reject(new Error(`no ${what} in 15 s; received: ${this.#peek()}`));
        if (signal.aborted) signal.onabort();
      });
    }
  }

  // The next response: { status, headers, text, body }. `head`: it answers a HEAD request. Throws when the server
  // ends the connection first.
  async response({ head = false } = {}) {
    const result = await this.#until(
      () => this.#take(head) ?? (this.#isEnded ? ended : undefined),
      "response",
    );
    if (result === ended)
      throw new Error(`the server ended the connection: ${this.error?.message ?? "no answer"}`);
    return result;
  }

  // Resolves once the server sends no more, with whatever came since the last response.
  async end() {
    await this.#until(() => (this.#isEnded ? true : undefined), "end of the connection");
    this.#gather();
    return this.#received.toString("latin1");
  }

  #gather() {
    this.#received = Buffer.concat([this.#received, ...this.#chunks]);
    this.#chunks = [];
  }

  #peek() {
    this.#gather();
    return this.#received.toString("latin1", 0, 300);
  }

  #take(isHead) {
    if (this.#missing > 0) return undefined;
    this.#gather();
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [statusLine, ...lines] = this.#received.subarray(0, end).toString("latin1").split("\r\n");
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    );
    const size = isHead ? 0 : Number(headers.get("content-length") ?? 0);
    this.#missing = end + 4 + size - this.#received.length;
    if (this.#missing > 0) return undefined;
    this.#missing = 0;
    const text = this.#received.subarray(end + 4, end + 4 + size).toString();
    this.#received = this.#received.subarray(end + 4 + size);
    const isJson = !isHead && /json/.test(headers.get("content-type") ?? "");
    return {
      status: Number(statusLine.split(" ")[1]),
      statusLine,
      headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    };
  }
}
