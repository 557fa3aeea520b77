// What a traced function returns goes to its caller as it is: values, promises, thenables, callbacks, streams.

import assert from "node:assert/strict";
import { test } from "node:test";
import { llmobs, sleep, traced } from "../support/traced.mjs";

const kind = "task";

test("the result and the error are the function's own", async () => {
  const { named } = await traced(async () => {
    const value = {};
    assert.equal(llmobs.trace({ kind, name: "a" }, () => value), value);
    assert.equal(await llmobs.trace({ kind, name: "b" }, async () => value), value);
    const error = new RangeError("x");
    const fails = () => { throw error; };
    assert.throws(() => llmobs.trace({ kind, name: "c" }, fails), (thrown) => thrown === error);
    const rejects = async () => { throw error; };
    await assert.rejects(llmobs.trace({ kind, name: "d" }, rejects), (thrown) => thrown === error);
    for (const thrown of [null, undefined, 0, "text"]) {
      try {
        llmobs.trace({ kind, name: `throws ${thrown}` }, () => { throw thrown; });
      } catch (caught) {
        assert.equal(caught, thrown);
      }
    }
  });
  assert.deepEqual([named.a.status, named.b.status], ["ok", "ok"]);
  for (const name of ["c", "d"]) assert.equal(named[name].meta.error.type, "RangeError");
  for (const thrown of ["null", "undefined", "0", "text"]) {
    assert.equal(named[`throws ${thrown}`].status, "error");
    assert.equal(named[`throws ${thrown}`].meta.error.message, thrown);
  }
});

test("the causes of an error are in its stack", async () => {
  const { named } = await traced(() => {
    const cause = new TypeError("below");
    assert.throws(() => llmobs.trace({ kind, name: "t" }, () => { throw new Error("above", { cause }); }));
  });
  assert.match(named.t.meta.error.stack, /above[^]*\[cause\]: TypeError: below/);
});

test("a span lasts as long as the promise", async () => {
  const { named } = await traced(() => llmobs.trace({ kind, name: "slow" }, () => sleep(30)));
  assert.ok(named.slow.duration > 25e6, String(named.slow.duration));
});

test("a subclass of Promise and its methods come back as they are", async () => {
  class Mine extends Promise {
    static get [Symbol.species]() {
      return Promise;
    }
    extra() {
      return "extra";
    }
  }
  const { named } = await traced(async () => {
    const given = new Mine((resolve) => setTimeout(resolve, 20, 5));
    const got = llmobs.trace({ kind, name: "mine" }, () => given);
    assert.equal(got, given);
    assert.equal(got.extra(), "extra");
    assert.equal(await got, 5);
  });
  assert.ok(named.mine.duration > 15e6);
});

test("a thenable is not run before its caller does", async () => {
  let runs = 0;
  const query = {
    where: () => query,
    then(resolve) {
      runs += 1;
      resolve("rows");
    },
  };
  const { named } = await traced(async () => {
    const got = llmobs.trace({ kind, name: "query" }, () => query);
    await sleep(5);
    assert.equal(runs, 0);
    assert.equal(got, query);
    assert.equal(await got.where(), "rows");
    assert.equal(runs, 1);
  });
  assert.ok(named.query);
});

test("a client's promise, which reads the answer when it is awaited, is left alone", async () => {
  let parsed = 0;
  class APIPromise extends Promise {
    constructor(responsePromise) {
      super((resolve) => resolve(null));
      this.responsePromise = responsePromise;
    }
    then(...handlers) {
      parsed += 1;
      return this.responsePromise.then(() => "answer").then(...handlers);
    }
    asResponse() {
      return this.responsePromise;
    }
  }
  const { named } = await traced(async () => {
    let given;
    const got = llmobs.trace({ kind: "llm", name: "ask" }, () => {
      given = new APIPromise(sleep(20).then(() => "response"));
      return given;
    });
    assert.equal(got, given);
    assert.equal(await got.asResponse(), "response");
    assert.equal(parsed, 0);
  });
  assert.ok(named.ask.duration > 15e6);
});

