// Charts of the chosen time: traffic, errors, latency, tokens and cost, what is slow, what fails.

import { get, queryText } from "../api.js";
import { Figure } from "../charts/figure.js";
import { h } from "../dom.js";
import { cost, count, duration, label, percent } from "../format.js";
import { messageOf, problem } from "../parts/notices.js";
import { moments, rangeField } from "../parts/range.js";
import { refill } from "../parts/steady.js";
import { go, setQuery } from "../router.js";
import { onLive } from "../shell/live.js";
import { onTheme } from "../shell/theme.js";

/** @typedef {import("../api_types.js").Overview} Overview */
/** @typedef {import("../charts/figure.js").Picture} Picture */

const BUCKETS = 48;
const LIVE_MS = 3000;
const DAY_MS = 86_400_000;
/** The shortest time that is shown, so that the bar of a first trace does not fill the chart. */
const SHORTEST_MS = 900_000;
const RANKED = 8;

/** @param {import("../router.js").Place} place @returns {import("../router.js").View} */
export function make({ query: first, signal }) {
  let query = first;
  let round = 0;
  let timer = 0;

  const bar = h("div", { class: "filters overview-bar" });
  const state = h("div", null);
  const totals = h("dl", { class: "totals" });
  const figures = {
    traffic: new Figure("Traces", "click a bar to open its traces"),
    latency: new Figure("Duration of traces", "50th, 95th and 99th percentiles"),
    errors: new Figure("Share of traces that failed"),
    tokens: new Figure("Tokens"),
    cost: new Figure("Cost"),
    modelCost: new Figure("Cost by model"),
    models: new Figure("Tokens by model"),
    apps: new Figure("Traces by app"),
    slow: new Figure("Slowest operations"),
    failing: new Figure("Operations that fail most"),
  };
  const grid = h(
    "div",
    { class: "charts" },
    Object.values(figures).map((figure) => figure.element),
  );
  const element = h(
    "div",
    { class: "page overview-page" },
    h("h1", { class: "away", text: "Overview" }),
    bar,
    state,
    totals,
    grid,
  );

  /** @param {URLSearchParams} wanted */
  function changed(wanted) {
    setQuery(wanted, { push: true });
    query = wanted;
    drawBar();
    void load();
  }

  const select = h("select", { name: "app", "aria-label": "App" });
  /** The options of the field of apps, as JSON. */
  let offered = "";

  function drawBar() {
    refill(bar, h("div", { class: "filter-line" }, rangeField(query, changed), select));
    offer([]);
  }

  /** Puts the known apps into their field, unless its list is open. @param {string[]} apps */
  function offer(apps) {
    const chosen = query.get("app") ?? "";
    const known = [...new Set([...apps, ...(chosen ? [chosen] : [])])];
    const now = JSON.stringify([known, chosen]);
    if (now === offered || (apps.length && select === document.activeElement)) return;
    offered = now;
    select.replaceChildren(
      h("option", { value: "", text: "App: all" }),
      ...known.map((app) => h("option", { value: app, text: label(app, 60) })),
    );
    select.value = chosen;
  }

  select.addEventListener("change", () => {
    const next = new URLSearchParams(query);
    if (select.value) next.set("app", select.value);
    else next.delete("app");
    changed(next);
  });

  /** @returns {Promise<{ from?: number, to?: number }>} */
  async function wantedTime() {
    const found = moments(query);
    if (found.from !== undefined || found.to !== undefined) return found;
    const status = await get("status", {}, signal);
    return { from: Math.min(status.oldest_ms ?? Infinity, Date.now() - SHORTEST_MS) };
  }

  async function load() {
    timer = 0;
    const mine = ++round;
    try {
      const time = await wantedTime();
      const [overview, facets] = await Promise.all([
        get("overview", { ...time, app: query.get("app"), buckets: BUCKETS }, signal),
        get("facets", time, signal),
      ]);
      if (mine !== round) return;
      refill(state);
      offer(facets.apps.map((/** @type {{ value: string }} */ each) => each.value));
      draw(overview);
    } catch (error) {
      const text = messageOf(error);
      if (mine === round && text) refill(state, problem(text, load));
    }
  }

  /** @param {Overview} found */
  function draw(found) {
    const { totals: sum } = found;
    refill(
      totals,
      [
        ["Traces", count(sum.traces)],
        ["Spans", count(sum.spans)],
        ["Failed", sum.traces ? percent(sum.errors / sum.traces) : "–"],
        ["Tokens", count(sum.tokens)],
        ["Cost", sum.cost ? cost(sum.cost) : "–"],
      ].map(([name, value]) => h("div", null, h("dt", { text: name }), h("dd", { text: value }))),
    );
    // Most tracers send no costs: empty charts would add nothing.
    for (const figure of [figures.cost, figures.modelCost]) figure.element.hidden = !sum.cost;
    const labels = found.buckets.map((each) => bucketName(each.t_ms, found.to_ms - found.from_ms));
    const open = (/** @type {number} */ at) => {
      const from = Math.floor(found.buckets[at].t_ms);
      go(`/${queryText({ app: query.get("app"), from, to: Math.ceil(from + found.bucket_ms) })}`);
    };
    /**
     * @param {"bars" | "lines"} form
     * @param {import("../charts/figure.js").Series[]} series
     * @param {(value: number) => string} format
     * @param {Partial<Picture>} [more]
     */
    const overTime = (form, series, format, more) =>
      /** @type {Picture} */ ({ form, labels, series, format, open, ...more });
    const of = (/** @type {(bucket: import("../api_types.js").Bucket) => number | null} */ pick) =>
      found.buckets.map(pick);
    void figures.traffic.draw(
      overTime(
        "bars",
        [
          { name: "OK", colour: "accent-fill", values: of((each) => each.traces - each.errors) },
          { name: "Failed", colour: "bad-fill", values: of((each) => each.errors) },
        ],
        count,
        { stacked: true },
      ),
    );
    void figures.latency.draw(
      overTime(
        "lines",
        [
          { name: "p50", colour: "workflow", values: of((each) => each.p50_ms) },
          { name: "p95", colour: "agent", values: of((each) => each.p95_ms) },
          { name: "p99", colour: "llm", values: of((each) => each.p99_ms) },
        ],
        duration,
      ),
    );
    void figures.errors.draw(
      overTime(
        "lines",
        [
          {
            name: "Failed",
            colour: "bad-fill",
            values: of((each) => (each.traces ? each.errors / each.traces : null)),
          },
        ],
        percent,
      ),
    );
    void figures.tokens.draw(
      overTime(
        "bars",
        [
          { name: "In", colour: "agent", values: of((each) => each.input_tokens) },
          { name: "Out", colour: "llm", values: of((each) => each.output_tokens) },
        ],
        count,
        { stacked: true },
      ),
    );
    void figures.cost.draw(
      overTime("bars", [{ name: "Cost", colour: "retrieval", values: of((each) => each.cost) }], cost),
    );
    drawRanks(found);
  }

  /** @param {Overview} found */
  function drawRanks(found) {
    const models = [...found.by_model]
      .sort((a, b) => b.input_tokens + b.output_tokens - a.input_tokens - a.output_tokens)
      .slice(0, RANKED);
    const openModel = (/** @type {number} */ at) => go(`/${queryText({ model: models[at].model })}`);
    void figures.models.draw({
      form: "ranks",
      labels: models.map((each) => label(each.model, 28)),
      stacked: true,
      format: count,
      open: openModel,
      series: [
        { name: "In", colour: "agent", values: models.map((each) => each.input_tokens) },
        { name: "Out", colour: "llm", values: models.map((each) => each.output_tokens) },
      ],
    });
    void figures.modelCost.draw({
      form: "ranks",
      labels: models.map((each) => label(each.model, 28)),
      format: cost,
      open: openModel,
      series: [{ name: "Cost", colour: "retrieval", values: models.map((each) => each.cost) }],
    });
    const apps = found.by_app.slice(0, RANKED);
    void figures.apps.draw({
      form: "ranks",
      labels: apps.map((each) => label(each.app, 28)),
      stacked: true,
      format: count,
      open: (at) => go(`/${queryText({ app: apps[at].app })}`),
      series: [
        { name: "OK", colour: "accent-fill", values: apps.map((each) => each.traces - each.errors) },
        { name: "Failed", colour: "bad-fill", values: apps.map((each) => each.errors) },
      ],
    });
    const slow = found.slowest.slice(0, RANKED);
    void figures.slow.draw({
      form: "ranks",
      labels: slow.map((each) => label(`${each.name} (${each.kind})`, 28)),
      format: duration,
      open: (at) => go(`/${queryText({ q: slow[at].name })}`),
      series: [
        { name: "p50", colour: "workflow", values: slow.map((each) => each.p50_ms) },
        { name: "p95", colour: "agent", values: slow.map((each) => each.p95_ms) },
      ],
    });
    const failing = found.failing.filter((each) => each.errors > 0).slice(0, RANKED);
    void figures.failing.draw({
      form: "ranks",
      labels: failing.map((each) => label(`${each.name} (${each.kind})`, 28)),
      format: percent,
      most: 1,
      open: (at) => go(`/${queryText({ q: failing[at].name, status: "error" })}`),
      series: [{ name: "Failed", colour: "bad-fill", values: failing.map((each) => each.rate) }],
    });
  }

  const stopLive = onLive({
    traces: () => (timer ||= window.setTimeout(load, LIVE_MS)),
    gap: () => (timer ||= window.setTimeout(load, LIVE_MS)),
  });
  const stopTheme = onTheme(() => Object.values(figures).forEach((figure) => figure.redraw()));
  drawBar();
  void load();

  return {
    title: "Overview",
    element,
    update: (wanted) => {
      query = wanted;
      drawBar();
      void load();
      return true;
    },
    dispose: () => {
      stopLive();
      stopTheme();
      window.clearTimeout(timer);
      Object.values(figures).forEach((figure) => figure.dispose());
    },
  };
}

/** @param {number} ms @param {number} whole the whole time shown, ms */
function bucketName(ms, whole) {
  const at = new Date(ms);
  const clock = at.toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: whole < DAY_MS / 24 ? "2-digit" : undefined,
  });
  return whole > DAY_MS ? `${at.toLocaleDateString("en", { month: "short", day: "numeric" })} ${clock}` : clock;
}
