// What the core says of an argument, in the words of this language: the application wrote `costTags`.

import { LLMObsArgumentError } from "./errors.js";

/** Members as the core names them, and as the application wrote them. */
const WRITTEN: Readonly<Record<string, string>> = {
  input: "inputData",
  output: "outputData",
  cost_tags: "costTags",
  tool_definitions: "toolDefinitions",
  metric_type: "metricType",
  eval_scope: "evalScope",
  timestamp_ms: "timestampMs",
  span_with_tag_value: "spanWithTagValue",
  feedback_join_key: "feedbackJoinKey",
  session_id: "sessionId",
  ml_app: "mlApp",
  agent_service: "mlApp",
  model_name: "modelName",
  model_provider: "modelProvider",
  start_ns: "startTime",
  end_ns: "endTime",
  span_id: "spanId",
  trace_id: "traceId",
};

const PATH = /^(?:annotation\.)?([a-z_]+)(?=$|[.[])/;
const QUOTED = new RegExp(`\`(?:annotation\\.)?(${Object.keys(WRITTEN).join("|")})(?=[\`.[])`, "g");

/** A path of the core's, such as `cost_tags[0]`. */
function inWordsOf(field: string): string {
  return field.replace(PATH, (found, name: string) => WRITTEN[name] ?? found);
}

/** A sentence of the core's, which quotes paths. What it quotes of values is not changed. */
export function sentence(message: string): string {
  return message.replace(QUOTED, (_, name: string) => `\`${WRITTEN[name]}`);
}

/** The error for what the core refused as a wrong argument; `undefined` for any other failure. */
export function argumentErrorOf(failure: unknown): LLMObsArgumentError | undefined {
  const { tag, val } = failure as { tag?: string; val?: { field: string; message: string } };
  if (tag !== "invalid-argument" || !val) return undefined;
  return new LLMObsArgumentError(inWordsOf(val.field), sentence(val.message));
}
