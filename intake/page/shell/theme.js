// Light, dark, or as the system says. The choice stays in this browser.

import { fill } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {"system" | "light" | "dark"} Theme */

const ORDER = /** @type {Theme[]} */ (["system", "light", "dark"]);
const ICONS = { system: "system", light: "sun", dark: "moon" };
const NAMES = { system: "as the system", light: "light", dark: "dark" };

/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Theme} */
function chosen() {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** @param {Theme} theme */
function choose(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("witspan-theme", theme);
  } catch {
    // No storage: it holds until the page is left.
  }
  changed();
}

function changed() {
  for (const run of listeners) run();
}

/** Runs `run` whenever the colours change; gives back how to stop that. @param {() => void} run */
export function onTheme(run) {
  listeners.add(run);
  return () => listeners.delete(run);
}

/** @param {HTMLElement} button */
export function startTheme(button) {
  const draw = () => {
    const theme = chosen();
    fill(button, icon(ICONS[theme]));
    button.setAttribute("aria-label", `Theme: ${NAMES[theme]}`);
    button.title = `Theme: ${NAMES[theme]}`;
  };
  button.addEventListener("click", () => {
    choose(ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length]);
    draw();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  draw();
}
