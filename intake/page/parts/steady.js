// Redraws parts of the page that are in use. A redraw waits while a pointer or a key is down in the part or
// text in it is selected, since a replaced element loses its click and its selection. The focus, the open
// folds and the scroll positions are kept.

import { fill } from "../dom.js";

/** After a finger is up the browser takes this long to decide that it was a tap, and clicks. */
const TAP_MS = 400;
/** Characters of a summary that tell it from others. */
const LONGEST_NAME = 80;

/** Where a button of the mouse, a finger or the space bar is down. @type {EventTarget | null} */
let pressed = null;
let settling = 0;
/** Delayed redraws, by their part. @type {Map<Element, () => void>} */
const waiting = new Map();

/** Begins to watch what is pressed and selected. */
export function startSteady() {
  const press = (/** @type {Event} */ event) => {
    window.clearTimeout(settling);
    pressed = event.target;
  };
  // The click comes after the release, and its listeners after this one.
  const release = (/** @type {number} */ ms) => {
    window.clearTimeout(settling);
    settling = window.setTimeout(() => {
      pressed = null;
      settle();
    }, ms);
  };
  const listen = (/** @type {string} */ type, /** @type {(event: any) => void} */ run) =>
    window.addEventListener(type, run, { capture: true, passive: true });
  listen("pointerdown", (event) => event.isPrimary && event.button === 0 && press(event));
  listen("pointerup", (event) => release(event.pointerType === "mouse" ? 0 : TAP_MS));
  listen("pointercancel", () => release(0));
  listen("click", () => release(0));
  listen("keydown", (event) => event.key === " " && press(event));
  listen("keyup", (event) => event.key === " " && release(0));
  window.addEventListener("blur", () => release(0));
  document.addEventListener("selectionchange", () => void (waiting.size && !pressed && release(0)));
}

/** Whether something in `element` is pressed. @param {Element} element */
export function isPressed(element) {
  return pressed instanceof Node && element.contains(pressed);
}

/**
 * Redraws a part of the page: now, or as soon as nothing in it is pressed or selected. Of several delayed
 * redraws of one part only the last one runs; those of a removed part are discarded.
 * @param {Element} element
 * @param {() => void} draw
 */
export function redraw(element, draw) {
  waiting.delete(element);
  if (element.isConnected && isBusy(element)) waiting.set(element, draw);
  else keeping(element, draw);
}

/**
 * The same, with `children` as the new content of `element`.
 * @param {Element} element
 * @param {...import("../dom.js").Children} children
 */
export function refill(element, ...children) {
  redraw(element, () => fill(element, ...children));
}

/**
 * Lets `parent` have exactly these elements in this order. Those that are there already stay where they
 * are, with their focus, their selection and what plays in them.
 * @param {Element} parent @param {Element[]} wanted
 */
export function arrange(parent, wanted) {
  const stay = new Set(wanted);
  for (const each of [...parent.children]) if (!stay.has(each)) each.remove();
  wanted.forEach((each, at) => {
    if (parent.children[at] !== each) parent.insertBefore(each, parent.children[at] ?? null);
  });
}

function settle() {
  for (const [element, draw] of [...waiting]) {
    if (element.isConnected && isBusy(element)) continue;
    waiting.delete(element);
    if (element.isConnected) keeping(element, draw);
  }
}

/** @param {Element} element */
function isBusy(element) {
  const selection = document.getSelection();
  return isPressed(element) || (selection !== null && !selection.isCollapsed && selection.containsNode(element, true));
}

/**
 * Draws, and restores the focus, the folds and the scroll positions.
 * @param {Element} element
 * @param {() => void} draw
 */
function keeping(element, draw) {
  if (!element.isConnected) return draw();
  const active = document.activeElement;
  const focused = active !== element && element.contains(active) ? active : null;
  const before = names(element);
  // They must be read now: an element that has left the document has no scroll position.
  const states = [...before].map(([each, name]) => ({
    each,
    name,
    top: each.scrollTop,
    left: each.scrollLeft,
    open: isOpen(each),
  }));
  draw();
  const after = new Map([...names(element)].map(([each, name]) => [name, each]));
  for (const { each, name, top, left, open } of states) {
    const now = each.isConnected ? each : after.get(name);
    if (!now) continue;
    if (open !== null && isOpen(now) !== open) turn(now);
    if (now.scrollTop !== top || now.scrollLeft !== left) now.scrollTo({ top, left, behavior: "instant" });
  }
  const again = focused?.isConnected ? focused : after.get(before.get(/** @type {Element} */ (focused)) ?? "");
  if (again instanceof HTMLElement && again !== document.activeElement) again.focus({ preventScroll: true });
}

/** Whether it is unfolded; null for what cannot be. @param {Element} element */
function isOpen(element) {
  if (element instanceof HTMLDetailsElement) return element.open;
  if (!(element instanceof HTMLElement) || element.dataset.toggle === undefined) return null;
  return (element.getAttribute("aria-expanded") ?? element.getAttribute("aria-pressed")) === "true";
}

/** @param {Element} element */
function turn(element) {
  if (element instanceof HTMLDetailsElement) element.open = !element.open;
  else if (element instanceof HTMLElement) element.click();
}

/**
 * The names by which elements are found again after a redraw: the attribute that identifies each among its
 * kind, and its index among those without one.
 * @param {Element} root @returns {Map<Element, string>}
 */
function names(root) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  /** @type {Map<Element, string>} */
  const found = new Map();
  for (const each of [
    root,
    ...root.querySelectorAll("a, button, input, select, textarea, details, summary, [tabindex]"),
  ]) {
    const name = `${each.localName} ${rowOf(each)} ${ownName(each)}`;
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    found.set(each, `${name} ${nth}`);
  }
  return found;
}

/** The trace or span of the line that an element is in. @param {Element} element */
function rowOf(element) {
  const row = /** @type {HTMLElement | null} */ (element.closest("[data-trace], [data-span]"));
  return row?.dataset.trace ?? row?.dataset.span ?? "";
}

/** What an element calls itself; the words of a button that folds change when it does. @param {Element} element */
function ownName(element) {
  for (const each of ["name", "href", "aria-label"]) if (element.hasAttribute(each)) return element.getAttribute(each);
  if (element instanceof HTMLDetailsElement)
    return element.querySelector("summary")?.textContent?.slice(0, LONGEST_NAME) ?? "";
  return element instanceof HTMLButtonElement && element.dataset.toggle === undefined ? element.textContent : "";
}
