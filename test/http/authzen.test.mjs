// AuthZEN Authorization API 1.0: the conformance levels Basic Core, Batch Core, Search Core and Discovery, each test
// named by its id in the certification scenario; then what the scenario does not ask. The scenario's records are
// projects here, read is view_project, write is edit_project.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "./support/poll.mjs";
import { assertProblem } from "./support/problem.mjs";
import { startSystem } from "./support/system.mjs";
import { makeWorld } from "./support/world.mjs";

const system = await startSystem();
const { client, database } = system;
const world = await makeWorld(system);
const { root, projects } = world;

const alice = { type: "user", id: String(world.alice.id) };
const bob = { type: "user", id: String(world.bob.id) };
const user = { type: "user" };
const read = { name: "view_project" };
const write = { name: "edit_project" };
const record1 = { type: "project", id: projects[0] };
const record2 = { type: "project", id: projects[1] };
const record = { type: "project" };

const call = (api, json, options) => client.post(`/access/v1/${api}`, json, { token: root.access_token, ...options });
const evaluate = (json, options) => call("evaluation", json, options);
const evaluateAll = (json, options) => call("evaluations", json, options);
const search = (what, json, options) => call(`search/${what}`, json, options);
const valid = { subject: alice, action: read, resource: record1 };
const without = (object, ...path) => {
  const copy = structuredClone(object);
  const last = path.pop();
  delete path.reduce((inner, key) => inner[key], copy)[last];
  return copy;
};

async function decides(json, expected) {
  const answer = await evaluate(json);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get("content-type"), /^application\/json/);
  assert.equal(answer.body.decision, expected);
  if (answer.body.context !== undefined) assert.equal(typeof answer.body.context, "object");
}
async function decisions(json, ...expected) {
  const answer = await evaluateAll(json);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(
    answer.body.evaluations.map(({ decision }) => decision),
    expected,
  );
  assert.ok(!("decision" in answer.body));
  return answer.body.evaluations;
}
async function finds(what, json, options) {
  const answer = await search(what, json, options);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get("content-type"), /^application\/json/);
  assert.ok(Array.isArray(answer.body.results));
  assert.equal(typeof answer.body.page.next_token, "string");
  return answer.body;
}
const ids = ({ results }) => results.map(({ id }) => id);
const names = ({ results }) => results.map(({ name }) => name);

// Whatever is no request at all, of any API.
async function refusesWhatIsNoRequest(api, json) {
  const token = root.access_token;
  const send = (body, type = "application/json") =>
    client.request("POST", `/access/v1/${api}`, { body, token, headers: { "Content-Type": type } });
  const body = JSON.stringify(json);
  assert.equal((await send(body)).status, 200);
  assert.equal((await send(body, "application/json; charset=utf-8")).status, 200);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
    assertProblem(await send(body, type), 400, "The body must be application/json");
  for (const malformed of ["", "{", "nonsense", body + "x", '{"subject": "\ud800"}', "[".repeat(60_000), "NaN"])
    assertProblem(await send(malformed), 400);
  for (const other of ["[]", "7", '"x"', "null"])
    assertProblem(await send(other), 400, "The body is not a JSON object");
  assertProblem(await send(Buffer.from('{"subject":"\xff"}', "latin1")), 400);
  assertProblem(await send(Buffer.from(`${body}\0`)), 400);
  assertProblem(await send('{"subject": {"type": "a\\u0000b", "id": "1"}}'), 400);
  assertProblem(
    await send(`{"${Object.keys(json)[0]}": {}, ${body.slice(1)}`),
    400,
    "The body has two members of the same name",
  );
}

