// `witspan/testing` in Vitest, with and without its timers.

import { afterEach, beforeEach, describe, expect, test as plain, vi } from "vitest";
import { llmobs } from "witspan";
import { matchers, recorder } from "witspan/testing";
import app from "./app.cjs";

expect.extend(matchers);

const { answer } = app({ llmobs });

const test = plain.extend({
  // Vitest reads the names of the first parameter.
  spans: async ({}, use) => {
    const spans = recorder().start();
    await use(spans);
    spans.stop();
  },
});

describe.each(["real", "fake"])("with %s timers", (timers) => {
  beforeEach(() => {
    if (timers === "fake") vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("an answer is traced", async ({ spans }) => {
    const answering = answer("why?");
    if (timers === "fake") await vi.runAllTimersAsync();
    await answering;
    expect(spans).toHaveLength(4);
    expect(spans).toHaveSpanTree(app.TREE);
    expect(spans).toHaveSpan({ name: "ask", metrics: { input_tokens: expect.any(Number) } });
    expect(spans).not.toHaveSpan({ kind: "agent" });
    expect(spans.get("ask").parent).toBe(spans.get("answer"));
    expect(spans.get("ask")).toMatchObject({ kind: "llm", mlApp: "test" });
    expect(spans.get("ask")).not.toEqual(spans.get("search"));
  });

  test("the next test begins with nothing", ({ spans }) => {
    expect(spans).toHaveLength(0);
    expect(spans).toHaveSpanTree("");
  });

  test("a flush comes back", async ({ spans }) => {
    llmobs.trace({ kind: "task" }, () => {});
    expect((await llmobs.flush()).settled).toBe(true);
    expect(spans).toHaveLength(1);
  });
});

test("a failure says what there is", async ({ spans }) => {
  await answer("why?");
  expect(() => expect(spans).toHaveSpan({ name: "ask", kind: "tool" })).toThrow(
    /of "ask": kind is "llm", not "tool"\nrecorded:\nworkflow {3}answer/,
  );
  expect(() => expect(spans).toHaveSpanTree("")).toThrow(/recorded:\nworkflow {3}answer/);
  expect(() => expect(spans).not.toHaveSpan("ask")).toThrow(/a span is "ask"; recorded:/);
  expect(() => expect(spans.get("ask")).toEqual({})).toThrow(/expected RecordedSpan/);
});
