// Pages of the evaluations of a trace, a span or a session: the intake returns the newest 1,000 with their
// total number, and older ones by a cursor.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { evaluationList } from "../content/evaluations.js";
import { exact } from "../format.js";
import { moreNote } from "../parts/more.js";

/** @typedef {import("../api_types.js").EvaluationPage} EvaluationPage */

/**
 * Whose evaluations are asked for.
 * @typedef {object} Source
 * @property {string} path of the trace, span or session, below /api/ui/
 * @property {Record<string, any>} [query]
 * @property {AbortSignal} signal
 */

const PAGE = 1_000;

/** Loads the next page of older evaluations into `shown`. @param {EvaluationPage} shown @param {Source} source */
async function addOlder(shown, { path, query = {}, signal }) {
  /** @type {EvaluationPage} */
  const page = await get(`${path}/evaluations`, { ...query, after: shown.evaluations_next }, signal);
  Object.assign(shown, page, { evaluations: [...page.evaluations, ...shown.evaluations] });
}

/**
 * Loads older evaluations until there are `want`, as many as were shown before.
 * @param {EvaluationPage} shown
 * @param {Source} source
 * @param {number} want
 */
export async function addUntil(shown, source, want) {
  while (shown.evaluations_next && shown.evaluations.length < want) await addOlder(shown, source);
}

/**
 * A note that older evaluations exist than are shown, with a button that loads them.
 * @param {EvaluationPage} shown older ones are added to it
 * @param {Source} source
 * @param {() => void} draw called once it has more
 */
export function evaluationNote(shown, source, draw) {
  const note = moreNote(async () => {
    await addOlder(shown, source);
    show();
    draw();
  });
  const show = () => {
    const [count, total] = [shown.evaluations.length, shown.evaluations_total];
    const left = total - count;
    const newest = count === 1 ? "the newest" : `the newest ${exact(count)}`;
    const more = shown.evaluations_next !== null && left > 0;
    note.set(
      more ? `Only ${newest} of ${exact(total)} evaluations ${count === 1 ? "is" : "are"} shown.` : "",
      `Load ${exact(Math.min(PAGE, left))} older`,
    );
  };
  show();
  return note.element;
}

/**
 * The evaluations, oldest first, under the note.
 * @param {EvaluationPage} shown
 * @param {Source} source
 * @param {(spanId: string) => string | null} [address]
 */
export function pagedEvaluations(shown, source, address) {
  const list = h("div");
  const draw = () => fill(list, evaluationList(shown.evaluations, address));
  draw();
  return [evaluationNote(shown, source, draw), list];
}
