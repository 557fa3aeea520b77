// The traces marked to be compared: two at most, kept for this tab of the browser.

import { h } from "../dom.js";
import { label } from "../format.js";
import { part } from "../api.js";
import { refill } from "./steady.js";

/** @typedef {{ id: string, name: string }} Mark */

const KEY = "witspan-marks";
/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {Mark[]} */
let marks = read();

/** @returns {Mark[]} */
function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each?.id === "string").slice(0, 2) : [];
  } catch {
    // No storage, or not ours: nothing is marked.
    return [];
  }
}

/** @param {string} id */
export function isMarked(id) {
  return marks.some((each) => each.id === id);
}

/** Marks or unmarks; of three the oldest goes. @param {Mark} mark */
export function toggleMark(mark) {
  marks = isMarked(mark.id) ? marks.filter((each) => each.id !== mark.id) : [...marks, mark].slice(-2);
  changed();
}

export function clearMarks() {
  marks = [];
  changed();
}

function changed() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(marks));
  } catch {
    // No storage: the marks last until the page is reloaded.
  }
  for (const run of listeners) run();
}

/**
 * The strip that says what is marked and opens the comparison. `drawn` runs at every change.
 * @param {() => void} drawn
 */
export function markStrip(drawn) {
  const element = h("div", { class: "mark-strip", role: "status" });
  const draw = () => {
    element.hidden = marks.length === 0;
    refill(
      element,
      h("span", { text: marks.length < 2 ? "Marked to compare; mark one more:" : "Compare" }),
      ...marks.map((each) =>
        h(
          "span",
          { class: "chip" },
          h("bdi", { text: label(each.name, 40) }),
          h("span", { class: "dim mono", text: each.id.slice(-6) }),
        ),
      ),
      marks.length === 2
        ? h(
            "a",
            { class: "button primary", href: `/compare/${part(marks[0].id)}/${part(marks[1].id)}` },
            "Side by side",
          )
        : "",
      h("button", { type: "button", class: "button plain", on: { click: clearMarks } }, "Unmark"),
    );
    drawn();
  };
  draw();
  listeners.add(draw);
  return { element, dispose: () => void listeners.delete(draw) };
}
