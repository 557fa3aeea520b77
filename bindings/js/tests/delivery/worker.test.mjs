// The worker: what it sends when, and what it says of it, with a scripted core.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeCore, sleep, worker } from "../support/fakes.mjs";
import { internals } from "../support/internals.mjs";
import { NOTHING, Receiver, SILENCE } from "../support/receiver.mjs";

const receivers = [];
after(() => Promise.all(receivers.map((receiver) => receiver.close())));

async function receiver(options) {
  const made = await Receiver.start(options);
  receivers.push(made);
  return made;
}

test("a batch is sent when it is due, without a flush", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  const works = worker(core);
  core.finish('{"a":1}');
  works.attend();
  assert.equal(core.polls.length, 0, "the application's own call sends nothing");
  await there.until(({ got }) => got.length === 1);
  assert.equal(there.got[0].body.toString(), '{"a":1}');
  assert.equal(there.got[0].headers["content-type"], "application/json");
  assert.equal(core.polls[0], "due");
  await works.stop(1000);
  assert.equal(core.delivered, 1);
});

test("a flush sends all that has finished, one by one, over one connection", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  core.ageMs = 60_000;
  const works = worker(core);
  for (let at = 0; at < 3; at++) core.finish(`{"at":${at}}`);
  there.otherwise = { status: 202, afterMs: 30 };
  assert.equal(await works.flush(5000), true);
  assert.deepEqual(
    there.bodies().map(({ at }) => at),
    [0, 1, 2],
  );
  assert.equal(there.connections, 1);
  assert.equal(core.delivered, 3);
  assert.equal(await works.flush(0), true, "with nothing to send no time is needed");
});

test("a flush does not wait for what finishes while it sends", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  core.ageMs = 60_000;
  there.take = (got) => {
    there.got.push(got);
    core.finish();
    works.attend();
    return { status: 202 };
  };
  const works = worker(core);
  core.finish();
  assert.equal(await works.flush(5000), true);
  assert.equal(there.got.length, 1);
  works.stop(0);
});

test("a flush gives up at its time-out, and says so", async () => {
  const there = await receiver();
  there.otherwise = SILENCE;
  const core = new FakeCore(there.url);
  const works = worker(core);
  core.finish();
  const began = performance.now();
  assert.equal(await works.flush(100), false);
  const took = performance.now() - began;
  assert.ok(took > 90 && took < 900, `${took} ms`);
  assert.equal(await works.stop(0), false);
});

test("a receiver that fails gets the same bytes again, and a person is told", async () => {
  const there = await receiver();
  there.answers = [NOTHING, { status: 503, body: "busy" }];
  const core = new FakeCore(there.url);
  const works = worker(core);
  core.finish('{"same":"bytes"}');
  assert.equal(await works.flush(5000), true);
  assert.equal(there.got.length, 3);
  assert.equal(new Set(there.got.map(({ body }) => body.toString())).size, 1);
  const [first, second] = core.diagnosed;
  assert.match(first.why, /^could not be reached: .*(socket hang up|ECONNRESET|closed)/);
  assert.deepEqual(second, {
    ...{ event: "retried", target: "the receiver", why: "answered 503 busy", advice: undefined },
  });
  assert.equal(core.delivered, 1);
});

test("a kept connection that the receiver closed is no failure of the receiver", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  const works = worker(core);
  core.finish();
  await works.flush(5000);
  // The connection is open as far as the client knows, and is closed once something is sent over
  // it.
  there.answers = [NOTHING];
  core.finish();
  assert.equal(await works.flush(5000), true);
  assert.deepEqual(core.diagnosed, []);
  assert.equal(core.delivered, 2);
});

test("a receiver that says no is not asked again", async () => {
  const there = await receiver();
  there.answers = [
    { status: 403, body: "bad key" },
    { status: 302, headers: { location: "/x" } },
  ];
  const core = new FakeCore(there.url);
  const works = worker(core);
  core.finish();
  core.finish();
  assert.equal(await works.flush(5000), true);
  assert.equal(there.got.length, 2, "no redirect is followed");
  assert.equal(there.asked.length, 0);
  assert.deepEqual(core.dropped, { rejected: 2 });
  const { event, why, spans, advice } = core.diagnosed[0];
  assert.deepEqual(
    [event, why, spans, advice],
    ["rejected", "answered 403 bad key", 1, "check-key"],
  );
});

