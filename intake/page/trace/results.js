// The results of a model's tool calls. The span with the calls does not contain them; they are in the input
// of a later span, so later spans are searched.

import { get, part } from "../api.js";
import { resultsIn } from "../content/messages.js";

/** @typedef {import("../api_types.js").Span} Span */
/** @typedef {import("../content/messages.js").Results} Results */

/** How many later spans are asked for: the next one nearly always has the results. */
const LOOKED_AT = 3;

/**
 * The results of the calls in a span's output, by their id.
 * @param {string} traceId
 * @param {Span} span
 * @param {Span[]} spans of the trace, without their content
 * @param {AbortSignal} signal
 * @returns {Promise<Results>}
 */
export async function laterResults(traceId, span, spans, signal) {
  /** @type {Results} */
  const found = new Map();
  const open = new Set(
    (span.output?.messages ?? []).flatMap((message) =>
      (message.tool_calls ?? []).flatMap((call) => call.tool_id ?? []),
    ),
  );
  for (const id of resultsIn(span.output?.messages).keys()) open.delete(id);
  if (!open.size) return found;
  const end = span.start_ms + span.duration_ms;
  const later = spans.filter((each) => each.kind === "llm" && each.span_id !== span.span_id && each.start_ms >= end);
  for (const each of later.sort((a, b) => a.start_ms - b.start_ms).slice(0, LOOKED_AT)) {
    try {
      /** @type {Span} */
      const whole = await get(`spans/${part(traceId)}/${part(each.span_id)}`, {}, signal);
      for (const [id, result] of resultsIn(whole.input?.messages)) if (open.delete(id)) found.set(id, result);
    } catch {
      // The calls are then shown without results.
      return found;
    }
    if (!open.size) break;
  }
  return found;
}
