// The same in Jest's ES modules.
import { expect, jest, test } from "@jest/globals";

const timers = process.env.HELLO_TIMERS;

test("the program delivers", async () => {
  if (timers === "replaced before") jest.useFakeTimers();
  const { llmobs } = await import("witspan");
  if (timers === "replaced after") jest.useFakeTimers();
  const { hello } = await import("./program.mjs");
  const statistics = await hello(llmobs, process.env.HELLO_AGENT);
  expect(statistics.delivered).toBe(2);
}, 60_000);