test("the core gets what a receiver says about when to come again", async () => {
  const there = await receiver();
  there.answers = [
    { status: 429, headers: { "retry-after": "2", "x-ratelimit-reset": "3", z: "4" } },
  ];
  const core = new FakeCore(there.url);
  const works = worker(core);
  core.finish();
  await works.flush(5000);
  assert.deepEqual(core.completed[0].outcome.val.headers, [
    { name: "retry-after", value: "2" },
    { name: "x-ratelimit-reset", value: "3" },
  ]);
});

test("a receiver that never answers is waited for as long as a request may take", async () => {
  const there = await receiver();
  there.answers = [SILENCE];
  const core = new FakeCore(there.url);
  const works = worker(core, { plan: { requestTimeoutMs: 100 } });
  core.finish();
  assert.equal(await works.flush(5000), true);
  assert.equal(there.got.length, 2);
  assert.equal(core.diagnosed[0].why, "could not be reached: no answer within 0.1 s");
});

test("where nobody listens the reason is said", async () => {
  const there = await receiver();
  const { url } = there;
  await there.close();
  receivers.pop();
  const core = new FakeCore(url);
  core.retryMs = 60_000;
  const works = worker(core, { plan: { lacksKey: true } });
  core.finish();
  assert.equal(await works.flush(300), false);
  assert.match(core.diagnosed[0].why, /^could not be reached: connect ECONNREFUSED 127/);
  assert.equal(core.diagnosed[0].advice, "set-key");
  await works.stop(0);
});

test("an agent is asked first, and what has finished waits for its answer", async () => {
  const there = await receiver();
  for (const [info, took] of [
    [{ status: 200, body: '{"endpoints":["/sign/v1"]}' }, "found"],
    [{ status: 200, body: "{}" }, "otherwise"],
    [{ status: 404, body: "/sign" }, "otherwise"],
    [SILENCE, "otherwise"],
  ]) {
    there.info = info;
    there.asked = [];
    const core = new FakeCore(there.url);
    core.awaiting = true;
    const secrets = new internals.Secrets();
    secrets.setUser("AGENT", "user");
    const discovery = {
      ...{ url: `${there.url}/info`, timeoutMs: 100, answerBytes: 1000, sign: "/sign" },
      credentials: [{ header: "authorization", secret: "AGENT", form: "basic" }],
      found: [{ id: "here", name: "found" }],
      otherwise: [{ id: "here", name: "otherwise" }],
    };
    const works = worker(core, { plan: { settings: {}, discovery }, secrets });
    core.finish();
    works.attend();
    assert.equal(await works.stop(5000), true);
    assert.equal(core.targets[0].name, took);
    assert.equal(core.delivered, 1);
    assert.deepEqual(
      there.asked.map(({ path }) => path),
      ["/info"],
    );
    assert.equal(there.asked[0].headers["authorization"], "Basic dXNlcjo=");
  }
});

test("credentials and the report of losses are added here", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  core.credentials = [
    { header: "dd-api-key", secret: "DD_API_KEY", form: "plain" },
    { header: "authorization", secret: "URL", form: "basic" },
    { header: "x-none", secret: "NONE", form: "plain" },
  ];
  core.lost = "client=7;queue_full=3";
  const secrets = new internals.Secrets();
  secrets.setKey("DD_API_KEY", "0123456789abcdef", "(the API key)");
  secrets.setUser("URL", "user:pässword");
  there.answers = [
    { status: 400, body: "no 0123456789abcdef, no pässword, no " + "x".repeat(5000) },
  ];
  const works = worker(core, { secrets });
  core.finish();
  await works.flush(5000);
  const { headers } = there.got[0];
  assert.equal(headers["dd-api-key"], "0123456789abcdef");
  assert.equal(
    headers["authorization"],
    `Basic ${Buffer.from("user:pässword").toString("base64")}`,
  );
  assert.equal(headers["witspan-dropped"], "client=7;queue_full=3");
  assert.equal("x-none" in headers, false);
  const { why } = core.diagnosed[0];
  assert.match(why, /^answered 400 no \(the API key\), no …, no x+$/);
  assert.equal(why.length, "answered 400 ".length + 600);
});

