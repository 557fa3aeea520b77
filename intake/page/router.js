// Maps the address to a view, and navigates. All state that a person would bookmark or share is in the
// address.

/**
 * What a view gives back.
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} element
 * @property {Record<string, () => void>} [keys] what single keys do while it is shown
 * @property {() => boolean | void} [escape] what Escape does; true if it did something
 * @property {(query: URLSearchParams) => boolean} [update] takes a change of the query alone; false if it
 *   cannot and must be rebuilt
 * @property {number} [scrollY] how far down it begins, on the way back to it
 * @property {() => void} [leave] runs while it is still on the screen
 * @property {() => void} [dispose]
 */

/**
 * What a view is made from.
 * @typedef {object} Place
 * @property {string[]} names the variable parts of the path
 * @property {URLSearchParams} query
 * @property {boolean} back whether the browser's own history led here
 * @property {AbortSignal} signal aborted when the view is left
 */

/** @typedef {{ tab: string, pattern: RegExp, make: (place: Place) => View | Promise<View> }} Route */

/** @type {Route[]} */
let routes = [];
/** @type {(view: View, tab: string) => void} */
let show = () => {};
/** @type {(error: unknown) => View} */
let failed = () => ({ title: "", element: document.createElement("div") });
/** @type {View | null} */
let current = null;
let currentPath = "";
let leaving = new AbortController();

/**
 * Starts: `shown` puts a view on the screen, `wrong` makes one that tells of an error.
 * @param {Route[]} table
 * @param {(view: View, tab: string) => void} shown
 * @param {(error: unknown) => View} wrong
 */
export function start(table, shown, wrong) {
  routes = table;
  show = shown;
  failed = wrong;
  history.scrollRestoration = "manual";
  window.addEventListener("popstate", () => void enter(true));
  document.addEventListener("click", follow);
  void enter(false);
}

/** The view that is shown. */
export function currentView() {
  return current;
}

/** Goes to an address of this page. @param {string} address */
export function go(address) {
  history.pushState(null, "", address);
  void enter(false);
}

/**
 * Changes the query of the address without rebuilding the view.
 * @param {URLSearchParams} query
 * @param {{ push?: boolean }} [how] push: the browser's back button undoes it
 */
export function setQuery(query, { push = false } = {}) {
  const text = query.toString();
  const address = location.pathname + (text ? `?${text}` : "");
  if (address === location.pathname + location.search) return;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/** @param {boolean} back */
async function enter(back) {
  const { pathname, search } = location;
  const query = new URLSearchParams(search);
  if (current && pathname === currentPath && current.update?.(query)) return;
  current?.leave?.();
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const route = routes.find((each) => each.pattern.test(pathname));
  /** @type {View} */
  let view;
  try {
    if (!route) throw new Error("There is nothing at this address.");
    const names = (route.pattern.exec(pathname) ?? []).slice(1).map((name) => decodeURIComponent(name));
    view = await route.make({ names, query, back, signal });
  } catch (error) {
    if (signal.aborted) return;
    view = failed(error);
  }
  if (signal.aborted) {
    view.dispose?.();
    return;
  }
  current?.dispose?.();
  current = view;
  currentPath = pathname;
  show(view, route?.tab ?? "");
  window.scrollTo(0, view.scrollY ?? 0);
}

/** Rebuilds the view, after an error. */
export function reload() {
  currentPath = "";
  void enter(false);
}

/** Follows links of this page without reloading it. @param {MouseEvent} event */
function follow(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const address = link?.getAttribute("href");
  if (!address || !address.startsWith("/") || address.startsWith("//") || link?.hasAttribute("download")) return;
  event.preventDefault();
  go(address);
}
