// What never arrived, and why: as the tracers reported it, and what this intake itself refused.

import { clearEverything, get } from "../api.js";
import { Figure } from "../charts/figure.js";
import { fill, h } from "../dom.js";
import { ago, count, duration, exact, fullTime, label, plural, size } from "../format.js";
import { confirmed } from "../parts/confirm.js";
import { messageOf, nothing, problem } from "../parts/notices.js";
import { onTheme } from "../shell/theme.js";

/** @typedef {import("../shapes.js").Drops} Drops */

const AGAIN_MS = 5000;

/** What each reason means, for those that witspan's tracers give. @type {Record<string, string>} */
const MEANINGS = {
  queue_full: "spans were finished faster than they could be sent",
  too_large: "longer than one event may be",
  unfinished: "never finished before the program ended",
  rejected: "refused by the receiver",
  retries_exhausted: "the receiver could not be reached in time",
  no_api_key: "a key was needed and there was none",
  shutdown: "not delivered before the program ended",
  processor: "taken out by the application's own processor",
  trap: "lost when the core failed and began anew",
};

/** @param {import("../router.js").Place} place @returns {import("../router.js").View} */
export function make({ signal }) {
  const chart = new Figure("Lost, by reason");
  const body = h("div", { class: "drops" });
  const element = h("div", { class: "page drops-page" }, h("h1", { text: "What was dropped, and why" }),
    h("p", { class: "dim lead", text: "Tracers count what they could not keep or send and report it with what they do send. Nothing is lost without a reason here." }), body);
  let shownBefore = "";

  async function load() {
    try {
      const [drops, status] = await Promise.all([get("drops", {}, signal), get("status", {}, signal)]);
      const now = JSON.stringify([drops, status.bytes, status.spans]);
      if (now === shownBefore) return;
      shownBefore = now;
      draw(drops, status);
    } catch (error) {
      if (messageOf(error)) fill(body, problem(messageOf(error), load));
    }
  }

  /** @param {Drops} drops @param {import("../shapes.js").IntakeStatus} status */
  function draw(drops, status) {
    const reasons = Object.entries(drops.totals).filter(([, lost]) => lost > 0).sort((a, b) => b[1] - a[1]);
    fill(body,
      reasons.length ? chart.element : h("div", { class: "card" }, nothing("Nothing was lost", "No tracer has reported a span or an evaluation that it dropped.")),
      drops.clients.length ? h("section", { class: "card" }, h("h2", { text: "By program" }), clients(drops)) : null,
      h("section", { class: "card" }, h("h2", { text: "This intake" }), intake(drops, status),
        h("button", { type: "button", class: "button danger", text: "Delete everything…", disabled: status.traces === 0, on: { click: () => empty(status.traces) } })));
    if (reasons.length) void chart.draw({ form: "ranks", labels: reasons.map(([reason]) => reason.replaceAll("_", " ")), format: count, series: [{ name: "Lost", colour: "bad-fill", values: reasons.map(([, lost]) => lost) }] });
  }

  /** @param {number} traces */
  async function empty(traces) {
    if (!(await confirmed(`Delete ${plural(traces, "trace")} from this intake, with all evaluations? This cannot be undone.`, "Delete everything"))) return;
    try {
      await clearEverything();
      await load();
    } catch (error) {
      body.prepend(problem(messageOf(error)));
    }
  }

  const timer = window.setInterval(load, AGAIN_MS);
  const stopTheme = onTheme(() => chart.redraw());
  void load();
  return {
    title: "Dropped",
    element,
    dispose: () => {
      window.clearInterval(timer);
      stopTheme();
      chart.dispose();
    },
  };
}

/** @param {Drops} drops */
function clients(drops) {
  return h("ul", { class: "drop-clients" }, drops.clients.map((each) => h("li", null,
    h("header", null, h("bdi", { class: "strong", text: label(each.app, 80) || "(no app)" }), each.language ? h("span", { class: "pill", text: label(each.language, 30) }) : null,
      h("span", { class: "dim mono small", text: label(each.client, 40) }), h("time", { class: "dim small", title: fullTime(each.last_ms), datetime: new Date(each.last_ms).toISOString(), text: ago(each.last_ms) })),
    reasonsOf("spans", each.spans), reasonsOf("evaluations", each.evaluations))));
}

