// The program in a page, which sends to the page's own origin: a relay.
import { llmobs } from "witspan";
import { hello } from "./program.mjs";

globalThis.result = hello(llmobs, location.origin);
