// `witspan/testing`: tests of an application's own spans. They stay in memory, and nothing leaves
// the process.

export { record, recorder, Recorder, NoSuchSpanError, type RecorderOptions } from "./recorder.js";
export {
  RecordedSpan,
  type Content,
  type Part,
  type RecordedError,
  type RecordedEvaluation,
} from "./recorded.js";
export type { SpanQuery, TextQuery } from "./query.js";
export {
  assertSpan,
  assertSpanTree,
  AssertionError,
  matchers,
  type Matched,
  type Recorded,
  type SpanMatchers,
} from "./matchers.js";
