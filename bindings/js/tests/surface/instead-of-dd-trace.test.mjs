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

test("a trace goes on by APM's inject, extract and childOf", async () => {
  const { named } = await traced(() => {
    const carrier = {};
    llmobs.trace({ kind: "workflow", name: "client", sessionId: "s" }, () =>
      tracer.inject(tracer.scope().active(), "http_headers", carrier),
    );
    const context = tracer.extract("http_headers", carrier);
    assert.match(context.toTraceId(), /^\d+$/);
    tracer.trace("web.request", { childOf: context }, () =>
      llmobs.trace({ kind: "task", name: "server" }, () => {}),
    );
    const span = llmobs.startSpan({ kind: "task", name: "by hand" });
    tracer.scope().activate(span, () => llmobs.trace({ kind: "tool", name: "inside" }, () => {}));
    span.finish();
  });
  assert.equal(named.server.parent_id, named.client.span_id);
  assert.equal(named.server.session_id, "s");
  assert.equal(named.inside.parent_id, named["by hand"].span_id);
});

test("what programs call of APM is there, and never throws", async () => {
  assert.equal(tracer.wrap("n", (x) => ({ resource: x }), (a, b) => a + b)(1, 2), 3);
  assert.equal(tracer.wrap("n", 5), 5);
  assert.equal(tracer.trace("a", {}, 5), undefined);
  tracer.trace("a", () => tracer.scope().active().setTag("k", 1));
  assert.equal(tracer.scope().bind((a) => a)(6), 6);
  assert.equal(tracer.profiling.runWithLabels({}, () => 7), 7);
  tracer.appsec.eventTrackingV2.trackUserLoginSuccess("u");
  const otel = new tracer.TracerProvider().getTracer("x");
  assert.equal(otel.startActiveSpan("n", {}, (span) => span.setAttribute("a", 1) && 8), 8);
  for (const options of [null, 5, { llmobs: null }, { llmobs: { sampleRate: {} }, service: () => {} }]) {
    assert.equal(tracer.init(options), tracer);
  }
  await llmobs.shutdown();
  const decorate = llmobs.decorate({ kind: "task" });
  assert.equal(decorate({}, "field", undefined), undefined);
  assert.equal(llmobs.annotationContext(undefined, () => 9), 9);
  assert.equal(llmobs.routingContext(undefined, () => 10), 10);
});
