// `recorder` of `witspan/testing`: what an application's own tests see of its spans.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { afterEach, test } from "node:test";
import { inspect } from "node:util";
import { llmobs, LLMObsArgumentError } from "witspan";
import { NoSuchSpanError, record, recorder } from "witspan/testing";
import app from "./app.cjs";
import { Receiver } from "../support/receiver.mjs";

const { TREE } = app;
const { answer } = app({ llmobs });
const task = (name, fn = () => {}) => llmobs.trace({ kind: "task", name }, fn);
const names = (spans) => [...spans].map(({ name }) => name);

/** A recorder that ends with the test. */
const recorders = [];
function recording(options) {
  recorders.push(recorder(options).start());
  return recorders.at(-1);
}

afterEach(async () => {
  while (recorders.length) recorders.pop().stop();
  await llmobs.disable();
});

/** What is said on the console meanwhile. */
async function logged(fn) {
  const lines = [];
  const before = [console.warn, console.error];
  console.warn = console.error = (line) => lines.push(line);
  try {
    await fn();
  } finally {
    [console.warn, console.error] = before;
  }
  return lines;
}

test("what is traced is there to read, at once and by name", async () => {
  const spans = await record(() => answer("why?"));
  assert.deepEqual(names(spans), ["answer", "search", "ask", "publish"]);
  assert.equal(spans.tree(), TREE);
  const [ask, root] = [spans.get("ask"), spans.get("answer")];
  assert.equal(ask.kind, "llm");
  assert.equal(ask.parent, root);
  assert.equal(ask.parentId, root.spanId);
  assert.deepEqual([root.parent, root.parentId], [undefined, undefined]);
  assert.equal(ask.traceId, root.traceId);
  assert.match(ask.traceId, /^[0-9a-f]{32}$/);
  assert.deepEqual(names(root.children), ["search", "ask", "publish"]);
  assert.deepEqual(root.descendants(), root.children);
  assert.deepEqual(ask.input, [{ role: "user", content: "why?" }]);
  assert.equal(ask.input, ask.inputMessages);
  assert.equal(ask.outputMessages[0].content, "It scatters.");
  assert.deepEqual([ask.modelName, ask.modelProvider], ["gpt-4o", "openai"]);
  assert.deepEqual(ask.metadata, { temperature: 0 });
  assert.deepEqual(ask.metrics, { input_tokens: 9, output_tokens: 4 });
  assert.deepEqual([ask.tags.team, ask.mlApp, ask.sessionId], ["search", "test", "s-1"]);
  assert.equal(ask.prompt.id, "greet");
  assert.deepEqual([root.input, root.output], ["why?", "It scatters."]);
  assert.deepEqual([root.modelName, root.inputMessages], [undefined, []]);
  const search = spans.get("search");
  assert.equal(search.outputDocuments[0].score, 0.5);
  assert.equal(search.output, search.outputDocuments);
  assert.ok(ask.durationNs > 0n && ask.durationNs <= root.durationNs);
  assert.ok(root.startNs > 1_700_000_000_000_000_000n && root.startNs <= ask.startNs);
  const { error, event } = spans.get("publish");
  assert.deepEqual([error.type, error.message], ["RangeError", "the disk\nis full"]);
  assert.match(error.stack, /app\.cjs/);
  assert.equal(event.status, "error");
});

test("a span is read in the line after it finished, and what it is below follows", () => {
  const spans = recording();
  task("outer", () => {
    task("inner");
    const inner = spans.get("inner");
    assert.deepEqual([spans.length, inner.parent], [1, undefined]);
    assert.equal(typeof inner.parentId, "string");
    assert.equal(spans.openSpans, 1);
  });
  assert.deepEqual([spans.length, spans.openSpans], [2, 0]);
  assert.equal(spans.get("inner").parent, spans.get("outer"));
});

test("a span is the same object whenever it is read", () => {
  const spans = recording();
  task("first");
  const first = spans.get("first");
  task("second");
  assert.equal(spans.at(0), first);
  assert.equal(spans.find("first")[0], first);
});

