// The keyboard: single keys of the view that is shown, and the few that work everywhere.

import { currentView, go } from "../router.js";
import { closeHelp, openHelp } from "./help.js";

/** Where `g` and a second key lead. @type {Record<string, string>} */
const PLACES = { t: "/", s: "/sessions", o: "/overview", d: "/drops" };
const SECOND_KEY_MS = 1500;

let waitingForPlace = 0;

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape(event);
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const run = action(event);
    if (run) {
      event.preventDefault();
      run();
    }
  });
}

/** @param {KeyboardEvent} event @returns {(() => void) | undefined} */
function action({ key, timeStamp }) {
  const after = waitingForPlace;
  waitingForPlace = 0;
  // The time at which the keys were pressed: a busy page may handle both much later.
  if (after && timeStamp - after < SECOND_KEY_MS && PLACES[key]) return () => go(PLACES[key]);
  if (key === "g") return () => void (waitingForPlace = timeStamp);
  if (key === "?") return openHelp;
  if (key === "/") return focusSearch() ? () => {} : undefined;
  return currentView()?.keys?.[key];
}

function focusSearch() {
  const search = /** @type {HTMLInputElement | null} */ (document.querySelector("main input[type=search]"));
  search?.focus();
  search?.select();
  return search !== null;
}

/** @param {KeyboardEvent} event */
function escape(event) {
  // Any other open dialog closes itself.
  if (closeHelp()) return event.preventDefault();
  if (document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) return /** @type {HTMLElement} */ (event.target).blur();
  if (currentView()?.escape?.()) event.preventDefault();
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
