// The tree and the waterfall together: one line for each span, indented by its depth, with a bar that shows
// when and how long it ran.

import { h } from "../dom.js";
import { count, duration, label } from "../format.js";
import { icon, kindClass, kindMark } from "../icons.js";
import { Rows } from "../parts/rows.js";
import { tokensOf, treeOf, walk } from "./model.js";
import { Zoom } from "./zoom.js";

/** @typedef {import("../api_types.js").Span} Span */
/** @typedef {import("./model.js").Node} Node */

const LINE_PX = 30;
const INDENT_PX = 16;
/** Deeper than this the indent stops growing, or names would have no room. */
const DEEPEST = 14;

export class Tree {
  /**
   * @param {(id: string, how: "keyboard" | "pointer") => void} chosen
   * @param {(how: "keyboard" | "pointer") => void} zoomed
   */
  constructor(chosen, zoomed) {
    this.chosen = chosen;
    this.zoom = new Zoom(
      (how) => {
        this.drawBars();
        zoomed(how);
      },
      () => this.times(this.model.nodes.get(this.selected)?.span),
    );
    /** @type {Set<string>} */
    this.folded = new Set();
    /** @type {Node[]} */
    this.lines = [];
    this.selected = "";
    this.model = treeOf([]);
    this.space = h("div", { class: "tree-space", role: "tree", "aria-label": "Spans of the trace" });
    this.scroller = h("div", { class: "tree-scroll" }, this.space);
    this.search = h("input", {
      type: "search",
      placeholder: "Find a span",
      "aria-label": "Find a span",
      "aria-keyshortcuts": "/",
      autocomplete: "off",
      spellcheck: "false",
    });
    this.search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.find(this.search.value);
    });
    this.element = h(
      "div",
      { class: "tree" },
      h("div", { class: "tree-tools" }, this.search, this.zoom.tools),
      h("div", { class: "tree-scale" }, h("span", { class: "line-name" }, this.zoom.span), this.zoom.axis),
      this.scroller,
    );
    this.element.addEventListener("wheel", (event) => this.zoom.wheel(event), { passive: false });
    this.space.addEventListener(
      "dblclick",
      (event) =>
        event.target instanceof Element && event.target.closest(".line-bar") && this.zoom.toSelected("pointer"),
    );
    this.space.addEventListener("click", (event) => this.clicked(event));
    this.space.addEventListener("keydown", (event) => this.key(event));
    this.rows = new Rows({
      scroller: this.scroller,
      space: this.space,
      height: LINE_PX,
      id: (at) => this.lines[at].span.span_id,
      line: (at) => this.line(this.lines[at]),
      kept: () => this.index(),
    });
  }

  /** @param {Span[]} spans @param {string} selected */
  set(spans, selected) {
    this.model = treeOf(spans);
    this.selected = this.model.nodes.has(selected) ? selected : (this.model.roots[0]?.span.span_id ?? "");
    this.unfoldTo(this.selected);
    this.zoom.setLength(Math.max(0, this.model.end - this.model.start) || 0);
    this.layout();
  }

  /** Redraws the lines, after folding or when spans have arrived. */
  layout() {
    this.lines = walk(this.model.roots, (node) => !this.folded.has(node.span.span_id));
    if (this.rows.layout(this.lines.length)) this.rows.drawn.get(this.selected)?.focus({ preventScroll: true });
  }

  /** @param {Node} node */
  line(node) {
    const { span } = node;
    const selected = span.span_id === this.selected;
    const open = node.children.length ? String(!this.folded.has(span.span_id)) : null;
    const siblings = node.parent ? node.parent.children : this.model.roots;
    const failed = span.status === "error";
    return h(
      "div",
      {
        class: `line${failed ? " failed" : ""}`,
        role: "treeitem",
        tabindex: selected ? "0" : "-1",
        css: { "--depth": Math.min(node.depth, DEEPEST) },
        "aria-level": node.depth + 1,
        "aria-setsize": siblings.length,
        "aria-posinset": siblings.indexOf(node) + 1,
        "aria-selected": String(selected),
        "aria-expanded": open,
        data: { span: span.span_id },
      },
      h(
        "span",
        { class: "line-name", css: { "padding-left": `${Math.min(node.depth, DEEPEST) * INDENT_PX}px` } },
        h(
          "span",
          { class: `twist${open === "true" ? " open" : ""}`, "aria-hidden": "true" },
          open ? icon("chevron") : null,
        ),
        kindMark(span.kind),
        h("bdi", { class: "line-text", text: label(span.name) || "(no name)" }),
        node.orphan ? h("span", { class: "pill", title: "Its parent has not arrived", text: "no parent" }) : null,
        failed
          ? h(
              "span",
              { class: "sign bad", role: "img", "aria-label": "error", title: label(span.error?.type) || "error" },
              icon("alert"),
            )
          : null,
        open === "false"
          ? h("span", { class: `pill${node.hides ? " bad" : ""}`, text: `+${count(node.below)}` })
          : null,
      ),
      this.bar(span),
    );
  }

  /** When a span ran, in ms after the trace's start. @param {Span | undefined} span */
  times(span) {
    if (!span) return null;
    const from = span.start_ms - this.model.start;
    return { from, to: from + span.duration_ms };
  }

  /** Redraws the bars of the same lines. */
  drawBars() {
    for (const [id, row] of this.rows.drawn) {
      const node = this.model.nodes.get(id);
      if (node) row.lastElementChild?.replaceWith(this.bar(node.span));
    }
  }

  /** @param {Span} span */
  bar(span) {
    const from = span.start_ms - this.model.start;
    const { left, right, off, cut } = this.zoom.place(from, from + span.duration_ms);
    if (off)
      return h(
        "span",
        { class: "line-bar" },
        h("span", {
          class: `bar-words off-${off} dim`,
          text: off === "before" ? `← ${duration(span.duration_ms)}` : `${duration(span.duration_ms)} →`,
        }),
      );
    const width = right - left;
    const tokens = tokensOf(span);
    const kind = `fill-${kindClass(span.kind)}`;
    // The words stand after the bar, or before it where that is too near to the edge, or at the end of a
    // bar that leaves room on neither side.
    const late = right > 60;
    const inside = late && left < 22;
    const css = inside
      ? { right: `${100 - right}%` }
      : late
        ? { right: `calc(${100 - left}% + 6px)` }
        : { left: `calc(${right}% + 6px)` };
    const words = h(
      "span",
      { class: `bar-words${inside ? ` inside ${kind}` : ""}`, css },
      duration(span.duration_ms),
      tokens === null ? null : h("span", { class: "dim", text: `  ${count(tokens)} tok` }),
    );
    return h(
      "span",
      { class: "line-bar" },
      h("span", { class: `bar-fill ${kind}${cut}`, css: { left: `${left}%`, width: `max(2px, ${width}%)` } }),
      words,
    );
  }

  /** @param {string} id */
  unfoldTo(id) {
    for (let at = this.model.nodes.get(id)?.parent; at; at = at.parent) this.folded.delete(at.span.span_id);
  }

  /**
   * Selects a span and brings it into sight.
   * @param {string} id @param {{ focus?: boolean }} [how]
   */
  select(id, { focus = false } = {}) {
    if (!this.model.nodes.has(id)) return;
    const hidden = !this.lines.some((node) => node.span.span_id === id);
    const old = this.rows.drawn.get(this.selected);
    this.selected = id;
    if (hidden) {
      this.unfoldTo(id);
      this.layout();
    } else {
      old?.setAttribute("aria-selected", "false");
      if (old) old.tabIndex = -1;
    }
    this.rows.reveal(this.index());
    const row = this.rows.drawn.get(id);
    row?.setAttribute("aria-selected", "true");
    if (row) row.tabIndex = 0;
    if (focus) row?.focus({ preventScroll: true });
  }

  index() {
    return this.lines.findIndex((node) => node.span.span_id === this.selected);
  }

  /** @param {number} step */
  move(step) {
    const to = this.rows.from(this.index(), step);
    if (this.lines[to]) this.pick(this.lines[to], "keyboard");
  }

  /** The next span that is `wanted`, around the end. @param {(span: Span) => boolean} wanted */
  next(wanted) {
    const all = walk(this.model.roots, () => true);
    const from = all.findIndex((node) => node.span.span_id === this.selected);
    return [...all.slice(from + 1), ...all.slice(0, from + 1)].find((node) => wanted(node.span));
  }

  /** To the next span that failed. */
  nextError() {
    const found = this.next((span) => span.status === "error");
    if (found) this.pick(found, "keyboard");
  }

  /**
   * To the next span with these words in its name, kind or model; the field keeps the focus.
   * @param {string} words
   */
  find(words) {
    const wanted = words.trim().toLowerCase();
    const found = wanted
      ? this.next((span) => `${span.name} ${span.kind} ${span.model ?? ""}`.toLowerCase().includes(wanted))
      : undefined;
    this.search.setAttribute("aria-invalid", String(Boolean(wanted) && !found));
    if (!found) return;
    this.select(found.span.span_id);
    this.chosen(found.span.span_id, "keyboard");
  }

  /** @param {Node} node @param {"keyboard" | "pointer"} how */
  pick(node, how) {
    this.select(node.span.span_id, { focus: true });
    this.chosen(node.span.span_id, how);
  }

  /** @param {boolean} open folds or unfolds the selected line, or moves to its parent or first child */
  fold(open) {
    const node = this.model.nodes.get(this.selected);
    if (!node) return;
    const folded = this.folded.has(this.selected);
    if (open && node.children.length && folded) this.toggle(this.selected);
    else if (open && node.children.length) this.pick(node.children[0], "keyboard");
    else if (!open && node.children.length && !folded) this.toggle(this.selected);
    else if (!open && node.parent) this.pick(node.parent, "keyboard");
  }

  /** @param {string} id */
  toggle(id) {
    if (!this.folded.delete(id)) this.folded.add(id);
    // The selected span must not disappear when a line above it is folded.
    if (
      !walk(this.model.roots, (node) => !this.folded.has(node.span.span_id)).some(
        (node) => node.span.span_id === this.selected,
      )
    ) {
      this.selected = id;
      this.chosen(id, "keyboard");
    }
    this.layout();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    if (!(event.target instanceof Element)) return;
    const id = /** @type {HTMLElement | null} */ (event.target.closest(".line"))?.dataset.span;
    const node = id === undefined ? undefined : this.model.nodes.get(id);
    if (!node) return;
    if (event.target.closest(".twist") && node.children.length) this.toggle(node.span.span_id);
    else this.pick(node, "pointer");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = this.rows.step(event.key);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      ArrowRight: () => this.fold(true),
      ArrowLeft: () => this.fold(false),
      Enter: () => this.chosen(this.selected, "pointer"),
      " ": () => this.toggle(this.selected),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || (step === undefined && !keys[event.key])) return;
    event.preventDefault();
    if (step === undefined) keys[event.key]();
    else this.move(step);
  }

  dispose() {
    this.rows.dispose();
  }
}