test("starts and durations are exact, also where content has a member of that name", () => {
  const spans = recording();
  const startTime = 1_700_000_000_123_456_789n;
  llmobs.recordSpan({
    kind: "task",
    startTime,
    endTime: startTime + 1_000_000_001n,
    inputData: 'a "quoted\\" text \\',
    metadata: { start_ns: 5, list: [{ start_ns: 1_234_567_890_123_456 }], 'x"start_ns': 7 },
  });
  const [span] = spans;
  assert.deepEqual([span.startNs, span.durationNs], [startTime, 1_000_000_001n]);
  assert.deepEqual(span.metadata.list, [{ start_ns: 1_234_567_890_123_456 }]);
  assert.equal(span.input, 'a "quoted\\" text \\');
});

test("spans that start together are read from the top, and a ring has an end", () => {
  const spans = recording();
  const times = { startTime: 1_700_000_000_000, endTime: 1_700_000_000_001 };
  const traceId = "0".repeat(31) + "1";
  const of = (name, spanId, above) => {
    const parent = { traceId, spanId: above };
    llmobs.recordSpan({ kind: "task", name, spanId, parent, ...times });
  };
  of("child", "12", "11");
  of("root", "11", "10");
  of("one", "21", "22");
  of("two", "22", "21");
  assert.deepEqual(names(spans), ["root", "child", "one", "two"]);
  const lines = ["root", "└─ child", "one", "└─ two"].map((line) => `task       ${line}`);
  assert.equal(spans.tree(), lines.join("\n"));
});

test("a deep trace is no problem", () => {
  const spans = recording();
  const open = [];
  for (let at = 0; at < 20_000; at++) {
    open.push(llmobs.startSpan({ kind: "task", name: `${at}`, parent: open.at(-1) ?? null }));
  }
  while (open.length) open.pop().finish();
  assert.equal(spans.length, 20_000);
  assert.equal(spans.roots[0].descendants().length, 19_999);
  assert.equal(spans.at(-1).name, "19999");
});

test("spans are found by what they are", async () => {
  const spans = recorder().start();
  await answer("why?");
  await answer("how?");
  spans.stop();
  assert.equal(spans.length, 8);
  assert.deepEqual(names(spans.find({ kind: "llm" })), ["ask", "ask"]);
  assert.deepEqual(spans.find({ name: "ask", tags: { team: "search" } }), spans.find("ask"));
  assert.deepEqual(spans.find({ name: "ask", tags: { team: "other" } }), []);
  assert.deepEqual(spans.find({ error: true }), spans.find("publish"));
  assert.equal(spans.find({ error: false }).length, 6);
  assert.deepEqual(spans.find({ error: { message: /disk/ } }), spans.find(/^pub/));
  assert.deepEqual(spans.find({ parent: null }), spans.roots);
  assert.deepEqual(spans.find({ parent: "answer", kind: "llm" }), spans.find("ask"));
  assert.deepEqual(spans.find({ parent: spans.roots[1] }), spans.roots[1].children);
  assert.deepEqual(spans.find({ children: ["search", { kind: "llm" }, /./] }), spans.roots);
  assert.deepEqual(spans.find({ inputMessages: [{ content: "how?" }] }), [spans.find("ask")[1]]);
  assert.deepEqual(spans.find({ metrics: { input_tokens: 9, output_tokens: null } }), []);
  assert.deepEqual(spans.find({ name: undefined, modelName: null }).length, 6);
  assert.equal(spans.at(-1).name, "publish");
  assert.equal(spans.has("ask") && !spans.has({ name: "ask", error: true }), true);
  assert.equal(spans.tree(), `${TREE}\n${TREE}`);
  assert.throws(() => spans.find({ model: "gpt-4o" }), {
    name: "LLMObsArgumentError",
    message: /^`model` is nothing that a span has; accepted: name, kind,/,
  });
  assert.throws(() => spans.find({ parent: { nam: "x" } }), LLMObsArgumentError);
});

