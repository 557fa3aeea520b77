// The assertions of `witspan/testing`, and the matchers that `expect` is given.

import assert from "node:assert/strict";
import { test } from "node:test";
import { llmobs } from "witspan";
import { assertSpan, assertSpanTree, matchers, record } from "witspan/testing";
import app from "./app.cjs";

const { TREE } = app;
const spans = await record(() => app({ llmobs }).answer("why?"));

function failure(fn) {
  try {
    fn();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
}

test("a span that is there is given back", () => {
  const wanted = { kind: "llm", parent: "answer", metrics: { input_tokens: 9 }, modelName: /^gpt/ };
  assert.equal(assertSpan(spans, wanted), spans.get("ask"));
  assert.equal(assertSpan(spans, "publish"), spans.get("publish"));
  assert.equal(assertSpan(spans.get("answer"), { error: true }), spans.get("publish"));
  const any = { asymmetricMatch: (value) => typeof value === "number" };
  assertSpan(spans, { metrics: { input_tokens: any }, metadata: { temperature: any } });
});

test("a span that is not there is an error with what comes closest", () => {
  const wanted = { name: "ask", kind: "tool", tags: { team: "sales" }, parent: { kind: "agent" } };
  const error = failure(() => assertSpan(spans, wanted));
  assert.equal(
    error.message,
    `\
no span is { name: "ask", kind: "tool", tags: { team: "sales" }, parent: { kind: "agent" } }
  of "ask": kind is "llm", not "tool"
    and tags.team is "search", not "sales"
    and parent.kind is "workflow", not "agent"
recorded:
${TREE}`,
  );
  assert.deepEqual([error.name, error.code], ["AssertionError", "ERR_ASSERTION"]);
  assert.ok(error instanceof Error && !("actual" in error));
  assert.match(error.stack, /^AssertionError: no span is[^]*?\n    at .*assertions\.test\.mjs/);
  assert.match(failure(() => assertSpan(spans, "asked")).message, /^no span is "asked"\nrecorded:/);
});

test("what differs is said of every kind of member", () => {
  const said = (wanted) => failure(() => assertSpan(spans, { name: "ask", ...wanted })).message;
  assert.match(said({ error: true }), /error is absent, not true/);
  assert.match(said({ parent: null }), /parent is the span "answer", not absent/);
  const search = spans.get("search");
  assert.match(said({ parent: search }), /parent is .*"answer", not the span "search"/);
  assert.match(said({ parent: search }), /^no span is \{ name: "ask", parent: the span "search" \}/);
  assert.match(said({ children: ["x"] }), /children is \[\], not \["x"\]/);
  assert.match(said({ modelName: /claude/ }), /modelName is "gpt-4o", not \/claude\//);
  assert.match(said({ input: "why?" }), /input is \[\{ .*content: "why\?".* \}\], not "why\?"/);
  assert.match(said({ inputMessages: [{ content: 1 }] }), /inputMessages\[0\]\.content is "why/);
  assert.match(said({ metadata: { toString: 1 } }), /metadata\.toString is absent, not 1/);
  assert.match(said({ durationNs: 1 }), /durationNs is \d+n, not 1/);
});

test("a tree is compared without the indentation of the test", () => {
  assertSpanTree(
    spans,
    `
      workflow   answer
      retrieval  ├─ search
      llm        ├─ ask (gpt-4o)
      tool       └─ publish ! RangeError: the disk is full
    `,
  );
  assertSpanTree(spans.get("ask"), "llm        ask (gpt-4o)");
  assertSpanTree(record(() => {}), "");
  const error = failure(() => assertSpanTree(spans, "llm        ask"));
  const [actual, expected] = [TREE, "llm        ask"];
  assert.deepEqual([error.actual, error.expected], [actual, expected]);
  assert.equal(
    error.message,
    `the spans are not those that were expected\n\nexpected:\n${expected}\n\nrecorded:\n${TREE}`,
  );
});

test("matchers tell `expect` the same", () => {
  assert.equal(matchers.toHaveSpan(spans, { name: "ask" }).pass, true);
  assert.match(matchers.toHaveSpan(spans, "ask").message(), /^a span is "ask"; recorded:\n/);
  const { pass, message } = matchers.toHaveSpan(spans, { name: "ask", kind: "tool" });
  assert.equal(pass, false);
  assert.match(message(), /of "ask": kind is "llm", not "tool"\nrecorded:\nworkflow {3}answer/);
  assert.equal(matchers.toHaveSpanTree(spans, TREE).pass, true);
  assert.match(matchers.toHaveSpanTree(spans, TREE).message(), /are not to be these:\nworkflow/);
  assert.match(matchers.toHaveSpanTree(spans, "").message(), /recorded:\nworkflow {3}answer/);
});

test("what is no recorder, and no query, is a wrong argument", () => {
  assert.throws(() => assertSpan([], "ask"), /what is looked at is \[\]; accepted: a recorder/);
  assert.throws(() => matchers.toHaveSpan(undefined, "ask"), /what is looked at is undefined/);
  assert.throws(() => assertSpan(spans, 5), /the spans that are meant are 5; accepted: a name/);
  assert.throws(() => assertSpan(spans, { nane: "ask" }), /`nane` is nothing that a span has/);
  assert.throws(() => assertSpanTree(spans, 5), /the tree is 5; accepted: a text/);
});
