// The calls of `llmobs`, as an application makes them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LLMObsArgumentError, NotOfferedError } from "../../dist/index.js";
import { ROOT, llmobs, traced } from "../support/traced.mjs";

test("a span has the kind, the name, the model and the session that it was given", async () => {
  const { named } = await traced(() =>
    llmobs.trace(
      { kind: "llm", name: "ask", modelName: "m", modelProvider: "OpenAI", sessionId: "s", mlApp: "a" },
      () => {},
    ),
  );
  const { ask } = named;
  assert.equal(ask.meta.span.kind, "llm");
  assert.deepEqual([ask.meta.model_name, ask.meta.model_provider], ["m", "openai"]);
  assert.equal(ask.session_id, "s");
  assert.ok(ask.tags.includes("ml_app:a"));
  assert.equal(ask.parent_id, ROOT);
});

test("names, sessions and models of any type are their text", async () => {
  const { spans } = await traced(() => {
    llmobs.trace({ kind: "llm", name: 5, sessionId: 7, modelName: { id: 1 } }, () => {});
    llmobs.trace({ kind: "task", name: null, sessionId: null, mlApp: false }, () => {});
  });
  assert.deepEqual(
    spans.map((span) => [span.name, span.session_id, span.meta.model_name]),
    [
      ["5", "7", '{"id":1}'],
      ["task", undefined, undefined],
    ],
  );
});

test("a kind that there is not is refused, also while tracing is off", () => {
  for (const kind of [undefined, "LLM", "x", 5, null]) {
    const refused = (error) => error instanceof LLMObsArgumentError && error.field === "kind";
    assert.throws(() => llmobs.trace({ kind }, () => {}), refused);
    assert.throws(() => llmobs.wrap({ kind }, () => {}), refused);
    assert.throws(() => llmobs.startSpan({ kind }), refused);
  }
  assert.throws(() => llmobs.trace({ kind: "task" }), /`fn` is undefined; accepted: a function/);
});

test("every kind of annotation arrives", async () => {
  const { named, statistics } = await traced(() =>
    llmobs.trace({ kind: "llm", name: "ask" }, (span) => {
      llmobs.annotate({ inputData: [{ role: "user", content: "Why?" }], tags: { team: "search" } });
      llmobs.annotate(span, { outputData: "Because.", metrics: { inputTokens: 3 } });
      llmobs.annotate(undefined, {
        metadata: { temperature: 0 },
        costTags: ["team"],
        toolDefinitions: [{ name: "search", schema: { type: "object" } }],
        prompt: { id: "p", template: "Why {{x}}?", variables: { x: "so" } },
      });
      span.annotate({ intent: "to know" });
    }),
  );
  const { meta, metrics, tags } = named.ask;
  assert.deepEqual(meta.input.messages, [{ content: "Why?", role: "user" }]);
  assert.equal(meta.output.messages[0].content, "Because.");
  assert.equal(meta.input.prompt.id, "p");
  assert.equal(meta.metadata.temperature, 0);
  assert.equal(meta.tool_definitions[0].name, "search");
  assert.deepEqual(metrics, { input_tokens: 3 });
  assert.ok(tags.includes("team:search"));
  assert.equal(statistics.annotationsRejected, 0);
});

test("what depends on data never throws, and is complete", async () => {
  const cycle = { name: "loop" };
  cycle.self = cycle;
  const { named, statistics } = await traced(() =>
    llmobs.trace({ kind: "task", name: "odd" }, () => {
      llmobs.annotate({
        inputData: { cycle, big: 2n ** 70n, when: new Date(0), set: new Set([1]), fn() {} },
        metadata: "a text",
        tags: "a:b",
        metrics: { good: 1, bad: "x", none: null },
      });
    }),
  );
  const { input, metadata } = named.odd.meta;
  assert.match(input.value, /cyclic reference/);
  assert.match(input.value, /1180591620717411303424/);
  assert.match(input.value, /1970-01-01T00:00:00.000Z/);
  assert.equal(metadata.metadata, "a text");
  assert.ok(named.odd.tags.includes("tags:a:b"));
  assert.deepEqual(named.odd.metrics, { good: 1 });
  assert.equal(statistics.annotationsRejected, 0);
  assert.ok(statistics.warnings > 0);
});

