// Clocks and timers are the real ones, also in a test that has replaced the language's own.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { mock, test } from "node:test";
import { FakeCore, worker } from "../support/fakes.mjs";
import { internals, path } from "../support/internals.mjs";
import { Receiver } from "../support/receiver.mjs";

const { fetchPlatform, nodePlatform } = internals;

/** A flush, and a batch that becomes due. */
async function delivers(platform, there) {
  const core = new FakeCore(there.url);
  const works = worker(core, { platform });
  core.finish();
  assert.equal(await works.flush(3000), true);
  core.finish();
  works.attend();
  await there.until(({ got }) => got.length === 2);
  await works.stop(1000);
  there.got = [];
}

test("timers that are replaced later change nothing", async () => {
  const there = await Receiver.start();
  // The receiver's own patience needs a timer.
  const until = there.until.bind(there);
  there.until = (test) => (mock.timers.reset(), until(test));
  // Node's `fetch` itself uses what is replaced here.
  const { timers, clock, send } = nodePlatform(() => undefined);
  mock.timers.enable(["setTimeout", "setInterval", "setImmediate"]);
  try {
    await delivers({ timers, clock, send }, there);
  } finally {
    mock.timers.reset();
  }
  await there.close();
});

test("timers that were replaced before, by Sinon, are seen through", async () => {
  const there = await Receiver.start();
  const real = { setTimeout, clearTimeout, Date, performance };
  const clock = { now: 0 };
  for (const [name, value] of Object.entries(real)) clock[`_${name}`] = value;
  globalThis.setTimeout = Object.assign(() => 0, { clock });
  globalThis.clearTimeout = () => {};
  globalThis.Date = class extends real.Date {
    static now = () => 0;
  };
  globalThis.performance = { now: () => 0, timeOrigin: 0 };
  let early;
  try {
    early = await import(`${path}?early`);
  } finally {
    Object.assign(globalThis, real);
  }
  for (const make of [early.nodePlatform, early.fetchPlatform]) {
    const { clock, timers } = make(() => undefined);
    assert.ok(clock.wall() > 1_700_000_000_000_000_000n);
    const before = clock.monotonic();
    await new Promise((resolve) => timers.start(resolve, 20, true));
    assert.ok(clock.monotonic() - before > 15_000_000n);
  }
  await there.close();
});

test("both clocks have more than milliseconds, and agree with the language's", () => {
  for (const make of [nodePlatform, fetchPlatform]) {
    const { clock } = make(() => undefined);
    const away = Number(clock.wall() / 1_000_000n) - Date.now();
    assert.ok(Math.abs(away) < 100, `${away} ms`);
    const walls = Array.from({ length: 20 }, () => clock.wall() % 1_000_000n);
    assert.ok(walls.some((ns) => ns !== 0n));
    const [first, second] = [clock.monotonic(), clock.monotonic()];
    assert.ok(second >= first);
  }
});

test("random numbers have 64 bits and do not repeat", () => {
  for (const make of [nodePlatform, fetchPlatform]) {
    const { clock } = make(() => undefined);
    const drawn = new Set(Array.from({ length: 300 }, () => clock.random()));
    assert.equal(drawn.size, 300);
    assert.ok([...drawn].some((each) => each > 1n << 63n));
    assert.ok([...drawn].every((each) => each >= 0n && each < 1n << 64n));
  }
});

test("timers do not keep the context in which they were started", async () => {
  const storage = new AsyncLocalStorage();
  const { timers } = nodePlatform(() => undefined);
  const seen = await new Promise((resolve) => {
    storage.run("the application's", () => {
      timers.start(() => resolve(storage.getStore()), 1, true);
    });
  });
  assert.equal(seen, undefined);
});
