// Traces, and leaves the delivery to the page's end.
import { llmobs } from "witspan";
import { hello } from "./program.mjs";

// However slow the machine is: no batch is old enough to be sent before.
const options = { batchAgeNs: 600e9, delivers() {} };
globalThis.result = hello(llmobs, location.origin, options);