test("after its end a worker sends nothing, and ignores late answers", async () => {
  const there = await receiver();
  there.otherwise = { status: 202, afterMs: 150 };
  const core = new FakeCore(there.url);
  const works = worker(core);
  core.finish();
  assert.equal(await works.stop(50), false);
  core.finish();
  works.attend();
  assert.equal(await works.flush(50), false);
  await sleep(250);
  assert.equal(there.got.length, 1);
  assert.equal(core.completed.length, 0);
});

test("`attendBy` polls in time, and later calls do not delay it", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  core.ageMs = 0;
  const works = worker(core);
  core.finish();
  const began = performance.now();
  works.attendBy(60);
  works.attendBy(5000);
  await there.until(({ got }) => got.length === 1);
  const took = performance.now() - began;
  assert.ok(took >= 55 && took < 2000, `${took} ms`);
  await works.stop(0);
});

test("the last delivery takes what waits, and counts what is under way once", async () => {
  const there = await receiver();
  there.answers = [{ status: 202, afterMs: 200 }];
  const core = new FakeCore(there.url);
  core.ageMs = 0;
  const works = worker(core);
  const { last } = works;
  assert.equal(last.pending(), false);
  core.finish('{"n":1}', 2);
  works.attend();
  await there.until(({ got }) => got.length === 1);
  core.finish('{"n":2}', 3);
  core.finish('{"n":3}', 4);
  core.open = 5;
  assert.equal(last.pending(), true);
  const requests = last.take();
  assert.deepEqual(
    requests.map(({ body }) => body.toString()),
    ['{"n":2}', '{"n":3}'],
  );
  assert.deepEqual(core.dropped, { shutdown: 2 });
  last.taken([202, undefined]);
  assert.equal(core.delivered, 3);
  assert.deepEqual(core.dropped, { shutdown: 6 });
  last.ended();
  assert.deepEqual(core.diagnosed, [{ event: "ended", unsent: 6, unfinished: 5 }]);
  await sleep(300);
  assert.equal(core.completed.length, 3, "the late answer is ignored");
  await works.stop(0);
});

test("what waits for its repetition is taken too", async () => {
  const there = await receiver();
  there.answers = [{ status: 503 }];
  const core = new FakeCore(there.url);
  core.ageMs = 0;
  core.retryMs = 60_000;
  const works = worker(core);
  core.finish();
  works.attend();
  await there.until(({ got }) => got.length === 1);
  await sleep(50);
  assert.equal(works.last.take().length, 1);
  works.last.taken([503]);
  assert.deepEqual(core.dropped, { shutdown: 1 });
  works.last.ended(true);
  assert.deepEqual(core.diagnosed.at(-1), { event: "interrupted", unsent: 1 });
  await works.stop(0);
});

test("the exit time is spent once, unless all was delivered", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  const { last } = worker(core, { plan: { exitTimeoutMs: 100 } });
  core.finish();
  await last.deliver();
  assert.equal(last.timeoutMs, 100);
  there.otherwise = SILENCE;
  core.finish();
  await last.deliver();
  assert.equal(last.timeoutMs, 0);
  assert.equal(last.pending(), true);
});

test("where I/O belongs to a request, each request sends for itself", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  const kept = [];
  const works = worker(core, { platform: { keepRequest: (work) => kept.push(work) } });
  core.finish();
  works.attend();
  assert.equal(kept.length, 1);
  await Promise.all(kept);
  assert.equal(core.delivered, 1);
  core.finish();
  assert.equal(await works.flush(5000), true);
  assert.equal(core.delivered, 2);
  there.otherwise = SILENCE;
  core.finish();
  assert.equal(await works.flush(100), false);
  await works.stop(0);
});

test("what a request left behind that was ended early, the next one sends", async () => {
  const there = await receiver();
  const core = new FakeCore(there.url);
  let ends = true;
  const node = internals.nodePlatform(() => undefined);
  const send = (request) => (ends ? new Promise(() => {}) : node.send(request));
  let skew = 0;
  const clock = { monotonic: () => node.clock.monotonic() + BigInt(skew) * 1_000_000n };
  const works = worker(core, { platform: { keepRequest: () => {}, send, clock } });
  core.finish();
  assert.equal(await works.flush(50), false);
  ends = false;
  skew = 10_000;
  assert.equal(await works.flush(5000), true);
  assert.equal(core.delivered, 1);
});
