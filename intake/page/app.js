// The page: its views by address, and the frame around them.

import { h } from "./dom.js";
import { startKeys } from "./shell/keys.js";
import { openHelp } from "./shell/help.js";
import { startLive } from "./shell/live.js";
import { startSteady } from "./parts/steady.js";
import { startTheme } from "./shell/theme.js";
import { reload, start } from "./router.js";
import { byId, fill } from "./dom.js";
import { problem } from "./parts/notices.js";

/** @typedef {import("./router.js").View} View */

const main = byId("main");

/** @type {import("./router.js").Route[]} */
const routes = [
  { tab: "traces", pattern: /^\/$/, make: async (place) => (await import("./views/traces.js")).make(place) },
  {
    tab: "traces",
    pattern: /^\/trace\/([^/]+)$/,
    make: async (place) => (await import("./views/trace.js")).make(place),
  },
  {
    tab: "traces",
    pattern: /^\/compare\/([^/]+)\/([^/]+)$/,
    make: async (place) => (await import("./views/compare.js")).make(place),
  },
  {
    tab: "sessions",
    pattern: /^\/sessions$/,
    make: async (place) => (await import("./views/sessions.js")).make(place),
  },
  {
    tab: "sessions",
    pattern: /^\/session\/([^/]+)$/,
    make: async (place) => (await import("./views/session.js")).make(place),
  },
  {
    tab: "overview",
    pattern: /^\/overview$/,
    make: async (place) => (await import("./views/overview.js")).make(place),
  },
  { tab: "drops", pattern: /^\/drops$/, make: async (place) => (await import("./views/drops.js")).make(place) },
];

/** @param {View} view @param {string} tab */
function show(view, tab) {
  document.title = view.title ? `${view.title} · witspan` : "witspan";
  for (const link of document.querySelectorAll("[data-tab]")) {
    const here = /** @type {HTMLElement} */ (link).dataset.tab === tab;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  fill(main, view.element);
  main.dataset.tab = tab;
}

/** @param {unknown} error @returns {View} */
function failed(error) {
  const text = error instanceof Error ? error.message : String(error);
  return { title: "Not found", element: h("div", { class: "page" }, problem(text, reload)) };
}

// Uses the preloaded font of code even if the first view has no code: browsers warn about a preload that is
// not used. If it cannot be loaded, the system's font is used.
document.fonts.load('1em "JetBrains Mono"').catch(() => {});
startSteady();
startTheme(byId("theme"));
startLive(byId("live"));
startKeys();
byId("help").addEventListener("click", openHelp);
start(routes, show, failed);
