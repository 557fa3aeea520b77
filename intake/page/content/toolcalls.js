// A call of a tool: its arguments and what it gave, beside each other.

import { h } from "../dom.js";
import { label } from "../format.js";
import { icon } from "../icons.js";
import { valueBlock } from "./io.js";

/** @typedef {import("../api_types.js").ToolCall} ToolCall */
/** @typedef {import("../api_types.js").ToolResult} ToolResult */

/** @param {ToolCall | null} call @param {ToolResult | undefined} result */
export function toolCard(call, result) {
  const name = call?.name || result?.name || "tool";
  const id = call?.tool_id ?? result?.tool_id;
  return h(
    "section",
    { class: "tool-card" },
    h(
      "header",
      null,
      icon("tool"),
      h("bdi", { class: "mono strong", text: label(name, 80) }),
      id ? h("span", { class: "dim mono small", text: label(id, 40) }) : null,
    ),
    pair(
      call ? ["Arguments", valueBlock(call.arguments, "arguments")] : null,
      result ? ["Result", valueBlock(result.result, "result")] : null,
    ),
  );
}

/**
 * Two things beside each other, or one alone.
 * @param {[string, Node] | null} left
 * @param {[string, Node] | null} right
 */
export function pair(left, right) {
  const halves = [left, right].flatMap((half) =>
    half ? [h("div", { class: "half" }, h("h4", { text: half[0] }), half[1])] : [],
  );
  return h("div", { class: halves.length === 2 ? "pair" : "pair alone" }, halves);
}
