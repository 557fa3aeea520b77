// The list of keys, in a dialog.

import { h } from "../dom.js";

/** @type {[string, [string[], string][]][]} */
const KEYS = [
  [
    "Everywhere",
    [
      [["g", "t"], "traces"],
      [["g", "s"], "sessions"],
      [["g", "o"], "overview"],
      [["g", "d"], "dropped spans and evaluations"],
      [["/"], "search"],
      [["?"], "this list"],
      [["Esc"], "close, leave a field, reset the zoom, or go up"],
    ],
  ],
  [
    "Lists",
    [
      [["j"], "next"],
      [["k"], "previous"],
      [["Enter"], "open"],
      [["x"], "mark to compare"],
      [["."], "show new traces"],
    ],
  ],
  [
    "A trace",
    [
      [["j"], "next span"],
      [["k"], "previous span"],
      [["←"], "fold, or to the parent"],
      [["→"], "unfold, or to the first child"],
      [["e"], "next error"],
      [["r"], "raw event"],
      [["c"], "copy the link to this span"],
      [["+"], "zoom in"],
      [["-"], "zoom out"],
      [["0"], "the whole trace"],
      [["z"], "zoom to this span"],
      [["h"], "earlier, when zoomed"],
      [["l"], "later, when zoomed"],
    ],
  ],
];

/** @type {HTMLDialogElement | null} */
let dialog = null;

export function openHelp() {
  dialog ??= document.body.appendChild(make());
  if (!dialog.open) dialog.showModal();
}

/** True if it was open. */
export function closeHelp() {
  if (!dialog?.open) return false;
  dialog.close();
  return true;
}

function make() {
  const close = h("button", { type: "button", class: "button", on: { click: () => closeHelp() } }, "Close");
  const groups = KEYS.map(([title, keys]) =>
    h(
      "section",
      null,
      h("h3", { text: title }),
      h(
        "dl",
        null,
        keys.map(([names, meaning]) =>
          h(
            "div",
            null,
            h(
              "dt",
              null,
              names.map((name) => h("kbd", { text: name })),
            ),
            h("dd", { text: meaning }),
          ),
        ),
      ),
    ),
  );
  return h(
    "dialog",
    { class: "help", "aria-labelledby": "help-title" },
    h("header", null, h("h2", { id: "help-title", text: "Keyboard" }), close),
    h("div", { class: "help-groups" }, groups),
  );
}
