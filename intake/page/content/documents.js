// Documents that were found or embedded: cards with their scores.

import { h } from "../dom.js";
import { label } from "../format.js";
import { jsonValue } from "./json.js";
import { textBlock } from "./text.js";

/** @typedef {import("../api_types.js").Document} Document */

/** @param {Document[]} documents */
export function documentCards(documents) {
  const scores = documents.map((each) => each.score).filter((score) => typeof score === "number");
  // Most scores are between 0 and 1; where they are not, the best one is the whole bar.
  const full = Math.max(1, ...scores);
  return h(
    "ol",
    { class: "documents" },
    documents.map((each, at) =>
      h(
        "li",
        { class: "document" },
        h(
          "header",
          null,
          h("span", { class: "rank", text: String(each.ranking ?? at + 1) }),
          h("bdi", { class: "strong", text: label(each.name || each.id || `document ${at + 1}`, 120) }),
          each.name && each.id ? h("span", { class: "dim mono small", text: label(each.id, 60) }) : null,
          typeof each.score === "number" ? score(each.score, full) : null,
        ),
        each.text ? textBlock(each.text) : null,
        each.metadata && Object.keys(each.metadata).length
          ? h("div", { class: "json" }, jsonValue(each.metadata, 1))
          : null,
      ),
    ),
  );
}

/** @param {number} value @param {number} full */
function score(value, full) {
  const share = Math.min(1, Math.max(0, value / full));
  return h(
    "span",
    { class: "score", title: "Score" },
    h("span", { class: "score-bar", "aria-hidden": "true" }, h("span", { css: { width: `${share * 100}%` } })),
    h("b", { text: String(Number(value.toPrecision(4))) }),
  );
}
