// What every refusal has in common (RFC 9457, RFC 9110 section 11.6.1), checked in one place.
import assert from "node:assert/strict";

// Asserts a problem document of that status, and its detail when given; returns the answer.
export function assertProblem(answer, status, detail) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get("content-type"), /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  assert.equal(answer.body.type, "about:blank");
  assert.equal(typeof answer.body.title, "string");
  if (detail instanceof RegExp) assert.match(answer.body.detail, detail);
  else if (detail !== undefined) assert.equal(answer.body.detail, detail);
  if (status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
  return answer;
}

// Asserts a 422 whose `errors` name exactly these places, e.g. "body.email"; returns the errors.
export function assertInvalid(answer, ...places) {
  assertProblem(answer, 422);
  assert.deepEqual(answer.body.errors.map(({ loc }) => loc.join(".")).sort(), [...places].sort());
  for (const { msg, type } of answer.body.errors) {
    assert.equal(typeof msg, "string");
    assert.equal(typeof type, "string");
  }
  return answer.body.errors;
}
