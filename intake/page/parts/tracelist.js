// The list of traces as a table: rows by trace, newest first, walked with the keyboard. New traces
// wait while somebody reads, so that nothing moves under their eyes or pointer.

import { announce, h } from "../dom.js";
import { plural } from "../format.js";
import { go } from "../router.js";
import { COLUMNS, drawRow } from "./tracerow.js";
import { isMarked, toggleMark } from "./comparison_selection.js";
import { isPressed, redraw } from "./steady.js";

/** @typedef {import("../api_types.js").Trace} Trace */

const READING_MS = 1500;
const CLOSE_TO_TOP_PX = 40;
const FRESH_MS = 2500;

export class TraceList {
  /** @param {() => void} restart loads the list from its beginning */
  constructor(restart) {
    this.restart = restart;
    /**
     * Whether more than one page of traces has arrived, so that there is a gap between the pending and the shown ones.
     */
    this.holes = false;
    /** @type {Map<string, { row: HTMLTableRowElement, trace: Trace }>} */
    this.shown = new Map();
    /** @type {Map<string, Trace>} */
    this.waiting = new Map();
    this.lastMove = -Infinity;
    this.timer = 0;
    this.body = h("tbody", null);
    this.news = h("button", {
      type: "button",
      class: "news",
      hidden: true,
      "aria-keyshortcuts": ".",
      on: { click: () => this.release() },
    });
    const head = h(
      "tr",
      null,
      COLUMNS.map(([name, title]) =>
        h("th", { class: name, scope: "col" }, name === "mark" ? h("span", { class: "away", text: title }) : title),
      ),
    );
    this.table = h(
      "table",
      { class: "traces" },
      h("caption", { class: "away", text: "Traces, newest first" }),
      h("thead", null, head),
      this.body,
    );
    this.element = h("div", { class: "trace-list" }, this.news, this.table);
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("change", (event) => this.marked(event));
    this.body.addEventListener("pointermove", () => (this.lastMove = performance.now()));
  }

  /** Everything in the list, newest first. */
  traces() {
    return [...this.body.rows].map((row) => /** @type {Trace} */ (this.shown.get(row.dataset.trace ?? "")?.trace));
  }

  /** @param {Trace[]} traces */
  replace(traces) {
    this.shown.clear();
    this.waiting.clear();
    this.holes = false;
    this.body.replaceChildren();
    this.sayNews();
    this.append(traces);
  }

  /** Older ones, at the end. @param {Trace[]} traces */
  append(traces) {
    for (const trace of traces) {
      if (this.update(trace)) continue;
      this.body.append(this.makeRow(trace));
    }
  }

  /**
   * Takes in the newest traces of the intake: known rows change, new ones are inserted or wait.
   * @param {Trace[]} traces @param {boolean} full whether there are older ones than these
   */
  merge(traces, full) {
    if (
      full &&
      this.shown.size &&
      traces.every((trace) => !this.shown.has(trace.trace_id) && !this.waiting.has(trace.trace_id))
    )
      this.holes = true;
    for (const trace of traces) if (!this.update(trace)) this.waiting.set(trace.trace_id, trace);
    if (this.isRead()) {
      this.sayNews();
      // A pointer that only rests there must not hold back new traces any longer.
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.waiting.size && !this.isRead() && this.release(), READING_MS * 2);
    } else this.release();
  }

  /** Changes the row of a trace that is shown; false if it is not. @param {Trace} trace */
  update(trace) {
    const known = this.shown.get(trace.trace_id);
    if (!known) return false;
    if (known.trace.seq !== trace.seq) {
      known.trace = trace;
      redraw(known.row, () => drawRow(known.row, known.trace, isMarked(trace.trace_id)));
    }
    return true;
  }

  /** Shows the pending traces. */
  release() {
    if (this.holes) {
      window.scrollTo({ top: 0 });
      return this.restart();
    }
    const fresh = [...this.waiting.values()].sort((a, b) => a.start_ms - b.start_ms);
    this.waiting.clear();
    for (const trace of fresh) {
      const row = this.makeRow(trace);
      row.classList.add("fresh");
      window.setTimeout(() => row.classList.remove("fresh"), FRESH_MS);
      this.body.insertBefore(row, this.rowBefore(trace.start_ms));
    }
    const reading = !this.news.hidden;
    this.sayNews();
    if (reading) window.scrollTo({ top: 0 });
    if (fresh.length) announce(plural(fresh.length, "new trace"));
  }

  /** The first row that is not newer. @param {number} start */
  rowBefore(start) {
    for (const row of this.body.rows) {
      const known = this.shown.get(row.dataset.trace ?? "");
      if (known && known.trace.start_ms <= start) return row;
    }
    return null;
  }

  isRead() {
    return (
      window.scrollY > CLOSE_TO_TOP_PX ||
      isPressed(this.element) ||
      this.body.contains(document.activeElement) ||
      performance.now() - this.lastMove < READING_MS
    );
  }

  sayNews() {
    this.news.hidden = this.waiting.size === 0;
    this.news.textContent = `↑ ${this.holes ? "more than " : ""}${plural(this.waiting.size, "new trace")}`;
  }

  /** @param {Trace} trace */
  makeRow(trace) {
    const row = h("tr", null);
    drawRow(row, trace, isMarked(trace.trace_id));
    this.shown.set(trace.trace_id, { row, trace });
    return row;
  }

  /** Moves the focus. @param {1 | -1} step */
  move(step) {
    const rows = [...this.body.rows];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
    const link = rows[next] && linkOf(rows[next]);
    link?.focus({ preventScroll: true });
    rows[next]?.scrollIntoView({ block: "nearest" });
  }

  /** Marks the row that has the focus. */
  mark() {
    const row = document.activeElement?.closest("tr");
    const box = row?.querySelector("input");
    box?.click();
  }

  /** @param {Event} event */
  marked(event) {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    if (row?.dataset.trace)
      toggleMark({ id: row.dataset.trace, name: this.shown.get(row.dataset.trace)?.trace.name ?? "" });
  }

  /** A click anywhere in a row opens it. @param {MouseEvent} event */
  clicked(event) {
    if (
      event.defaultPrevented ||
      !(event.target instanceof Element) ||
      event.target.closest("a, input, .mark") ||
      String(getSelection())
    )
      return;
    const link = linkOf(event.target.closest("tr"));
    if (link) go(link.pathname);
  }

  /** Redraws the marks. */
  drawMarks() {
    for (const { row, trace } of this.shown.values()) {
      const box = row.querySelector("input");
      if (box) box.checked = isMarked(trace.trace_id);
    }
  }

  dispose() {
    window.clearTimeout(this.timer);
  }
}

/** @param {Element | null} row @returns {HTMLAnchorElement | null} */
function linkOf(row) {
  return row?.querySelector("a.open") ?? null;
}
