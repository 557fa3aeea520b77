// The program in a page without a bundler, which sends to the page's own origin: a relay.
import { llmobs } from "witspan/browser";
import { hello } from "./program.mjs";

globalThis.result = hello(llmobs, location.origin);