test("an annotation without an open span is counted and told, not thrown", async () => {
  const { statistics, lines } = await traced(() => {
    llmobs.annotate({ inputData: "x" });
    const span = llmobs.startSpan({ kind: "task" });
    span.finish();
    span.annotate({ inputData: "late" });
  });
  assert.equal(statistics.annotationsRejected, 2);
  assert.equal(lines.filter((line) => line.includes("no span here")).length, 1);
});

test("a wrong argument throws one error that names it, and nothing of the call is kept", async () => {
  const { named, statistics } = await traced(() =>
    llmobs.trace({ kind: "task", name: "t" }, (span) => {
      assert.throws(() => span.annotate(null), LLMObsArgumentError);
      assert.throws(
        () => span.annotate({ inputData: "kept?", links: [{ spanId: "x" }] }),
        (error) => error instanceof LLMObsArgumentError && error.field.startsWith("links"),
      );
      assert.throws(() => llmobs.annotate("span", { inputData: 1 }), LLMObsArgumentError);
    }),
  );
  assert.equal(named.t.meta.input, undefined);
  assert.equal(statistics.annotationsRejected, 3);
});

test("what has no names to go by is left out, kept under its own name, or told", async () => {
  const { named, statistics } = await traced(() =>
    llmobs.trace({ kind: "task", name: "odd" }, (span) => {
      span.annotate({ metrics: 5, prompt: "x", metadata: new Date(0), tags: new Set(["a"]) });
      span.annotate({ metrics: false, prompt: "", inputData: "kept" });
    }),
  );
  const { odd } = named;
  assert.equal(odd.meta.input.value, "kept");
  assert.equal(odd.meta.metadata.metadata, "1970-01-01T00:00:00.000Z");
  assert.ok(odd.tags.includes('tags:["a"]'), odd.tags.join());
  assert.equal(statistics.annotationsRejected, 0);
  assert.ok(statistics.warnings >= 4);
});

test("dd-trace's way to fail a span without throwing", async () => {
  const { named } = await traced(() => {
    llmobs.trace({ kind: "task", name: "tag" }, (span) => {
      assert.equal(span.setTag("error", new RangeError("no")).setTag("other", 1), span);
      assert.equal(BigInt(span.context().toSpanId()), BigInt(span.spanId));
      assert.equal(span.context().toTraceId(true), span.traceId);
    });
  });
  assert.equal(named.tag.status, "error");
  assert.equal(named.tag.meta.error.message, "no");
});

test("spans that are started by hand have times, parents and errors of the application's choice", async () => {
  const { named } = await traced(() => {
    const root = llmobs.startSpan({ kind: "workflow", name: "root", startTime: new Date(1e12) });
    const child = llmobs.startSpan({
      ...{ kind: "tool", name: "child", parent: root, startTime: 1_000_000_000_001 },
    });
    child.finish({ error: new RangeError("far"), endTime: 1_000_000_000_002_000_000n });
    const inside = root.run(() => llmobs.startSpan({ kind: "task", name: "inside" }));
    inside.finish({ error: "a text" });
    root.finish({ endTime: 1_000_000_000_010 });
    llmobs.startSpan({ kind: "task", name: "alone" }).finish();
  });
  const { root, child, inside, alone } = named;
  assert.equal(child.parent_id, root.span_id);
  assert.equal(child.duration, 1_000_000);
  assert.equal(child.status, "error");
  assert.deepEqual([child.meta.error.type, child.meta.error.message], ["RangeError", "far"]);
  assert.equal(inside.parent_id, root.span_id);
  assert.equal(inside.meta.error.message, "a text");
  assert.equal(root.start_ns, 1e18);
  assert.equal(root.duration, 10_000_000);
  assert.equal(alone.parent_id, ROOT);
});

test("a time that is none is refused", async () => {
  await traced(() => {
    for (const startTime of ["today", NaN, new Date(NaN), {}]) {
      const refused = (error) => error instanceof LLMObsArgumentError && error.field === "startTime";
      assert.throws(() => llmobs.startSpan({ kind: "task", startTime }), refused);
    }
  });
});

