// The filters above the list of traces. Their values are in the address, and nowhere else.

import { fill, h } from "../dom.js";
import { count, label } from "../format.js";
import { icon } from "../icons.js";
import { moments, rangeField } from "./range.js";
import { redraw, refill } from "./steady.js";

/** @typedef {import("../api_types.js").Facets} Facets */
/** @typedef {import("../api_types.js").Count} Count */

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
 * The bar. `changed` gets the new query. Of the result, `set` shows a query, and `offer` shows the choices.
 * @param {(query: URLSearchParams) => void} changed
 */
export function filterBar(changed) {
  let query = new URLSearchParams();
  /** @type {Facets | null} */
  let facets = null;
  let typing = 0;
  /** Whether the fields show another query than the address. */
  let stale = true;

  const search = h("input", {
    type: "search",
    name: "q",
    placeholder: "Search text",
    "aria-label": "Search text",
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
  });
  const fields = h("div", { class: "filter-fields" });
  const chips = h("div", { class: "chips" });
  const toggle = h(
    "button",
    {
      type: "button",
      class: "button filter-toggle",
      "aria-expanded": "false",
      on: {
        click: () => {
          toggle.setAttribute("aria-expanded", String(element.classList.toggle("open")));
        },
      },
    },
    "Filters",
  );
  const element = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Filter traces" },
    h("div", { class: "filter-line" }, h("label", { class: "search" }, icon("search"), search), toggle, fields),
    chips,
  );

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
    stale = true;
    drawFields();
    refill(chips, chipsOf(query, changed));
  };

  const drawFields = () =>
    redraw(fields, () => {
      if (stale)
        fill(
          fields,
          statusField(query.get("status") ?? "", (value) => put("status", value)),
          choice("app", "App", query.get("app"), put),
          choice("kind", "Root kind", query.get("kind"), put),
          choice("model", "Model", query.get("model"), put),
          entry("session", "Session", (value) => put("session", value)),
          entry("tag", "Tag key:value", (value) => {
            const next = new URLSearchParams(query);
            if (!next.getAll("tag").includes(value)) next.append("tag", value);
            changed(next);
          }),
          rangeField(query, changed),
        );
      stale = false;
      // The choices are put into the existing fields, since somebody may have begun to use one. A field whose
      // list is open keeps its choices until then.
      for (const [name, counts] of Object.entries({ app: facets?.apps, kind: facets?.kinds, model: facets?.models })) {
        const select = fields.querySelector(`select[name="${name}"]`);
        if (select instanceof HTMLSelectElement && select !== document.activeElement) fillChoice(select, counts ?? []);
      }
      const known = fields.querySelector("#known-tag");
      const words = tagWords(facets);
      if (known && document.activeElement?.getAttribute("list") !== known.id && words.length)
        fill(
          known,
          words.map((value) => h("option", { value })),
        );
    });
  fields.addEventListener("focusout", () => window.setTimeout(drawFields));

  return {
    element,
    /** A query to show, as a person or the address chose it. @param {URLSearchParams} next */
    set(next) {
      query = next;
      draw();
    },
    /** What there is to choose. @param {Facets} found */
    offer(found) {
      facets = found;
      drawFields();
    },
  };
}

/** @param {string} value @param {(value: string) => void} put */
function statusField(value, put) {
  const names = [
    ["", "All"],
    ["ok", "OK"],
    ["error", "Errors"],
  ];
  return h(
    "div",
    { class: "segments", role: "group", "aria-label": "Status" },
    names.map(([word, text]) =>
      h(
        "button",
        {
          type: "button",
          name: `status-${word || "all"}`,
          "aria-pressed": String(word === value),
          on: { click: () => put(word) },
        },
        text,
      ),
    ),
  );
}

/**
 * A field with one of several values; so far only the one in the address is known.
 * @param {string} name
 * @param {string} title
 * @param {string | null} value
 * @param {(name: string, value: string) => void} put
 */
function choice(name, title, value, put) {
  const select = h(
    "select",
    { name, "aria-label": title, class: value ? "set" : "" },
    h("option", { value: "", text: `${title}: any` }),
    value ? h("option", { value, text: label(value, 60) }) : null,
  );
  select.value = value ?? "";
  select.addEventListener("change", () => put(name, select.value));
  return select;
}

/**
 * Puts the known values into a field; the chosen one stays.
 * @param {HTMLSelectElement} select
 * @param {Count[]} counts
 */
function fillChoice(select, counts) {
  const { value } = select;
  const options = value && !counts.some((each) => each.value === value) ? [{ value, count: 0 }, ...counts] : counts;
  const wanted = options.map((each) =>
    h("option", {
      value: each.value,
      text: each.count ? `${label(each.value, 60)} (${count(each.count)})` : label(each.value, 60),
    }),
  );
  const shown = [...select.options].slice(1);
  if (
    shown.length === wanted.length &&
    wanted.every((each, at) => each.value === shown[at].value && each.text === shown[at].text)
  )
    return;
  select.replaceChildren(select.options[0], ...wanted);
  select.value = value;
}

/** @param {string} name @param {string} title @param {(value: string) => void} add */
function entry(name, title, add) {
  const list = `known-${name}`;
  const input = h("input", {
    type: "text",
    name,
    placeholder: title,
    "aria-label": title,
    list,
    autocomplete: "off",
    spellcheck: "false",
  });
  const take = () => {
    const value = input.value.trim();
    if (!value) return;
    input.value = "";
    input.blur();
    add(value);
  };
  input.addEventListener("change", take);
  return h("span", { class: "entry" }, input, h("datalist", { id: list }));
}

/** @param {Facets | null} facets */
function tagWords(facets) {
  return (facets?.tags ?? []).flatMap((each) => each.values.map((one) => `${each.key}:${one.value}`));
}

/** @param {URLSearchParams} query @param {(query: URLSearchParams) => void} changed */
function chipsOf(query, changed) {
  const found = CHIPS.flatMap((name) =>
    query.getAll(name).map((value) =>
      chip(name, value, () => {
        const next = new URLSearchParams(query);
        next.delete(name);
        for (const other of query.getAll(name)) if (other !== value) next.append(name, other);
        changed(next);
      }),
    ),
  );
  if (isFiltered(query)) {
    found.push(
      h(
        "button",
        { type: "button", class: "button plain", on: { click: () => changed(new URLSearchParams()) } },
        "Clear all",
      ),
    );
  }
  return found;
}

/** @param {string} name @param {string} value @param {() => void} remove */
function chip(name, value, remove) {
  return h(
    "span",
    { class: "chip" },
    h("span", { class: "dim", text: name }),
    h("bdi", { text: label(value, 60) }),
    h(
      "button",
      { type: "button", "aria-label": `Remove the filter ${name} ${label(value, 60)}`, on: { click: remove } },
      icon("close"),
    ),
  );
}
