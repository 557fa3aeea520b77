// Evaluations and feedback of a span, a trace or a session.

import { h } from "../dom.js";
import { fullTime, label, time, verdict } from "../format.js";
import { tone } from "../parts/tracerow.js";
import { jsonValue } from "./json.js";
import { textBlock } from "./text.js";

/** @typedef {import("../api_types.js").Evaluation} Evaluation */

/** @param {Evaluation[]} evaluations @param {(spanId: string) => string | null} [address] where a span is shown */
export function evaluationList(evaluations, address) {
  return h(
    "ul",
    { class: "evaluations" },
    evaluations.map((each) => {
      const to = each.span_id && address ? address(each.span_id) : null;
      const structured = each.value !== null && typeof each.value === "object";
      return h(
        "li",
        { class: "evaluation" },
        h(
          "header",
          null,
          h("span", { class: `pill ${each.kind === "feedback" ? "feedback" : ""}`, text: each.kind }),
          h("bdi", { class: "strong", text: label(each.label, 80) }),
          structured
            ? null
            : h("b", { class: `verdict ${tone(each.assessment)}`, text: label(verdict(each.value), 120) }),
          each.assessment
            ? h("span", { class: `pill ${tone(each.assessment)}`, text: label(each.assessment, 30) })
            : null,
          each.status && each.status.toLowerCase() !== "ok"
            ? h("span", { class: "pill bad", text: label(each.status, 30) })
            : null,
          h(
            "span",
            { class: "dim small" },
            each.scope === "span" && to ? h("a", { href: to, text: "of a span" }) : `of the ${label(each.scope, 20)}`,
          ),
          each.submitter ? h("span", { class: "dim small", text: `by ${submitter(each.submitter)}` }) : null,
          h("time", {
            class: "dim small",
            datetime: new Date(each.timestamp_ms).toISOString(),
            title: fullTime(each.timestamp_ms),
            text: time(each.timestamp_ms),
          }),
        ),
        structured ? h("div", { class: "json" }, jsonValue(each.value, 0)) : null,
        each.reasoning ? textBlock(each.reasoning, "reasoning") : null,
        own(each.tags).length ? tagList(own(each.tags)) : null,
      );
    }),
  );
}

/**
 * The tags that somebody gave, without those that tracers add to every evaluation.
 * @param {string[] | undefined} tags
 */
function own(tags) {
  return (tags ?? []).filter(
    (tag) => !/^(ml_app|agent_service|language|(witspan|ddtrace|dd-trace)\.version):/.test(tag),
  );
}

/** @param {any} who */
function submitter(who) {
  if (typeof who === "string") return label(who, 60);
  return label([who?.type, who?.id].filter(Boolean).join(" ") || JSON.stringify(who), 60);
}

/** Tags as links to the traces that have them, or plain. @param {string[]} tags @param {boolean} [linked] */
export function tagList(tags, linked = false) {
  return h(
    "ul",
    { class: "tags" },
    tags.map((tag) => {
      const at = tag.indexOf(":");
      const inside = [
        h("bdi", { class: "dim", text: label(at < 0 ? tag : tag.slice(0, at), 60) }),
        at < 0 ? null : ":",
        at < 0 ? null : h("bdi", { text: label(tag.slice(at + 1), 120) }),
      ];
      return h(
        "li",
        null,
        linked
          ? h("a", { href: `/?tag=${encodeURIComponent(tag)}`, title: `Traces with ${label(tag)}` }, inside)
          : h("span", null, inside),
      );
    }),
  );
}
