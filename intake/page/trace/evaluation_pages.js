// Pages of the evaluations of a trace, a span or a session: the intake returns the newest 1,000 with their
// total number, and older ones by a cursor.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { evaluationList } from "../content/evaluations.js";
import { exact } from "../format.js";
import { moreNote } from "../parts/more.js";

/** @typedef {import("../api_types.js").Said} Said */
/** @typedef {{ path: string, query?: Record<string, any>, signal: AbortSignal }} Source the trace, span or session, below /api/ui/ */

const PAGE = 1_000;

/** Loads the next page of older evaluations, and puts it first. @param {Said} said @param {Source} source */
async function addOlder(said, { path, query = {}, signal }) {
  /** @type {Said} */
  const page = await get(`${path}/evaluations`, { ...query, after: said.evaluations_next }, signal);
  Object.assign(said, page, { evaluations: [...page.evaluations, ...said.evaluations] });
}

/** Loads older evaluations until there are `want`, as many as were shown before. @param {Said} said @param {Source} source @param {number} want */
export async function addUntil(said, source, want) {
  while (said.evaluations_next && said.evaluations.length < want) await addOlder(said, source);
}

/**
 * Says how many there are if they are not all shown, and loads older ones.
 * @param {Said} said what is shown; older ones are added to it
 * @param {Source} source
 * @param {() => void} draw called once it has more
 */
export function saidNote(said, source, draw) {
  const note = moreNote(async () => {
    await addOlder(said, source);
    show();
    draw();
  });
  const show = () => {
    const left = said.evaluations_total - said.evaluations.length;
    const more = said.evaluations_next !== null && left > 0;
    note.set(more ? `Only the newest ${exact(said.evaluations.length)} of ${exact(said.evaluations_total)} evaluations are shown.` : "", `Load ${exact(Math.min(PAGE, left))} older`);
  };
  show();
  return note.element;
}

/** The evaluations, oldest first, under the note. @param {Said} said @param {Source} source @param {(spanId: string) => string | null} [address] */
export function saidList(said, source, address) {
  const list = h("div");
  const draw = () => fill(list, evaluationList(said.evaluations, address));
  draw();
  return [saidNote(said, source, draw), list];
}
