// The time that a view looks at: a length up to now, or two fixed moments. In the address it is
// `range=1h`, or `from=` and `to=` in milliseconds.

import { h } from "../dom.js";
import { fullTime } from "../format.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** @type {[string, string, number][]} name in the address, words, length in ms */
const LENGTHS = [
  ["15m", "Last 15 minutes", 15 * MINUTE],
  ["1h", "Last hour", HOUR],
  ["6h", "Last 6 hours", 6 * HOUR],
  ["24h", "Last 24 hours", 24 * HOUR],
  ["7d", "Last 7 days", 168 * HOUR],
];

/**
 * The moments that the address means, for a request.
 * @param {URLSearchParams} query
 * @returns {{ from?: number, to?: number }} milliseconds; neither for all time
 */
export function moments(query) {
  const from = number(query.get("from"));
  const to = number(query.get("to"));
  if (from !== undefined || to !== undefined) return { from, to };
  const length = LENGTHS.find(([name]) => name === query.get("range"))?.[2];
  return length ? { from: Date.now() - length } : {};
}

/** @param {string | null} text */
function number(text) {
  const value = text ? Number(text) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/**
 * The field that chooses it. `chosen` gets the query with the new time in it.
 * @param {URLSearchParams} query
 * @param {(query: URLSearchParams) => void} chosen
 */
export function rangeField(query, chosen) {
  const fixed = query.has("from") || query.has("to");
  const select = h(
    "select",
    { "aria-label": "Time", name: "range" },
    h("option", { value: "", text: "All time" }),
    LENGTHS.map(([name, words]) => h("option", { value: name, text: words })),
    h("option", { value: "fixed", text: fixed ? between(query) : "Between…" }),
  );
  select.value = fixed ? "fixed" : (query.get("range") ?? "");
  const box = h("span", { class: "range" }, select);
  select.addEventListener("change", () => {
    if (select.value === "fixed") {
      box.append(fixedFields(query, chosen));
      return;
    }
    const next = without(query);
    if (select.value) next.set("range", select.value);
    chosen(next);
  });
  if (fixed) box.append(fixedFields(query, chosen));
  return box;
}

/** @param {URLSearchParams} query @param {(query: URLSearchParams) => void} chosen */
function fixedFields(query, chosen) {
  const now = Date.now();
  const from = field("From", number(query.get("from")) ?? now - HOUR);
  const to = field("To", number(query.get("to")) ?? now);
  const apply = () => {
    const next = without(query);
    if (from.value) next.set("from", String(new Date(from.value).getTime()));
    if (to.value) next.set("to", String(new Date(to.value).getTime()));
    chosen(next);
  };
  return h(
    "span",
    { class: "range-fixed" },
    from,
    to,
    h("button", { type: "button", class: "button", on: { click: apply } }, "Apply"),
  );
}

/** @param {string} name @param {number} ms */
function field(name, ms) {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE);
  return h("input", { type: "datetime-local", step: "1", "aria-label": name, value: local.toISOString().slice(0, 19) });
}

/** @param {URLSearchParams} query */
function without(query) {
  const next = new URLSearchParams(query);
  for (const name of ["range", "from", "to"]) next.delete(name);
  return next;
}

/** @param {URLSearchParams} query */
function between(query) {
  const [from, to] = [number(query.get("from")), number(query.get("to"))];
  return `${from ? fullTime(from).slice(0, -4) : "the beginning"} – ${to ? fullTime(to).slice(0, -4) : "now"}`;
}
