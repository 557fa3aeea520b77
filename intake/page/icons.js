// The drawings: one for each kind of span and for the few buttons, all lines on a 16 by 16 field in the
// colour of the text around them.

import { h, svg } from "./dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  llm: "M8 1.8l1.5 4.2 4.2 1.5-4.2 1.5L8 13.2 6.5 9 2.3 7.5 6.5 6zM13 11.5v3M11.5 13h3",
  agent: "M3 6.5h10v7H3zM8 6.5V3.5M8 3.5a1 1 0 1 0 0-2 1 1 0 0 0 0 2M6 9.3v1.4M10 9.3v1.4M1.2 9v2M14.8 9v2",
  workflow: "M2 2.5h4v4H2zM10 9.5h4v4h-4zM4 6.5v5h6",
  tool: "M14 4.2a3.6 3.6 0 0 1-4.9 4.3l-4.9 5a1.5 1.5 0 0 1-2.1-2.1l5-4.9A3.6 3.6 0 0 1 11.4 1.7L9.3 3.8l.5 2 2 .5z",
  task: "M2.5 2.5h11v11h-11zM5.2 8l2 2 3.6-4",
  retrieval: "M9.5 2H3.5v12h4M9.5 2l3 3v2M9.5 2v3h3M10.6 12.6a2 2 0 1 0 0-4 2 2 0 0 0 0 4M12 12l2.2 2.2",
  embedding: "M3 3h.01M8 3h.01M13 3h.01M3 8h.01M8 8h.01M13 8h.01M3 13h.01M8 13h.01M13 13h.01",
  other: "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11",
  sun:
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M3 13l1.1-1.1" +
    "M11.9 4.1L13 3",
  moon: "M13.5 9.5A6 6 0 1 1 6.5 2.5a5 5 0 0 0 7 7z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5l3.2 3.2L13 4.8",
  close: "M4 4l8 8M12 4l-8 8",
  chevron: "M6 4l4 4-4 4",
  alert: "M8 2L1.5 13.5h13zM8 6.5v3.2M8 11.6v.1",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  left: "M10 3.5L5.5 8l4.5 4.5",
  right: "M6 3.5L10.5 8 6 12.5",
  columns: "M2.5 3h4.5v10H2.5zM9 3h4.5v10H9z",
  link:
    "M6.8 9.2a2.7 2.7 0 0 0 3.8 0l2.4-2.4a2.7 2.7 0 0 0-3.8-3.8l-1 1" +
    "M9.2 6.8a2.7 2.7 0 0 0-3.8 0L3 9.2A2.7 2.7 0 0 0 6.8 13l1-1",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.4 10.4L14 14",
};

/** The kinds that have a colour and a drawing; anything else is shown as `other`. */
const KINDS = new Set(["llm", "agent", "workflow", "tool", "task", "retrieval", "embedding"]);

/** @param {string} kind */
export function kindClass(kind) {
  return KINDS.has(kind) ? kind : "other";
}

/** @param {string} name */
export function icon(name) {
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: PATHS[name] ?? PATHS.other }),
  );
}

/** The mark of a span's kind; says the kind to those who do not see it. @param {string} kind */
export function kindMark(kind) {
  const known = kindClass(kind);
  return h("span", { class: `kind kind-${known}`, title: kind, role: "img", "aria-label": kind }, icon(known));
}