describe("Basic Core", () => {
  test("2-2-1: a permit", () => decides(valid, true));
  test("2-2-2: a deny", () => decides({ ...valid, subject: bob, action: write }, false));
  test("1-4: rules 1 to 4", async () => {
    for (const [subject, action, expected] of [
      [alice, read, true],
      [alice, write, true],
      [bob, read, true],
      [bob, write, false],
    ])
      await decides({ subject, action, resource: record1 }, expected);
  });
  test("2-2-3: a context changes nothing", () =>
    decides({ ...valid, context: { time: "2025-06-27T18:03-07:00", ip: "192.168.1.1" } }, true));
  test("2-2-8: additional properties are accepted", () =>
    decides(
      {
        subject: { ...alice, properties: { department: "Sales", role: "manager" } },
        action: { ...read, properties: { method: "GET" } },
        resource: { ...record1, properties: { status: "active", owner: "bob" } },
      },
      true,
    ));
  test("2-2-9: unknown fields are ignored", () =>
    decides({ ...valid, foo: "bar", futureField: { nested: true } }, true));
  test("2-3: the answer is JSON with a boolean decision", async () => {
    const { body } = await evaluate(valid);
    assert.deepEqual(body, { decision: true, context: { granted_by: "role" } });
    const denied = (await evaluate({ ...valid, subject: bob, action: write })).body;
    assert.deepEqual(denied, { decision: false, context: { reason: "no_role_grants_action" } });
  });
  test("2-4-1, 2-4-2: what is missing is a 400 that names it", async () => {
    for (const path of ["subject", "action", "resource"]) {
      assertProblem(await evaluate(without(valid, path)), 400, new RegExp(`^${path}\\.\\w+: Field required$`));
      assertProblem(await evaluate({ ...valid, [path]: null }), 400);
      assertProblem(await evaluate({ ...valid, [path]: {} }), 400);
    }
    for (const [entity, member] of [
      ["subject", "type"],
      ["subject", "id"],
      ["action", "name"],
      ["resource", "type"],
      ["resource", "id"],
    ])
      assertProblem(await evaluate(without(valid, entity, member)), 400, `${entity}.${member}: Field required`);
  });
  test("2-4-3, 2-4-4, 2-4-5: another content type, malformed JSON and no body are a 400", () =>
    refusesWhatIsNoRequest("evaluation", valid));
  test("2-4-6: a wrong type is a 400", async () => {
    assertProblem(await evaluate({ ...valid, subject: "alice" }), 400, "subject: Input should be an object");
    assertProblem(await evaluate({ ...valid, action: { name: 123 } }), 400, "action.name: Input should be a string");
    for (const wrong of [7, true, [], "x"]) {
      for (const entity of ["subject", "action", "resource", "context"])
        assertProblem(await evaluate({ ...valid, [entity]: wrong }), 400);
      assertProblem(await evaluate({ ...valid, resource: { ...record1, properties: wrong } }), 400);
    }
    for (const wrong of [7, true, [], {}]) {
      assertProblem(await evaluate({ ...valid, subject: { ...alice, id: wrong } }), 400);
      assertProblem(await evaluate({ ...valid, resource: { ...record1, type: wrong } }), 400);
      assertProblem(await evaluate({ ...valid, context: { service: wrong } }), 400);
    }
  });
  test("2-5: X-Request-ID is echoed, and not needed", async () => {
    for (const id of ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "a:b/c+d==", "7"]) {
      for (const json of [valid, {}]) {
        const answer = await evaluate(json, { headers: { "X-Request-ID": id } });
        assert.equal(answer.headers.get("x-request-id"), id);
      }
    }
    assert.equal((await evaluate(valid)).status, 200);
  });
  test("2-6: the same question has the same answer", async () => {
    for (let round = 0; round < 5; ++round) await decides(valid, true);
  });
});

