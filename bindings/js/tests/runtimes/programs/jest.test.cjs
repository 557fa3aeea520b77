// The program in Jest, in CommonJS. Timers are real, or replaced before or after the package loads.
const timers = process.env.HELLO_TIMERS;

test("the program delivers", async () => {
  if (timers === "replaced before") jest.useFakeTimers();
  const { llmobs } = require("witspan");
  if (timers === "replaced after") jest.useFakeTimers();
  const { hello } = require("./program.cjs");
  const statistics = await hello(llmobs, process.env.HELLO_AGENT);
  expect(statistics.delivered).toBe(2);
}, 60_000);