test("a span that is over is recorded in one call", async () => {
  const { named } = await traced(() => {
    const span = llmobs.recordSpan({
      ...{ kind: "llm", name: "ask", modelName: "m", startTime: 1e12, endTime: 1e12 + 5 },
      ...{ inputData: "Why?", outputData: "So.", metrics: { outputTokens: 2 }, tags: { a: 1 } },
    });
    llmobs.startSpan({ kind: "tool", name: "below", parent: span }).finish();
    llmobs.recordSpan({
      ...{ kind: "task", name: "ids", startTime: 1e12, endTime: 1e12 },
      ...{ parent: { traceId: "f".repeat(32), spanId: "7" }, error: new Error("late") },
    });
    assert.throws(() => llmobs.recordSpan({ kind: "task", startTime: 5 }), LLMObsArgumentError);
  });
  assert.equal(named.ask.duration, 5_000_000);
  assert.equal(named.ask.meta.output.messages[0].content, "So.");
  assert.equal(named.below.parent_id, named.ask.span_id);
  assert.deepEqual([named.ids.parent_id, named.ids.trace_id], ["7", "f".repeat(32)]);
  assert.equal(named.ids.meta.error.message, "late");
});

test("evaluations of spans, traces and sessions, and feedback", async () => {
  const { evaluations, named } = await traced(() => {
    const span = llmobs.startSpan({ kind: "task", name: "judged" });
    span.finish();
    const ids = llmobs.exportSpan(span);
    llmobs.submitEvaluation(ids, { label: "a", metricType: "score", value: 0.5, reasoning: "so" });
    llmobs.submitEvaluation(span, {
      ...{ label: "b", metricType: "categorical", value: "good", evalScope: "trace" },
    });
    llmobs.submitEvaluation(undefined, {
      ...{ label: "c", metricType: "boolean", value: true, sessionId: "s-1" },
    });
    llmobs.submitFeedback({
      ...{ label: "d", metricType: "text", value: "nice", submitter: { id: "u" }, spanId: "7" },
    });
    // What dd-trace takes: members that it does not know, a time that is not whole.
    const odd = { foo: 1, sessionId: "s", status: "pass", timestampMs: 1.5 };
    llmobs.submitEvaluation(ids, { label: "e", metricType: "score", value: 1, ...odd });
    assert.throws(() => llmobs.submitEvaluation(ids, { label: "x" }), LLMObsArgumentError);
    assert.throws(() => llmobs.submitFeedback({ label: "x" }), LLMObsArgumentError);
  });
  const labels = evaluations.map(({ label, eval_scope, event_kind }) => [label, eval_scope, event_kind]);
  assert.deepEqual(labels.slice(0, 3), [
    ["a", "span", "evaluation"],
    ["b", "trace", "evaluation"],
    ["c", "session", "evaluation"],
  ]);
  assert.equal(evaluations[3].event_kind, "feedback");
  assert.equal(evaluations[4].eval_scope, "span");
  assert.equal(evaluations[0].join_on.span.span_id, named.judged.span_id);
});

test("a processor changes, drops, and fails closed", async () => {
  const seen = [];
  const work = () => {
    llmobs.registerProcessor((span) => {
      if (span.getTag("drop")) return null;
      seen.push(["env", "ml_app", "error", "session_id"].map((key) => span.getTag(key)));
      if (span.event.name === "broken") throw new Error("no");
      if (span.event.name === "later") return Promise.resolve(span);
      for (const message of span.input) message.content = message.content.replace("secret", "***");
      span.metadata.seen = span.kind;
      return span;
    });
    assert.throws(() => llmobs.registerProcessor((span) => span), LLMObsArgumentError);
    const annotated = (name, tags) =>
      llmobs.trace({ kind: "task", name }, () => llmobs.annotate({ inputData: "a secret", tags }));
    annotated("kept", {});
    annotated("dropped", { drop: 1 });
    annotated("broken", {});
    annotated("later", {});
    llmobs.deregisterProcessor();
    annotated("plain", {});
  };
  const { named, statistics } = await traced(work, { env: "test" });
  assert.deepEqual(seen[0], ["test", "test", "0", undefined]);
  assert.equal(named.kept.meta.input.value, "a ***");
  assert.equal(named.kept.meta.metadata.seen, "task");
  assert.equal(named.dropped, undefined);
  for (const { meta } of [named.broken, named.later]) {
    assert.equal(meta.input.value, "[content dropped: the processor failed]");
  }
  assert.equal(named.plain.meta.input.value, "a secret");
  assert.equal(statistics.dropped.processor, 1);
  assert.equal(statistics.contentDropped, 2);
});

