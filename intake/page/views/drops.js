// Dropped spans and evaluations by reason, as tracers report them, and requests that this intake rejected.

import { clearEverything, get } from "../api.js";
import { Figure } from "../charts/figure.js";
import { announce, fill, h } from "../dom.js";
import { ago, count, duration, exact, fullTime, label, plural, size } from "../format.js";
import { confirmed } from "../parts/confirm.js";
import { messageOf, nothing, problem } from "../parts/notices.js";
import { redraw, refill } from "../parts/steady.js";
import { onTheme } from "../shell/theme.js";
import { FORWARDING, TRACER } from "./drop_reasons.js";

/** @typedef {import("../api_types.js").Drops} Drops */
/** @typedef {import("../api_types.js").IntakeStatus} IntakeStatus */

const AGAIN_MS = 5000;

/** @param {import("../router.js").Place} place @returns {import("../router.js").View} */
export function make({ signal }) {
  const chart = new Figure("Dropped, by reason");
  const lost = h("div");
  const programs = h("div");
  const known = h("div");
  // It stays the same element, so that it keeps the keyboard focus.
  const deleting = h("button", {
    type: "button",
    class: "button danger",
    text: "Delete everything…",
    disabled: true,
    on: { click: () => empty() },
  });
  const trouble = h("div");
  const body = h(
    "div",
    { class: "drops", hidden: true },
    trouble,
    lost,
    programs,
    h("section", { class: "card" }, h("h2", { text: "This intake" }), known, deleting),
  );
  const element = h(
    "div",
    { class: "page drops-page" },
    h("h1", { text: "Dropped spans and evaluations" }),
    h("p", {
      class: "dim lead",
      text:
        "Tracers count the spans and evaluations that they drop, and report the counts with their next request. " +
        "Each drop has a reason.",
    }),
    body,
  );
  let shownBefore = "";
  /** @type {string[]} */
  let held = [];
  let waits = false;

  async function load() {
    try {
      const [drops, status] = await Promise.all([get("drops", {}, signal), get("status", {}, signal)]);
      refill(trouble);
      const now = JSON.stringify([drops, { ...status, uptime_s: 0 }]);
      if (now === shownBefore) return;
      shownBefore = now;
      draw(drops, status);
    } catch (error) {
      complain(error, load);
    }
    body.hidden = false;
  }

  /** @param {unknown} error @param {() => void} [again] */
  function complain(error, again) {
    shownBefore = "";
    if (messageOf(error)) refill(trouble, problem(messageOf(error), again));
  }

  /** @param {Drops} drops @param {IntakeStatus} status */
  function draw(drops, status) {
    const reasons = Object.entries(drops.totals)
      .filter(([, n]) => n > 0)
      .sort((a, b) => b[1] - a[1]);
    redraw(lost, () => {
      if (!reasons.length)
        fill(
          lost,
          h(
            "div",
            { class: "card" },
            nothing("Nothing was dropped", "No tracer has reported a dropped span or evaluation."),
          ),
        );
      else if (!lost.contains(chart.element)) fill(lost, chart.element);
    });
    refill(
      programs,
      drops.clients.length ? h("section", { class: "card" }, h("h2", { text: "By program" }), clients(drops)) : null,
    );
    refill(known, intake(drops, status));
    held = holdings(drops, status);
    waits = status.waiting.requests > 0;
    deleting.disabled = held.length === 0;
    if (reasons.length)
      void chart.draw({
        form: "ranks",
        labels: reasons.map(([reason]) => reason.replaceAll("_", " ")),
        format: count,
        series: [{ name: "Dropped", colour: "bad-fill", values: reasons.map(([, n]) => n) }],
      });
  }

  async function empty() {
    // The question must name the current contents, not those of the last redraw.
    await load();
    if (shownBefore === "" || !held.length) return;
    const question = [
      `Delete ${new Intl.ListFormat("en").format(held)}?`,
      waits ? "Requests in the forward queue will not be delivered." : "",
      "This cannot be undone.",
    ];
    if (!(await confirmed(question.filter(Boolean).join(" "), "Delete everything"))) return;
    try {
      await clearEverything();
      await load();
      announce("Everything was deleted.");
    } catch (error) {
      complain(error);
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

/** What there is to delete, in words. @param {Drops} drops @param {IntakeStatus} status @returns {string[]} */
function holdings(drops, status) {
  const waiting = status.waiting.requests;
  /** @type {[number, string][]} */
  const all = [
    [status.traces, plural(status.traces, "trace")],
    [status.spans, plural(status.spans, "span")],
    [status.evaluations, plural(status.evaluations, "evaluation")],
    [drops.clients.length, `the drop counts of ${plural(drops.clients.length, "program")}`],
    [waiting, `${plural(waiting, "request")} in the forward queue`],
  ];
  return all.filter(([n]) => n > 0).map(([, words]) => words);
}

/** @param {Drops} drops */
function clients(drops) {
  return h(
    "ul",
    { class: "drop-clients" },
    drops.clients.map((each) =>
      h(
        "li",
        null,
        h(
          "header",
          null,
          h("bdi", { class: "strong", text: label(each.app, 80) || "(no app)" }),
          each.language ? h("span", { class: "pill", text: label(each.language, 30) }) : null,
          h("span", { class: "dim mono small", text: label(each.client, 40) }),
          h("time", {
            class: "dim small",
            title: fullTime(each.last_ms),
            datetime: new Date(each.last_ms).toISOString(),
            text: ago(each.last_ms),
          }),
        ),
        reasonsOf("span", "spans", each.spans, TRACER),
        reasonsOf("evaluation", "evaluations", each.evaluations, TRACER),
      ),
    ),
  );
}

/**
 * @param {string} one
 * @param {string} many
 * @param {Record<string, number>} lost
 * @param {Record<string, string>} meanings
 */
function reasonsOf(one, many, lost, meanings) {
  const found = Object.entries(lost ?? {}).filter(([, n]) => n > 0);
  if (!found.length) return null;
  return h(
    "dl",
    { class: "facts" },
    found.map(([reason, n]) =>
      h(
        "div",
        null,
        h("dt", null, h("b", { class: "bad", text: exact(n) }), ` ${n === 1 ? one : many}`),
        h(
          "dd",
          null,
          h("bdi", { class: "mono", text: label(reason, 60) }),
          meanings[reason] ? h("span", { class: "dim", text: ` – ${meanings[reason]}` }) : null,
        ),
      ),
    ),
  );
}

/** @param {Drops} drops @param {IntakeStatus} status */
function intake(drops, status) {
  const refused = Object.entries(drops.intake.refused).filter(([, n]) => n > 0);
  const { last_refusal: last, deleted_by_retention: gone, left_out: out } = drops.intake;
  const left = [
    out.spans ? exactly(out.spans, "span") : "",
    out.evaluations ? exactly(out.evaluations, "evaluation") : "",
  ].filter(Boolean);
  /** @type {[string, string | Node][]} */
  const rows = [
    ["Rejected requests", refused.length ? refused.map(([code, n]) => `${exact(n)} with ${code}`).join(", ") : "none"],
    ["Dropped from accepted requests", left.join(", ") || "nothing"],
    ...(last
      ? [
          /** @type {[string, Node]} */ ([
            "Last rejection",
            h(
              "span",
              null,
              h("bdi", { class: "mono", text: label(last.reason, 400) }),
              h("span", { class: "dim", text: ` ${ago(last.at_ms)}` }),
            ),
          ]),
        ]
      : []),
    [
      "Deleted by retention",
      gone.traces ? `${exactly(gone.traces, "trace")}, ${exactly(gone.spans, "span")}` : "nothing",
    ],
    ["Retention limits", limits(status.retention)],
    [
      "Stored",
      [
        exactly(status.traces, "trace"),
        exactly(status.spans, "span"),
        exactly(status.evaluations, "evaluation"),
        size(status.bytes),
      ].join(", "),
    ],
    ...(status.unsearchable_spans
      ? [/** @type {[string, string]} */ (["Not yet searchable", plural(status.unsearchable_spans, "span")])]
      : []),
    ["Data directory", h("bdi", { class: "mono", text: label(status.data_dir, 300) })],
    ...relay(status),
  ];
  return h(
    "dl",
    { class: "facts" },
    rows.map(([name, value]) => h("div", null, h("dt", { text: name }), h("dd", null, value))),
  );
}

/** @param {number} n @param {string} one */
function exactly(n, one) {
  return `${exact(n)} ${n === 1 ? one : `${one}s`}`;
}

/**
 * Forwarding: the receiver, the forward queue, and what was dropped on the way.
 * @param {IntakeStatus} status
 * @returns {[string, string | Node][]}
 */
function relay({ forward, waiting }) {
  if (!forward) {
    /** @type {[string, string][]} */
    const rows = [["Forwarded to", "nowhere"]];
    if (waiting.requests) {
      const whose = waiting.requests === 1 ? "its" : "their";
      const kept = `kept until --forward names ${whose} receiver again`;
      rows.push(["Forward queue", `${plural(waiting.requests, "request")}, ${size(waiting.bytes)}, ${kept}`]);
    }
    return rows;
  }
  const others = forward.waiting_for_others
    ? `${plural(forward.waiting_for_others, "request")} for another receiver`
    : "";
  const own = [
    forward.waiting ? plural(forward.waiting, "request") : "",
    forward.oldest_waiting_s ? `oldest waiting for ${duration(forward.oldest_waiting_s * 1000)}` : "",
  ];
  const waits = [...own, others, size(forward.waiting_bytes)].filter(Boolean).join(", ");
  const failing = forward.failed_tries > 0;
  const error = h("bdi", { class: `mono${failing ? " bad" : ""}`, text: label(forward.last_error, 400) });
  // These statuses mean a wrong key. Nothing is dropped for them: the queue keeps its requests.
  const key = failing && / answers (401|403|407):/.test(forward.last_error ?? "");
  return [
    [
      "Forwarded to",
      h(
        "span",
        null,
        h("bdi", { class: "mono", text: label(forward.to, 300) }),
        h("span", { class: "dim", text: ` ${forward.kind}, ${plural(forward.delivered, "request")} delivered` }),
      ),
    ],
    ["Forward queue", forward.waiting || others ? waits : "empty"],
    [
      "Dropped while forwarding",
      reasonsOf("span or evaluation", "spans or evaluations", forward.lost, FORWARDING) ?? "nothing",
    ],
    ...(forward.last_error
      ? [
          /** @type {[string, Node]} */ ([
            failing ? "Forwarding error" : "Last forwarding error",
            h(
              "span",
              null,
              error,
              failing
                ? h("span", { class: "dim", text: ` – ${plural(forward.failed_tries, "failed attempt")}, retrying` })
                : null,
              key
                ? h("p", { class: "dim", text: "The API key may be wrong. To change it, restart the intake." })
                : null,
            ),
          ]),
        ]
      : []),
  ];
}

/** @param {{ age_s?: number | null, bytes?: number | null } | null} retention */
function limits(retention) {
  const found = [
    retention?.age_s ? duration(retention.age_s * 1000) : "",
    retention?.bytes ? size(retention.bytes) : "",
  ].filter(Boolean);
  return found.join(", ") || "unlimited";
}
