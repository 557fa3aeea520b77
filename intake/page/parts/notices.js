// The small states that every view has: nothing here, something went wrong, wait.

import { h } from "../dom.js";
import { icon } from "../icons.js";

/** Something went wrong. @param {string} text @param {() => void} [again] what the button tries again */
export function problem(text, again) {
  return h(
    "div",
    { class: "notice notice-bad", role: "alert" },
    icon("alert"),
    h("p", { text }),
    again && h("button", { type: "button", class: "button", name: "again", on: { click: again } }, "Try again"),
  );
}

/** Nothing to show. @param {string} title @param {string} [text] @param {...Node} more */
export function nothing(title, text, ...more) {
  return h("div", { class: "notice" }, h("h2", { text: title }), text ? h("p", { text }) : null, more);
}

/** The message of whatever was thrown; nothing when a request was only called off. @param {unknown} error */
export function messageOf(error) {
  if (error instanceof DOMException && error.name === "AbortError") return "";
  return error instanceof Error ? error.message : String(error);
}
