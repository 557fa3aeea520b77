// Streams: the span ends when the stream does, is left, or throws, and has what was streamed as its output.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { ROOT, llmobs, sleep, traced } from "../support/traced.mjs";

const llm = { kind: "llm", name: "ask" };
const output = (span) => span.meta.output?.messages?.map(({ content }) => content).join("|");

async function* words() {
  llmobs.trace({ kind: "task", name: "inside" }, () => {});
  yield "a ";
  await sleep(2);
  yield "b";
}

test("a generator's span is current in its body, not for its reader", async () => {
  const { named } = await traced(() =>
    llmobs.trace({ kind: "workflow", name: "root" }, async () => {
      for await (const word of llmobs.wrap(llm, words)()) {
        llmobs.trace({ kind: "task", name: `read ${word.trim()}` }, () => {});
      }
    }),
  );
  const { root, ask, inside } = named;
  assert.equal(ask.parent_id, root.span_id);
  assert.equal(inside.parent_id, ask.span_id);
  assert.equal(named["read a"].parent_id, root.span_id);
  assert.equal(output(ask), "a b");
  assert.ok(ask.duration > 1e6);
});

test("a stream that is left, and one that throws, end their spans with what came", async () => {
  const { spans } = await traced(async () => {
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield "x";
      } finally {
        closed = true;
      }
    }
    for await (const _ of llmobs.trace(llm, () => endless())) break;
    assert.equal(closed, true);
    async function* failing() {
      yield "y";
      throw new RangeError("cut");
    }
    await assert.rejects(async () => {
      for await (const _ of llmobs.trace(llm, failing));
    }, RangeError);
  });
  assert.deepEqual(spans.map(output), ["x", "y"]);
  assert.deepEqual(spans.map(({ status }) => status), ["ok", "error"]);
});

test("synchronous generators, their return values, and two-way talk", async () => {
  const { named } = await traced(() => {
    function* talk() {
      const got = yield "first";
      return `got ${got}`;
    }
    const stream = llmobs.wrap({ kind: "task", name: "talk" }, talk)();
    assert.deepEqual(stream.next(), { value: "first", done: false });
    assert.deepEqual(stream.next("answer"), { value: "got answer", done: true });
    assert.equal(Object.prototype.toString.call(stream), "[object Generator]");
    function* nothing() {
      return "only this";
    }
    assert.deepEqual([...llmobs.wrap({ kind: "task", name: "nothing" }, nothing)()], []);
  });
  assert.equal(named.talk.meta.output.value, "first");
  assert.equal(named.nothing.meta.output.value, "only this");
});

test("a ReadableStream, also of bytes, and one that is cancelled", async () => {
  const streamOf = (...chunks) =>
    new ReadableStream({
      pull(controller) {
        if (chunks.length) controller.enqueue(chunks.shift());
        else controller.close();
      },
    });
  const { spans } = await traced(async () => {
    const bytes = new TextEncoder().encode("é!");
    const response = new Response(llmobs.trace(llm, () => streamOf(bytes.slice(0, 1), bytes.slice(1))));
    assert.equal(await response.text(), "é!");
    const reader = (await llmobs.trace(llm, async () => streamOf("a", "b"))).getReader();
    await reader.read();
    await reader.cancel();
  });
  assert.deepEqual(spans.map(output), ["é!", "a"]);
});

test("a stream of Node's is itself, and its span ends with it", async () => {
  const { spans } = await traced(async () => {
    const slow = () =>
      Readable.from(
        (async function* () {
          yield "a";
          await sleep(20);
          yield "b";
        })(),
      );
    const given = slow();
    const got = llmobs.trace(llm, () => given);
    assert.equal(got, given);
    const text = [];
    await pipeline(got, async function* (source) {
      for await (const piece of source) text.push(piece);
    });
    assert.deepEqual(text, ["a", "b"]);
    const failing = await llmobs.trace({ kind: "tool", name: "fails" }, async () => slow());
    failing.on("error", () => {});
    failing.destroy(new RangeError("cut"));
    await sleep(5);
  });
  assert.deepEqual(
    spans.map(({ name, status }) => [name, status]),
    [
      ["ask", "ok"],
      ["fails", "error"],
    ],
  );
  assert.ok(spans[0].duration > 15e6);
});

test("a stream object of a client keeps its methods", async () => {
  class Stream {
    #iterator;
    controller = new AbortController();
    constructor(iterator) {
      this.#iterator = iterator;
    }
    [Symbol.asyncIterator]() {
      return this.#iterator();
    }
    tee() {
      return [new Stream(this.#iterator), new Stream(this.#iterator)];
    }
  }
  const { spans } = await traced(async () => {
    const read = async (stream) => {
      for await (const _ of stream);
    };
    const stream = await llmobs.trace(llm, async () => new Stream(words));
    assert.ok(stream instanceof Stream);
    assert.ok(stream.controller instanceof AbortController);
    await read(stream);
    const [left, right] = llmobs.trace(llm, () => new Stream(words)).tee();
    await Promise.all([read(left), read(right)]);
  });
  assert.deepEqual(spans.filter(({ name }) => name === "ask").map(output), ["a b", "a b"]);
});

test("collections and pages of lists are values, not streams", async () => {
  class Page {
    data = [1];
    async *[Symbol.asyncIterator]() {
      yield 1;
    }
  }
  const { spans } = await traced(async () => {
    const page = new Page();
    assert.equal(await llmobs.trace({ kind: "tool", name: "page" }, async () => page), page);
    const list = new Map([[1, 2]]);
    assert.equal(llmobs.wrap({ kind: "tool", name: "map" }, () => list)(), list);
  });
  assert.equal(spans.length, 2);
  assert.equal(spans[0].parent_id, ROOT);
});

test("a stream longer than the bounds goes to its reader whole, and its capture says what is missing", async () => {
  let read = 0;
  const { named } = await traced(async () => {
    async function* long() {
      for (let at = 0; at < 30; at++) yield "x".repeat(100_000);
    }
    for await (const piece of llmobs.wrap(llm, long)()) read += piece.length;
  });
  assert.equal(read, 3_000_000);
  const text = output(named.ask);
  assert.ok(text.length < 1_200_000);
  assert.match(text, /more\]$/);
});
