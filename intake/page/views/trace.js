// One trace: the tree with its waterfall, and the selected span beside it.

import { get, part } from "../api.js";
import { fill, h } from "../dom.js";
import { cost, count, duration, fullTime, label, shortType } from "../format.js";
import { icon, kindMark } from "../icons.js";
import { listAddress } from "../parts/back.js";
import { copy } from "../parts/copy.js";
import { isMarked, markStrip, toggleMark } from "../parts/comparison_selection.js";
import { messageOf, problem } from "../parts/notices.js";
import { redraw, refill } from "../parts/steady.js";
import { go, setQuery } from "../router.js";
import { onLive } from "../shell/live.js";
import { evaluationsOfSpan, spanAddress, spanDetail, spanLink } from "../trace/detail.js";
import { laterResults } from "../trace/results.js";
import { WIDE, loadTrace, nextPage, pageNote } from "../trace/pages.js";
import { addUntil, pagedEvaluations } from "../trace/evaluation_pages.js";
import { Tree } from "../trace/tree.js";

/** @typedef {import("../api_types.js").WholeTrace} WholeTrace */
/** @typedef {import("../api_types.js").JudgedSpan} JudgedSpan */

const CHOOSING_MS = 60;
const UPDATE_MS = 500;
const NARROW = "(max-width: 820px)";

