// The list of sessions: conversations, the last one first.

import { get, part } from "../api.js";
import { h } from "../dom.js";
import { ago, cost, duration, fullTime, label, plural } from "../format.js";
import { icon } from "../icons.js";
import { messageOf, nothing, problem } from "../parts/notices.js";
import { moments, rangeField } from "../parts/range.js";
import { arrange, redraw, refill } from "../parts/steady.js";
import { setQuery } from "../router.js";
import { onLive } from "../shell/live.js";

/** @typedef {import("../api_types.js").Session} Session */
/** @typedef {import("../api_types.js").SessionList} SessionList */

const PAGE = 50;
const TYPING_MS = 250;
const LIVE_MS = 1000;

/** @param {import("../router.js").Place} place @returns {import("../router.js").View} */
export function make({ query: first, signal }) {
  let query = first;
  /** @type {string | null} */
  let next = null;
  let round = 0;
  let typing = 0;
  let refreshing = 0;

  const search = h("input", {
    type: "search",
    placeholder: "Search sessions",
    "aria-label": "Search sessions",
    "aria-keyshortcuts": "/",
  });
  const line = h("div", { class: "filter-line" });
  const list = h("ol", { class: "session-list" });
  const state = h("div", null);
  const more = h("button", {
    type: "button",
    class: "button more",
    hidden: true,
    text: "Older sessions",
    on: { click: () => load(next) },
  });
  const element = h(
    "div",
    { class: "page sessions-page" },
    h("h1", { class: "away", text: "Sessions" }),
    h(
      "form",
      { class: "filters", role: "search", on: { submit: (/** @type {Event} */ event) => event.preventDefault() } },
      line,
    ),
    state,
    list,
    more,
  );

  search.addEventListener("input", () => {
    window.clearTimeout(typing);
    typing = window.setTimeout(() => {
      const wanted = new URLSearchParams(query);
      if (search.value.trim()) wanted.set("q", search.value.trim());
      else wanted.delete("q");
      changed(wanted);
    }, TYPING_MS);
  });

  /** @param {URLSearchParams} wanted */
  function changed(wanted) {
    setQuery(wanted, { push: true });
    query = wanted;
    drawBar();
    void load(null);
  }

  function drawBar() {
    if (document.activeElement !== search) {
      search.value = query.get("q") ?? "";
      refill(line, h("label", { class: "search" }, icon("search"), search), rangeField(query, changed));
    }
  }

  /** @param {string | null} before */
  async function load(before) {
    refreshing = 0;
    const mine = ++round;
    try {
      /** @type {SessionList} */
      const page = await get(
        "sessions",
        { q: query.get("q"), app: query.get("app"), ...moments(query), before, limit: PAGE },
        signal,
      );
      if (mine !== round) return;
      redraw(list, () => {
        if (mine !== round) return;
        const shown = new Map([...list.children].map((each) => [each.outerHTML, each]));
        // An unchanged row stays the same element.
        const cards = page.sessions.map(item).map((card) => shown.get(card.outerHTML) ?? card);
        arrange(list, before ? [...new Set([...list.children, ...cards])] : cards);
        next = page.next;
        more.hidden = next === null;
        refill(
          state,
          list.childElementCount
            ? null
            : nothing(
                query.toString() ? "No session matches" : "No session yet",
                query.toString()
                  ? "Change the search above."
                  : "A session groups the traces of one conversation. Set session_id on the root span.",
              ),
        );
      });
    } catch (error) {
      if (mine === round && messageOf(error))
        refill(
          state,
          problem(messageOf(error), () => load(before)),
        );
    }
  }

  /** Reloads while nobody is further down or on a row. */
  const stopLive = onLive({
    traces: () => {
      if (window.scrollY < 40 && !list.contains(document.activeElement))
        refreshing ||= window.setTimeout(() => load(null), LIVE_MS);
    },
  });
  drawBar();
  void load(null);

  /** @param {1 | -1} step */
  const move = (step) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(/** @type {any} */ (document.activeElement));
    const to = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step));
    links[to]?.focus();
  };
  return {
    title: "Sessions",
    element,
    keys: { j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1) },
    update: (wanted) => {
      query = wanted;
      drawBar();
      void load(null);
      return true;
    },
    dispose: () => {
      stopLive();
      window.clearTimeout(typing);
      window.clearTimeout(refreshing);
    },
  };
}

/** @param {Session} session */
function item(session) {
  return h(
    "li",
    null,
    h(
      "a",
      { class: "session-card", href: `/session/${part(session.session)}` },
      h(
        "span",
        { class: "session-top" },
        h("bdi", { class: "strong", text: label(session.session, 80) }),
        session.errors ? h("span", { class: "pill bad", text: plural(session.errors, "error") }) : null,
        h("time", {
          class: "dim small",
          datetime: new Date(session.last_ms).toISOString(),
          title: fullTime(session.last_ms),
          text: ago(session.last_ms),
        }),
      ),
      session.preview ? h("bdi", { class: "session-preview", text: label(session.preview, 240) }) : null,
      h(
        "span",
        { class: "dim small session-facts" },
        [
          label(session.app, 60),
          plural(session.traces, "trace"),
          session.traces > 1 ? `over ${duration(session.last_ms - session.first_ms)}` : null,
          session.total_tokens ? plural(session.total_tokens, "token") : "",
          cost(session.cost),
        ]
          .filter(Boolean)
          .map((text) => h("span", { text })),
      ),
    ),
  );
}