describe("Batch Core", () => {
  const denied = { ...valid, subject: bob, action: write };

  test("3-2-1: defaults serve all", () =>
    decisions(
      { subject: alice, action: read, evaluations: [{ resource: record1 }, { resource: record2 }] },
      true,
      true,
    ));
  test("3-2-2: in order", () =>
    decisions({ subject: bob, resource: record1, evaluations: [{ action: read }, { action: write }] }, true, false));
  test("3-2-5: without defaults", () => decisions({ evaluations: [valid, denied] }, true, false));
  test("3-2-6: with a context to inherit", () =>
    decisions(
      {
        subject: alice,
        action: read,
        context: { time: "2025-06-27T18:03-07:00" },
        evaluations: [{ resource: record1 }, { resource: record2, context: { source: "batch-override" } }],
      },
      true,
      true,
    ));
  test("3-2-7: an entity is replaced whole, but for identifiers that it leaves out", () =>
    decisions(
      {
        subject: alice,
        action: write,
        resource: record,
        evaluations: [{ resource: { id: record1.id } }, { resource: record2 }],
      },
      true,
      false,
    ));
  test("3-3: as many answers as questions, each with a decision", async () => {
    const pattern = Array.from({ length: 60 }, (_, index) => index % 3 === 0);
    await decisions({ evaluations: pattern.map((permit) => (permit ? valid : denied)) }, ...pattern);
  });
  test("3-4-1: a failing item is denied, the others are answered", async () => {
    const items = await decisions(
      { subject: alice, action: read, evaluations: [{ resource: record1 }, {}, { resource: record2 }] },
      true,
      false,
      true,
    );
    assert.deepEqual(items[1].context, { error: { status: 400, message: "resource.type: Field required" } });
    await decisions(
      { ...valid, evaluations: [{}, { resource: null }, { resource: "x" }, null, 7, [], "x", { action: { name: 7 } }] },
      true,
      ...Array(7).fill(false),
    );
  });
  test("3-4-1: a payload that is none is a 400", async () => {
    await refusesWhatIsNoRequest("evaluations", { evaluations: [valid] });
    assertProblem(await evaluateAll({ evaluations: valid }), 400, "evaluations: Input should be a list");
    assertProblem(await evaluateAll({ subject: "alice", evaluations: [valid] }), 400);
  });
  test("3-4-2, 3-4-3: without evaluations, or with none, it is one evaluation", async () => {
    for (const evaluations of [undefined, [], null]) {
      const answer = await evaluateAll({ ...valid, evaluations });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.decision, true);
      assert.ok(!("evaluations" in answer.body));
      assertProblem(await evaluateAll({ ...without(valid, "resource"), evaluations }), 400);
    }
  });
  test("the three semantics", async () => {
    const evaluations = [denied, valid, denied, valid];
    const as = (evaluations_semantic) => ({ evaluations, options: { evaluations_semantic, another: "option" } });
    await decisions({ evaluations, options: {} }, false, true, false, true);
    await decisions(as("execute_all"), false, true, false, true);
    await decisions(as("deny_on_first_deny"), false);
    await decisions(as("permit_on_first_permit"), false, true);
    await decisions({ ...as("deny_on_first_deny"), evaluations: [valid, valid, {}, valid] }, true, true, false);
    for (const wrong of ["", "execute", 7]) assertProblem(await evaluateAll(as(wrong)), 400);
    assertProblem(await evaluateAll({ evaluations, options: "execute_all" }), 400);
  });
  test("holds 1000 items, and no more", async () => {
    const items = await decisions(
      { ...valid, evaluations: Array(1000).fill({ action: read }) },
      ...Array(1000).fill(true),
    );
    assert.equal(items.length, 1000);
    assertProblem(await evaluateAll({ ...valid, evaluations: Array(1001).fill({}) }), 400);
  });
});

