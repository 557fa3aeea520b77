// A conversation: a bubble a message, by role, with its tool calls, results and images.

import { h } from "../dom.js";
import { label, size } from "../format.js";
import { valueBlock } from "./io.js";
import { textBlock } from "./text.js";
import { toolCard } from "./toolcalls.js";

/** @typedef {import("../shapes.js").Message} Message */
/** @typedef {import("../shapes.js").ToolResult} ToolResult */
/** @typedef {import("../shapes.js").Media} Media */
/** @typedef {Map<string, ToolResult>} Results */

const SIDES = new Set(["user", "human"]);
const RULES = new Set(["system", "developer"]);
/** Formats that cannot carry script. */
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** What tool calls gave, in all these messages. @param {...(Message[] | undefined)} lists @returns {Results} */
export function resultsIn(...lists) {
  /** @type {Results} */
  const found = new Map();
  for (const message of lists.flatMap((list) => list ?? [])) {
    for (const result of message.tool_results ?? []) if (result.tool_id) found.set(result.tool_id, result);
  }
  return found;
}

/** @param {Message[]} messages @param {string} side @param {Results} [results] */
export function bubbles(messages, side, results = resultsIn(messages)) {
  const asked = new Set(messages.flatMap((message) => (message.tool_calls ?? []).map((call) => call.tool_id)));
  return h("ol", { class: "bubbles" }, messages.map((message) => bubble(message, side, results, asked)));
}

/** @param {Message} message @param {string} side @param {Results} results @param {Set<string | undefined>} asked */
function bubble(message, side, results, asked) {
  const role = message.role || (side === "output" ? "assistant" : "");
  // A result that stands beside its call is not told twice.
  const lone = (message.tool_results ?? []).filter((result) => !result.tool_id || !asked.has(result.tool_id));
  const content = message.content ?? "";
  const calls = message.tool_calls ?? [];
  const media = [...(message.image_parts ?? []), ...(message.audio_parts ?? [])];
  const told = !content && !calls.length && !lone.length && !media.length && (message.tool_results ?? []).length > 0;
  if (told) return null;
  return h("li", { class: `bubble ${place(role)}` },
    h("div", { class: "bubble-role", text: label(role, 40) || "message" }),
    content || (!calls.length && !lone.length && !media.length) ? body(content) : null,
    calls.map((call) => toolCard(call, call.tool_id ? results.get(call.tool_id) : undefined)),
    lone.map((result) => toolCard(null, result)),
    media.map(mediaPart));
}

/** @param {string} role */
function place(role) {
  if (SIDES.has(role)) return "from-user";
  if (RULES.has(role)) return "from-system";
  return role === "tool" || role === "function" ? "from-tool" : "from-assistant";
}

/** @param {any} content */
function body(content) {
  return typeof content === "string" && !/^\s*[[{]/.test(content) ? textBlock(content) : valueBlock(content, "message");
}

/** @param {Media} part */
function mediaPart(part) {
  const type = part.mime_type ?? "";
  if (IMAGES.has(type) && part.content && /^[A-Za-z0-9+/=\s]+$/.test(part.content)) {
    const image = h("img", { class: "media", alt: `Image, ${type}` });
    image.src = `data:${type};base64,${part.content}`;
    return image;
  }
  const what = part.attachment_key ? `kept as ${label(part.attachment_key, 80)}` : size(Math.floor(((part.content ?? "").length * 3) / 4));
  return h("p", { class: "dim", text: `${label(type, 60) || "media"}, ${what}` });
}
