// Two traces side by side: their numbers, their spans matched to each other, and the details of one pair.

import { get, part } from "../api.js";
import { fill, h } from "../dom.js";
import { cost, count, duration, fullTime, label, shortType } from "../format.js";
import { kindClass, kindMark } from "../icons.js";
import { messageOf, problem } from "../parts/notices.js";
import { Rows } from "../parts/rows.js";
import { badges } from "../parts/tracerow.js";
import { setQuery } from "../router.js";
import { align } from "../trace/align.js";
import { spanDetail } from "../trace/detail.js";
import { treeOf } from "../trace/model.js";
import { loadTrace, nextPage, pageNote } from "../trace/pages.js";

/** @typedef {import("../api_types.js").WholeTrace} WholeTrace */
/** @typedef {import("../api_types.js").Trace} Trace */
/** @typedef {import("../trace/align.js").Pair} Pair */
/** @typedef {import("../trace/model.js").Node} Node */

const LINE_PX = 28;
const INDENT_PX = 14;
const CHOOSING_MS = 60;

/** @param {import("../router.js").Place} place @returns {Promise<import("../router.js").View>} */
export async function make({ names: [leftId, rightId], query, signal }) {
  let [left, right] = await Promise.all([leftId, rightId].map((id) => loadTrace(id, signal)));
  let { trees, pairs, longest } = matched(left, right);
  let at = Math.max(0, Math.min(pairs.length - 1, Number(query.get("pair")) || 0));
  let round = 0;
  let choosing = 0;

  const space = h("ol", { class: "pair-space" });
  const scroller = h("div", { class: "pair-rows" }, space);
  const rows = new Rows({ scroller, space, height: LINE_PX, id: String, line: (each) => line(each), kept: () => at });
  const detail = h("div", { class: "pair-detail" });
  const note = pageNote(async () => {
    const shown = pairs[at];
    [left, right] = await Promise.all([left, right].map((whole) => (whole.next ? nextPage(whole, signal) : whole)));
    ({ trees, pairs, longest } = matched(left, right));
    const same = (/** @type {Node | null} */ a, /** @type {Node | null} */ b) => a?.span.span_id === b?.span.span_id;
    at = Math.max(
      0,
      pairs.findIndex((pair) => same(pair.left, shown?.left ?? null) && same(pair.right, shown?.right ?? null)),
    );
    note.set(left, right);
    if (rows.layout(pairs.length)) button(at)?.focus({ preventScroll: true });
    choose(at, "keyboard");
  });
  const element = h(
    "div",
    { class: "page compare-page" },
    h("h1", { text: "Side by side" }),
    heads(left.trace, right.trace),
    h(
      "section",
      { class: "card flush", "aria-label": "Spans" },
      h(
        "div",
        { class: "pair-head" },
        h("span", { text: "Span" }),
        h("span", { text: "Left" }),
        h("span", { text: "Right" }),
        h("span", { text: "Difference" }),
      ),
      scroller,
      note.element,
    ),
    detail,
  );

  /** @param {number} each */
  function line(each) {
    return h(
      "li",
      { "aria-setsize": pairs.length, "aria-posinset": each + 1 },
      h(
        "button",
        {
          type: "button",
          class: "pair-row",
          tabindex: each === at ? "0" : "-1",
          "aria-current": each === at ? "true" : null,
          on: { click: () => choose(each, "pointer") },
        },
        row(pairs[each], longest),
      ),
    );
  }

  /** The button of a pair that is drawn. @param {number} each */
  const button = (each) =>
    /** @type {HTMLElement | null | undefined} */ (rows.drawn.get(String(each))?.firstElementChild);

  /** @param {number} next @param {"keyboard" | "pointer"} how */
  function choose(next, how) {
    const old = button(at);
    old?.removeAttribute("aria-current");
    old?.setAttribute("tabindex", "-1");
    at = next;
    rows.reveal(at);
    button(at)?.setAttribute("aria-current", "true");
    button(at)?.setAttribute("tabindex", "0");
    const wanted = new URLSearchParams(location.search);
    wanted.set("pair", String(at));
    setQuery(wanted, { push: how === "pointer" });
    window.clearTimeout(choosing);
    // While the keys move quickly, only the last pair is requested.
    choosing = window.setTimeout(showPair, how === "keyboard" ? CHOOSING_MS : 0);
  }

  async function showPair() {
    const mine = ++round;
    const pair = pairs[at];
    if (!pair) return;
    try {
      const sides = await Promise.all([
        side(leftId, pair.left, trees[0].start, signal),
        side(rightId, pair.right, trees[1].start, signal),
      ]);
      if (mine === round) fill(detail, sides);
    } catch (error) {
      if (mine === round && messageOf(error)) fill(detail, problem(messageOf(error), showPair));
    }
  }

  /** @param {number} step */
  const move = (step) => {
    if (!pairs.length) return;
    choose(rows.from(at, step), "keyboard");
    button(at)?.focus({ preventScroll: true });
  };
  space.addEventListener("keydown", (event) => {
    const step = rows.step(event.key);
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(step);
  });

  note.set(left, right);
  rows.layout(pairs.length);
  requestAnimationFrame(() => rows.reveal(at));
  void showPair();
  return {
    title: "Side by side",
    element,
    keys: { j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1) },
    update: (wanted) => {
      choose(Math.max(0, Math.min(pairs.length - 1, Number(wanted.get("pair")) || 0)), "keyboard");
      return true;
    },
    dispose: () => {
      rows.dispose();
      window.clearTimeout(choosing);
    },
  };
}