describe("Search Core", () => {
  const subjects = { subject: user, action: read, resource: record1 };
  const resources = { subject: alice, action: read, resource: record };
  const actions = { subject: alice, resource: record1 };

  test("4-2-1: subjects", async () => {
    const { results, page } = await finds("subject", subjects);
    for (const result of results) assert.deepEqual(Object.keys(result).sort(), ["id", "type"]);
    assert.deepEqual(
      results.map(({ id }) => Number(id)),
      [root.id, world.alice.id, world.bob.id, world.carol.id].sort((a, b) => a - b),
    );
    assert.ok(results.every(({ type }) => type === "user"));
    assert.equal(page.next_token, "");
  });
  test("4-2-2: with a context", async () =>
    assert.deepEqual(
      await finds("subject", { ...subjects, context: { time: "2025" } }),
      await finds("subject", subjects),
    ));
  test("4-2-3: whatever the subject's id", async () => {
    for (const id of ["x", 7, bob.id])
      assert.ok(ids(await finds("subject", { ...subjects, subject: { type: "user", id } })).includes(alice.id));
  });
  test("4-3-1: resources", async () => {
    const { results } = await finds("resource", resources);
    assert.deepEqual(
      results,
      [...projects].sort().map((id) => ({ type: "project", id })),
    );
  });
  test("4-3-2: whatever the resource's id", async () => {
    for (const id of ["x", 7, record2.id])
      assert.equal((await finds("resource", { ...resources, resource: { type: "project", id } })).results.length, 2);
  });
  test("4-4-1, 4-4-2: actions, with a context or without", async () => {
    assert.deepEqual(names(await finds("action", actions)), ["edit_project", "view_project"]);
    assert.deepEqual(names(await finds("action", { ...actions, context: {}, action: 7 })), [
      "edit_project",
      "view_project",
    ]);
    assert.equal(names(await finds("action", { ...actions, subject: { type: "user", id: String(root.id) } }))[0], "*");
  });
  test("every result evaluates to true, and what is left out does not", async () => {
    for (const person of [root, world.alice, world.bob, world.carol, world.eve])
      await decides(
        { ...subjects, subject: { type: "user", id: String(person.id) } },
        ids(await finds("subject", subjects)).includes(String(person.id)),
      );
    for (const name of names(await finds("action", actions))) await decides({ ...actions, action: { name } }, true);
  });

  // Follows the pages to the end, as the scenario does: the token alone.
  async function follow(what, json, limit, { repeat } = {}) {
    const pages = [await finds(what, { ...json, page: { limit } })];
    while (pages.at(-1).page.next_token !== "") {
      const page = { token: pages.at(-1).page.next_token, ...(repeat && { limit }) };
      pages.push(await finds(what, { ...json, page }));
      assert.ok(pages.length < 100, "the pages come to an end");
    }
    for (const { results } of pages) assert.ok(results.length <= limit);
    return pages.flatMap(({ results }) => results);
  }
  test("4-5-1, 4-5-2, 4-5-3: pages of one are the whole, in order, once each", async () => {
    for (const [what, json] of [
      ["subject", subjects],
      ["resource", resources],
      ["action", actions],
    ]) {
      const { results } = await finds(what, json);
      assert.ok(results.length > 1);
      for (const limit of [1, 2, 1000]) {
        assert.deepEqual(await follow(what, json, limit), results);
        assert.deepEqual(await follow(what, json, limit, { repeat: true }), results);
      }
    }
  });
  test("4-5-3: a page of nothing says that there is more", async () => {
    const { results, page } = await finds("subject", { ...subjects, page: { limit: 0 } });
    assert.deepEqual(results, []);
    assert.notEqual(page.next_token, "");
    const huge = await finds("subject", { ...subjects, page: { limit: 10 ** 300, properties: { sort: "x" } } });
    assert.equal(huge.results.length, 4);
  });
  test("a page token is good for its own search only", async () => {
    const first = await finds("subject", { ...subjects, page: { limit: 1 } });
    const token = first.page.next_token;
    const refused = async (what, json, page) => assertProblem(await search(what, { ...json, page }), 400, /^page\./);
    await refused("subject", { ...subjects, action: write }, { token });
    await refused("subject", { ...subjects, resource: record2 }, { token });
    await refused("subject", { ...subjects, context: { service: "x" } }, { token });
    await refused("resource", resources, { token });
    await refused("subject", subjects, { token, limit: 2 });
    for (const other of [
      `${token}0`,
      token.replace(/^./, (c) => (c === "0" ? "1" : "0")),
      token.slice(1),
      "x",
      ".",
      "..",
      " ",
    ])
      await refused("subject", subjects, { token: other });
    await refused("subject", subjects, { token: token.replace(/\.\d+$/, ".7777") });
    const reordered = { resource: record1, action: read, subject: user, page: { token, limit: 1 } };
    assert.equal((await finds("subject", reordered)).results.length, 1);
  });
  test("a page that is none is a 400", async () => {
    for (const page of [7, "x", [], { limit: -1 }, { limit: 1.5 }, { limit: "1" }, { token: 7 }, { token: {} }])
      assertProblem(await search("subject", { ...subjects, page }), 400, /^page/);
    for (const page of [null, {}, { token: "" }, { token: null, limit: null }])
      assert.equal((await finds("subject", { ...subjects, page })).results.length, 4);
  });
  test("4-6-1: an unknown id is an empty list", async () => {
    for (const id of ["nonexistent-user", "999999999", "-1", "01", "1e3", "99999999999999999999", "", " 1", "1\n"]) {
      const subject = { type: "user", id };
      for (const [what, json] of [
        ["resource", resources],
        ["action", actions],
      ])
        assert.deepEqual(await finds(what, { ...json, subject }), { results: [], page: { next_token: "" } });
      await decides({ ...valid, subject }, false);
    }
    for (const id of ["record-1", "00000000-0000-0000-0000-000000000000", "", `${record1.id}0`, "' OR true"]) {
      const resource = { type: "project", id };
      assert.deepEqual(ids(await finds("subject", { ...subjects, resource })), []);
      assert.deepEqual(names(await finds("action", { ...actions, resource })), []);
      await decides({ ...valid, resource }, false);
    }
  });
  test("4-6-2: an unknown type is an empty list", async () => {
    const subject = { type: "spaceship", id: "1" };
    const resource = { type: "spaceship", id: record1.id };
    for (const json of [{ subject }, { resource }, { subject, resource }]) {
      assert.deepEqual((await finds("subject", { ...subjects, ...json })).results, []);
      assert.deepEqual((await finds("resource", { ...resources, ...json })).results, []);
      assert.deepEqual((await finds("action", { ...actions, ...json })).results, []);
      await decides({ ...valid, ...json }, false);
    }
    await decides({ ...valid, resource: { ...record1, type: "account" } }, false);
  });
  test("4-7-1, 4-7-2: what is missing is a 400", async () => {
    const missing = {
      subject: [
        ["subject"],
        ["action"],
        ["resource"],
        ["subject", "type"],
        ["action", "name"],
        ["resource", "type"],
        ["resource", "id"],
      ],
      resource: [
        ["subject"],
        ["action"],
        ["resource"],
        ["subject", "type"],
        ["subject", "id"],
        ["action", "name"],
        ["resource", "type"],
      ],
      action: [
        ["subject"],
        ["resource"],
        ["subject", "type"],
        ["subject", "id"],
        ["resource", "type"],
        ["resource", "id"],
      ],
    };
    const json = { subject: subjects, resource: resources, action: actions };
    for (const [what, paths] of Object.entries(missing))
      for (const path of paths) assertProblem(await search(what, without(json[what], ...path)), 400, /Field required$/);
  });
  test("a request that is none is a 400", async () => {
    await refusesWhatIsNoRequest("search/subject", subjects);
    await refusesWhatIsNoRequest("search/resource", resources);
    await refusesWhatIsNoRequest("search/action", actions);
  });
});

