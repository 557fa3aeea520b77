// What users import, in every runtime.

import { home, use } from "../home.js";
import { Span } from "../span.js";
import { LLMObs } from "./llmobs.js";

/** The tracing of this process: `import { llmobs } from "witspan"`. */
export const llmobs: LLMObs = new LLMObs();

export { LLMObs, Span, home, use };
export { LLMObsArgumentError } from "../errors.js";
export { NotOffered, NotOfferedError } from "./not-offered.js";
export { LLMObservabilitySpan } from "./processor.js";
export type * from "./types.js";
export type { ParentOption } from "../tracer.js";
export type { Carrier } from "./llmobs.js";
export type { Platform } from "../platform/platform.js";