/** Matches the spans of two traces. @param {WholeTrace} left @param {WholeTrace} right */
function matched(left, right) {
  const trees = [treeOf(left.spans), treeOf(right.spans)];
  let longest = 1e-6;
  for (const span of [...left.spans, ...right.spans]) longest = Math.max(longest, span.duration_ms);
  return { trees, pairs: align(trees[0].roots, trees[1].roots), longest };
}

/**
 * The details of one span of a pair.
 * @param {string} id
 * @param {Node | null} node
 * @param {number} start
 * @param {AbortSignal} signal
 */
async function side(id, node, start, signal) {
  if (!node)
    return h(
      "div",
      { class: "card flush" },
      h("p", { class: "dim pad", text: "This span is only in the other trace." }),
    );
  const span = await get(`spans/${part(id)}/${part(node.span.span_id)}`, {}, signal);
  return h("div", { class: "card flush" }, spanDetail(id, span, start, signal));
}

/** @param {Trace} left @param {Trace} right */
function heads(left, right) {
  /** @type {[string, (trace: Trace) => number | null, (value: number | null) => string][]} */
  const rows = [
    ["Duration", (trace) => trace.duration_ms, duration],
    ["Spans", (trace) => trace.spans, count],
    ["Errors", (trace) => trace.errors, count],
    ["Tokens in", (trace) => trace.input_tokens, count],
    ["Tokens out", (trace) => trace.output_tokens, count],
    ["Cost", (trace) => trace.cost, cost],
  ];
  const title = (/** @type {Trace} */ trace) =>
    h(
      "th",
      { scope: "col" },
      h(
        "span",
        { class: "pair-title" },
        kindMark(trace.kind),
        h("a", { href: `/trace/${part(trace.trace_id)}` }, h("bdi", { text: label(trace.name, 60) })),
        trace.status === "error" ? h("span", { class: "pill bad", text: shortType(trace.error_type) }) : null,
      ),
      h("span", { class: "dim small", text: fullTime(trace.start_ms) }),
      h("span", { class: "dim small", text: trace.models.map((model) => label(model, 40)).join(", ") }),
    );
  return h(
    "table",
    { class: "card compare-heads" },
    h("thead", null, h("tr", null, h("td"), title(left), title(right), h("th", { scope: "col", text: "Difference" }))),
    h(
      "tbody",
      null,
      rows.map(([name, pick, format]) => {
        const [a, b] = [pick(left), pick(right)];
        return a === null && b === null
          ? null
          : h(
              "tr",
              null,
              h("th", { scope: "row", text: name }),
              h("td", { text: format(a) || "–" }),
              h("td", { text: format(b) || "–" }),
              h("td", null, change(a, b, format)),
            );
      }),
      left.evaluations_total || right.evaluations_total
        ? h(
            "tr",
            null,
            h("th", { scope: "row", text: "Evaluations" }),
            [left, right].map((trace) => h("td", null, h("div", { class: "turn-badges" }, badges(trace)))),
            h("td"),
          )
        : null,
    ),
  );
}

/** @param {number | null} a @param {number | null} b @param {(value: number) => string} format */
function change(a, b, format) {
  if (a === null || b === null) return null;
  if (a === b) return h("span", { class: "dim", text: "same" });
  const more = b > a;
  // From a factor of ten on, a percentage is hard to read.
  const share =
    a <= 0
      ? ""
      : b / a >= 10
        ? ` (×${count(Math.round(b / a))})`
        : ` (${more ? "+" : "−"}${Math.round((Math.abs(b - a) / a) * 100)}\u00a0%)`;
  // Less time, fewer tokens, fewer errors: less is better for all of these.
  return h("span", { class: more ? "bad" : "good", text: `${more ? "+" : "−"}${format(Math.abs(b - a))}${share}` });
}

/** @param {Pair} pair @param {number} longest */
function row(pair, longest) {
  const node = /** @type {Node} */ (pair.left ?? pair.right);
  return [
    h(
      "span",
      { class: "pair-name", css: { "padding-left": `${Math.min(pair.depth, 12) * INDENT_PX}px` } },
      kindMark(node.span.kind),
      h("bdi", { text: label(node.span.name, 80) || "(no name)" }),
    ),
    half(pair.left, longest),
    half(pair.right, longest),
    h(
      "span",
      { class: "pair-change" },
      pair.left && pair.right
        ? change(pair.left.span.duration_ms, pair.right.span.duration_ms, duration)
        : h("span", { class: "pill", text: pair.left ? "only left" : "only right" }),
    ),
  ];
}

/** @param {Node | null} node @param {number} longest */
function half(node, longest) {
  if (!node) return h("span", { class: "pair-half dim", text: "–" });
  const failed = node.span.status === "error";
  return h(
    "span",
    { class: "pair-half" },
    h("span", {
      class: `pair-bar fill-${kindClass(node.span.kind)}${failed ? " failed" : ""}`,
      css: { width: `max(2px, ${(node.span.duration_ms / longest) * 60}%)` },
    }),
    h("span", { class: failed ? "bad" : "", text: `${duration(node.span.duration_ms)}${failed ? ", error" : ""}` }),
  );
}