describe("Discovery", () => {
  const metadata = (path = "") => client.get(`/.well-known/authzen-configuration${path}`);

  test("6-6: without a public URL there are no metadata", async () => assertProblem(await metadata(), 404));
  test("6-5: the metadata are those of the public URL", async () => {
    for (const base of ["https://auth.example.com", "https://example.com/auth-api"]) {
      await database.query("SELECT auth.set_setting('public_url', $1)", [base]);
      const answer = await metadata();
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get("content-type"), /^application\/json/);
      assert.deepEqual(answer.body, {
        policy_decision_point: base,
        access_evaluation_endpoint: `${base}/access/v1/evaluation`,
        access_evaluations_endpoint: `${base}/access/v1/evaluations`,
        search_subject_endpoint: `${base}/access/v1/search/subject`,
        search_resource_endpoint: `${base}/access/v1/search/resource`,
        search_action_endpoint: `${base}/access/v1/search/action`,
      });
      // Each of them is there.
      for (const url of Object.values(answer.body).filter((url) => url !== base))
        assertProblem(await client.post(url.slice(base.length), {}), 401);
    }
  });
});

describe("who may ask", () => {
  const as = (person) => ({ token: person.access_token });
  const subjects = { subject: user, action: read, resource: record1 };
  const about = (person) => ({ type: "user", id: String(person.id) });
  const detail = "You may ask about yourself, or about resources that you administer";

  test("nobody without a token, whatever the body", async () => {
    for (const api of ["evaluation", "evaluations", "search/subject", "search/resource", "search/action"]) {
      for (const token of ["x", "a.b.c", `${root.access_token}x`])
        assertProblem(await call(api, valid, { token }), 401, "Could not validate credentials");
      assertProblem(await client.post(`/access/v1/${api}`, valid), 401, "Not authenticated");
      assertProblem(await client.request("POST", `/access/v1/${api}`, { body: "nonsense" }), 401);
    }
  });
  test("everybody about themselves", async () => {
    assert.equal((await evaluate(valid, as(world.alice))).body.decision, true);
    assert.equal((await evaluate({ ...valid, subject: about(world.eve) }, as(world.eve))).body.decision, false);
    assert.equal(
      (await finds("resource", { subject: alice, action: read, resource: record }, as(world.alice))).results.length,
      2,
    );
    assert.deepEqual(names(await finds("action", { subject: bob, resource: record1 }, as(world.bob))), [
      "view_project",
    ]);
  });
  test("admins about what they administer", async () => {
    assert.equal((await evaluate(valid, as(world.carol))).body.decision, true);
    assert.ok(ids(await finds("subject", subjects, as(world.carol))).includes(bob.id));
    const organization = { type: "organization", id: world.organization };
    assertProblem(await evaluate({ ...valid, resource: organization }, as(world.carol)), 403, detail);
    assertProblem(await search("subject", { ...subjects, resource: organization }, as(world.carol)), 403, detail);
    assertProblem(
      await search("resource", { subject: alice, action: read, resource: record }, as(world.carol)),
      403,
      detail,
    );
  });
  test("nobody else, and no token of a page helps", async () => {
    assertProblem(await evaluate(valid, as(world.bob)), 403, detail);
    assertProblem(await evaluateAll(valid, as(world.bob)), 403, detail);
    assertProblem(await search("subject", subjects, as(world.alice)), 403, detail);
    assertProblem(
      await search("resource", { subject: alice, action: read, resource: record }, as(world.bob)),
      403,
      detail,
    );
    assertProblem(await search("action", { subject: alice, resource: record1 }, as(world.bob)), 403, detail);
    const { page } = await finds("subject", { ...subjects, page: { limit: 1 } });
    assertProblem(await search("subject", { ...subjects, page: { token: page.next_token } }, as(world.alice)), 403);
  });
  test("and a resource that does not exist is answered like one that is somebody else's", async () => {
    for (const id of ["record-1", "00000000-0000-0000-0000-000000000000", projects[0]])
      assertProblem(await evaluate({ ...valid, resource: { type: "project", id } }, as(world.eve)), 403, detail);
  });
  test("an evaluation among others that the caller may not ask is denied", async () => {
    const { body } = await evaluateAll({ ...valid, evaluations: [{ subject: bob }, {}] }, as(world.bob));
    assert.deepEqual(body.evaluations[0], { decision: true, context: { granted_by: "role" } });
    assert.deepEqual(body.evaluations[1], { decision: false, context: { error: { status: 403, message: detail } } });
  });
});