/** @param {string} what @param {Record<string, number>} lost */
function reasonsOf(what, lost) {
  const found = Object.entries(lost ?? {}).filter(([, n]) => n > 0);
  if (!found.length) return null;
  return h("dl", { class: "facts" }, found.map(([reason, n]) => h("div", null, h("dt", null, h("b", { class: "bad", text: exact(n) }), ` ${what}`),
    h("dd", null, h("bdi", { class: "mono", text: label(reason, 60) }), MEANINGS[reason] ? h("span", { class: "dim", text: ` – ${MEANINGS[reason]}` }) : null))));
}

/** @param {Drops} drops @param {import("../shapes.js").IntakeStatus} status */
function intake(drops, status) {
  const refused = Object.entries(drops.intake.refused).filter(([, n]) => n > 0);
  const last = drops.intake.last_refusal;
  /** @type {[string, string | Node][]} */
  const rows = [
    ["Refused requests", refused.length ? refused.map(([code, n]) => `${exact(n)} with ${code}`).join(", ") : "none"],
    ...(last ? [/** @type {[string, Node]} */ (["Last refusal", h("span", null, h("bdi", { class: "mono", text: label(last.reason, 400) }), h("span", { class: "dim", text: ` ${ago(last.at_ms)}` }))])] : []),
    ["Deleted for age or size", facts(drops.intake.deleted_by_retention)],
    ["Kept at most", limits(status.retention)],
    ["Holds", `${exact(status.traces)} traces, ${exact(status.spans)} spans, ${size(status.bytes)}`],
    ...(status.unsearchable_spans ? [/** @type {[string, string]} */ (["Not yet searchable", plural(status.unsearchable_spans, "span")])] : []),
    ["In", h("bdi", { class: "mono", text: label(status.data_dir, 300) })],
    ...relay(status.forward),
  ];
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", null, h("dt", { text: name }), h("dd", null, value))));
}

/** What goes on to another receiver, and what waits or was lost on the way. @param {any} forward @returns {[string, string | Node][]} */
function relay(forward) {
  if (!forward) return [["Relayed to", "nowhere"]];
  const waits = [plural(forward.waiting, "request"), size(forward.waiting_bytes), forward.oldest_waiting_s === null ? "" : `for ${duration(forward.oldest_waiting_s * 1000)}`];
  const tries = forward.failed_tries ? `, tried ${plural(forward.failed_tries, "time")} in vain` : "";
  const others = forward.waiting_for_others ? `, ${plural(forward.waiting_for_others, "request")} for another receiver` : "";
  return [
    ["Relayed to", h("span", null, h("bdi", { class: "mono", text: label(forward.to, 300) }), h("span", { class: "dim", text: ` ${forward.kind}, ${plural(forward.delivered, "request")} delivered` }))],
    ["Waits for it", forward.waiting ? `${waits.filter(Boolean).join(", ")}${tries}${others}` : `nothing${others}`],
    ["Lost on the way", facts(forward.lost)],
    ...(forward.last_error ? [/** @type {[string, Node]} */ (["Last trouble there", h("bdi", { class: "mono", text: label(forward.last_error, 400) })])] : []),
  ];
}

/** @param {{ age_s?: number | null, bytes?: number | null } | null} retention */
function limits(retention) {
  const found = [retention?.age_s ? duration(retention.age_s * 1000) : "", retention?.bytes ? size(retention.bytes) : ""].filter(Boolean);
  return found.join(", ") || "everything, for ever";
}

/** Whatever the intake says, as words. @param {any} value @returns {string} */
function facts(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value !== "object") return label(value);
  return Object.entries(value).filter(([, each]) => each !== null).map(([name, each]) => `${name.replaceAll("_", " ")} ${typeof each === "object" ? facts(each) : label(each)}`).join(", ") || "none";
}
