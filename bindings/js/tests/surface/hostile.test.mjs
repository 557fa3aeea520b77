// Odd values and odd programs: tracing changes nothing of what they do, and loses nothing without a count.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { inspect } from "node:util";
import { LLMObsArgumentError } from "../../dist/index.js";
import { ROOT, llmobs, sleep, traced } from "../support/traced.mjs";

const task = { kind: "task", name: "t" };

test("a cursor, which has a `next` and other methods, is a value", async () => {
  class Cursor {
    #at = 0;
    items = [1];
    async next() {
      return this.items[this.#at++] ?? null;
    }
    toArray() {
      return this.items;
    }
    [Symbol.asyncIterator]() {
      return { next: async () => ({ done: true }) };
    }
  }
  await traced(async () => {
    const cursor = new Cursor();
    const got = llmobs.wrap(task, () => cursor)();
    assert.equal(got, cursor);
    assert.deepEqual(got.toArray(), [1]);
    assert.deepEqual([await got.next(), await got.next()], [1, null]);
  });
});

test("data of any size is cut, not refused", async () => {
  const long = "x".repeat(6_000_000);
  const { named, evaluations, statistics } = await traced(() => {
    llmobs.recordSpan({ ...task, name: "recorded", startTime: 1, endTime: 2, inputData: long });
    llmobs.recordSpan({ ...task, name: "failed", startTime: 1, endTime: 2, error: new Error(long) });
    llmobs.annotationContext({ tags: { long } }, () => llmobs.trace({ ...task, name: "inside" }, () => {}));
    const span = llmobs.startSpan({ ...task, name: "judged" });
    span.finish();
    llmobs.submitEvaluation(span, { label: "a", metricType: "score", value: 1, reasoning: long });
  });
  for (const name of ["recorded", "failed", "inside", "judged"]) assert.ok(named[name], name);
  assert.ok(evaluations.length + (statistics.evaluations.dropped.too_large ?? 0) === 1);
});

test("a text that names no trace begins one, and what is no parent is refused", async () => {
  const { named } = await traced(() => {
    llmobs.continueTrace("garbage", () => llmobs.trace(task, () => {}));
    assert.equal(llmobs.continueTrace("", () => 1), 1);
    assert.throws(() => llmobs.continueTrace(5, () => {}), LLMObsArgumentError);
    assert.throws(
      () => llmobs.recordSpan({ ...task, startTime: 1, endTime: 2, parent: 5 }),
      LLMObsArgumentError,
    );
  });
  assert.equal(named.t.parent_id, ROOT);
});

test("a span keeps its ids, and one that was not kept can be evaluated", async () => {
  const { statistics, evaluations } = await traced(() => {
    const span = llmobs.startSpan(task);
    const ids = span.export();
    span.finish();
    for (let n = 0; n < 5000; n++) llmobs.trace(task, () => {});
    assert.deepEqual(span.export(), ids);
    assert.equal(JSON.stringify({ span }), JSON.stringify({ span: ids }));
    assert.match(inspect(span), /^Span \{ kind: 'task'/);
    llmobs.submitEvaluation(span, { label: "a", metricType: "score", value: 1 });
    llmobs.submitEvaluation({}, { label: "a", metricType: "score", value: 1 });
    llmobs.recordSpan({ ...task, startTime: 1, endTime: 2, parent: span });
  });
  assert.equal(evaluations.length, 1);
  assert.equal(statistics.evaluationsRejected, 1);
});

/** Runs a program; its exit status. */
function status(body) {
  const dist = new URL("../../dist/index.js", import.meta.url);
  const program = `
    import { llmobs } from "${dist}";
    llmobs.enable({ agentUrl: "http://127.0.0.1:9", exitTimeout: 0 });
    const task = { kind: "task" };
    ${body}`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", program]).status;
}

test("a rejection that nobody handles ends the process, also of a subclass of Promise", () => {
  assert.equal(status("llmobs.trace(task, async () => { throw new Error('x'); });"), 1);
  const mine = "class Mine extends Promise {}; llmobs.trace(task, () => Mine.reject(new Error('x')));";
  assert.equal(status(mine), 1);
  assert.equal(status("llmobs.trace(task, async () => { throw new Error('x'); }).catch(() => {});"), 0);
});

test("a processor that rejects later ends nothing", () => {
  const body = "llmobs.registerProcessor(async () => { throw new Error('x'); }); llmobs.trace(task, () => {});";
  assert.equal(status(body), 0);
});

test("carriers that cannot be changed, and those that are lists", async () => {
  await traced(() =>
    llmobs.trace(task, () => {
      assert.ok(llmobs.inject(Object.freeze({})).traceparent);
      assert.ok(llmobs.inject(Response.redirect("http://x/").headers).traceparent);
      assert.ok(llmobs.inject(null).traceparent);
      const pairs = [["accept", "x"]];
      llmobs.inject(pairs);
      assert.ok(pairs.some(([name]) => name === "traceparent"));
    }),
  );
});

test("a stream of bytes lets its reader bring a buffer", async () => {
  const { named } = await traced(async () => {
    const stream = llmobs.wrap({ ...task }, () =>
      new ReadableStream({
        type: "bytes",
        start(controller) {
          controller.enqueue(new TextEncoder().encode("hello"));
          controller.close();
        },
      }),
    )();
    const reader = stream.getReader({ mode: "byob" });
    const { value } = await reader.read(new Uint8Array(10));
    assert.equal(new TextDecoder().decode(value), "hello");
    assert.equal((await reader.read(new Uint8Array(1))).done, true);
  });
  assert.equal(named.t.meta.output.value, "hello");
});

test("proxies of promises and frozen streams do not fail", async () => {
  await traced(async () => {
    const proxy = new Proxy(Promise.resolve(1), {});
    assert.equal(llmobs.trace(task, () => proxy), proxy);
    const frozen = Object.freeze({
      tee: () => [],
      async *[Symbol.asyncIterator]() {
        yield 1;
      },
    });
    const stream = llmobs.trace(task, () => frozen);
    assert.deepEqual(stream.tee(), []);
    for await (const _ of stream);
  });
});

test("a function that takes `done` and rejects first ends its span with the error", async () => {
  const { named } = await traced(async () => {
    const fails = async (span, done) => {
      throw new RangeError("early");
    };
    await assert.rejects(llmobs.trace(task, fails), RangeError);
    llmobs.trace({ ...task, name: "fine" }, (span, done) => done(0));
    await sleep(1);
  });
  assert.equal(named.t.meta.error.type, "RangeError");
  assert.equal(named.fine.status, "ok");
});

test("an emitter that is read by its events ends its span", async () => {
  class Stream {
    listeners = {};
    controller = new AbortController();
    on(event, listener) {
      (this.listeners[event] ??= []).push(listener);
      return this;
    }
    done() {
      for (const listener of this.listeners.end ?? []) listener();
    }
    async *[Symbol.asyncIterator]() {}
  }
  const { named } = await traced(() => {
    const stream = llmobs.trace(task, () => new Stream());
    assert.equal(stream.on("content", () => {}), stream);
    stream.done();
  });
  assert.ok(named.t);
});
