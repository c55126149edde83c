// Access tokens as any other service sees them: verified offline by a library that knows nothing of this
// project.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from "jose";
import { assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";

const { client, database } = await startSystem();
const jwksAddress = new URL(`${client.url}/.well-known/jwks.json`);
const expected = { issuer: "auth-api", audience: "auth-api", algorithms: ["ES256"], typ: "at+jwt" };
const verify = (token, more) => jwtVerify(token, createRemoteJWKSet(jwksAddress), { ...expected, ...more });
const encode = (value) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const refused = async (token) => assertProblem(await client.me(token), 401, "Could not validate credentials");

test("an access token verifies with jose against the published keys", async () => {
  const user = await client.newUser();
  const { payload, protectedHeader } = await verify(user.access_token);
  assert.deepEqual(Object.keys(payload).sort(), ["aal", "aud", "exp", "iat", "iss", "jti", "sid", "sub"]);
  assert.equal(payload.sub, String(user.id));
  assert.equal(payload.aal, "aal1");
  assert.equal(payload.exp - payload.iat, 900);
  assert.ok(Math.abs(payload.iat - Date.now() / 1000) < 60);
  const [session] = await database.query("SELECT id FROM sessions WHERE user_id = $1", [user.id]);
  assert.equal(payload.sid, session.id);
  assert.deepEqual(Object.keys(protectedHeader).sort(), ["alg", "kid", "typ"]);
});

test("the published keys are public, named by their thumbprint and cacheable", async () => {
  const { status, headers, body } = await client.get("/.well-known/jwks.json");
  assert.equal(status, 200);
  assert.match(headers.get("cache-control"), /public, max-age=300/);
  for (const key of body.keys) {
    assert.deepEqual(Object.keys(key).sort(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert.equal(key.alg, "ES256");
  }
});

test("two tokens of one user in one second differ", async () => {
  const user = await client.newUser();
  const sessions = await Promise.all(Array.from({ length: 4 }, () => client.newSession(user)));
  assert.equal(new Set(sessions.flatMap(Object.values)).size, 8);
});

test("after a rotation old tokens still verify and new ones use the new key", async () => {
  const user = await client.newUser();
  const oldKey = decodeProtectedHeader(user.access_token).kid;
  const [{ kid }] = await database.query("SELECT auth.rotate_signing_key() AS kid");
  assert.notEqual(kid, oldKey);
  const { access_token } = await client.newSession(user);
  assert.equal(decodeProtectedHeader(access_token).kid, kid);
  for (const token of [user.access_token, access_token]) {
    await verify(token);
    assert.equal((await client.me(token)).body.email, user.email);
  }
  const { body } = await client.get("/.well-known/jwks.json");
  assert.ok([oldKey, kid].every((each) => body.keys.some((key) => key.kid === each)));
});

test("a retired key leaves the published set, and its tokens stop working, once the last could have expired", async () => {
  const user = await client.newUser();
  const { kid } = decodeProtectedHeader(user.access_token);
  await database.query("SELECT auth.rotate_signing_key()");
  await database.query(
    "UPDATE auth.signing_keys SET verify_until = now() - interval '1 second' WHERE kid = $1",
    [kid],
  );
  const { body } = await client.get("/.well-known/jwks.json");
  assert.ok(!body.keys.some((key) => key.kid === kid));
  await refused(user.access_token);
});

test("a token changed in any part is refused", async () => {
  const { access_token } = await client.newUser();
  const [header, payload, signature] = access_token.split(".");
  const change = (text, at) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
  for (const at of [0, 5, 10]) {
    await refused([change(header, at), payload, signature].join("."));
    await refused([header, change(payload, at), signature].join("."));
    await refused([header, payload, change(signature, at)].join("."));
  }
  const claims = decode(payload);
  for (const more of [{ sub: "1" }, { exp: claims.exp + 9999 }, { aal: "aal2" }, { aud: "other" }]) {
    await refused([header, encode({ ...claims, ...more }), signature].join("."));
  }
  assert.equal((await client.me(access_token)).status, 200);
});

test("a token that says none, HS256 with the public key as its secret, or another algorithm is refused", async () => {
  const { access_token } = await client.newUser();
  const [header, payload, signature] = access_token.split(".");
  const { kid } = decode(header);
  for (const alg of ["none", "None", "NONE", ""]) {
    const forged = `${encode({ ...decode(header), alg })}.${payload}.`;
    await refused(forged);
    await refused(forged + signature);
  }
  const { body } = await client.get("/.well-known/jwks.json");
  const jwk = body.keys.find((key) => key.kid === kid);
  for (const secret of [JSON.stringify(jwk), jwk.x + jwk.y, kid]) {
    const signed = `${encode({ typ: "at+jwt", alg: "HS256", kid })}.${payload}`;
    await refused(`${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`);
  }
  for (const alg of ["ES384", "RS256", "PS256", "EdDSA"]) {
    await refused([encode({ ...decode(header), alg }), payload, signature].join("."));
  }
});

test("a token signed by another key is refused, even when it brings that key along", async () => {
  const { access_token } = await client.newUser();
  const claims = decode(access_token.split(".")[1]);
  const { kid } = decodeProtectedHeader(access_token);
  const pair = await generateKeyPair("ES256");
  const jwk = await exportJWK(pair.publicKey);
  for (const header of [
    { kid },
    { kid: "another" },
    {},
    { kid, jwk },
    { jwk },
    { kid, jku: "https://evil.example/jwks.json" },
    { kid: "' OR 1=1 --" },
  ]) {
    await refused(
      await new SignJWT(claims)
        .setProtectedHeader({ typ: "at+jwt", alg: "ES256", ...header })
        .sign(pair.privateKey),
    );
  }
});

test("a token is good until the second it expires, and no longer", async () => {
  await database.query("SELECT auth.set_setting('access_token_seconds', '60')");
  const { access_token } = await client.newUser();
  await database.query("SELECT auth.set_setting('access_token_seconds', '900')");
  const { exp } = decode(access_token.split(".")[1]);
  await verify(access_token, { currentDate: new Date((exp - 1) * 1000) });
  await assert.rejects(verify(access_token, { currentDate: new Date(exp * 1000) }), {
    code: "ERR_JWT_EXPIRED",
  });
  assert.ok(exp - Date.now() / 1000 <= 60);
});
