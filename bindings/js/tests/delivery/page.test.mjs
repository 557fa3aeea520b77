// What a page delivers when it is hidden or left, with a stand-in for its document.
//
// Real browsers are in tests/runtimes.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeCore, worker } from "../support/fakes.mjs";
import { internals } from "../support/internals.mjs";
import { Receiver } from "../support/receiver.mjs";

const document = Object.assign(new EventTarget(), {
  visibilityState: "visible",
  baseURI: "https://shop.example/",
});
const page = new EventTarget();
const stands = {
  document,
  addEventListener: page.addEventListener.bind(page),
  removeEventListener: page.removeEventListener.bind(page),
};
Object.assign(globalThis, stands);
const there = await Receiver.start();
after(() => there.close());

/** A tracer of a page. */
function open() {
  there.got = [];
  there.otherwise = { status: 202 };
  const platform = internals.browserPlatform(() => undefined);
  const core = new FakeCore(there.url);
  core.ageMs = 60_000;
  const works = worker(core, { platform });
  return { core, works, undo: platform.atEnd(works.last) };
}

function hide() {
  document.visibilityState = "hidden";
  document.dispatchEvent(new Event("visibilitychange"));
  document.visibilityState = "visible";
}

test("a page that is hidden sends all that has finished, and goes on", async () => {
  const { core, undo } = open();
  core.finish("1");
  core.finish("2");
  document.dispatchEvent(new Event("visibilitychange"));
  hide();
  await there.until(({ got }) => got.length === 2);
  core.finish("3");
  hide();
  await there.until(({ got }) => got.length === 3);
  undo();
  core.finish("4");
  hide();
  page.dispatchEvent(new Event("pagehide"));
  assert.equal(core.queue.length, 1, "nothing of it is left once it was undone");
});

test("a page that is left sends what its browser has room for, and counts the rest", async () => {
  const { core, works, undo } = open();
  for (const bytes of [40_000, 30_000, 20_000]) core.finish("x".repeat(bytes));
  page.dispatchEvent(new Event("pagehide"));
  assert.equal(core.delivered, 2);
  assert.deepEqual(core.dropped, { shutdown: 1 });
  await there.until(({ got }) => got.length === 2);
  assert.deepEqual(there.got.map(({ body }) => body.length).sort(), [20_000, 40_000]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  core.finish("x".repeat(60_000));
  page.dispatchEvent(new Event("pagehide"));
  assert.equal(core.delivered, 3, "there is room again");
  undo();
  await works.stop(1000);
});

test("where a request cannot outlive its page, a beacon is left", async () => {
  const { core, undo } = open();
  const { keepalive } = Object.getOwnPropertyDescriptors(Request.prototype);
  delete Request.prototype.keepalive;
  const beacons = [];
  const { navigator } = globalThis;
  const sendBeacon = (url, body) => beacons.push([url, body.type, body.size]) > 0;
  Object.defineProperty(globalThis, "navigator", { value: { sendBeacon }, configurable: true });
  try {
    core.finish("{}");
    page.dispatchEvent(new Event("pagehide"));
    assert.deepEqual(beacons, [[`${there.url}/spans`, "application/json", 2]]);
    assert.equal(core.delivered, 1);
  } finally {
    if (keepalive) Object.defineProperty(Request.prototype, "keepalive", keepalive);
    Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
    undo();
  }
});
