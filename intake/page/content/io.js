// Input or output of a span, by its form: messages, documents, JSON or text.

import { h } from "../dom.js";
import { documentCards } from "./documents.js";
import { jsonBlock, parsed } from "./json.js";
import { bubbles } from "./messages.js";
import { textBlock } from "./text.js";

/** @typedef {import("../api_types.js").Io} Io */

/** @param {Io | null | undefined} io */
export function isEmpty(io) {
  return (
    !io ||
    (!io.messages?.length && !io.documents?.length && (io.value === undefined || io.value === null || io.value === ""))
  );
}

/**
 * @param {Io | null | undefined} io
 * @param {"input" | "output"} side
 * @param {import("./messages.js").Results} [results] what tool calls gave, by their id
 */
export function ioBlock(io, side, results) {
  if (!io || isEmpty(io)) return h("p", { class: "dim", text: `No ${side}.` });
  return h(
    "div",
    { class: "io" },
    io.messages?.length ? bubbles(io.messages, side, results) : null,
    io.documents?.length ? documentCards(io.documents) : null,
    // The text that stands beside messages or documents is only their summary.
    !io.messages?.length && !io.documents?.length ? valueBlock(io.value, side) : null,
  );
}

/** A value that may be text, JSON in text, or JSON. @param {any} value @param {string} name */
export function valueBlock(value, name) {
  if (value === undefined || value === null || value === "") return h("p", { class: "dim", text: "(empty)" });
  const json = typeof value === "object" ? value : parsed(value);
  return json === undefined ? textBlock(value) : jsonBlock(json, name);
}
