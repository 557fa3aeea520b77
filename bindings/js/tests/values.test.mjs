// What becomes of the application's values: each has one form, and reading it disturbs nothing.

import assert from "node:assert/strict";
import { createReadStream, readFileSync } from "node:fs";
import { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { corePath, esbuild, internals } from "./support/internals.mjs";

const built = esbuild().buildSync({
  entryPoints: [fileURLToPath(new URL("../src/values.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  target: "es2022",
  write: false,
});
const source = Buffer.from(built.outputFiles[0].contents).toString("base64");
const values = await import(`data:text/javascript;base64,${source}`);
const { annotationText, configureValues, jsonText, plainText, StreamText } = values;

const clock = { monotonic: () => 0n, wall: () => 1n, random: () => 1n };
const core = new internals.Instance(new WebAssembly.Module(readFileSync(corePath)), clock);
const NAMES = JSON.parse(core.calls.setup.names());
configureValues(NAMES);

/** Runs with other bounds than the core's. */
function within(bounds, check) {
  configureValues({ ...NAMES, bounds: { ...NAMES.bounds, ...bounds } });
  try {
    check();
  } finally {
    configureValues(NAMES);
  }
}

/** Whether the core takes a text as an annotation. */
function taken(text) {
  const task = { kind: "task", start_ns: 1, end_ns: 1, annotation: 0 };
  return (
    core.calls.tracing.recordSpan(JSON.stringify(task).replace(":0}", `:${text}}`)).span !== 0n
  );
}

class Point {
  #hidden = 1;
  x = 1;
  y = undefined;
  constructor() {
    Object.defineProperty(this, "unseen", { value: 1 });
  }
  get sum() {
    return this.x + this.#hidden;
  }
}
class Secret {
  #held = 1;
  held() {
    return this.#held;
  }
}
class Money {
  constructor(amount) {
    this.amount = amount;
  }
  toJSON(key) {
    return { key, money: this.amount };
  }
}
class LateError extends Error {
  name = "LateError";
  code = "E_LATE";
}
class Query {
  client = { password: "secret" };
  then() {
    throw new Error("executed");
  }
}
class Pages {
  client = { password: "secret" };
  async *[Symbol.asyncIterator]() {}
}
class Named {
  static name = 5;
}
async function* later() {}
const sparse = [1, , 3];
sparse.extra = 1;
const withSymbol = { a: 1, [Symbol("k")]: 2 };
const proto = JSON.parse('{"__proto__": {"a": 1}}');
const shared = { deep: [1] };
const bytes = Buffer.from("5 € ");
const sharedBytes = new Uint8Array(new SharedArrayBuffer(2)).fill(97);
const resizable = new Uint8Array(new ArrayBuffer(2, { maxByteLength: 8 })).fill(98);
const foreign = createContext({});
const elsewhere = (code) => runInContext(code, foreign);

/** By name: what is given, and its JSON. */
const FORMS = {
  // What JSON has.
  text: ["a", '"a"'],
  "text with all that is escaped": [
    '"\\\b\f\n\r\t\u0000\u001f',
    '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f"',
  ],
  "text beyond ASCII": ["é😀\u2028\u007f", '"é😀\u2028\u007f"'],
  "lone surrogates": ["a\ud800b\udc00", '"a\\ud800b\\udc00"'],
  "a lone surrogate in a key": [{ "\ud800": 1 }, '{"\\ud800":1}'],
  numbers: [[0, -0, 1.5, -1, 1e21, 5e-324, 2 ** 53], "[0,0,1.5,-1,1e+21,5e-324,9007199254740992]"],
  literals: [[true, false, null], "[true,false,null]"],
  nested: [{ a: [{ b: {} }, []] }, '{"a":[{"b":{}},[]]}'],
  "a key that is a prototype elsewhere": [proto, '{"__proto__":{"a":1}}'],
  "null-prototype objects": [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  "keys that are symbols": [withSymbol, '{"a":1}'],
  "holes, and fields of a list": [sparse, "[1,null,3]"],
  "what is there twice": [[shared, shared], '[{"deep":[1]},{"deep":[1]}]'],
  "a frozen list": [Object.freeze([1]), "[1]"],
  arguments: [
    (function (...given) {
      return arguments;
    })(1, "b"),
    '{"0":1,"1":"b"}',
  ],
  // What it has not.
  NaN: [[NaN, Infinity, -Infinity], "[NaN,Infinity,-Infinity]"],
  BigInt: [
    { n: 123456789012345678901234567890n, z: -5n },
    '{"n":123456789012345678901234567890,"z":-5}',
  ],
  "a BigInt of thousands of digits": [10n ** 5000n, '"[integer too large]"'],
  undefined: [undefined, "null"],
  "no values in an object": [{ a: undefined, b: () => 1, c: Symbol("s"), d: 1 }, '{"d":1}'],
  "no values in a list": [[undefined, () => 1, Symbol("s")], "[null,null,null]"],
  "a function": [function ask() {}, '"ask"'],
  "a function without a name": [
    (
      () => () =>
        1
    )(),
    '"[function]"',
  ],
  "a class": [Money, '"Money"'],
  "a class that hides its name": [Named, '"[function]"'],
  "a symbol": [Symbol("s"), '"s"'],
  "a symbol without a text": [Symbol(), '"[symbol]"'],
  "a date": [new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), '"2026-01-02T03:04:05.006Z"'],
  "no date": [new Date(NaN), '"Invalid Date"'],
  "a date whose class says otherwise": [
    Object.assign(new Date(0), { toJSON: () => "now" }),
    '"1970-01-01T00:00:00.000Z"',
  ],
  "a URL": [new URL("https://a.example/b?c=d"), '"https://a.example/b?c=d"'],
  "parameters of a URL": [new URLSearchParams({ a: "1", b: "é" }), '"a=1&b=%C3%A9"'],
  "a regular expression": [/a"b/gi, '"/a\\"b/gi"'],
  "boxed values": [
    [new String("s"), new Number(1.5), new Boolean(false), Object(5n), Object(Symbol("s"))],
    '["s",1.5,false,5,"s"]',
  ],
  // Collections.
  "a map": [
    new Map([
      ["a", 1],
      [2, new Map()],
      [3n, { b: undefined }],
    ]),
    '{"2":{},"3":{},"a":1}',
  ],
  "a map of other keys": [
    new Map([
      [{ a: 1 }, 1],
      [null, [2]],
    ]),
    '[[{"a":1},1],[null,[2]]]',
  ],
  "a map with the key of a prototype": [new Map([["__proto__", 1]]), '{"__proto__":1}'],
  "a set": [new Set([2, 1, "b", undefined, new Set()]), '[2,1,"b",null,[]]'],
  "a subclass of a map": [new (class Cache extends Map {})([["a", 1]]), '{"a":1}'],
  bytes: [bytes, '"5 € "'],
  "bytes that are no UTF-8": [new Uint8Array([0xef, 0xbb, 0xbf, 97, 0xff]), '"\ufeffa\ufffd"'],
  "a part of a buffer": [new DataView(new Uint8Array([97, 98, 99, 100]).buffer, 1, 2), '"bc"'],
  "a buffer": [new Uint8Array([97, 98]).buffer, '"ab"'],
  "shared bytes": [[sharedBytes, sharedBytes.buffer], '["aa","aa"]'],
  "bytes of a buffer that may grow": [[resizable, resizable.buffer], '["bb","bb"]'],
  "a typed array": [new Float32Array([0.5, NaN, -Infinity]), "[0.5,NaN,-Infinity]"],
  "a typed array of BigInt": [new BigInt64Array([-1n, 2n ** 62n]), "[-1,4611686018427387904]"],
  "a typed array of bytes that are numbers": [new Uint8ClampedArray([1, 300]), "[1,255]"],
  "a long typed array": [new Float64Array(10_001), '"[Float64Array of 10001 elements]"'],
  // Objects of classes.
  fields: [new Point(), '{"x":1}'],
  "no fields": [new Secret(), '"[object Secret]"'],
  "an object that no class names": [new (class {})(), '"[object Object]"'],
  toJSON: [
    { price: new Money(5), list: [new Money(6)] },
    '{"price":{"key":"price","money":5},"list":[{"key":"0","money":6}]}',
  ],
  "toJSON of the whole": [new Money(5), '{"key":"","money":5}'],
  "toJSON that gives itself": [
    {
      a: 1,
      toJSON() {
        return this;
      },
    },
    '{"a":1}',
  ],
  "toJSON that gives no value": [[{ toJSON() {} }, { a: { toJSON() {} } }], "[null,{}]"],
  "toJSON that gives what JSON has not": [{ toJSON: () => new Map([["n", 5n]]) }, '{"n":5}'],
  "toJSON that gives another": [{ toJSON: () => new Money(1) }, '{"amount":1}'],
  "toJSON that gives a date": [{ toJSON: () => new Date(0) }, '"1970-01-01T00:00:00.000Z"'],
  "toJSON of a list": [Object.assign([1], { toJSON: () => "list" }), '"list"'],
  "toJSON that is none": [{ toJSON: 1 }, '{"toJSON":1}'],
  "an error": [new TypeError("wrong"), '{"name":"TypeError","message":"wrong"}'],
  "an error with all": [
    Object.assign(new LateError("late", { cause: new RangeError("far") }), { status: 5 }),
    '{"name":"LateError","message":"late","cause":{"name":"RangeError","message":"far"},' +
      '"code":"E_LATE","status":5}',
  ],
  "an error of several": [
    new AggregateError([new Error("a"), "b"], "both"),
    '{"name":"AggregateError","message":"both","errors":[{"name":"Error","message":"a"},"b"]}',
  ],
  "an error of the DOM": [
    new DOMException("no", "AbortError"),
    '{"name":"AbortError","message":"no"}',
  ],
  "an error with a toJSON": [Object.assign(new Error("a"), { toJSON: () => "said" }), '"said"'],
  "a blob": [new Blob(["12345"], { type: "text/plain" }), '"[Blob of 5 bytes, text/plain]"'],
  // What can be read only once, or is not there yet.
  "a promise": [Promise.resolve(1), '"[object Promise]"'],
  "a thenable": [new Query(), '"[object Query]"'],
  "a generator": [
    (function* () {
      yield 1;
    })(),
    '"[object Generator]"',
  ],
  "an iterator": [[1][Symbol.iterator](), '"[object Array Iterator]"'],
  "an async generator": [later(), '"[object AsyncGenerator]"'],
  "what is iterated in time": [new Pages(), '"[object Pages]"'],
  "a stream": [new ReadableStream(), '"[object ReadableStream]"'],
  "a request": [new IncomingMessage(null), '"[object IncomingMessage]"'],
  "an answer": [new ServerResponse({ method: "GET" }), '"[object ServerResponse]"'],
  "a weak map": [new WeakMap(), '"[object WeakMap]"'],
  headers: [new Headers({ authorization: "secret" }), '"[object Headers]"'],
  // Of another realm, as in Jest.
  "plain data from elsewhere": [elsewhere("({ a: [1, {}] })"), '{"a":[1,{}]}'],
  "classes from elsewhere": [
    elsewhere("[new Date(0), new Map([['a', 1]]), new Set([1]), /x/, new Uint8Array([97])]"),
    '["1970-01-01T00:00:00.000Z",{"a":1},[1],"/x/","a"]',
  ],
  "an error from elsewhere": [elsewhere("new Error('e')"), '{"name":"Error","message":"e"}'],
  "what is only named like a built-in class": [
    new (class Map {
      a = 1;
    })(),
    '{"a":1}',
  ],
  "what only has the prototype of one": [Object.create(Map.prototype), '"[object Map]"'],
};

for (const [name, [given, json]] of Object.entries(FORMS)) {
  test(`form: ${name}`, () => {
    assert.equal(jsonText(given), json);
    assert.equal(
      annotationText({ output: given }),
      given === undefined ? "{}" : `{"output":${json}}`,
    );
    // Beside what JSON cannot say, so that the writer writes it.
    if (
      !json.startsWith('{"key"') &&
      given !== undefined &&
      !["function", "symbol"].includes(typeof given)
    ) {
      assert.equal(jsonText([NaN, given]), `[NaN,${json}]`);
    }
    assert.ok(taken(`{"output":${json}}`));
  });
}

test("form: what a runtime may not have", (t) => {
  if (typeof File === "function") {
    const file = new File(["123"], "a.txt");
    assert.equal(jsonText(file), '"[File a.txt of 3 bytes]"');
  }
  const stream = createReadStream(fileURLToPath(import.meta.url));
  assert.equal(jsonText({ stream }), '{"stream":"[object ReadStream]"}');
  stream.destroy();
  if (typeof Temporal === "undefined") return t.skip("no Temporal");
  assert.equal(jsonText(Temporal.PlainDate.from("2026-01-02")), '"2026-01-02"');
});

test("nothing is consumed or changed", () => {
  const given = { steps: [1, 2][Symbol.iterator](), map: new Map([["a", 1]]), at: new Date(0) };
  Object.freeze(given);
  jsonText(given);
  assert.deepEqual([...given.steps], [1, 2]);
  assert.equal(given.map.size, 1);
});

test("the application's code runs as for JSON.stringify, but for getters, which run twice at most", () => {
  const seen = [];
  const given = () => ({
    plain: {
      get a() {
        seen.push("getter");
        return { b: 1 };
      },
    },
    price: Object.defineProperty({}, "toJSON", {
      get() {
        seen.push("toJSON is read");
        return () => seen.push("toJSON");
      },
    }),
    proxy: new Proxy(
      { c: 1 },
      {
        get(target, key) {
          seen.push(`get ${String(key)}`);
          return target[key];
        },
      },
    ),
    string: Object.assign(new Map(), {
      toString: () => seen.push("toString"),
      [Symbol.toPrimitive]: () => seen.push("toPrimitive"),
    }),
  });
  JSON.stringify(given());
  const expected = seen.splice(0);
  assert.deepEqual(expected, ["getter", "toJSON is read", "toJSON", "get toJSON", "get c"]);
  const isGetter = (step) => step === "getter" || step === "get c";
  const ran = (steps) => steps.filter((step) => !isGetter(step));
  jsonText(given());
  assert.deepEqual(ran(seen), ran(expected));
  for (const getter of expected.filter(isGetter)) {
    assert.ok(seen.filter((step) => step === getter).length <= 2, getter);
  }
  // Where `JSON.stringify` itself writes it.
  seen.length = 0;
  annotationText({ output: { proxy: given().proxy } });
  assert.deepEqual(ran(seen), ["get toJSON"]);
});

test("a toJSON that the application gives to all is asked once", () => {
  let asked = 0;
  Object.prototype.toJSON = function () {
    asked++;
    return this;
  };
  Array.prototype.toJSON = () => "list";
  try {
    assert.equal(jsonText({ a: { b: 1 } }), '{"a":{"b":1}}');
    assert.equal(asked, 2);
    assert.equal(jsonText({ a: [1] }), '{"a":"list"}');
  } finally {
    delete Object.prototype.toJSON;
    delete Array.prototype.toJSON;
  }
});

test("what the application gives to all objects is no field", () => {
  Object.prototype.everywhere = 1;
  try {
    assert.equal(jsonText({ a: { b: 1 } }), '{"a":{"b":1}}');
  } finally {
    delete Object.prototype.everywhere;
  }
});

test("a value that fails is one text, and its neighbours stay", () => {
  const fail = () => {
    throw new Error("from the application");
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const list = Proxy.revocable([], {});
  list.revoke();
  const hostile = {
    getter: Object.defineProperty({ a: 1 }, "b", { get: fail, enumerable: true }),
    toJSON: { toJSON: fail },
    "getter of toJSON": Object.defineProperty({}, "toJSON", { get: fail }),
    revoked: proxy,
    "revoked list": list.proxy,
    prototype: new Proxy({}, { getPrototypeOf: fail }),
    keys: new Proxy({ a: 1 }, { ownKeys: fail }),
    descriptor: new Proxy({ a: 1 }, { getOwnPropertyDescriptor: fail }),
    get: new Proxy({ a: 1 }, { get: fail }),
    length: new Proxy([1], { get: fail }),
    error: Object.defineProperty(new Error("a"), "message", { get: fail }),
    last: 1,
  };
  const one = '"[unserializable]"';
  const texts = Object.keys(hostile).map((key) => `"${key}":${one}`);
  texts[0] = `"getter":{"a":1,"b":${one}}`;
  const expected = JSON.parse(`{${texts.join(",")}}`);
  Object.assign(expected, { last: 1, error: { name: "Error", message: "[unserializable]" } });
  assert.deepEqual(JSON.parse(jsonText(hostile)), expected);
  for (const [key, value] of Object.entries(hostile)) {
    assert.deepEqual(JSON.parse(annotationText({ output: value })).output, expected[key], key);
    new StreamText().add(value);
    plainText(value);
  }
});

test("a cycle is cut where it closes", () => {
  const node = { name: "a", list: [], map: new Map(), set: new Set() };
  node.self = node;
  node.list.push(node);
  node.map.set("node", node);
  node.set.add(node.set);
  node.own = { toJSON: () => node };
  const cut = '"[cyclic reference]"';
  assert.equal(
    jsonText(node),
    `{"name":"a","list":[${cut}],"map":{"node":${cut}},"set":[${cut}],"self":${cut},"own":${cut}}`,
  );
  const error = new Error("a");
  error.cause = error;
  assert.equal(jsonText(error), `{"name":"Error","message":"a","cause":${cut}}`);
  let grows = 0;
  const endless = () => ({ toJSON: () => ({ at: grows++, next: endless() }) });
  assert.ok(jsonText(endless()).length < 1000);
  assert.ok(grows < 100);
});

test("a graph of many cycles takes no long time", () => {
  const root = { children: [] };
  for (let at = 0; at < 500; at++) root.children.push({ root, siblings: root.children });
  const begun = performance.now();
  jsonText(root);
  assert.ok(performance.now() - begun < 2000);
});

test("containers deeper than the core keeps are not walked", () => {
  const { walk_depth } = NAMES.bounds;
  const nested = (levels) => {
    let value = [];
    for (let at = 1; at < levels; at++) value = { a: value };
    return value;
  };
  assert.deepEqual(JSON.parse(jsonText(nested(walk_depth))), nested(walk_depth));
  const deeper = jsonText({ nan: NaN, a: nested(10_000) });
  assert.equal(deeper.split('"a":').length - 1, walk_depth);
  assert.ok(deeper.includes('{"a":[]}'));
});

test("values beyond the bound are not walked", () => {
  within({ walk_values: 4 }, () => {
    assert.equal(jsonText([NaN, 1, 2, 3, 4]), '[NaN,1,2,"[too many values]"]');
    assert.equal(
      jsonText({ a: NaN, b: 1, c: 2, d: 3 }),
      '{"a":NaN,"b":1,"c":2,"[too many values]":true}',
    );
    assert.equal(jsonText([NaN, [1, [2]]]), '[NaN,[1,"[too many values]"]]');
    assert.equal(
      annotationText({ input: [NaN, 1, 2], output: [NaN] }),
      '{"input":[NaN,1,2],"output":[NaN]}',
    );
    assert.equal(jsonText([new Money(5), 1]), '[{"[too many values]":true},"[too many values]"]');
    // An object whose own code runs counts as many.
    assert.equal(jsonText([new Set(), 1]), '[[],"[too many values]"]');
  });
  assert.ok(jsonText(new Array(1e9)).length < 6_000_000);
});

test("one member takes no more than its bytes", () => {
  const { walk_bytes } = NAMES.bounds;
  const size = (text) => Buffer.byteLength(text);
  for (const piece of ["x", "é", "日", "😀", "\u0001", "\ud800", '"']) {
    const long = piece.repeat(walk_bytes + 5000);
    const text = annotationText({ output: long });
    assert.ok(size(text) > walk_bytes - 10 && size(text) < walk_bytes + 20_000, piece);
    assert.ok(text.endsWith('[cut]"}'));
    assert.ok(long.startsWith(JSON.parse(text).output.slice(0, -5)));
    const list = annotationText({ output: [long, long] });
    assert.ok(size(list) < walk_bytes + 20_000);
    assert.equal(JSON.parse(list).output[1], "[too many values]");
    assert.ok(size(annotationText({ output: { [long]: 1, b: 1 } })) < walk_bytes + 20_000);
  }
  // What fits is whole, however many bytes its characters could have taken.
  for (const piece of ["x", "é", "\n"]) {
    const fits = piece.repeat(walk_bytes / 2 - 20);
    assert.equal(JSON.parse(annotationText({ output: fits })).output.length, fits.length);
  }
  const many = new Array(1_000_000).fill("123");
  const text = jsonText(many);
  assert.ok(size(text) < walk_bytes + 100);
  assert.equal(JSON.parse(text).at(-1), "[too many values]");
  assert.equal(jsonText(Buffer.alloc(walk_bytes + 7, 97)).slice(-9), '[7 more]"');
});

test("all members together fit into what the core takes", () => {
  const { walk_bytes, walk_bytes_least, walk_bytes_together } = NAMES.bounds;
  const long = "日".repeat(walk_bytes);
  const parts = {};
  for (const name of ["input", "output", "metadata", "tags", "prompt", "agent"])
    parts[name] = { long };
  const text = annotationText(parts);
  const total = Buffer.byteLength(text);
  assert.ok(total > walk_bytes_together && total < 8 << 20);
  const lengths = Object.values(JSON.parse(text)).map((part) => Buffer.byteLength(part.long));
  assert.ok(lengths[0] > walk_bytes - 100);
  assert.ok(lengths[1] > walk_bytes_together - walk_bytes - 10_000);
  for (const length of lengths.slice(2)) assert.ok(length >= walk_bytes_least - 100);
  assert.ok(taken(text));
});

test("of a collection of any size the first elements are read", () => {
  const many = Array.from({ length: 10_002 }, (_, at) => at);
  const set = JSON.parse(jsonText(new Set(many)));
  assert.deepEqual([set.length, set.at(-1)], [10_001, "[2 more]"]);
  const map = JSON.parse(jsonText(new Map(many.map((at) => [at, at]))));
  assert.equal(map["[cut]"], "[2 more]");
  const pairs = JSON.parse(jsonText(new Map(many.map((at) => [[at], at]))));
  assert.deepEqual([pairs.length, pairs.at(-1)], [10_001, "[2 more]"]);
});

test("an annotation has the members that are there", () => {
  assert.equal(annotationText({}), "{}");
  assert.equal(annotationText({ input: undefined, output: null }), "{}");
  const parts = { input: "a", output: null, metadata: { a: null }, metrics: undefined, tags: {} };
  assert.equal(annotationText(parts), '{"input":"a","metadata":{"a":null},"tags":{}}');
  assert.equal(annotationText({ input: 0, output: false }), '{"input":0,"output":false}');
  assert.equal(annotationText({ input: Money, output: 5n }), '{"input":"Money","output":5}');
});

test("plain data of any shape comes back", () => {
  let seed = 7;
  const random = (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const characters = ["a", "é", "😀", '"', "\\", "\n", "\u0000", "\u2028", "日", "\ud800", " "];
  const text = () => Array.from({ length: random(40) }, () => characters[random(11)]).join("");
  const value = (depth) => {
    const kind = random(depth > 4 ? 6 : 9);
    if (kind < 2) return text();
    if (kind === 2) return (random(2 ** 31) - 2 ** 30) * 10 ** (random(40) - 20);
    if (kind === 3) return random(1000);
    if (kind === 4) return random(2) === 1;
    if (kind === 5) return null;
    if (kind === 6) return Array.from({ length: random(6) }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: random(6) }, () => [text(), value(depth + 1)]));
  };
  for (let round = 0; round < 2000; round++) {
    const data = { input: value(0) ?? 0, output: value(0) ?? 0, metadata: { value: value(0) } };
    const json = annotationText(data);
    assert.equal(json, JSON.stringify(data));
    assert.deepEqual(JSON.parse(json), data);
    // As the writer writes it.
    const written = annotationText({ ...data, extra: Object(1) });
    assert.deepEqual(JSON.parse(written), { ...data, extra: 1 });
  }
});

test("a value where a text is sent", () => {
  const none = [
    undefined,
    null,
    false,
    0,
    -0,
    0n,
    {},
    [],
    new Map(),
    new String(""),
    Buffer.from(""),
  ];
  for (const value of none) assert.equal(plainText(value), undefined);
  const texts = [
    ["", ""],
    ["a\ud800", "a\ud800"],
    [5, "5"],
    [-1.5, "-1.5"],
    [1e21, "1e+21"],
    [NaN, "NaN"],
    [12345678901234567890n, "12345678901234567890"],
    [new String("a"), "a"],
    [new Number(5), "5"],
    [new URL("https://a.example/"), "https://a.example/"],
    [Symbol("s"), "s"],
    [Money, "Money"],
    [Buffer.from("é"), "é"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
  ];
  for (const [value, text] of texts) {
    assert.equal(
      plainText(value, () => assert.fail("it has a text")),
      text,
    );
  }
  const told = [];
  const tell = (name) => told.push(name);
  assert.equal(plainText(true, tell), "true");
  assert.equal(
    plainText({ b: [NaN, null], a: { d: 1, c: 2n }, A: 10n ** 30n }, tell),
    '{"A":"1000000000000000000000000000000","a":{"c":2,"d":1},"b":["NaN",null]}',
  );
  assert.equal(plainText(new Point(), tell), '{"x":1}');
  assert.deepEqual(told, ["boolean", "Object", "Point"]);
});

/** What a stream of these items says. */
function streamed(...items) {
  const stream = new StreamText();
  for (const item of items) stream.add(item);
  const text = stream.text();
  if (text !== undefined) assert.ok(taken(`{"output_stream":${text}}`));
  return text;
}

test("a stream's items", () => {
  assert.equal(streamed(), undefined);
  assert.equal(streamed("a", '"', ""), '{"items":["a","\\"",""],"list":false,"missing":0}');
  assert.equal(streamed("a", 5, null), '{"items":["a",5,null],"list":true,"missing":0}');
  assert.equal(
    streamed(new URL("https://a.example/")),
    '{"items":["https://a.example/"],"list":true,"missing":0}',
  );
  assert.equal(streamed(undefined, NaN), '{"items":[null,NaN],"list":true,"missing":0}');
});

test("a stream's bytes are text, however they are torn", () => {
  const whole = Buffer.from("a€😀b");
  for (let at = 0; at <= whole.length; at++) {
    const { items, list } = JSON.parse(
      streamed(whole.subarray(0, at), new Uint8Array(whole.subarray(at))),
    );
    assert.deepEqual([items.join(""), list], ["a€😀b", false]);
  }
  const { items } = JSON.parse(
    streamed(whole.subarray(0, 2), "x", whole.subarray(4, 6), 5, Buffer.from([0xff])),
  );
  assert.deepEqual(
    items.filter((item) => item !== ""),
    ["a", "\ufffd", "x", "\ufffd", 5, "\ufffd"],
  );
  const reused = new Uint8Array([97]);
  const stream = new StreamText();
  stream.add(reused);
  reused[0] = 98;
  stream.add(reused.buffer);
  assert.equal(stream.text(), '{"items":["a","b"],"list":false,"missing":0}');
});

test("a stream keeps so many bytes, and counts what came later", () => {
  const { stream_bytes } = NAMES.bounds;
  const half = "é".repeat(stream_bytes / 4);
  const two = JSON.parse(streamed(half, half, "x", "", 5));
  assert.deepEqual([two.items.length, two.missing], [2, 3]);
  for (const long of [
    "x".repeat(stream_bytes + 1),
    Buffer.alloc(stream_bytes + 1),
    ["x".repeat(stream_bytes)],
  ]) {
    assert.deepEqual(JSON.parse(streamed("a", long, "b")).missing, 2);
  }
  const stream = new StreamText();
  for (let at = 0; at < 100_000; at++) stream.add(at % 10 === 0 ? "word " : "a");
  const { items, missing } = JSON.parse(stream.text());
  assert.deepEqual([items.length, missing, items[10]], [100_000, 0, "word "]);
});

test("a stream may be driven by an item's own code", () => {
  const stream = new StreamText();
  stream.add({ toJSON: () => stream.add("inner") ?? "outer" });
  assert.equal(stream.text(), '{"items":["inner","outer"],"list":true,"missing":0}');
});
