// A session as one conversation: what each trace was asked and what it answered, in order.

import { get, part } from "../api.js";
import { fill, h } from "../dom.js";
import { evaluationList } from "../content/evaluations.js";
import { ioBlock, isEmpty } from "../content/io.js";
import { cost, count, duration, exact, fullTime, label, plural, shortType, time } from "../format.js";
import { kindMark } from "../icons.js";
import { arrange, redraw, refill } from "../parts/steady.js";
import { badges } from "../parts/tracerow.js";
import { onLive } from "../shell/live.js";
import { spanAddress } from "../trace/detail.js";
import { addUntil, evaluationNote } from "../trace/evaluation_pages.js";

/** @typedef {import("../api_types.js").WholeSession} WholeSession */
/** @typedef {import("../api_types.js").Turn} Turn */
/** @typedef {import("../api_types.js").Io} Io */

const LIVE_MS = 700;

/** @param {import("../router.js").Place} place @returns {Promise<import("../router.js").View>} */
export async function make({ names: [id], signal }) {
  const path = `sessions/${part(id)}`;
  /** @type {WholeSession} */
  let whole = await get(path, {}, signal);
  const source = { path, signal };
  let timer = 0;
  const head = h("header", { class: "trace-head" });
  const turns = h("ol", { class: "turns" });
  const about = h("div", { class: "trace-about" });
  const older = h("p", { class: "behind dim small", hidden: true });
  const note = h("div");
  /**
   * The turns that are shown, by their trace, with their content as text.
   * @type {Map<string, { says: string, element: HTMLElement }>}
   */
  const drawn = new Map();
  const element = h("div", { class: "page session-page" }, head, note, about, older, turns);

  function draw() {
    const { session } = whole;
    refill(
      head,
      h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: "/sessions", text: "Sessions" })),
      h(
        "div",
        { class: "trace-title" },
        h("h1", null, h("bdi", { text: label(session.session) })),
        session.errors ? h("span", { class: "pill bad", text: plural(session.errors, "error") }) : null,
        h("span", { class: "grow" }),
        h("a", { class: "button", href: `/?session=${part(session.session)}`, text: "As a list of traces" }),
      ),
      h(
        "dl",
        { class: "numbers" },
        numbers([
          ["Traces", count(session.traces)],
          ["First", fullTime(session.first_ms)],
          ["First to last", duration(session.last_ms - session.first_ms)],
          ["Tokens", count(session.total_tokens)],
          ["Cost", cost(session.cost)],
          ["App", label(session.app, 60)],
        ]),
      ),
    );
    refill(note, evaluationNote(whole, source, draw));
    const shown = new Set(whole.traces.map((trace) => trace.trace_id));
    const wide = whole.evaluations.filter((each) => !each.trace_id || !shown.has(each.trace_id));
    refill(
      about,
      wide.length
        ? h(
            "section",
            { class: "part" },
            h("h2", { text: "Evaluations and feedback of the session" }),
            evaluationList(wide),
          )
        : null,
    );
    const left = session.traces - whole.traces.length;
    older.hidden = left <= 0;
    refill(
      older,
      whole.traces.length === 1
        ? "This is the newest trace; "
        : `These are the newest ${plural(whole.traces.length, "trace")}; `,
      left === 1 ? "1 older one is in the " : `${exact(left)} older ones are in the `,
      h("a", { href: `/?session=${part(session.session)}`, text: "list of its traces" }),
      ".",
    );
    drawTurns();
  }

  /** Unchanged turns stay the same elements: somebody may be reading them, or playing their sounds. */
  function drawTurns() {
    for (const trace of whole.traces) {
      const evaluations = whole.evaluations.filter((each) => each.trace_id === trace.trace_id);
      const says = JSON.stringify([{ ...trace, seq: 0 }, evaluations]);
      const known = drawn.get(trace.trace_id);
      if (known?.says === says) continue;
      const fresh = turn(trace, evaluations);
      const element = known?.element ?? fresh;
      if (known)
        redraw(element, () => {
          element.className = fresh.className;
          fill(element, ...fresh.childNodes);
        });
      drawn.set(trace.trace_id, { says, element });
    }
    arrange(
      turns,
      whole.traces.flatMap((trace) => drawn.get(trace.trace_id)?.element ?? []),
    );
  }

  const stopLive = onLive({
    traces: (traces) => {
      const touched = traces.some(
        (trace) =>
          trace.session === id ||
          whole.traces.some((each) => each.trace_id === trace.trace_id && each.seq !== trace.seq),
      );
      if (touched)
        timer ||= window.setTimeout(async () => {
          timer = 0;
          try {
            /** @type {WholeSession} */
            const now = await get(path, {}, signal);
            await addUntil(now, source, whole.evaluations.length);
            whole = now;
            draw();
          } catch {
            // It stays as it is until the next change.
          }
        }, LIVE_MS);
    },
  });

  draw();
  /** @param {1 | -1} step */
  const move = (step) => {
    const links = /** @type {HTMLElement[]} */ ([...turns.querySelectorAll("a.turn-open")]);
    const at = links.indexOf(/** @type {any} */ (document.activeElement));
    const link = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))];
    link?.focus({ preventScroll: true });
    link?.closest("li")?.scrollIntoView({ block: "nearest" });
  };
  return {
    title: label(id, 60),
    element,
    keys: { j: () => move(1), k: () => move(-1) },
    dispose: () => {
      stopLive();
      window.clearTimeout(timer);
    },
  };
}