test("a span that is not there is an error that shows those that are", async () => {
  const spans = recorder().start();
  assert.throws(() => spans.get("ask"), {
    message: 'no spans are named "ask"; nothing was recorded',
  });
  await answer("why?");
  task("late", () => {
    assert.throws(
      () => spans.get("asked"),
      (error) => {
        assert.ok(error instanceof NoSuchSpanError);
        assert.equal(
          error.message,
          `no spans are named "asked"; recorded (1 still open):\n${TREE}`,
        );
        return true;
      },
    );
  });
  await answer("how?");
  assert.throws(() => spans.get("ask"), /^NoSuchSpanError: 2 spans are named "ask"/);
  assert.throws(() => spans.get({ kind: "agent" }), /no spans are like \{ kind: "agent" \};/);
  assert.throws(() => spans.at(12), /there is no span 12; recorded:/);
  spans.stop();
});

test("a recorder and its spans print as what was traced", async () => {
  const spans = await record(() => answer("why?"));
  assert.equal(inspect(spans), `Recorder: recorded:\n${TREE}`);
  assert.equal(String(spans.get("ask")), "llm        ask (gpt-4o)");
  const { message } = JSON.parse(JSON.stringify(spans.get("publish"))).error;
  assert.equal(message, "the disk\nis full");
  const hostile = record(() => task("one\n\u001b[2Jtwo \u{e0041}"));
  assert.equal(hostile.tree(), "task       one\\n\\u001b[2Jtwo \\udb40\\udc41");
});

test("evaluations and feedback are recorded", () => {
  const spans = recording();
  const judged = llmobs.trace({ kind: "task" }, (span) => span.export());
  llmobs.submitEvaluation(judged, {
    ...{ label: "good", metricType: "score", value: 0.5, tags: { a: "b" } },
    ...{ assessment: "pass", reasoning: "so" },
  });
  const submitter = { id: "u", type: "user" };
  const thumb = { label: "thumb", metricType: "boolean", value: true };
  llmobs.submitFeedback({ ...thumb, submitter, span: judged });
  const [evaluation, feedback] = spans.evaluations;
  const { label, metricType, value, spanId, traceId, assessment, reasoning, tags } = evaluation;
  assert.deepEqual([label, metricType, value], ["good", "score", 0.5]);
  assert.deepEqual({ spanId, traceId }, { ...judged });
  assert.deepEqual([assessment, reasoning, tags.a], ["pass", "so", "b"]);
  assert.deepEqual([evaluation.isFeedback, feedback.isFeedback], [false, true]);
  assert.deepEqual([feedback.value, feedback.spanId], [true, spans.at(0).spanId]);
  assert.deepEqual(feedback.submitter, submitter);
});

test("what was enabled before receives nothing meanwhile, and goes on afterwards", async () => {
  const receiver = await Receiver.start();
  llmobs.enable({ mlApp: "theirs", overrideOrigin: receiver.url, agentlessEnabled: false });
  let inside;
  await llmobs.trace({ kind: "workflow", name: "outside" }, (outside) =>
    llmobs.annotationContext({ tags: { a: "b" } }, async () => {
      inside = await record(async () => {
        assert.equal(llmobs.currentSpan(), undefined);
        task("inside");
        await null;
        outside.annotate({ tags: { c: "d" } });
      });
      assert.equal(llmobs.currentSpan(), outside);
      task("after");
    }),
  );
  await llmobs.flush();
  assert.deepEqual(names(inside), ["inside"]);
  assert.equal(inside.get("inside").parentId, undefined);
  assert.equal(inside.get("inside").tags.a, undefined);
  const bodies = receiver.got.map(({ body }) => JSON.parse(body.toString()));
  const sent = bodies.flat().flatMap(({ spans }) => spans);
  const tags = Object.fromEntries(sent.map((span) => [span.name, span.tags]));
  assert.deepEqual(Object.keys(tags).sort(), ["after", "outside"]);
  assert.ok(tags.after.includes("a:b") && tags.outside.includes("c:d"));
  await llmobs.disable();
  await receiver.close();
});

