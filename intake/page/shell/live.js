// What arrives while the page is open: one connection, for whichever view listens.

/** @typedef {import("../api_types.js").Trace} Trace */
/** @typedef {{ traces?: (traces: Trace[]) => void, gap?: () => void }} Listener */

/** @type {Set<Listener>} */
const listeners = new Set();
/** @type {Trace[]} */
let waiting = [];
let timer = 0;
let wasOpen = false;

/** Listens until the result is called. @param {Listener} listener */
export function onLive(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** @param {HTMLElement} sign says whether the connection stands */
export function startLive(sign) {
  const source = new EventSource("/api/ui/live");
  source.addEventListener("open", () => {
    say(sign, "on", "live");
    // After a break something may have been missed, as after a gap.
    if (wasOpen) for (const each of listeners) each.gap?.();
    wasOpen = true;
  });
  source.addEventListener("error", () => say(sign, "off", "reconnecting"));
  source.addEventListener("gap", () => {
    for (const each of listeners) each.gap?.();
  });
  source.addEventListener("trace", (event) => {
    const parsed = JSON.parse(event.data);
    waiting.push(...(Array.isArray(parsed) ? parsed : [parsed]));
    // Traces that arrive together are drawn together.
    timer ||= window.setTimeout(hand, 100);
  });
}

function hand() {
  timer = 0;
  const traces = waiting;
  waiting = [];
  for (const each of listeners) each.traces?.(traces);
}

/** @param {HTMLElement} sign @param {string} state @param {string} text */
function say(sign, state, text) {
  if (sign.dataset.state === state && sign.textContent === text) return;
  sign.dataset.state = state;
  sign.textContent = text;
}
