// The glue to the core: how values pass, in what shapes, and what becomes of a call that fails.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as core from "../../../target/js-core/core.mjs";

const { ContractError, Instance, Memory, Trap, bound, codec } = core;
const MODULE = new WebAssembly.Module(
  readFileSync(new URL("../../../target/js-core/core.wasm", import.meta.url)),
);
const EVALUATION = JSON.stringify({
  label: "good",
  metric_type: "score",
  value: 1,
  session_id: "s",
  eval_scope: "session",
});
const TASK = core.SpanKind.indexOf("task");

/** A core that is only a memory, which grows with every allocation: views of it never last. */
function bare(functions = {}) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const sizes = new Map();
  let end = 64;
  const cabi_realloc = (old, oldSize, align, size) => {
    const at = Math.ceil(end / align) * align;
    const grown = Math.ceil((at + size) / 65536) - memory.buffer.byteLength / 65536;
    memory.grow(Math.max(1, grown));
    const u8 = new Uint8Array(memory.buffer);
    if (old !== 0) {
      assert.equal(oldSize, sizes.get(old), "the size that was asked for");
      u8.copyWithin(at, old, old + Math.min(oldSize, size));
      sizes.delete(old);
    }
    end = at + size;
    sizes.set(at, size);
    return at;
  };
  const exports = { memory, cabi_realloc, ...functions };
  return { exports, sizes, memory: new Memory(exports) };
}

function instance(clock = {}) {
  let drawn = 0n;
  const stands = { monotonic: () => 0n, wall: () => 1n, random: () => (drawn += 1n) };
  return new Instance(MODULE, { ...stands, ...clock });
}

const started = (of) => of.startSpan(TASK, 0, 0n, undefined, undefined, undefined, undefined);

test("a text is UTF-8 in room of exactly its size", () => {
  const texts = [
    ...["", "a", "short", "é", "日本語", "🌈", "mixed é 🌈 text", "\u0000", "\ufeffmark"],
    ...["x".repeat(31), "x".repeat(32), "x".repeat(5000), "日".repeat(5000), "é🌈".repeat(999)],
    ...[`${"x".repeat(5000)}é`, "é".repeat(31)],
  ];
  for (const text of texts) {
    const { memory, sizes } = bare();
    const at = memory.putText(text);
    const bytes = new TextEncoder().encode(text);
    assert.equal(memory.written, bytes.length);
    assert.deepEqual(memory.u8.slice(at, at + memory.written), bytes);
    assert.deepEqual([...sizes.values()], bytes.length ? [bytes.length] : []);
    assert.equal(memory.text(at, memory.written), text);
  }
});

test("a lone surrogate is the replacement character", () => {
  for (const text of ["\ud800", "a\udc00b", `${"x".repeat(40)}\ud83c`]) {
    const { memory } = bare();
    const at = memory.putText(text);
    assert.equal(memory.text(at, memory.written), text.replace(/[\ud800-\udfff]/u, "\ufffd"));
  }
});

test("what is stored is loaded again", () => {
  const shape = {
    record: [
      ["bool", "bool"],
      ["u16", "u16"],
      ["f64", "f64"],
      ["u32", "u32"],
      ["bytes", "bytes"],
      ["u64", "u64"],
      ["texts", { list: "string" }],
      ["none", { option: "u64" }],
      ["some", { option: { enum: ["a", "b"] } }],
      ["cases", { list: { variant: [["empty"], ["number", "u64"], ["text", "string"]] } }],
    ],
  };
  const value = {
    bool: true,
    u16: 65535,
    f64: -0.5,
    u32: 4294967295,
    bytes: new Uint8Array([0, 255]),
    u64: 18446744073709551615n,
    texts: ["", "ü"],
    none: undefined,
    some: "b",
    cases: [{ tag: "text", val: "t" }, { tag: "empty" }, { tag: "number", val: 7n }],
  };
  const { memory } = bare();
  const of = codec(shape);
  const at = memory.allocate(of.size, of.align);
  of.store(memory, at, value);
  assert.deepEqual(of.load(memory, at), value);
});

test("the cases of a variant share their words", () => {
  const shape = { variant: [["empty"], ["number", "u64"], ["text", "string"], ["small", "u16"]] };
  const given = [];
  const { exports, memory } = bare({ f: (...words) => void given.push(words) });
  const call = bound({ name: "f", parameters: [shape, { option: "f64" }] }, exports, memory);
  call({ tag: "empty" }, undefined);
  call({ tag: "number", val: 5n }, 0.5);
  call({ tag: "small", val: 9 }, undefined);
  call({ tag: "text", val: "ab" }, 1);
  const text = given.pop();
  assert.deepEqual(given, [
    [0, 0n, 0, 0, 0],
    [1, 5n, 0, 1, 0.5],
    [3, 9n, 0, 0, 0],
  ]);
  assert.deepEqual([memory.text(Number(text[1]), text[2]), text[0]], ["ab", 2]);
});