test("a service's permissions and groups count when context.service names it", async () => {
  const [{ id }] = await database.query(
    "INSERT INTO auth.groups (organization_id, name) VALUES ($1, 'Contractors') RETURNING id",
    [world.organization],
  );
  await database.query(
    "INSERT INTO auth.group_permissions (group_id, service_name, deny_actions) VALUES ($1, 'wiki', '{*}')",
    [id],
  );
  await database.query(
    `INSERT INTO auth.user_group_memberships (user_id, group_id, resource_id, resource_type)
     VALUES ($1, $2, $3, 'account')`,
    [world.bob.id, id, world.account],
  );
  const asked = { ...valid, subject: bob };
  await decides(asked, true);
  await decides({ ...asked, context: { service: "blog" } }, true);
  await decides({ ...asked, context: { service: "wiki" } }, false);
  const subjects = { subject: user, action: read, resource: record1 };
  assert.ok(!ids(await finds("subject", { ...subjects, context: { service: "wiki" } })).includes(bob.id));
  assert.ok(ids(await finds("subject", { ...subjects, context: { service: "blog" } })).includes(bob.id));
});

test("what a superuser is allowed leaves an audit line, one for each action", async () => {
  const asked = { ...valid, subject: { type: "user", id: String(root.id) } };
  const evaluations = [{}, {}, { action: write }, { subject: bob }];
  for (const [send, id, expected] of [
    [evaluate, "audit-one", ['action "view_project", 1 time(s)']],
    [evaluateAll, "audit-single", ['action "view_project", 1 time(s)']],
    [
      (json, options) => evaluateAll({ ...json, evaluations }, options),
      "audit-many",
      ['action "edit_project", 1 time(s)', 'action "view_project", 2 time(s)'],
    ],
  ]) {
    await send(asked, { headers: { "X-Request-ID": id } });
    const lines = await until("the audit lines", () => {
      const found = system.gateway
        .log()
        .split("\n")
        .filter((line) => line.includes('"audit"') && line.includes(`"${id}"`));
      return found.length >= expected.length && found;
    });
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).deed).sort(),
      expected.map((deed) => `superuser allowed: user ${root.id}, ${deed}`),
    );
  }
});

test("a decision is never older than the last commit", async () => {
  const subject = { type: "user", id: String(world.eve.id) };
  for (let round = 0; round < 5; ++round) {
    await world.assign(world.eve, "project", projects[1], "viewer");
    await decides({ subject, action: read, resource: record2 }, true);
    await world.assign(world.eve, "project", projects[1], "viewer", new Date(Date.now() - 1000));
    await decides({ subject, action: read, resource: record2 }, false);
  }
});
