// Both module systems in one process, in each order: what one starts, the other goes on with.
import { createRequire } from "node:module";
import { llmobs } from "witspan";
import { hello } from "./program.mjs";

const required = createRequire(import.meta.url)("witspan").llmobs;

// Everything but the tracing of the outer span and the delivery is done by the other one.
const mixed = {
  enable: (options) => llmobs.enable(options),
  annotate: (values) => required.annotate(values),
  trace: (options, fn) => (options.kind === "llm" ? required : llmobs).trace(options, fn),
  flush: (options) => required.flush(options),
  statistics: () => llmobs.statistics(),
};
console.log(JSON.stringify(await hello(mixed, process.argv[2])));