test("the environment says nothing", async () => {
  const said = {
    DD_LLMOBS_ENABLED: "0",
    DD_LLMOBS_ML_APP: "theirs",
    DD_TAGS: "team:theirs",
    DD_LLMOBS_SAMPLE_RATE: "0",
    WITSPAN_DROP_UNSAMPLED: "1",
    WITSPAN_INTAKE: "public",
  };
  Object.assign(process.env, said);
  try {
    const spans = recording({ mlApp: "mine" });
    llmobs.enable();
    task("step");
    const { mlApp, tags } = spans.get("step");
    assert.deepEqual([mlApp, tags.team], ["mine", undefined]);
    spans.stop();
    assert.equal(llmobs.enabled, false);
  } finally {
    for (const name of Object.keys(said)) delete process.env[name];
  }
});

test("the application may enable and disable inside", async () => {
  const hide = (span) => {
    span.input = [{ content: "hidden" }];
    return span;
  };
  const spans = recorder().start();
  const settings = { mlApp: "shop", service: "web", env: "ci", version: "3", tags: { a: "b" } };
  const elsewhere = { overrideOrigin: "http://127.0.0.1:9", apiKey: "k", agentlessEnabled: true };
  llmobs.enable({ ...settings, ...elsewhere, site: "datadoghq.eu", spanProcessor: hide });
  await answer("first");
  void llmobs.disable();
  assert.equal(spans.length, 4);
  await answer("unseen");
  assert.equal(llmobs.enabled, false);
  llmobs.enable({ mlApp: "bot" });
  await answer("second");
  assert.deepEqual((await llmobs.flush()).settled, true);
  spans.stop();
  assert.deepEqual(spans.roots.map(({ mlApp }) => mlApp), ["shop", "bot"]);
  assert.deepEqual(spans.roots.map(({ input }) => input), ["hidden", "hidden"]);
  const { service, env, version, a } = spans.at(0).tags;
  assert.deepEqual([service, env, version, a], ["web", "ci", "3", "b"]);
  assert.equal(llmobs.enabled, false);
  // None is left over.
  llmobs.registerProcessor((span) => span);
  llmobs.deregisterProcessor();
});

test("the first settings of the application count, also after its first span", async () => {
  const spans = recording();
  task("before");
  const warnings = await logged(() => {
    llmobs.enable({ mlApp: "shop" });
    llmobs.enable({ mlApp: "shop" });
    task("after");
    llmobs.enable({ mlApp: "other" });
    task("at last");
  });
  assert.deepEqual([...spans].map(({ mlApp }) => mlApp), ["test", "shop", "shop"]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /enabled already and goes on as it is: `mlApp`/);
});

test("settings that would end a span that is open wait", async () => {
  const spans = recording();
  await logged(() => task("open", () => llmobs.enable({ mlApp: "shop" })));
  assert.equal(spans.get("open").mlApp, "test");
});

test("sampling is the application's", () => {
  const spans = recording();
  llmobs.enable({ sampleRate: 0, dropUnsampled: true });
  task("dropped");
  assert.equal(spans.length, 0);
  assert.equal(llmobs.statistics().dropped.not_sampled, 1);
});

test("a processor may be given", () => {
  const spanProcessor = (span) => (span.getTag("secret") ? null : span);
  const spans = record(
    () => {
      task("seen");
      task("unseen", (span) => span.annotate({ tags: { secret: 1 } }));
    },
    { spanProcessor },
  );
  assert.deepEqual(names(spans), ["seen"]);
});

test("recorders inside each other record for themselves", () => {
  const outer = recorder().start();
  task("first");
  const inner = record(() => task("second"));
  task("third");
  outer.stop();
  assert.deepEqual([names(outer), names(inner)], [["first", "third"], ["second"]]);
});

test("recorders that end in the wrong order leave everything as it was", () => {
  const [first, second, third] = [recorder(), recorder(), recorder()];
  first.start();
  second.start();
  third.start();
  second.stop();
  first.stop();
  task("third");
  third.stop();
  task("nowhere");
  assert.equal(llmobs.enabled, false);
  assert.deepEqual([first, second, third].map(names), [[], [], ["third"]]);
});

