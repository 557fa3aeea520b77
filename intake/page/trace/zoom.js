// The part of a trace's time that the waterfall shows: the axis with its ticks, and what changes it: a drag
// over the axis, buttons, the wheel, and the view's keys. Times are milliseconds after the trace's start.

import { announce, h } from "../dom.js";
import { duration } from "../format.js";
import { icon } from "../icons.js";

/** @typedef {{ from: number, to: number }} Range */
/** @typedef {"keyboard" | "pointer"} How */

/** The times of spans are not more precise than this. */
const SHORTEST_MS = 0.001;
const STEP = 2;
const SHIFT = 0.5;
/** Around a span that is zoomed to, so that its ends are seen. */
const MARGIN = 0.05;
/** A press that moves less is a click, not a drag. */
const DRAG_PX = 5;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

export class Zoom {
  /**
   * @param {(how: How) => void} changed
   * @param {() => Range | null} selected where the selected span is
   */
  constructor(changed, selected) {
    this.changed = changed;
    this.selected = selected;
    this.length = 0;
    /** What was asked for; null is the whole trace. @type {Range | null} */
    this.wanted = null;
    const tool = (
      /** @type {string} */ name,
      /** @type {string} */ keys,
      /** @type {(how: How) => void} */ run,
      /** @type {Node[]} */ ...face
    ) =>
      h(
        "button",
        {
          type: "button",
          class: "button",
          title: `${name} (${keys.split(" ")[0]})`,
          "aria-label": name,
          "aria-keyshortcuts": keys,
          on: {
            click: (/** @type {Event} */ event) => {
              if (/** @type {Element} */ (event.currentTarget).getAttribute("aria-disabled") !== "true") run("pointer");
            },
          },
        },
        face,
      );
    const word = (/** @type {string} */ text) => h("span", { text });
    this.earlier = tool("Earlier", "h", (how) => this.shift(-SHIFT, how), icon("left"));
    this.later = tool("Later", "l", (how) => this.shift(SHIFT, how), icon("right"));
    this.out = tool("Zoom out", "-", (how) => this.by(STEP, how), icon("minus"), word("Zoom out"));
    this.in = tool("Zoom in", "+", (how) => this.by(1 / STEP, how), icon("plus"), word("Zoom in"));
    this.near = tool("Zoom to the span", "z", (how) => this.toSelected(how), word("Span"));
    this.all = tool("Show the whole trace", "0", (how) => this.set(null, how), word("Whole"));
    this.tools = h(
      "div",
      { class: "zoom-tools", role: "group", "aria-label": "Zoom" },
      this.earlier,
      this.later,
      this.out,
      this.in,
      this.near,
      this.all,
    );
    this.span = h("span", { class: "zoom-range" });
    this.ticks = h("span", { class: "axis-ticks", "aria-hidden": "true" });
    this.mark = h("span", { class: "axis-mark", hidden: true });
    this.axis = h("div", { class: "axis line-bar", title: "Drag to zoom" }, this.ticks, this.mark);
    this.axis.addEventListener("pointerdown", (event) => this.drag(event));
    // A finger that rests before it drags would begin a long press, after which the browser takes no tap for a while.
    this.axis.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    this.draw();
  }

  /** What is shown. @returns {Range} */
  get range() {
    const { wanted, length } = this;
    if (!wanted) return { from: 0, to: length };
    const width = Math.min(length, Math.max(SHORTEST_MS, wanted.to - wanted.from));
    const from = Math.min(length - width, Math.max(0, wanted.from));
    return { from, to: from + width };
  }

  /** How long the trace is. @param {number} length */
  setLength(length) {
    this.length = length;
    this.draw();
  }

  /** The range as the address has it; empty for the whole. */
  get text() {
    const { from, to } = this.range;
    return this.wanted ? `${Number(from.toFixed(6))}-${Number(to.toFixed(6))}` : "";
  }

  /** Takes what an address says; nonsense is the whole. @param {string | null} text */
  read(text) {
    const [, from, to] = /^(\d{1,15}(?:\.\d{1,9})?)-(\d{1,15}(?:\.\d{1,9})?)$/.exec(text ?? "") ?? [];
    this.wanted = Number(from) < Number(to) ? { from: Number(from), to: Number(to) } : null;
    this.draw();
  }

  /** @param {Range | null} range null for the whole @param {How} how */
  set(range, how) {
    const before = this.text;
    this.wanted = range;
    const { from, to } = this.range;
    // A range that leaves out almost nothing is the whole trace.
    if (to - from > this.length * 0.9999) this.wanted = null;
    this.draw();
    if (this.text === before) return;
    this.changed(how);
    announce(`Shows ${this.span.textContent}`);
  }

  /**
   * Makes the range `factor` times as long, around `at`; without `at`, around the selected span if it is in sight.
   * @param {number} factor @param {How} how @param {number} [at] ms
   */
  by(factor, how, at) {
    const { from, to } = this.range;
    const span = this.selected();
    const middle = span && (Math.max(from, span.from) + Math.min(to, span.to)) / 2;
    const seen = middle !== null && span !== null && span.to >= from && span.from <= to;
    const around = at ?? (seen ? middle : (from + to) / 2);
    const width = Math.max(SHORTEST_MS, (to - from) * factor);
    const share = to > from ? (around - from) / (to - from) : 0.5;
    // The point under the pointer stays where it is; without a pointer the span moves to the middle.
    const start = around - width * (at === undefined ? 0.5 : share);
    this.set({ from: start, to: start + width }, how);
  }

