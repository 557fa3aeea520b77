// A list that ends early: a line that says what of it is shown, and a button that loads more.

import { h } from "../dom.js";
import { messageOf } from "./notices.js";

/** @param {() => Promise<void>} load what the button does; when it fails, the button tries again */
export function moreNote(load) {
  const text = h("span", { role: "status" });
  const button = h("button", { type: "button", name: "more", class: "button plain" });
  const element = h("div", { class: "page-note", hidden: true }, text, button);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Loading…";
    try {
      await load();
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
    /** Nothing to say hides it. @param {string} shown @param {string} next the words on the button */
    set(shown, next) {
      element.hidden = shown === "";
      text.textContent = shown;
      button.textContent = next;
    },
  };
}
