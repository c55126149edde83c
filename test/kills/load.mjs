// People who use the API through several gateways while things are killed, judge every answer they get, and remember
// what was acknowledged to them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { freshEmail, freshPassword } from "../http/support/client.mjs";

const afterRefusal = 40; // milliseconds until a refused or unanswered request is tried again

const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
const hash = (token) => createHash("sha256").update(token).digest("hex");

// What all of them found: answers by status, mistakes, and the writes that must never be lost.
export class Ledger {
  counts = {};
  refusals = {}; // 503s by what they say
  mistakes = [];
  users = new Map(); // e-mail → id; undefined where only the second attempt was answered
  sessions = new Map(); // id → id of its user
  rotations = new Set(); // hashes of refresh tokens that were handed out

  mistake(text) {
    if (this.mistakes.length < 20) this.mistakes.push(text);
  }

  // Every acknowledged write is there.
  async assertKept(database) {
    const missing = async (text, ...values) =>
      assert.deepEqual(await database.query(text, values), [], "an acknowledged write is lost");
    await missing(
      `SELECT email, id FROM unnest($1::text[], $2::bigint[]) AS acknowledged (email, id)
        WHERE NOT EXISTS (SELECT FROM users AS u JOIN auth.password_hashes AS h ON h.user_id = u.id
                           WHERE u.email = acknowledged.email AND u.id = coalesce(acknowledged.id, u.id))`,
      [...this.users.keys()],
      [...this.users.values()],
    );
    await missing(
      `SELECT id FROM unnest($1::uuid[], $2::bigint[]) AS acknowledged (id, user_id)
        WHERE NOT EXISTS (SELECT FROM sessions AS s
                           WHERE s.id = acknowledged.id AND s.user_id = acknowledged.user_id AND s.is_active)`,
      [...this.sessions.keys()],
      [...this.sessions.values()],
    );
    await missing(
      `SELECT hash FROM unnest($1::text[]) AS hash
        WHERE NOT EXISTS (SELECT FROM auth.refresh_tokens AS r WHERE r.token_hash = decode(hash, 'hex'))`,
      [...this.rotations],
    );
  }
}

export class Person {
  #served = new Map(); // gateway → when the last request began that it served
  #sessions = new Set();
  #isLeaving = false;

  // `user` is Client.newUser()'s; `gateways` are { name, client, isDisturbed }, chosen from by `random`.
  constructor(user, gateways, random, ledger) {
    Object.assign(this, { user, gateways, random, ledger });
    this.#remember(user);
  }

  start() {
    this.#done = this.#live();
  }
  #done; // once it has left; undefined before it has started
  async leave() {
    this.#isLeaving = true;
    await this.#done;
  }

  // A request that began after `moment` was served, by that gateway if one is named.
  servedSince(moment, gateway) {
    const times = gateway ? [this.#served.get(gateway) ?? 0] : [...this.#served.values()];
    return times.some((time) => time > moment);
  }

  async #live() {
    while (!this.#isLeaving) {
      const chance = this.random();
      // Little that hashes: what is tested here is not how fast that is.
      if (chance < 0.6) await this.#me();
      else if (chance < 0.75) await this.#list();
      else if (chance < 0.94) await this.#refresh();
      else if (chance < 0.97) await this.#register();
      else await this.#login();
    }
  }

  // The answer, or undefined when it was 503 or none: then nobody knows whether the request was carried out.
  async #ask(method, path, options, ...expected) {
    const gateway = this.gateways[Math.floor(this.random() * this.gateways.length)];
    const { counts } = this.ledger;
    const id = `${this.user.id}-${Math.floor(this.random() * 2 ** 48).toString(36)}`;
    const what = `${method} ${path} by ${this.user.id} at ${gateway.name}`;
    const begin = performance.now();
    const wasDisturbed = gateway.isDisturbed;
    let answer;
    try {
      answer = await gateway.client.request(method, path, { ...options, headers: { "X-Request-ID": id } });
    } catch (error) {
      counts.unanswered = (counts.unanswered ?? 0) + 1;
      // Only a gateway that was killed itself may leave its clients without an answer.
      if (!wasDisturbed && !gateway.isDisturbed)
        this.ledger.mistake(`${what} was not answered: ${error.cause ?? error}`);
      await pause(afterRefusal);
      return undefined;
    }
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
    if (answer.headers.get("x-request-id") !== id)
      this.ledger.mistake(`${what} got the answer to ${answer.headers.get("x-request-id")}`);
    if (answer.status === 503) {
      const { detail } = answer.body;
      this.ledger.refusals[detail] = (this.ledger.refusals[detail] ?? 0) + 1;
      if (!(Number(answer.headers.get("retry-after")) > 0)) this.ledger.mistake(`${what}: 503 without Retry-After`);
      await pause(afterRefusal);
      return undefined;
    }
    if (!expected.includes(answer.status)) {
      this.ledger.mistake(`${what} was answered ${answer.status}: ${answer.text}`);
      return undefined;
    }
    this.#served.set(gateway, begin);
    return answer;
  }

  #expect(condition, text) {
    if (!condition) this.ledger.mistake(`${this.user.email}: ${text}`);
  }

  #remember({ access_token, refresh_token }) {
    const { sub, sid } = claims(access_token);
    this.#expect(sub === String(this.user.id), `was given a token of user ${sub}`);
    this.#sessions.add(sid);
    this.ledger.sessions.set(sid, this.user.id);
    this.ledger.rotations.add(hash(refresh_token));
    return sid;
  }

  async #me() {
    const answer = await this.#ask("GET", "/api/auth/me", { token: this.user.access_token }, 200);
    if (answer) this.#expect(answer.body.email === this.user.email, `me answered ${answer.body.email}`);
  }

  async #list() {
    const known = [...this.#sessions];
    const answer = await this.#ask("GET", "/api/auth/sessions", { token: this.user.access_token }, 200);
    if (!answer || known.length > 900) return; // the list ends at 1,000
    const listed = new Set(answer.body.map(({ id }) => id));
    this.#expect(known.every((id) => listed.has(id)), "an acknowledged session is not listed");
  }

  async #login() {
    const { email, password } = this.user;
    const answer = await this.#ask("POST", "/api/auth/login", { json: { email, password } }, 200);
    if (answer) this.#remember(answer.body);
  }

  // Tried again with the same token until it is answered, which refresh_grace_seconds is for.
  async #refresh() {
    const { refresh_token } = this.user;
    let answer;
    while (!answer && !(this.#isLeaving && this.ledger.mistakes.length > 0))
      answer = await this.#ask("POST", "/api/auth/refresh", { json: { refresh_token } }, 200);
    if (!answer) return;
    const { sid } = claims(this.user.access_token);
    this.#expect(this.#remember(answer.body) === sid, "a refresh led to another session");
    Object.assign(this.user, { access_token: answer.body.access_token, refresh_token: answer.body.refresh_token });
  }

  // Somebody new. A second attempt may find that the first one was carried out.
  async #register() {
    const json = { email: freshEmail("killed"), password: freshPassword() };
    let answer = await this.#ask("POST", "/api/auth/register", { json }, 201);
    while (!answer && !this.#isLeaving) answer = await this.#ask("POST", "/api/auth/register", { json }, 201, 400);
    if (!answer) return;
    const said = answer.status === 201 ? answer.body.email : answer.body.detail;
    this.#expect(said === (answer.status === 201 ? json.email : "Email already registered"), `registered: ${said}`);
    this.ledger.users.set(json.email, answer.body.id);
  }
}
