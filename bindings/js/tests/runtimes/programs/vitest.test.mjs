// The same in Vitest.
import { expect, test, vi } from "vitest";

const timers = process.env.HELLO_TIMERS;

test("the program delivers", async () => {
  if (timers === "replaced before") vi.useFakeTimers();
  const { llmobs } = await import("witspan");
  if (timers === "replaced after") vi.useFakeTimers();
  const { hello } = await import("./program.mjs");
  const statistics = await hello(llmobs, process.env.HELLO_AGENT);
  expect(statistics.delivered).toBe(2);
}, 60_000);
