// A trace that comes in pages: the intake gives 20,000 spans at a time, in order of their start, and says
// how many there are.

import { get, part } from "../api.js";
import { h } from "../dom.js";
import { exact } from "../format.js";
import { messageOf } from "../parts/notices.js";

/** @typedef {import("../shapes.js").WholeTrace} WholeTrace */

const PAGE = 20_000;
/** Spans among which one is looked for that an address names. */
const SOUGHT = 100_000;

/**
 * A trace with at least `want` of its spans, and the span `sought` if it is near enough to the beginning.
 * @param {string} traceId
 * @param {AbortSignal} signal
 * @param {{ want?: number, sought?: string | null }} [what]
 * @returns {Promise<WholeTrace>}
 */
export async function loadTrace(traceId, signal, { want = 0, sought = null } = {}) {
  /** @type {WholeTrace} */
  let whole = await get(`traces/${part(traceId)}`, { lean: 1 }, signal);
  let found = !sought || whole.spans.some((span) => span.span_id === sought);
  while (whole.next && (whole.spans.length < want || (!found && whole.spans.length < SOUGHT))) {
    const before = whole.spans.length;
    whole = await nextPage(whole, signal);
    found ||= whole.spans.slice(before).some((span) => span.span_id === sought);
  }
  return whole;
}

/** The same trace with one page more. @param {WholeTrace} whole @param {AbortSignal} signal @returns {Promise<WholeTrace>} */
export async function nextPage(whole, signal) {
  /** @type {WholeTrace} */
  const page = await get(`traces/${part(whole.trace.trace_id)}`, { lean: 1, after: whole.next }, signal);
  return { ...page, spans: [...whole.spans, ...page.spans], evaluations: whole.evaluations };
}

/**
 * Says that there are more spans than are shown, and offers the next ones.
 * @param {() => Promise<void>} more loads a page
 */
export function pageNote(more) {
  const text = h("span", { role: "status" });
  const button = h("button", { type: "button", class: "button plain" });
  const element = h("div", { class: "page-note", hidden: true }, text, button);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Loading…";
    try {
      await more();
    } catch (error) {
      const reason = messageOf(error);
      if (!reason) return;
      text.textContent = reason;
      button.textContent = "Try again";
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
  return {
    element,
    /** @param {WholeTrace} whole what is shown @param {WholeTrace} [right] what stands beside it */
    set(whole, right) {
      const told = [whole, right].flatMap((each, at) => each?.next ? `the first ${exact(each.spans.length)} of ${exact(each.total)} spans${right ? ` on the ${at ? "right" : "left"}` : ""}` : []);
      element.hidden = told.length === 0;
      text.textContent = `Only ${told.join(" and ")} are ${right ? "compared" : "shown"}.`;
      const left = Math.max(...[whole, right].map((each) => each?.next ? Math.min(PAGE, each.total - each.spans.length) : 0));
      button.textContent = `Load the next ${exact(left)}`;
    },
  };
}
