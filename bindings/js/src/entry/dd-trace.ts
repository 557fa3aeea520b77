// `import tracer from "witspan/dd-trace"`, in place of dd-trace. `require` gives the tracer itself.

import { tracer } from "../surface/ddtrace.js";

export * from "../surface/ddtrace.js";
export default tracer;