test("`done` ends the span, with an error or without", async () => {
  const { named } = await traced(async () => {
    llmobs.trace({ kind, name: "good" }, (span, done) => void setTimeout(done, 20));
    llmobs.trace({ kind, name: "bad" }, (span, done) => void setTimeout(done, 1, new Error("no")));
    await sleep(40);
  });
  assert.ok(named.good.duration > 15e6);
  assert.equal(named.bad.meta.error.message, "no");
});

test("a wrapped function keeps name, length, members, `this` and `new`", async () => {
  await traced(() => {
    function Point(x, y) {
      this.x = x;
      this.y = y;
    }
    Point.origin = "0,0";
    const wrapped = llmobs.wrap({ kind }, Point);
    assert.deepEqual([wrapped.name, wrapped.length, wrapped.origin], ["Point", 2, "0,0"]);
    assert.ok(new wrapped(1, 2) instanceof Point);
    const object = { value: 5, get: llmobs.wrap({ kind, name: "get" }, function () { return this.value; }) };
    assert.equal(object.get(), 5);
  });
});

test("arguments and results are captured by parameter, and the application's own words win", async () => {
  const { named } = await traced(async () => {
    llmobs.wrap({ kind }, function add(a, b = 2) { return a + b; })(1, 3);
    llmobs.wrap({ kind }, function one({ x }) { return x; })({ x: 0 });
    llmobs.wrap({ kind }, function rest(first, ...more) { return more; })(1, 2, 3);
    await llmobs.wrap({ kind }, async function later(a) { return a; })("x");
    llmobs.wrap({ kind }, function own(a) { llmobs.annotate({ outputData: "mine" }); return a; })(1);
    llmobs.wrap({ kind: "retrieval" }, function find(q) { return [q]; })("q");
    llmobs.wrap({ kind, captureInput: false, captureOutput: false }, function off(a) { return a; })(1);
  });
  const io = (name) => [named[name].meta.input?.value, named[name].meta.output?.value];
  assert.deepEqual(io("add"), ['{"a":1,"b":3}', "4"]);
  assert.deepEqual(io("one"), ['{"x":0}', "0"]);
  assert.deepEqual(io("rest"), ["[1,2,3]", "[2,3]"]);
  assert.deepEqual(io("later"), ["x", "x"]);
  assert.deepEqual(io("own"), ["1", "mine"]);
  assert.equal(named.find.meta.output, undefined);
  assert.deepEqual(io("off"), [undefined, undefined]);
});

test("an argument that is a function is an argument; a callback ends the span", async () => {
  const { named } = await traced(async () => {
    const map = llmobs.wrap({ kind }, function mapItems(items, fn) { return items.map(fn); });
    assert.deepEqual(map([1, 2], (n) => n * 2), [2, 4]);
    const read = llmobs.wrap({ kind }, function read(path, callback) {
      setTimeout(callback, 20, null, `content of ${path}`);
    });
    assert.equal(await new Promise((resolve) => read("x", (_, text) => resolve(text))), "content of x");
    const fail = llmobs.wrap({ kind }, function fail(cb) { setTimeout(cb, 1, new Error("no")); });
    await new Promise((resolve) => fail(resolve));
  });
  assert.equal(named.mapItems.meta.output.value, "[2,4]");
  assert.ok(named.read.duration > 15e6);
  assert.equal(named.read.meta.output.value, "content of x");
  assert.equal(named.fail.meta.error.message, "no");
});

test("decorators of both forms", async () => {
  class Shop {
    price(article) {
      return article.length;
    }
  }
  const { named } = await traced(() => {
    const decorate = llmobs.decorate({ kind: "tool" });
    // What TypeScript makes of `@decorate` with `experimentalDecorators`.
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, "price");
    Object.defineProperty(Shop.prototype, "price", decorate(Shop.prototype, "price", descriptor));
    assert.equal(new Shop().price("boat"), 4);
    // What a compiler makes of the standard form.
    const method = decorate(function (a) { return a; }, { kind: "method", name: Symbol("secret") });
    assert.equal(method(1), 1);
    assert.equal(decorate(Shop, { kind: "class", name: "Shop" }), Shop);
  });
  assert.equal(named.price.meta.output.value, "4");
  assert.equal(named.secret.meta.span.kind, "tool");
});