/** @param {Turn} trace @param {import("../api_types.js").Evaluation[]} evaluations */
function turn(trace, evaluations) {
  return h(
    "li",
    { class: `turn${trace.status === "error" ? " failed" : ""}` },
    h(
      "header",
      null,
      kindMark(trace.kind),
      h(
        "a",
        { class: "turn-open strong", href: `/trace/${part(trace.trace_id)}` },
        h("bdi", { text: label(trace.name, 80) || "(no name)" }),
      ),
      trace.status === "error" ? h("span", { class: "pill bad", text: shortType(trace.error_type) }) : null,
      h("span", {
        class: "dim small",
        text: [
          duration(trace.duration_ms),
          trace.total_tokens ? plural(trace.total_tokens, "token") : "",
          cost(trace.cost),
        ]
          .filter(Boolean)
          .join(" · "),
      }),
      h("time", {
        class: "dim small",
        datetime: new Date(trace.start_ms).toISOString(),
        title: fullTime(trace.start_ms),
        text: time(trace.start_ms),
      }),
    ),
    h(
      "div",
      { class: "turn-talk" },
      trace.lean
        ? h("p", {
            class: "dim",
            text: "Messages are hidden because this session is long. Open the trace to read them.",
          })
        : [spoken(trace.input, "input"), spoken(trace.output, "output")],
    ),
    !evaluations.length && trace.evaluations.length ? h("div", { class: "turn-badges" }, badges(trace)) : null,
    evaluations.length ? evaluationList(evaluations, (span) => spanAddress(trace.trace_id, span)) : null,
  );
}

/**
 * Input or output of the root as one bubble; if it is a conversation, each message has its own.
 * @param {Io | undefined} io
 * @param {"input" | "output"} side
 */
function spoken(io, side) {
  if (isEmpty(io)) return null;
  if (io?.messages?.length) return ioBlock(io, side);
  return h(
    "div",
    { class: "bubbles" },
    h(
      "div",
      { class: `bubble ${side === "input" ? "from-user" : "from-assistant"}` },
      h("div", { class: "bubble-role", text: side }),
      ioBlock(io, side),
    ),
  );
}

/** @param {[string, string][]} all */
function numbers(all) {
  return all
    .filter(([, value]) => value)
    .map(([name, value]) => h("div", null, h("dt", { text: name }), h("dd", null, h("bdi", { text: value }))));
}