test("what is thrown is thrown on, and everything is as it was", async () => {
  const wrong = new Error("x");
  let spans;
  const fails = (inside) => {
    spans = inside;
    llmobs.startSpan({ kind: "workflow", name: "left open" });
    task("done");
    throw wrong;
  };
  assert.throws(() => record(fails), wrong);
  assert.deepEqual([names(spans), spans.openSpans, llmobs.enabled], [["done"], 0, false]);
  await assert.rejects(record(async (inside) => fails(inside)), wrong);
  assert.deepEqual([names(spans), llmobs.enabled], [["done"], false]);
});

test("a recorder begins anew with each start", async () => {
  const spans = recorder();
  assert.deepEqual([spans.length, spans.tree()], [0, ""]);
  spans.stop();
  spans.start();
  task("first");
  assert.throws(() => spans.start(), /records already/);
  spans.stop();
  assert.deepEqual(names(spans), ["first"]);
  spans.start();
  assert.equal(spans.length, 0);
  task("second");
  spans[Symbol.dispose]();
  assert.deepEqual(names(spans), ["second"]);
});

test("work that goes on after the end of a test is not of the next one", async () => {
  let go;
  const late = new Promise((resolve) => (go = resolve));
  const spans = recorder().start();
  const open = llmobs.startSpan({ kind: "task", name: "left open" });
  const work = open.run(() => late.then(() => task("late")));
  spans.stop();
  await record(async (next) => {
    go();
    await work;
    open.finish();
    open.annotate({ tags: { a: "b" } });
    task("next");
    assert.deepEqual(names(next), ["late", "next"]);
    assert.equal(next.get("late").parentId, undefined);
  });
  assert.deepEqual(names(spans), []);
});

test("what was cleared is forgotten", async () => {
  const spans = recording();
  await answer("why?");
  spans.clear();
  assert.deepEqual([spans.length, spans.evaluations, spans.tree()], [0, [], ""]);
  await answer("again");
  assert.equal(spans.tree(), TREE);
});

test("more than fits is an error of the test that looks", () => {
  const spans = recording({ maxBytes: 2000 });
  task("long", (span) => span.annotate({ inputData: "x".repeat(5000) }));
  const said = /1 spans found no room in the 2000 bytes .*recorder\(\{ maxBytes/;
  assert.throws(() => spans.length, said);
  assert.throws(() => spans.evaluations, said);
  spans.clear();
  task("short");
  assert.deepEqual(names(spans), ["short"]);
});

test("much that finishes at once is all there", async () => {
  const inputData = "x".repeat(100_000);
  const spans = recorder({ maxBytes: 100_000_000 }).start();
  for (let at = 0; at < 500; at++) task("big", (span) => span.annotate({ inputData }));
  assert.equal(spans.length, 500);
  spans.stop();
  assert.equal(spans.length, 500);
});

test("a flush and the worker read nothing twice", async () => {
  const spans = recording();
  for (let at = 0; at < 3; at++) {
    for (let one = 0; one < 600; one++) task(`${at}`);
    const flushed = llmobs.flush();
    if (at === 1) assert.equal(spans.length, 1200);
    assert.equal((await flushed).settled, true);
  }
  assert.equal(spans.length, 1800);
  assert.equal(llmobs.statistics().delivered, 1800);
});

test("wrong arguments are refused by name", () => {
  for (const maxBytes of [0, -1, true, "1", 1.5, null]) {
    assert.throws(() => recorder({ maxBytes }), {
      name: "LLMObsArgumentError",
      message: /^`maxBytes` is .*; accepted: a whole number from 1$/,
    });
  }
  assert.throws(() => recorder({ spanProcessor: 5 }), /`spanProcessor` is 5; accepted: a function/);
  assert.throws(() => recorder(5), /`options` is 5;/);
  assert.throws(() => record(), /`fn` is undefined; accepted: a function/);
});

test("a program may use one form of the package, and its test the other", () => {
  const required = createRequire(import.meta.url)("witspan");
  assert.equal(required.llmobs, llmobs);
  const spans = recording();
  required.llmobs.trace({ kind: "task", name: "outer" }, () => task("inner"));
  assert.equal(spans.tree(), "task       outer\ntask       └─ inner");
});