test("a trace goes on in another service by headers", async () => {
  const { named } = await traced(() => {
    let headers;
    llmobs.trace({ kind: "workflow", name: "client", sessionId: "s" }, () => {
      headers = llmobs.inject();
      const own = new Headers({ accept: "text/plain" });
      llmobs.inject(own);
      assert.equal(own.get("traceparent"), headers.traceparent);
    });
    llmobs.continueTrace(headers, () => llmobs.trace({ kind: "task", name: "server" }, () => {}));
    const remote = llmobs.extract(new Headers(headers));
    llmobs.startSpan({ kind: "tool", name: "later", parent: remote }).finish();
    llmobs.startSpan({ kind: "tool", name: "direct", parent: headers }).finish();
    llmobs.startSpan({ kind: "tool", name: "none", parent: { accept: "x" } }).finish();
  });
  const { client, server, later, direct, none } = named;
  for (const span of [server, later, direct]) {
    assert.equal(span.parent_id, client.span_id);
    assert.equal(span.trace_id, client.trace_id);
    assert.equal(span.session_id, "s");
  }
  assert.equal(none.parent_id, ROOT);
});

test("what is not offered is a promise that rejects with a typed error", async () => {
  await assert.rejects(llmobs.prompts.getPrompt("id"), NotOfferedError);
  await assert.rejects(
    llmobs.experiments.createDataset("x"),
    (error) => error instanceof NotOfferedError && error.call === "experiments.createDataset",
  );
  // As dd-trace's own objects are used; nobody looks at these, and the process goes on.
  llmobs.experiments.createDataset("x").addRecord({});
  await assert.rejects(llmobs.experiments.experiment({}).run(), NotOfferedError);
  assert.equal(llmobs.prompts.clearPromptCache(), undefined);
  class Mine extends llmobs.experiments.BaseEvaluator {}
  assert.ok(new Mine() instanceof llmobs.experiments.BaseEvaluator);
});

test("an unsampled trace is marked, or dropped and counted", async () => {
  const marked = await traced(() => llmobs.trace({ kind: "task", name: "t" }, () => {}), {
    sampleRate: 0,
  });
  assert.equal(marked.named.t._dd.sampling_decision, "0");
  const dropped = await traced(() => llmobs.trace({ kind: "task", name: "t" }, () => {}), {
    ...{ sampleRate: 0, dropUnsampled: true },
  });
  assert.equal(dropped.spans.length, 0);
  assert.equal(dropped.statistics.dropped.not_sampled, 1);
});

test("while tracing is off, functions run and nothing else happens", async () => {
  assert.equal(llmobs.enabled, false);
  assert.equal(llmobs.trace({ kind: "task" }, () => 5), 5);
  assert.equal(llmobs.wrap({ kind: "task" }, (a) => a)(6), 6);
  assert.deepEqual(llmobs.exportSpan(), {});
  const span = llmobs.startSpan({ kind: "llm" });
  span.annotate({ inputData: "x" });
  span.finish();
  assert.deepEqual([span.traceId, span.spanId, span.name], ["", "", undefined]);
  assert.equal((await llmobs.flush()).settled, true);
  assert.equal(llmobs.statistics().accepted, 0);
});

test("a start that is no time, where dd-trace takes it, is now; a setting that is none is ignored", async () => {
  const { named, lines } = await traced(
    () => {
      assert.equal(llmobs.trace({ kind: "task", name: "t", startTime: "today" }, () => 1), 1);
      assert.equal(llmobs.wrap({ kind: "task", name: "w", startTime: NaN }, () => 2)(), 2);
    },
    { service: Symbol("s"), sampleRate: {} },
  );
  assert.ok(named.t.start_ns > 1.7e18 && named.w.start_ns > 1.7e18);
  assert.equal(lines.filter((line) => line.includes("no setting")).length, 2);
});

test("a setting that is not understood is told, and the default applies", async () => {
  const { lines, named } = await traced(() => llmobs.trace({ kind: "task", name: "t" }, () => {}), {
    ...{ sampleRate: 7, noSuchOption: 1 },
  });
  assert.ok(named.t);
  assert.ok(lines.some((line) => line.includes("sampleRate")), lines.join("\n"));
});
