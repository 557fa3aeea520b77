// One chart with its title, its legend, and its numbers for those who cannot see or want them exactly.

import { h } from "../dom.js";
import { refill } from "../parts/steady.js";
import { colour, font, library } from "./library.js";

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} colour a token
 * @property {(number | null)[]} values
 */

/**
 * @typedef {object} Picture
 * @property {"bars" | "lines" | "ranks"} form bars and lines over time, ranks from top to bottom
 * @property {string[]} labels
 * @property {Series[]} series
 * @property {boolean} [stacked]
 * @property {(value: number) => string} format
 * @property {number} [most] where the axis ends at most
 * @property {(at: number) => void} [open] what a click on the place `at` does
 */

const SMALL_PX = 11;
const RANK_PX = 34;

export class Figure {
  /** @param {string} title @param {string} [note] */
  constructor(title, note) {
    this.title = title;
    /** @type {any} */
    this.chart = null;
    /** @type {Picture | null} */
    this.picture = null;
    this.canvas = h("canvas", { role: "img", "aria-label": title });
    this.box = h("div", { class: "chart-box" }, this.canvas);
    this.legend = h("div", { class: "legend" });
    this.numbers = h("div", { class: "chart-numbers" });
    this.empty = h("p", { class: "chart-empty dim", text: "No data in this time range", hidden: true });
    const details = h("details", { class: "chart-table" }, h("summary", { text: "Numbers" }), this.numbers);
    details.addEventListener("toggle", () => details.open && this.drawNumbers());
    this.details = details;
    this.element = h(
      "figure",
      { class: "chart" },
      h(
        "figcaption",
        null,
        h("h2", { text: title }),
        note ? h("span", { class: "dim small", text: note }) : null,
        this.legend,
      ),
      this.box,
      this.empty,
      details,
    );
  }

  /** @param {Picture} picture */
  async draw(picture) {
    this.picture = picture;
    const nothing = picture.labels.length === 0 || picture.series.every((each) => each.values.every((value) => !value));
    this.empty.hidden = !nothing;
    this.box.hidden = nothing;
    this.details.hidden = nothing;
    refill(
      this.legend,
      picture.series.length > 1
        ? picture.series.map((each) =>
            h("span", null, h("i", { css: { background: `var(--${each.colour})` } }), each.name),
          )
        : null,
    );
    if (nothing) return;
    const Chart = await library();
    if (this.picture !== picture) return;
    if (picture.form === "ranks") this.box.style.height = `${picture.labels.length * RANK_PX + 30}px`;
    const data = { labels: picture.labels, datasets: picture.series.map((each) => dataset(picture, each)) };
    if (this.chart) {
      this.chart.data = data;
      this.chart.options = options(picture);
      this.chart.update("none");
    } else if (this.canvas.isConnected) {
      this.chart = new Chart(this.canvas, {
        type: picture.form === "lines" ? "line" : "bar",
        data,
        options: options(picture),
      });
    }
    if (this.details.open) this.drawNumbers();
  }

  /** Draws again, in the colours of a new theme. */
  redraw() {
    if (this.picture) void this.draw({ ...this.picture });
  }

  drawNumbers() {
    const { picture } = this;
    if (!picture) return;
    refill(
      this.numbers,
      h(
        "table",
        null,
        h("caption", { class: "away", text: this.title }),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }),
            picture.series.map((each) => h("th", { scope: "col", text: each.name })),
          ),
        ),
        h(
          "tbody",
          null,
          picture.labels.map((name, at) =>
            h(
              "tr",
              null,
              h("th", { scope: "row" }, h("bdi", { text: name })),
              picture.series.map((each) =>
                h("td", {
                  text: each.values[at] === null ? "" : picture.format(/** @type {number} */ (each.values[at])),
                }),
              ),
            ),
          ),
        ),
      ),
    );
  }

  dispose() {
    this.chart?.destroy();
  }
}

/** @param {Picture} picture @param {Series} series */
function dataset(picture, series) {
  const base = { label: series.name, data: series.values };
  const solid = colour(series.colour);
  if (picture.form === "lines")
    return {
      ...base,
      borderColor: solid,
      backgroundColor: colour(series.colour, 0.12),
      fill: picture.series.length === 1,
      borderWidth: 1.75,
      pointRadius: (/** @type {any} */ point) => (isAlone(series.values, point.dataIndex) ? 2.5 : 0),
      pointBackgroundColor: solid,
      pointHitRadius: 8,
      pointHoverRadius: 3,
      tension: 0.25,
      spanGaps: false,
    };
  return {
    ...base,
    backgroundColor: solid,
    hoverBackgroundColor: colour(series.colour, 0.8),
    borderRadius: 2,
    categoryPercentage: 0.86,
    barPercentage: 0.92,
    maxBarThickness: picture.form === "ranks" ? 14 : 40,
  };
}

/**
 * Whether a value has no neighbour, so that no line would show it.
 * @param {(number | null)[]} values
 * @param {number} at
 */
function isAlone(values, at) {
  return (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
}

/** @param {Picture} picture */
function options(picture) {
  const flat = picture.form === "ranks";
  const text = { color: colour("dim"), font: { family: font(), size: SMALL_PX } };
  const grid = { color: colour("line"), drawTicks: false };
  const numbers = {
    beginAtZero: true,
    stacked: picture.stacked,
    max: picture.most,
    border: { display: false },
    grid,
    ticks: { ...text, maxTicksLimit: 5, padding: 6, callback: (/** @type {number} */ value) => picture.format(value) },
  };
  const places = {
    stacked: picture.stacked,
    border: { display: false },
    grid: { display: false },
    ticks: {
      ...text,
      color: flat ? colour("ink") : text.color,
      autoSkip: !flat,
      maxTicksLimit: 8,
      autoSkipPadding: 14,
      maxRotation: 0,
      padding: 4,
    },
  };
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    indexAxis: flat ? "y" : "x",
    interaction: { mode: "index", intersect: false, axis: flat ? "y" : "x" },
    onClick: (/** @type {any} */ _event, /** @type {{ index: number }[]} */ found) =>
      found.length && picture.open?.(found[0].index),
    onHover: (/** @type {any} */ event, /** @type {any[]} */ found) =>
      (event.native.target.style.cursor = found.length && picture.open ? "pointer" : "default"),
    scales: flat ? { x: numbers, y: places } : { x: places, y: numbers },
    plugins: {
      legend: { display: false },
      tooltip: {
        backgroundColor: colour("ink"),
        titleColor: colour("paper"),
        bodyColor: colour("paper"),
        titleFont: { family: font() },
        bodyFont: { family: font() },
        padding: 8,
        boxPadding: 4,
        callbacks: {
          label: (/** @type {any} */ item) =>
            ` ${item.dataset.label}: ${picture.format(flat ? item.parsed.x : item.parsed.y)}`,
        },
      },
    },
  };
}