  /** @param {number} share of what is shown; negative is earlier @param {How} how */
  shift(share, how) {
    const { from, to } = this.range;
    const by = (to - from) * share;
    if (this.wanted) this.set({ from: from + by, to: to + by }, how);
  }

  /** @param {How} how */
  toSelected(how) {
    const span = this.selected();
    if (!span) return;
    // A span without duration gets a margin of some µs.
    const margin = Math.max((span.to - span.from) * MARGIN, SHORTEST_MS * 5);
    this.set({ from: span.from - margin, to: span.to + margin }, how);
  }

  /**
   * The place of a time range in percent of what is shown, or the side on which it is out of sight.
   * @param {number} from @param {number} to
   * @returns {{ left: number, right: number, off: "before" | "after" | null, cut: string }}
   */
  place(from, to) {
    const range = this.range;
    const scale = 100 / Math.max(range.to - range.from, 1e-6);
    const [left, right] = [(from - range.from) * scale, (to - range.from) * scale];
    // Rounding errors of sums are smaller than this.
    const hair = 1e-6;
    const off = right < -hair ? "before" : left > 100 + hair ? "after" : null;
    return {
      left: Math.min(100, Math.max(0, left)),
      right: Math.max(0, Math.min(100, right)),
      off,
      cut: `${left < -hair ? " cut-left" : ""}${right > 100 + hair ? " cut-right" : ""}`,
    };
  }

  draw() {
    const { from, to } = this.range;
    const step = (to - from) / (TICKS.length - 1);
    const text = (/** @type {number} */ at) => (this.wanted ? moment(at, to, step) : duration(at));
    this.ticks.replaceChildren(
      ...TICKS.map((at) =>
        h("span", { class: "tick", css: { left: `${at * 100}%` } }, h("span", { text: text(from + (to - from) * at) })),
      ),
    );
    this.span.textContent = this.wanted
      ? `${moment(from, to, step)} – ${moment(to, to, step)} of ${duration(this.length)}`
      : `All ${duration(this.length)}`;
    for (const each of [this.span, this.axis]) each.classList.toggle("zoomed", this.wanted !== null);
    const shortest = to - from <= SHORTEST_MS;
    const off = (/** @type {HTMLElement} */ button, /** @type {boolean} */ no) =>
      button.setAttribute("aria-disabled", String(no));
    off(this.earlier, !this.wanted || from <= 0);
    off(this.later, !this.wanted || to >= this.length);
    off(this.out, !this.wanted);
    off(this.all, !this.wanted);
    off(this.in, shortest);
  }

  /** A drag over the axis, with a mouse, a pen or a finger. @param {PointerEvent} down */
  drag(down) {
    if (down.button !== 0 || !down.isPrimary) return;
    const box = this.axis.getBoundingClientRect();
    if (box.width === 0) return;
    down.preventDefault();
    const share = (/** @type {PointerEvent} */ event) =>
      Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const first = share(down);
    const stop = new AbortController();
    const listen = { signal: stop.signal };
    const end = () => {
      stop.abort();
      this.mark.hidden = true;
    };
    this.axis.setPointerCapture(down.pointerId);
    this.axis.addEventListener(
      "pointermove",
      (event) => {
        const [left, right] = [Math.min(first, share(event)), Math.max(first, share(event))];
        this.mark.hidden = Math.abs(event.clientX - down.clientX) < DRAG_PX;
        this.mark.style.left = `${left * 100}%`;
        this.mark.style.width = `${(right - left) * 100}%`;
      },
      listen,
    );
    this.axis.addEventListener(
      "pointerup",
      (event) => {
        end();
        if (Math.abs(event.clientX - down.clientX) < DRAG_PX) return;
        const { from, to } = this.range;
        const [left, right] = [Math.min(first, share(event)), Math.max(first, share(event))];
        this.set({ from: from + (to - from) * left, to: from + (to - from) * right }, "pointer");
      },
      listen,
    );
    this.axis.addEventListener("pointercancel", end, listen);
    // Escape, before it leads away from the trace.
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        end();
      },
      { ...listen, capture: true },
    );
  }

  /**
   * The wheel over the waterfall zooms with Ctrl (or two fingers on a trackpad), and shifts sideways.
   * @param {WheelEvent} event
   */
  wheel(event) {
    const box = this.axis.getBoundingClientRect();
    if (event.clientX < box.left || box.width === 0) return;
    const sideways = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (event.ctrlKey) {
      event.preventDefault();
      const { from, to } = this.range;
      const at = from + (to - from) * Math.min(1, (event.clientX - box.left) / box.width);
      this.by(Math.exp(Math.max(-50, Math.min(50, event.deltaY)) / 100), "keyboard", at);
    } else if (this.wanted && Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      event.preventDefault();
      this.shift(sideways / box.width, "keyboard");
    }
  }
}

/**
 * A moment with as many digits as tell it from its neighbours.
 * @param {number} ms
 * @param {number} last ms, the latest one
 * @param {number} step ms
 */
function moment(ms, last, step) {
  const [unit, name] = last >= 1000 ? [1000, "s"] : [1, "ms"];
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(Math.max(step, 1e-6) / unit)) + 1));
  return `${(ms / unit).toFixed(digits)} ${name}`;
}
