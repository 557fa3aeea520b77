// `witspan/testing` in Jest, with and without its timers.

const { llmobs } = require("witspan");
const { matchers, recorder } = require("witspan/testing");
const app = require("./app.cjs");

expect.extend(matchers);

const { answer } = app({ llmobs });
const spans = recorder();
beforeEach(() => spans.start());
afterEach(() => spans.stop());

describe.each(["real", "fake"])("with %s timers", (timers) => {
  beforeEach(() => {
    if (timers === "fake") jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("an answer is traced", async () => {
    const answering = answer("why?");
    if (timers === "fake") await jest.runAllTimersAsync();
    await answering;
    expect(spans).toHaveLength(4);
    expect(spans).toHaveSpanTree(app.TREE);
    expect(spans).toHaveSpan({ name: "ask", metrics: { input_tokens: expect.any(Number) } });
    expect(spans).not.toHaveSpan({ kind: "agent" });
    expect(spans.get("ask").parent).toBe(spans.get("answer"));
    expect(spans.get("ask")).toMatchObject({ kind: "llm", mlApp: "test" });
    expect(spans.get("ask")).not.toEqual(spans.get("search"));
  });

  test("the next test begins with nothing", () => {
    expect(spans).toHaveLength(0);
    expect(spans).toHaveSpanTree("");
  });

  test("a flush comes back", async () => {
    llmobs.trace({ kind: "task" }, () => {});
    expect((await llmobs.flush()).settled).toBe(true);
    expect(spans).toHaveLength(1);
  });
});

test("a failure says what there is", async () => {
  await answer("why?");
  expect(() => expect(spans).toHaveSpan({ name: "ask", kind: "tool" })).toThrow(
    /of "ask": kind is "llm", not "tool"\nrecorded:\nworkflow {3}answer/,
  );
  expect(() => expect(spans).toHaveSpanTree("")).toThrow(/recorded:\nworkflow {3}answer/);
  expect(() => expect(spans).not.toHaveSpan("ask")).toThrow(/a span is "ask"; recorded:/);
});

test("modules that are loaded anew record too", () => {
  jest.resetModules();
  const again = require("witspan");
  expect(again.llmobs).not.toBe(llmobs);
  again.llmobs.trace({ kind: "task", name: "again" }, () => {});
  expect(spans).toHaveSpan("again");
  expect(require("witspan/testing").recorder().start().stop()).toBeUndefined();
});
