// Traces, and leaves the delivery to the page's end.
import { llmobs } from "witspan";
import { hello } from "./program.mjs";

globalThis.result = hello(llmobs, location.origin, () => {});
