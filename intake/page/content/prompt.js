// The prompt that messages were made with: its template with the variables marked, and their
// values.

import { h } from "../dom.js";
import { label } from "../format.js";
import { valueBlock } from "./io.js";

/** @typedef {import("../api_types.js").Prompt} Prompt */

const PLACE = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** @param {Prompt} prompt */
export function promptBlock(prompt) {
  const variables = prompt.variables ?? {};
  const body = h("div", { class: "prompt-body" });
  const filled = h("button", {
    type: "button",
    class: "button plain",
    "aria-pressed": "false",
    data: { toggle: "" },
    text: "Fill in the variables",
  });
  let fill = false;
  const draw = () => {
    filled.setAttribute("aria-pressed", String(fill));
    filled.textContent = fill ? "Show the template" : "Fill in the variables";
    body.replaceChildren(...parts(prompt, variables, fill));
  };
  filled.addEventListener("click", () => {
    fill = !fill;
    draw();
  });
  draw();
  const hasTemplate = Boolean(prompt.template) || Boolean(prompt.chat_template?.length);
  return h(
    "div",
    { class: "prompt" },
    h(
      "p",
      { class: "prompt-name" },
      h("bdi", { class: "strong", text: label(prompt.id || "prompt", 120) }),
      prompt.version ? h("span", { class: "pill", text: `version ${label(prompt.version, 40)}` }) : null,
      prompt.label ? h("span", { class: "pill", text: label(prompt.label, 40) }) : null,
      Object.entries(prompt.tags ?? {}).map(([key, value]) =>
        h("span", { class: "pill", text: `${label(key, 40)}:${label(value, 60)}` }),
      ),
      hasTemplate && Object.keys(variables).length ? filled : null,
    ),
    hasTemplate ? body : null,
    Object.keys(variables).length ? variableTable(prompt, variables) : null,
  );
}

/** @param {Prompt} prompt @param {Record<string, any>} variables @param {boolean} fill */
function parts(prompt, variables, fill) {
  if (prompt.template)
    return [h("div", { class: "text template", dir: "auto" }, marked(prompt.template, variables, fill))];
  return (prompt.chat_template ?? []).map((message) =>
    h(
      "div",
      { class: "template-message" },
      h("div", { class: "bubble-role", text: label(message.role ?? message.type ?? "message", 40) }),
      h(
        "div",
        { class: "text template", dir: "auto" },
        message.type === "placeholder"
          ? marked(`{{${message.name ?? ""}}}`, variables, fill)
          : marked(String(message.content ?? ""), variables, fill),
      ),
    ),
  );
}

/**
 * The template with each place of a variable marked.
 * @param {string} template
 * @param {Record<string, any>} variables
 * @param {boolean} fill
 */
export function marked(template, variables, fill) {
  /** @type {(Node | string)[]} */
  const found = [];
  let from = 0;
  for (const match of template.matchAll(PLACE)) {
    const name = match[1];
    const known = Object.hasOwn(variables, name);
    found.push(template.slice(from, match.index));
    found.push(
      h("mark", {
        class: known ? "" : "unknown",
        title: known ? `${label(name)} = ${label(asText(variables[name]))}` : `${label(name)} has no value`,
        text: fill && known ? asText(variables[name]) : match[0],
      }),
    );
    from = match.index + match[0].length;
  }
  found.push(template.slice(from));
  return found;
}

/** @param {any} value */
function asText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {Prompt} prompt @param {Record<string, any>} variables */
function variableTable(prompt, variables) {
  const uses = (/** @type {string} */ name) =>
    prompt.query_variable_keys?.includes(name)
      ? "the question"
      : prompt.context_variable_keys?.includes(name)
        ? "looked up"
        : null;
  return h(
    "dl",
    { class: "facts" },
    Object.entries(variables).map(([name, value]) =>
      h(
        "div",
        null,
        h(
          "dt",
          null,
          h("bdi", { class: "mono", text: label(name, 80) }),
          uses(name) ? h("span", { class: "pill", text: uses(name) }) : null,
        ),
        h("dd", null, valueBlock(value, label(name, 80))),
      ),
    ),
  );
}