/** @param {import("../router.js").Place} place @returns {Promise<import("../router.js").View>} */
export async function make({ names: [traceId], query, signal }) {
  /** @type {WholeTrace} */
  let whole = await loadTrace(traceId, signal, { sought: query.get("span") });
  const source = { path: `traces/${part(traceId)}`, query: WIDE, signal };
  /** @type {JudgedSpan | null} */
  let shown = null;
  /** The content of the pane as text: it is redrawn only when this changes. */
  let says = "";
  let saysAbout = "";
  let round = 0;
  let choosing = 0;
  let updating = 0;

  const head = h("header", { class: "trace-head" });
  // It scrolls by itself, so that many evaluations leave the tree in sight.
  const judged = h("section", { class: "part", tabindex: "0", "aria-label": "Evaluations and feedback of the trace" });
  const about = h("div", { class: "trace-about" }, judged);
  const pane = h("div", { class: "detail-pane", tabindex: "-1" });
  const tree = new Tree(
    (id, how) => chosen(id, how),
    (how) => zoomed(how),
  );
  const note = pageNote(async () => {
    whole = await nextPage(whole, signal);
    draw();
  });
  tree.element.append(note.element);
  const strip = markStrip(() => drawHead());
  const element = h(
    "div",
    { class: "page trace-page" },
    head,
    strip.element,
    about,
    h("div", { class: "trace-split" }, tree.element, pane),
  );

  /** @param {string} id @param {"keyboard" | "pointer"} how */
  function chosen(id, how) {
    const next = new URLSearchParams(location.search);
    next.set("span", id);
    // All moves with the keys together are one step of the browser's history; each click is a step.
    setQuery(next, { push: how === "pointer" });
    window.clearTimeout(choosing);
    choosing = window.setTimeout(
      async () => {
        await showSpan(id);
        if (how === "pointer" && window.matchMedia(NARROW).matches) pane.scrollIntoView({ block: "start" });
      },
      how === "keyboard" ? CHOOSING_MS : 0,
    );
  }

  /** @param {"keyboard" | "pointer"} how */
  function zoomed(how) {
    const next = new URLSearchParams(location.search);
    if (tree.zoom.text) next.set("zoom", tree.zoom.text);
    else next.delete("zoom");
    setQuery(next, { push: how === "pointer" });
  }

  /** @param {string} id */
  async function showSpan(id) {
    const mine = ++round;
    try {
      /** @type {JudgedSpan} */
      const span = await get(`spans/${part(traceId)}/${part(id)}`, {}, signal);
      if (shown?.span_id === span.span_id)
        await addUntil(span, evaluationsOfSpan(traceId, id, signal), shown.evaluations.length);
      if (mine !== round) return;
      const same = shown?.span_id === span.span_id && says !== "";
      shown = span;
      // Details that are shown already stay until the later spans are searched.
      if (!same) drawSpan(span);
      const later = await laterResults(traceId, span, whole.spans, signal);
      if (mine === round && (same || later.size)) drawSpan(span, later);
    } catch (error) {
      if (mine !== round || !messageOf(error)) return;
      says = "";
      fill(
        pane,
        problem(messageOf(error), () => showSpan(id)),
      );
    }
  }

  /** @param {JudgedSpan} span @param {import("../content/messages.js").Results} [later] */
  function drawSpan(span, later) {
    const { start } = tree.model;
    const now = JSON.stringify([span, [...(later ?? [])], start]);
    if (now === says) return;
    const other = pane.dataset.span !== span.span_id;
    const raw = pane.querySelector("details.raw-event[open]") !== null;
    says = now;
    // A delayed draw must not replace a newer one.
    const draw = () => void (now === says && fill(pane, spanDetail(traceId, span, start, signal, later)));
    if (!other) return redraw(pane, draw);
    pane.dataset.span = span.span_id;
    draw();
    pane.scrollTop = 0;
    if (raw) openRaw();
  }

  function openRaw() {
    const details = /** @type {HTMLDetailsElement | null} */ (pane.querySelector("details.raw-event"));
    if (details) details.open = !details.open;
    details?.scrollIntoView({ block: "nearest" });
  }

  function drawHead() {
    const { trace } = whole;
    const marked = isMarked(traceId);
    refill(
      head,
      h(
        "nav",
        { class: "crumbs", "aria-label": "Where this is" },
        h("a", { href: listAddress(), text: "Traces" }),
        h("span", { "aria-hidden": "true", text: "/" }),
        h("span", { class: "mono dim", text: label(traceId, 40) }),
      ),
      h(
        "div",
        { class: "trace-title" },
        kindMark(trace.kind),
        h("h1", null, h("bdi", { text: label(trace.name) || "(no name)" })),
        trace.status === "error"
          ? h("span", {
              class: "pill bad",
              text: trace.errors > 1 ? `${count(trace.errors)} errors` : shortType(trace.error_type),
            })
          : h("span", { class: "pill good", text: "ok" }),
        h("span", { class: "grow" }),
        trace.errors > 0
          ? h(
              "button",
              {
                type: "button",
                name: "next-error",
                class: "button",
                "aria-keyshortcuts": "e",
                on: { click: () => tree.nextError() },
              },
              icon("alert"),
              "Next error",
            )
          : null,
        h(
          "button",
          {
            type: "button",
            name: "compare",
            class: "button",
            "aria-pressed": String(marked),
            on: { click: () => toggleMark({ id: traceId, name: trace.name }) },
          },
          icon("columns"),
          marked ? "Marked to compare" : "Compare",
        ),
      ),
      h(
        "dl",
        { class: "numbers" },
        number(
          "Started",
          h("time", { datetime: new Date(trace.start_ms).toISOString(), text: fullTime(trace.start_ms) }),
        ),
        number("Duration", duration(trace.duration_ms)),
        number("Spans", count(trace.spans)),
        trace.total_tokens === null
          ? null
          : number(
              "Tokens",
              count(trace.total_tokens) +
                (trace.input_tokens === null
                  ? ""
                  : ` (${count(trace.input_tokens)} in, ${count(trace.output_tokens ?? 0)} out)`),
            ),
        trace.cost === null ? null : number("Cost", cost(trace.cost)),
        trace.app
          ? number("App", h("a", { href: `/?app=${part(trace.app)}` }, h("bdi", { text: label(trace.app, 60) })))
          : null,
        trace.session
          ? number(
              "Session",
              h("a", { href: `/session/${part(trace.session)}` }, h("bdi", { text: label(trace.session, 60) })),
            )
          : null,
        trace.language ? number("Language", label(trace.language, 30)) : null,
      ),
    );
  }

  function drawAbout() {
    // Trace-level evaluations only: those of a span are shown with the span.
    about.hidden = whole.evaluations.length === 0;
    const now = JSON.stringify([whole.evaluations, whole.evaluations_total]);
    if (now === saysAbout) return;
    saysAbout = now;
    refill(
      judged,
      h("h2", { text: "Evaluations and feedback of the trace" }),
      ...pagedEvaluations(whole, source, (id) => spanAddress(traceId, id)),
    );
  }

  /** Redraws everything but the selected span. */
  function draw() {
    drawHead();
    drawAbout();
    redraw(tree.element, () => {
      tree.set(whole.spans, tree.selected);
      note.set(whole);
    });
  }

  /** Loads the trace again, after more of it has arrived. */
  async function update() {
    updating = 0;
    try {
      const now = await loadTrace(traceId, signal, { want: whole.spans.length });
      await addUntil(now, source, whole.evaluations.length);
      whole = now;
    } catch {
      // It stays as it is; the next change tries again.
      return;
    }
    draw();
    void showSpan(tree.selected);
  }

  const stopLive = onLive({
    traces: (traces) => {
      if (traces.some((trace) => trace.trace_id === traceId && trace.seq !== whole.trace.seq))
        updating ||= window.setTimeout(update, UPDATE_MS);
    },
    gap: () => (updating ||= window.setTimeout(update, UPDATE_MS)),
  });

  tree.zoom.read(query.get("zoom"));
  tree.selected = query.get("span") ?? "";
  const named = tree.selected;
  draw();
  requestAnimationFrame(() => tree.select(tree.selected));
  // A span beyond the loaded pages is shown too; only the tree does not have it yet.
  if (named || tree.selected) void showSpan(whole.next && named ? named : tree.selected);

  return {
    title: label(whole.trace.name, 60),
    element,
    keys: {
      j: () => tree.move(1),
      k: () => tree.move(-1),
      ArrowDown: () => tree.move(1),
      ArrowUp: () => tree.move(-1),
      ArrowLeft: () => tree.fold(false),
      ArrowRight: () => tree.fold(true),
      e: () => tree.nextError(),
      "+": () => tree.zoom.by(0.5, "keyboard"),
      "=": () => tree.zoom.by(0.5, "keyboard"),
      "-": () => tree.zoom.by(2, "keyboard"),
      0: () => tree.zoom.set(null, "keyboard"),
      z: () => tree.zoom.toSelected("keyboard"),
      h: () => tree.zoom.shift(-0.5, "keyboard"),
      l: () => tree.zoom.shift(0.5, "keyboard"),
      r: openRaw,
      c: () => void copy(spanLink(traceId, tree.selected)),
      x: () => toggleMark({ id: traceId, name: whole.trace.name }),
    },
    escape: () => {
      if (tree.zoom.text) tree.zoom.set(null, "keyboard");
      else go(listAddress());
      return true;
    },
    update: (next) => {
      const id = next.get("span") ?? tree.model.roots[0]?.span.span_id ?? "";
      tree.zoom.read(next.get("zoom"));
      tree.drawBars();
      tree.select(id);
      void showSpan(tree.selected);
      return true;
    },
    dispose: () => {
      stopLive();
      strip.dispose();
      tree.dispose();
      window.clearTimeout(choosing);
      window.clearTimeout(updating);
    },
  };
}

/** @param {string} name @param {Node | string} value */
function number(name, value) {
  return h("div", null, h("dt", { text: name }), h("dd", null, value));
}
