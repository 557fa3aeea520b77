// The filters above the list of traces. What they say is in the address; they hold nothing themselves.

import { fill, h } from "../dom.js";
import { count, label } from "../format.js";
import { icon } from "../icons.js";
import { moments, rangeField } from "./range.js";

/** @typedef {import("../shapes.js").Facets} Facets */
/** @typedef {import("../shapes.js").Count} Count */

const TYPING_MS = 250;
/** The filters that are shown as chips, since no field shows what they hold. */
const CHIPS = ["session", "tag"];
const ALL = ["q", "app", "session", "kind", "status", "model", "tag", "range", "from", "to"];

/** What the address asks for, as the intake's parameters. @param {URLSearchParams} query */
export function asked(query) {
  return {
    q: query.get("q"),
    app: query.get("app"),
    session: query.get("session"),
    kind: query.get("kind"),
    status: query.get("status"),
    model: query.get("model"),
    tag: query.getAll("tag"),
    ...moments(query),
  };
}

/** Whether the address filters at all. @param {URLSearchParams} query */
export function isFiltered(query) {
  return ALL.some((name) => query.has(name));
}

/**
 * The bar. `changed` gets the new query; `set` of the result shows a query and what there is to choose.
 * @param {(query: URLSearchParams) => void} changed
 */
export function filterBar(changed) {
  let query = new URLSearchParams();
  /** @type {Facets | null} */
  let facets = null;
  let typing = 0;

  const search = h("input", { type: "search", name: "q", placeholder: "Search text", "aria-label": "Search text", "aria-keyshortcuts": "/", autocomplete: "off", spellcheck: "false" });
  const fields = h("div", { class: "filter-fields" });
  const chips = h("div", { class: "chips" });
  const toggle = h("button", { type: "button", class: "button filter-toggle", "aria-expanded": "false", on: { click: () => {
    toggle.setAttribute("aria-expanded", String(element.classList.toggle("open")));
  } } }, "Filters");
  const element = h("form", { class: "filters", role: "search", "aria-label": "Filter traces" },
    h("div", { class: "filter-line" }, h("label", { class: "search" }, icon("search"), search), toggle, fields), chips);

  /** @param {string} name @param {string} value */
  const put = (name, value) => {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    changed(next);
  };
  search.addEventListener("input", () => {
    window.clearTimeout(typing);
    typing = window.setTimeout(() => put("q", search.value.trim()), TYPING_MS);
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    window.clearTimeout(typing);
    if (search.value.trim() !== (query.get("q") ?? "")) put("q", search.value.trim());
  });

  const draw = () => {
    if (document.activeElement !== search) search.value = query.get("q") ?? "";
    // A field that somebody is in keeps its place and its list open.
    if (fields.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement) return;
    const inside = fields.contains(document.activeElement) ? /** @type {any} */ (document.activeElement)?.name : null;
    fill(fields,
      statusField(query.get("status") ?? "", (value) => put("status", value)),
      choice("app", "App", query.get("app"), facets?.apps, put),
      choice("kind", "Root kind", query.get("kind"), facets?.kinds, put),
      choice("model", "Model", query.get("model"), facets?.models, put),
      entry("session", "Session", [], (value) => put("session", value)),
      entry("tag", "Tag key:value", tagWords(facets), (value) => {
        const next = new URLSearchParams(query);
        if (!next.getAll("tag").includes(value)) next.append("tag", value);
        changed(next);
      }),
      rangeField(query, changed));
    if (inside) /** @type {HTMLElement | null} */ (fields.querySelector(`[name="${inside}"]`))?.focus();
    fill(chips, chipsOf(query, changed));
  };

  return {
    element,
    /** @param {URLSearchParams} next @param {Facets | null} found */
    set(next, found) {
      query = next;
      facets = found ?? facets;
      draw();
    },
  };
}

/** @param {string} value @param {(value: string) => void} put */
function statusField(value, put) {
  const names = [["", "All"], ["ok", "OK"], ["error", "Errors"]];
  return h("div", { class: "segments", role: "group", "aria-label": "Status" }, names.map(([word, text]) =>
    h("button", { type: "button", name: `status-${word || "all"}`, "aria-pressed": String(word === value), on: { click: () => put(word) } }, text)));
}

/**
 * @param {string} name @param {string} title @param {string | null} value
 * @param {Count[] | undefined} counts @param {(name: string, value: string) => void} put
 */
function choice(name, title, value, counts, put) {
  const options = [...(counts ?? [])];
  if (value && !options.some((each) => each.value === value)) options.unshift({ value, count: 0 });
  const select = h("select", { name, "aria-label": title, class: value ? "set" : "" },
    h("option", { value: "", text: `${title}: any` }),
    options.map((each) => h("option", { value: each.value, text: each.count ? `${label(each.value, 60)} (${count(each.count)})` : label(each.value, 60) })));
  select.value = value ?? "";
  select.addEventListener("change", () => put(name, select.value));
  return select;
}

/** @param {string} name @param {string} title @param {string[]} words @param {(value: string) => void} add */
function entry(name, title, words, add) {
  const list = `known-${name}`;
  const input = h("input", { type: "text", name, placeholder: title, "aria-label": title, list: words.length ? list : null, autocomplete: "off", spellcheck: "false" });
  const take = () => {
    const value = input.value.trim();
    if (!value) return;
    input.value = "";
    input.blur();
    add(value);
  };
  input.addEventListener("change", take);
  return h("span", { class: "entry" }, input, words.length ? h("datalist", { id: list }, words.map((value) => h("option", { value }))) : null);
}

/** @param {Facets | null} facets */
function tagWords(facets) {
  return (facets?.tags ?? []).flatMap((each) => each.values.map((one) => `${each.key}:${one.value}`));
}

/** @param {URLSearchParams} query @param {(query: URLSearchParams) => void} changed */
function chipsOf(query, changed) {
  const found = CHIPS.flatMap((name) => query.getAll(name).map((value) => chip(name, value, () => {
    const next = new URLSearchParams(query);
    next.delete(name);
    for (const other of query.getAll(name)) if (other !== value) next.append(name, other);
    changed(next);
  })));
  if (isFiltered(query)) {
    found.push(h("button", { type: "button", class: "button plain", on: { click: () => changed(new URLSearchParams()) } }, "Clear all"));
  }
  return found;
}

/** @param {string} name @param {string} value @param {() => void} remove */
function chip(name, value, remove) {
  return h("span", { class: "chip" }, h("span", { class: "dim", text: name }), h("bdi", { text: label(value, 60) }),
    h("button", { type: "button", "aria-label": `Remove the filter ${name} ${label(value, 60)}`, on: { click: remove } }, icon("close")));
}
