// A trace in pages: the intake returns 20,000 spans at a time, in order of their start, with their total
// number.

import { get, part } from "../api.js";
import { exact } from "../format.js";
import { moreNote } from "../parts/more.js";

/** @typedef {import("../api_types.js").WholeTrace} WholeTrace */

const PAGE = 20_000;
/** Trace-level evaluations only: those of a span are loaded with the span. */
export const WIDE = { wide: 1 };
/** How many spans are loaded at most to find the one that the address names. */
const SOUGHT = 100_000;

/**
 * A trace with at least `want` of its spans, and the span `sought` if it is among the first `SOUGHT`.
 * @param {string} traceId
 * @param {AbortSignal} signal
 * @param {{ want?: number, sought?: string | null }} [what]
 * @returns {Promise<WholeTrace>}
 */
export async function loadTrace(traceId, signal, { want = 0, sought = null } = {}) {
  /** @type {WholeTrace} */
  let whole = await get(`traces/${part(traceId)}`, { lean: 1, ...WIDE }, signal);
  let found = !sought || whole.spans.some((span) => span.span_id === sought);
  while (whole.next && (whole.spans.length < want || (!found && whole.spans.length < SOUGHT))) {
    const before = whole.spans.length;
    whole = await nextPage(whole, signal);
    found ||= whole.spans.slice(before).some((span) => span.span_id === sought);
  }
  return whole;
}

/**
 * The same trace with one page more.
 * @param {WholeTrace} whole
 * @param {AbortSignal} signal
 * @returns {Promise<WholeTrace>}
 */
export async function nextPage(whole, signal) {
  /** @type {WholeTrace} */
  const page = await get(`traces/${part(whole.trace.trace_id)}`, { lean: 1, ...WIDE, after: whole.next }, signal);
  const { evaluations, evaluations_next } = whole;
  return { ...page, spans: [...whole.spans, ...page.spans], evaluations, evaluations_next };
}

/**
 * A note that more spans exist than are shown, with a button for the next ones.
 * @param {() => Promise<void>} more loads a page
 */
export function pageNote(more) {
  const note = moreNote(more);
  return {
    element: note.element,
    /** @param {WholeTrace} whole what is shown @param {WholeTrace} [right] what stands beside it */
    set(whole, right) {
      const parts = [whole, right].flatMap((each, at) => {
        if (!each?.next) return [];
        const first = each.spans.length === 1 ? "the first" : `the first ${exact(each.spans.length)}`;
        return `${first} of ${exact(each.total)} spans${right ? ` on the ${at ? "right" : "left"}` : ""}`;
      });
      const one = parts.length === 1 && [whole, right].some((each) => each?.next && each.spans.length === 1);
      const left = Math.max(
        ...[whole, right].map((each) => (each?.next ? Math.min(PAGE, each.total - each.spans.length) : 0)),
      );
      note.set(
        parts.length ? `Only ${parts.join(" and ")} ${one ? "is" : "are"} ${right ? "compared" : "shown"}.` : "",
        left === 1 ? "Load the next one" : `Load the next ${exact(left)}`,
      );
    },
  };
}
