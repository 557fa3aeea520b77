// JSON that folds: objects and lists are made when they are opened, so a large one costs nothing.

import { h } from "../dom.js";
import { exact, plural } from "../format.js";
import { copyButton } from "../parts/copy.js";
import { cut } from "./text.js";

const OPEN_DEPTH = 2;
const OPEN_MEMBERS = 24;
const PAGE = 200;
const LONG = 300;

/** A value of JSON with a button that copies it. @param {any} value @param {string} name what it is */
export function jsonBlock(value, name) {
  return h(
    "div",
    { class: "json-block" },
    copyButton(name, () => JSON.stringify(value, null, 2)),
    h("div", { class: "json" }, jsonValue(value, 0)),
  );
}

/** The value of a text that is a JSON object or list; undefined otherwise. @param {any} text @returns {any} */
export function parsed(text) {
  if (typeof text !== "string" || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Text that only begins like JSON is text.
    return undefined;
  }
}

/** @param {any} value @param {number} depth @returns {Node} */
export function jsonValue(value, depth) {
  if (value !== null && typeof value === "object") {
    const members = Array.isArray(value)
      ? value.map((each, at) => /** @type {[string | number, any]} */ ([at, each]))
      : Object.entries(value);
    if (members.length === 0) return h("span", { class: "j-punct", text: Array.isArray(value) ? "[]" : "{}" });
    return container(members, Array.isArray(value), depth);
  }
  if (typeof value === "string") return textValue(value);
  return h("span", { class: value === null ? "j-null" : `j-${typeof value}`, text: String(value) });
}

/** @param {[string | number, any][]} members @param {boolean} list @param {number} depth */
function container(members, list, depth) {
  const [open, close] = list ? "[]" : "{}";
  const summary = h(
    "summary",
    null,
    h("span", { class: "j-punct", text: open }),
    h("span", { class: "j-size", text: list ? plural(members.length, "item") : keysOf(members) }),
    h("span", { class: "j-punct j-close", text: close }),
  );
  const body = h("div", { class: "j-members" });
  const details = h(
    "details",
    { class: "j", open: depth < OPEN_DEPTH && members.length <= OPEN_MEMBERS },
    summary,
    body,
  );
  let made = 0;
  const make = () => {
    const until = Math.min(members.length, made + PAGE);
    for (; made < until; made += 1) {
      const [key, value] = members[made];
      body.append(
        h(
          "div",
          { class: "j-member" },
          h("bdi", { class: list ? "j-index" : "j-key", text: String(key) }),
          h("span", { class: "j-punct", text: ": " }),
          jsonValue(value, depth + 1),
        ),
      );
    }
    if (made < members.length) {
      const more = h("button", { type: "button", class: "button plain", text: `${exact(members.length - made)} more` });
      more.addEventListener("click", () => {
        more.remove();
        make();
      });
      body.append(more);
    }
  };
  if (details.open) make();
  else details.addEventListener("toggle", make, { once: true });
  return details;
}

/** @param {[string | number, any][]} members */
function keysOf(members) {
  const text = members
    .slice(0, 6)
    .map(([key]) => cut(String(key), 24))
    .join(", ");
  return members.length > 6 ? `${text}, …` : text;
}

/** @param {string} value */
function textValue(value) {
  if (value.length <= LONG) return h("bdi", { class: "j-string", text: JSON.stringify(value) });
  const text = h("bdi", { class: "j-string", text: `${JSON.stringify(cut(value, LONG)).slice(0, -1)}…` });
  const more = h("button", { type: "button", class: "button plain", text: `all ${exact(value.length)} characters` });
  more.addEventListener("click", () => {
    text.textContent = JSON.stringify(value);
    more.remove();
  });
  return h("span", null, text, " ", more);
}
