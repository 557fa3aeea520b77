// What users import, in every runtime.

import { Span } from "../span.js";
import { LLMObs } from "./llmobs.js";

/** The tracing of this process: `import { llmobs } from "witspan"`. */
export const llmobs: LLMObs = new LLMObs();

export { LLMObs, Span };
export { LLMObsArgumentError } from "../errors.js";
export { NotOffered, NotOfferedError } from "./not-offered.js";
export { LLMObservabilitySpan } from "./processor.js";
export type * from "./types.js";
export type { Carrier } from "./llmobs.js";
/** The types of the core's own calls, for programs that run the component themselves. */
export type * as contract from "../core/contract.js";
