// The list of traces: filters, the table, new traces, and older ones as the reader scrolls.

import { get } from "../api.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { rememberList } from "../parts/back.js";
import { asked, filterBar, isFiltered } from "../parts/filters.js";
import { markStrip } from "../parts/comparison_selection.js";
import { messageOf, nothing, problem } from "../parts/notices.js";
import { redraw } from "../parts/steady.js";
import { TraceList } from "../parts/tracelist.js";
import { setQuery } from "../router.js";
import { onLive } from "../shell/live.js";
import { emptyState } from "./empty.js";

/** @typedef {import("../api_types.js").TraceList} Page */
/** @typedef {import("../api_types.js").Trace} Trace */
/** @typedef {import("../router.js").View} View */

const PAGE = 50;
const REFRESH_MS = 500;
const FACETS_MS = 10_000;
const CATCH_UP_MS = 700;
const CLOSE_TO_TOP_PX = 40;

/**
 * What was on the screen when the view was left, for the reader's return.
 * @type {{ address: string, traces: Trace[], next: string | null, scrollY: number } | null}
 */
let kept = null;

/** @param {import("../router.js").Place} place @returns {View} */
export function make({ query: first, back, signal }) {
  let query = first;
  /** @type {string | null} */
  let next = null;
  let round = 0;
  let refreshing = 0;
  let facetsAt = -Infinity;
  /**
   * How to send a first trace. It is made once for each view, so that it keeps the chosen language.
   * @type {HTMLElement | null}
   */
  let empty = null;
  let told = "";

  const list = new TraceList(() => void load());
  const strip = markStrip(() => list.drawMarks());
  const state = h("div", { class: "list-state" });
  const behind = h("p", { class: "behind dim small", role: "status", hidden: true });
  const more = h(
    "button",
    { type: "button", class: "button more", hidden: true, on: { click: () => older() } },
    "Older traces",
  );
  const filters = filterBar((wanted) => {
    setQuery(wanted, { push: true });
    change(wanted);
  });
  const element = h(
    "div",
    { class: "page traces-page" },
    h("h1", { class: "away", text: "Traces" }),
    filters.element,
    strip.element,
    behind,
    list.element,
    state,
    more,
  );

  /** @param {URLSearchParams} wanted */
  function change(wanted) {
    query = wanted;
    rememberList(location.pathname + location.search);
    filters.set(query);
    void load();
  }

  /** @param {string | null} [before] @returns {Promise<Page>} */
  const fetchPage = (before) => get("traces", { ...asked(query), before, limit: PAGE }, signal);

  /** The list from its beginning. */
  async function load() {
    refreshing = 0;
    const mine = ++round;
    element.setAttribute("aria-busy", "true");
    try {
      const page = await fetchPage();
      if (mine !== round) return;
      redraw(list.element, () => {
        if (mine !== round) return;
        list.replace(page.traces);
        next = page.next;
        drawState();
      });
      follow(page.unsearched_spans ?? 0);
      void loadFacets();
    } catch (error) {
      if (mine === round) complain(error, load);
    } finally {
      if (mine === round) element.removeAttribute("aria-busy");
    }
  }

  /** The next page of older ones. */
  async function older() {
    if (!next || more.disabled) return;
    const mine = round;
    more.disabled = true;
    try {
      const page = await fetchPage(next);
      if (mine !== round) return;
      list.append(page.traces);
      next = page.next;
      drawState();
    } catch (error) {
      complain(error, older);
    } finally {
      more.disabled = false;
    }
  }

  /** Only the intake can say which new traces the filters let through, so it is asked for the newest. */
  async function refresh() {
    refreshing = 0;
    const mine = round;
    try {
      const page = await fetchPage();
      if (mine !== round) return;
      follow(page.unsearched_spans ?? 0);
      const wasEmpty = list.shown.size === 0;
      list.merge(page.traces, page.next !== null);
      if (wasEmpty) {
        next = page.next;
        list.release();
      }
      drawState();
      void loadFacets();
    } catch (error) {
      complain(error, load);
    }
  }

  /**
   * Says how many new spans are not indexed yet, since that is done in quiet moments, and asks again soon.
   * @param {number} left
   */
  function follow(left) {
    behind.hidden = left === 0;
    behind.textContent = `${plural(left, "new span is", "new spans are")} not indexed yet; this list will update.`;
    if (left > 0) refreshing ||= window.setTimeout(refresh, CATCH_UP_MS);
  }

  async function loadFacets() {
    if (performance.now() - facetsAt < FACETS_MS) return;
    facetsAt = performance.now();
    try {
      filters.offer(await get("facets", {}, signal));
    } catch {
      // The fields keep their options; the list shows the error.
    }
  }

  function drawState() {
    redraw(state, () => {
      more.hidden = next === null;
      if (list.shown.size > 0) tell("");
      else if (isFiltered(query))
        tell("none", () =>
          nothing(
            "No trace matches",
            "Change or clear the filters above. New traces that match appear here without a reload.",
          ),
        );
      else tell("empty", () => (empty ??= emptyState()));
      list.table.hidden = list.shown.size === 0;
      filters.element.hidden = list.shown.size === 0 && !isFiltered(query);
    });
  }

  /**
   * Shows one thing below the list; changes nothing if it is shown already.
   * @param {string} what
   * @param {() => Node | null} [make]
   */
  function tell(what, make = () => null) {
    if (told === what) return;
    told = what;
    state.replaceChildren(...[make()].flatMap((each) => each ?? []));
  }

  /** @param {unknown} error @param {() => void} again */
  function complain(error, again) {
    const text = messageOf(error);
    if (text) redraw(state, () => tell(`problem ${text}`, () => problem(text, again)));
  }

  const stopLive = onLive({
    traces: (traces) => {
      const unknown = traces.filter((trace) => !list.update(trace));
      if (unknown.length) refreshing ||= window.setTimeout(refresh, REFRESH_MS);
    },
    // Shown traces may have been deleted: reload the whole list, unless somebody is further down in it.
    gap: () =>
      (refreshing ||= window.setTimeout(() => (window.scrollY > CLOSE_TO_TOP_PX ? refresh() : load()), REFRESH_MS)),
  });
  const watcher = new IntersectionObserver(
    (seen) => {
      if (seen.some((each) => each.isIntersecting)) void older();
    },
    { rootMargin: "600px" },
  );
  watcher.observe(more);

  rememberList(location.pathname + location.search);
  filters.set(query);
  const restored = back && kept?.address === query.toString() ? kept : null;
  if (restored) {
    list.append(restored.traces);
    next = restored.next;
    drawState();
    void refresh();
    facetsAt = -Infinity;
  } else void load();

  return {
    title: "Traces",
    element,
    scrollY: restored?.scrollY,
    keys: {
      j: () => list.move(1),
      k: () => list.move(-1),
      ArrowDown: () => list.move(1),
      ArrowUp: () => list.move(-1),
      x: () => list.mark(),
      ".": () => list.release(),
    },
    escape: () => {
      if (!isFiltered(query)) return false;
      const none = new URLSearchParams();
      setQuery(none, { push: true });
      change(none);
      return true;
    },
    update: (wanted) => {
      change(wanted);
      return true;
    },
    leave: () => (kept = { address: query.toString(), traces: list.traces(), next, scrollY: window.scrollY }),
    dispose: () => {
      stopLive();
      watcher.disconnect();
      strip.dispose();
      list.dispose();
      window.clearTimeout(refreshing);
    },
  };
}
