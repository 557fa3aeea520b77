// Texts of any length: long ones begin folded.

import { h } from "../dom.js";
import { exact } from "../format.js";

const LONG = 2000;
const SHOWN = 1200;

/**
 * A text as it was, with its line breaks.
 * @param {any} value
 * @param {string} [kind] a class
 * @param {number} [long] the length in characters from which on it begins folded
 * @param {number} [shown] how much of it is then shown
 */
export function textBlock(value, kind = "", long = LONG, shown = SHOWN) {
  const text = typeof value === "string" ? value : String(value ?? "");
  if (text === "") return h("p", { class: "dim", text: "(empty)" });
  const block = h("div", { class: `text ${kind}`, dir: "auto" });
  if (text.length <= long) {
    block.textContent = text;
    return block;
  }
  const button = h("button", { type: "button", class: "button plain fold", data: { toggle: "" } });
  let open = false;
  const draw = () => {
    block.textContent = open ? text : `${cut(text, shown)}…`;
    button.textContent = open ? "Show less" : `Show all ${exact(text.length)} characters`;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    open = !open;
    draw();
    if (!open) button.scrollIntoView({ block: "nearest" });
  });
  draw();
  return h("div", null, block, button);
}

/** The beginning of a text, never half of a character. @param {string} text @param {number} length */
export function cut(text, length) {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
