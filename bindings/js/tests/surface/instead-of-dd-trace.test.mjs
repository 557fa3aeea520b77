// What programs for dd-trace call that is not here: it runs what it is given, and says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import tracer from "../../dist/dd-trace.js";
import { llmobs, traced } from "../support/traced.mjs";

test("a routing context runs its function, sends to the one target, and says so once", async () => {
  const { named, lines } = await traced(() => {
    for (const name of ["one", "two"]) {
      const run = () => llmobs.trace({ kind: "task", name }, () => name);
      assert.equal(llmobs.routingContext({ ddApiKey: "key", ddSite: "datadoghq.eu" }, run), name);
    }
  });
  assert.deepEqual(Object.keys(named), ["one", "two"]);
  assert.equal(lines.filter((line) => line.includes("routingContext")).length, 1);
  assert.ok(!lines.join().includes("key"));
});

test("APM runs what it is given, and sends nothing", async () => {
  const { spans } = await traced(() => {
    assert.equal(tracer.llmobs, llmobs);
    assert.equal(tracer.trace("web.request", () => 1), 1);
    assert.equal(tracer.trace("web.request", {}, (span) => span.setTag("a", "b").addTags({}) && 2), 2);
    assert.equal(tracer.wrap("job", (a) => a)(3), 3);
    assert.equal(tracer.scope().activate(tracer.startSpan("x"), () => 4), 4);
    assert.equal(tracer.extract("http_headers", {}), null);
    tracer.use("openai", false).setUser({}).dogstatsd.increment("count");
    llmobs.trace({ kind: "task", name: "ours" }, () => {});
  });
  assert.deepEqual(spans.map(({ name }) => name), ["ours"]);
});