test("more than 16 words pass through memory", () => {
  const parameters = Array.from({ length: 9 }, () => "string");
  let words;
  const { exports, memory } = bare({ f: (...given) => void (words = given) });
  const texts = parameters.map((_, at) => `text ${at}`);
  bound({ name: "f", parameters }, exports, memory)(...texts);
  assert.equal(words.length, 1);
  const fields = parameters.map((shape, at) => [`${at}`, shape]);
  assert.deepEqual(Object.values(codec({ record: fields }).load(memory, words[0])), texts);
});

test("a result of one word is lifted, and one in memory is given back", () => {
  const after = [];
  const { exports, memory } = bare({
    big: () => -1n,
    yes: () => 1,
    text() {
      const at = memory.allocate(8, 4);
      codec("string").store(memory, at, "given");
      return at;
    },
    cabi_post_text: (at) => void after.push(at),
  });
  const call = (name, gives) => bound({ name, parameters: [], gives }, exports, memory)();
  assert.equal(call("big", "u64"), 18446744073709551615n);
  assert.equal(call("yes", "bool"), true);
  assert.equal(call("yes", { enum: ["a", "b"] }), "b");
  assert.equal(call("text", "string"), "given");
  assert.equal(after.length, 1);
});

test("a name that is not in the contract is a mistake of the caller", () => {
  const { exports, memory } = bare({ f() {} });
  const call = bound({ name: "f", parameters: [{ enum: ["a"] }] }, exports, memory);
  assert.throws(() => call("z"), /z is none of a/);
});

test("a refused call says why, and the instance goes on", () => {
  const of = instance();
  assert.throws(() => of.finish(99n), { name: "ContractError", payload: "unknown-span" });
  const span = started(of);
  assert.throws(() => of.annotate(span, "{"), (error) => {
    assert.ok(error instanceof ContractError);
    assert.equal(error.payload.tag, "invalid-argument");
    return true;
  });
  assert.throws(() => of.startSpan(TASK, 3, 0n, "nonsense"), { payload: "invalid-remote" });
  assert.throws(() => of.calls.tracing.times(99n), { payload: "unknown-span" });
  assert.deepEqual(of.annotate(span, '{"input":"x"}'), []);
  assert.equal(of.annotate(span, '{"metrics":{"a":"x"}}')[0].field, "metrics.a");
  assert.equal(of.finish(span), core.FINISH_POLL);
  assert.equal(of.trapped, false);
});

test("what a finish asks for is told apart", () => {
  const of = instance();
  assert.equal(of.finish(started(of)), core.FINISH_POLL);
  assert.equal(of.finish(started(of)), 0);
  of.calls.processing.setProcessor(1_000_000_000n);
  assert.equal(of.finish(started(of)), core.FINISH_POLL | core.FINISH_PROCESS);
  const { id, span } = of.calls.processing.takeEvent();
  assert.equal(JSON.parse(span).kind, "task");
  of.calls.processing.returnEvent(id, { tag: "drop" });
  const failure = { message: "m", errorType: "t", stack: "s" };
  of.finish(started(of), failure, 5n, 6n);
  const error = JSON.parse(of.calls.processing.takeEvent().span).error;
  assert.deepEqual(error, { message: "m", type: "t", stack: "s" });
});

test("a dropped span says why", () => {
  const of = instance();
  of.calls.tracing.configure('{"limits": {"queue_bytes": 1}}');
  assert.equal(of.finish(started(of)), core.FINISH_DROPPED);
  assert.equal(of.lastDropped, "queue-full");
});

test("what ends a call in the middle is a trap", () => {
  const broken = () => {
    throw new RangeError("no more");
  };
  const of = instance({ random: broken });
  assert.throws(() => started(of), (error) => {
    assert.ok(error instanceof Trap);
    assert.match(error.message, /no more/);
    assert.equal(error.cause.message, "no more");
    return true;
  });
  assert.equal(of.trapped, true);
  const other = instance({ wall: broken });
  assert.throws(() => other.calls.evaluations.submit(EVALUATION), Trap);
  assert.equal(other.trapped, true);
});

test("an annotation may be as long as a span", () => {
  const of = instance();
  for (const text of ["x".repeat(5_500_000), "é🌈".repeat(900_000)]) {
    const span = started(of);
    of.annotate(span, JSON.stringify({ input: text }));
    of.finish(span);
  }
  const { tag, val } = of.calls.delivery.poll("everything");
  assert.equal(tag, "send");
  assert.ok(val.body.length > 4_000_000);
  assert.equal(val.body.buffer.byteLength, val.body.length, "a copy");
});
