// An HTTP client of the API, as an application would write one: JSON in, JSON out, nothing of the server's
// own code.
import { randomBytes } from "node:crypto";

// Passwords that no estimate calls weak, and e-mails that no other test uses.
export const freshPassword = () => `${randomBytes(12).toString("base64url")} Ünïcode 9`;
export const freshEmail = (name = "user") => `${name}.${randomBytes(8).toString("hex")}@example.com`;

export class Client {
  constructor(url) {
    this.url = url;
  }

  // Sends `json` (or `body` as it is) and answers { status, headers, text, body }, body parsed when it is
  // JSON.
  async request(method, path, { json, body, token, headers = {} } = {}) {
    const fields = { ...headers };
    if (json !== undefined) fields["Content-Type"] ??= "application/json";
    if (token !== undefined) fields.Authorization ??= `Bearer ${token}`;
    const response = await fetch(this.url + path, {
      method,
      headers: fields,
      body: json === undefined ? body : JSON.stringify(json),
      redirect: "error",
    });
    const text = await response.text();
    const isJson = /^application\/([a-z.]+\+)?json\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    };
  }

  get(path, options) {
    return this.request("GET", path, options);
  }
  post(path, json, options) {
    return this.request("POST", path, { json, ...options });
  }
  delete(path, options) {
    return this.request("DELETE", path, options);
  }

  register(email, password, more = {}) {
    return this.post("/api/auth/register", { email, password, ...more });
  }
  login(email, password, options) {
    return this.post("/api/auth/login", { email, password }, options);
  }
  refresh(refresh_token) {
    return this.post("/api/auth/refresh", { refresh_token });
  }
  me(token, options) {
    return this.get("/api/auth/me", { token, ...options });
  }

  // A registered user who is logged in: { id, email, password, access_token, refresh_token }.
  async newUser(name) {
    const email = freshEmail(name);
    const password = freshPassword();
    const registered = await this.register(email, password);
    if (registered.status !== 201)
      throw new Error(`register answered ${registered.status}: ${registered.text}`);
    return { id: registered.body.id, email, password, ...(await this.newSession({ email, password })) };
  }

  // One more session of that user: { access_token, refresh_token }.
  async newSession({ email, password }, options) {
    const { status, body, text } = await this.login(email, password, options);
    if (status !== 200) throw new Error(`login answered ${status}: ${text}`);
    return { access_token: body.access_token, refresh_token: body.refresh_token };
  }
}
