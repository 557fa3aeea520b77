// The tools that a model was offered.

import { h } from "../dom.js";
import { label } from "../format.js";
import { jsonValue } from "./json.js";

/** @param {import("../api_types.js").ToolDefinition[]} tools */
export function toolDefinitions(tools) {
  return h(
    "ul",
    { class: "tool-definitions" },
    tools.map((tool) =>
      h(
        "li",
        null,
        h(
          "p",
          null,
          h("bdi", { class: "mono strong", text: label(tool.name, 120) }),
          tool.version ? h("span", { class: "pill", text: label(tool.version, 40) }) : null,
          tool.description ? h("span", { class: "dim", text: ` ${tool.description}` }) : null,
        ),
        tool.schema ? h("div", { class: "json" }, jsonValue(tool.schema, 2)) : null,
      ),
    ),
  );
}
