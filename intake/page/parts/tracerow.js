// One line of the list of traces.

import { fill, h } from "../dom.js";
import { cost, count, duration, fullTime, label, plural, shortType, time, verdict } from "../format.js";
import { kindMark } from "../icons.js";
import { part } from "../api.js";

/** @typedef {import("../api_types.js").Trace} Trace */

/** The columns: class and title. @type {[string, string][]} */
export const COLUMNS = [
  ["mark", "Compare"],
  ["when", "Time"],
  ["what", "Trace"],
  ["app", "App"],
  ["session", "Session"],
  ["took", "Duration"],
  ["tokens", "Tokens"],
  ["cost", "Cost"],
  ["evals", "Evaluations"],
];

/** Fills the row of a trace. @param {HTMLTableRowElement} row @param {Trace} trace @param {boolean} marked */
export function drawRow(row, trace, marked) {
  const failed = trace.status === "error";
  row.className = failed ? "failed" : "";
  row.dataset.trace = trace.trace_id;
  fill(
    row,
    h(
      "td",
      { class: "mark" },
      h("input", {
        type: "checkbox",
        tabindex: "-1",
        checked: marked,
        "aria-label": `Mark ${label(trace.name, 60)} to compare`,
      }),
    ),
    h(
      "td",
      { class: "when" },
      h("time", {
        datetime: new Date(trace.start_ms).toISOString(),
        title: fullTime(trace.start_ms),
        text: time(trace.start_ms),
      }),
    ),
    h("td", { class: "what" }, title(trace, failed), preview(trace)),
    h("td", { class: "app" }, h("bdi", { title: trace.app, text: label(trace.app, 60) })),
    h(
      "td",
      { class: "session" },
      trace.session
        ? h(
            "a",
            { href: `/session/${part(trace.session)}`, title: trace.session },
            h("bdi", { text: label(trace.session, 60) }),
          )
        : null,
    ),
    h("td", { class: "took" }, duration(trace.duration_ms)),
    tokens(trace),
    h("td", { class: "cost" }, cost(trace.cost)),
    h("td", { class: "evals" }, badges(trace)),
  );
}

/** @param {Trace} trace @param {boolean} failed */
function title(trace, failed) {
  return h(
    "div",
    { class: "what-title" },
    kindMark(trace.kind),
    h(
      "a",
      { class: "open", href: `/trace/${part(trace.trace_id)}` },
      h("bdi", { text: label(trace.name) || "(no name)" }),
    ),
    failed
      ? h("span", {
          class: "pill bad",
          title: label(trace.error_type) || null,
          text: trace.errors > 1 ? `${count(trace.errors)} errors` : shortType(trace.error_type),
        })
      : null,
    h("span", { class: "dim small" }, plural(trace.spans, "span")),
    trace.models.slice(0, 2).map((model) => h("span", { class: "pill model", text: label(model, 40) })),
    trace.models.length > 2 ? h("span", { class: "dim small", text: `+${trace.models.length - 2}` }) : null,
  );
}

/** What went in and what came out, in a line. @param {Trace} trace */
function preview(trace) {
  if (!trace.input_preview && !trace.output_preview) return null;
  return h(
    "div",
    { class: "what-preview" },
    h("bdi", { text: label(trace.input_preview, 240) }),
    trace.output_preview
      ? [
          h("span", { class: "arrow", "aria-label": "output", text: " → " }),
          h("bdi", { text: label(trace.output_preview, 240) }),
        ]
      : null,
  );
}

/** @param {Trace} trace */
function tokens(trace) {
  const parts =
    trace.input_tokens !== null || trace.output_tokens !== null
      ? `${count(trace.input_tokens ?? 0)} in, ${count(trace.output_tokens ?? 0)} out`
      : null;
  return h("td", { class: "tokens", title: parts }, count(trace.total_tokens));
}

/** The newest evaluations of a trace, and how many more there are. @param {Trace} trace */
export function badges({ evaluations, evaluations_total: total }) {
  const left = total - evaluations.length;
  const all = evaluations.map((each) =>
    h(
      "span",
      { class: `pill ${tone(each.assessment)}`, title: `${label(each.label)}: ${label(verdict(each.value))}` },
      h("bdi", { text: label(each.label, 24) }),
      " ",
      h("b", { text: label(verdict(each.value), 24) }),
    ),
  );
  if (left > 0)
    all.push(
      h("span", {
        class: "dim small",
        title: `${plural(left, "older evaluation")}, shown with the trace`,
        text: `+${count(left)}`,
      }),
    );
  return all;
}

/** The colour of an assessment. @param {string | null | undefined} assessment */
export function tone(assessment) {
  if (assessment === "pass") return "good";
  if (assessment === "fail") return "bad";
  return "";
}
