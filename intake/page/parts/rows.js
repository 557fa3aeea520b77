// A long list of lines of one height. Only the lines in sight are in the document, so ten thousand
// scroll like ten.

const SPARE = 12;

export class Rows {
  /**
   * @param {object} list
   * @param {HTMLElement} list.scroller what scrolls
   * @param {HTMLElement} list.space what has the lines, and the height of all of them
   * @param {number} list.height px of a line
   * @param {(at: number) => string} list.id what stays the same of a line
   * @param {(at: number) => HTMLElement} list.line makes a line
   * @param {() => number} list.kept the selected line, -1 for none; it stays in the document because it holds the
   *   keyboard's focus
   */
  constructor({ scroller, space, height, id, line, kept }) {
    this.scroller = scroller;
    this.space = space;
    this.height = height;
    this.id = id;
    this.line = line;
    this.kept = kept;
    this.count = 0;
    /** The lines that are in the document. @type {Map<string, HTMLElement>} */
    this.drawn = new Map();
    scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(scroller);
  }

  /**
   * Redraws all lines. True if one of them had the focus, which is lost.
   * @param {number} count how many there are now
   */
  layout(count) {
    this.count = count;
    this.space.style.height = `${count * this.height}px`;
    const focused = this.space.contains(document.activeElement);
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.draw();
    return focused;
  }

  /** Puts the lines in sight, and the selected one, into the document; takes the others out. */
  draw() {
    const top = this.scroller.scrollTop;
    const first = Math.max(0, Math.floor(top / this.height) - SPARE);
    const last = Math.min(this.count - 1, Math.ceil((top + this.scroller.clientHeight) / this.height) + SPARE);
    const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
    const kept = this.kept();
    if (kept >= 0 && kept < first) places.unshift(kept);
    else if (kept > last) places.push(kept);
    /** @type {Set<string>} */
    const wanted = new Set();
    /** @type {HTMLElement | null} */
    let before = null;
    for (const at of places) {
      const id = this.id(at);
      wanted.add(id);
      let row = this.drawn.get(id);
      if (!row) {
        row = this.line(at);
        row.style.setProperty("top", `${at * this.height}px`);
        this.drawn.set(id, row);
        // In the order of the list, for screen readers.
        if (before) before.after(row);
        else this.space.prepend(row);
      }
      before = row;
    }
    for (const [id, row] of this.drawn) {
      if (wanted.has(id)) continue;
      row.remove();
      this.drawn.delete(id);
    }
  }

  /** Scrolls as far as it takes to see a line. @param {number} at */
  reveal(at) {
    const top = at * this.height;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top - this.height;
    else if (top + this.height > scrollTop + clientHeight)
      this.scroller.scrollTop = top + this.height * 2 - clientHeight;
    this.draw();
  }

  /** How many lines from one line the keys of a whole page and of both ends lead. @param {string} key */
  step(key) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.height) - 1);
    return { PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[key];
  }

  /** The line so many lines from another, or the last one in that direction. @param {number} at @param {number} step */
  from(at, step) {
    return Math.min(this.count - 1, Math.max(0, at + step));
  }

  dispose() {
    this.sizes.disconnect();
  }
}
