// A question before something that cannot be undone.

import { h } from "../dom.js";

/**
 * True if the person pressed the button that does it.
 * @param {string} question @param {string} doing the words on that button
 * @returns {Promise<boolean>}
 */
export function confirmed(question, doing) {
  return new Promise((resolve) => {
    const cancel = h("button", { type: "button", class: "button", text: "Cancel" });
    const yes = h("button", { type: "button", class: "button danger", text: doing });
    const dialog = h(
      "dialog",
      { class: "help confirm", "aria-labelledby": "confirm-text" },
      h("p", { id: "confirm-text", text: question }),
      h("div", { class: "confirm-buttons" }, cancel, yes),
    );
    let answer = false;
    cancel.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      answer = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    cancel.focus();
  });
}
