// A conversation: one bubble for each message, by role, with its tool calls, results, pictures and sounds.

import { h } from "../dom.js";
import { label } from "../format.js";
import { valueBlock } from "./io.js";
import { mediaPart } from "./media.js";
import { textBlock } from "./text.js";
import { toolCard } from "./toolcalls.js";

/** @typedef {import("../api_types.js").Message} Message */
/** @typedef {import("../api_types.js").ToolResult} ToolResult */
/** @typedef {Map<string, ToolResult>} Results */

const SIDES = new Set(["user", "human"]);
const RULES = new Set(["system", "developer"]);

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
  return h(
    "ol",
    { class: "bubbles" },
    messages.map((message) => bubble(message, side, results, asked)),
  );
}

/** @param {Message} message @param {string} side @param {Results} results @param {Set<string | undefined>} asked */
function bubble(message, side, results, asked) {
  const role = message.role || (side === "output" ? "assistant" : "");
  // A result that is shown beside its call is not shown twice.
  const lone = (message.tool_results ?? []).filter((result) => !result.tool_id || !asked.has(result.tool_id));
  const content = message.content ?? "";
  const calls = message.tool_calls ?? [];
  const media = [...(message.image_parts ?? []), ...(message.audio_parts ?? [])];
  const told = !content && !calls.length && !lone.length && !media.length && (message.tool_results ?? []).length > 0;
  if (told) return null;
  return h(
    "li",
    { class: `bubble ${place(role)}` },
    h("div", { class: "bubble-role", text: label(role, 40) || "message" }),
    content || (!calls.length && !lone.length && !media.length) ? body(content) : null,
    calls.map((call) => toolCard(call, call.tool_id ? results.get(call.tool_id) : undefined)),
    lone.map((result) => toolCard(null, result)),
    media.map(mediaPart),
  );
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
