// The details of one span: input, output, evaluations and everything else.

import { getText, part } from "../api.js";
import { fill, h } from "../dom.js";
import { cost, count, duration, exact, fullTime, label } from "../format.js";
import { kindMark } from "../icons.js";
import { tagList } from "../content/evaluations.js";
import { ioBlock, isEmpty, valueBlock } from "../content/io.js";
import { jsonBlock } from "../content/json.js";
import { resultsIn } from "../content/messages.js";
import { promptBlock } from "../content/prompt.js";
import { textBlock } from "../content/text.js";
import { pair } from "../content/toolcalls.js";
import { toolDefinitions } from "../content/tools.js";
import { copyButton } from "../parts/copy.js";
import { messageOf, problem } from "../parts/notices.js";
import { costOf, tokensOf } from "./model.js";
import { pagedEvaluations } from "./evaluation_pages.js";

/** From this many characters on a raw event begins folded. */
const RAW_LONG = 100_000;
/** Deeper than this the raw event's indent stops growing. */
const DEEPEST = 40;
const OPENING = new Set(["{", "["]);

/** @typedef {import("../api_types.js").Span} Span */
/** @typedef {import("../api_types.js").JudgedSpan} JudgedSpan */

/**
 * @param {string} traceId
 * @param {JudgedSpan} span older evaluations are added to it when they are asked for
 * @param {number} traceStart ms
 * @param {AbortSignal} signal
 * @param {import("../content/messages.js").Results} [later] the results of this span's tool calls, from later spans
 */
export function spanDetail(traceId, span, traceStart, signal, later) {
  const results = new Map([...(later ?? []), ...resultsIn(span.input?.messages, span.output?.messages)]);
  const io =
    span.kind === "tool" &&
    !isEmpty(span.input) &&
    !isEmpty(span.output) &&
    !span.input?.messages &&
    !span.output?.messages
      ? [
          section(
            "Call",
            pair(["Arguments", valueBlock(span.input?.value, "arguments")], ["Result", ioBlock(span.output, "output")]),
          ),
        ]
      : isEmpty(span.input) && isEmpty(span.output)
        ? [section("Input and output", h("p", { class: "dim", text: "No input or output was recorded." }))]
        : [
            section("Input", ioBlock(span.input, "input", results)),
            section("Output", ioBlock(span.output, "output", results)),
          ];
  const prompt = span.input?.prompt;
  return h(
    "article",
    { class: "detail", "aria-label": `Span ${label(span.name, 80)}` },
    heading(traceId, span, traceStart),
    span.error ? failure(span.error) : null,
    span.evaluations.length
      ? section("Evaluations and feedback", ...pagedEvaluations(span, evaluationsOfSpan(traceId, span.span_id, signal)))
      : null,
    io,
    prompt ? section("Prompt", promptBlock(prompt)) : null,
    span.tool_definitions?.length
      ? section(`Tools offered (${span.tool_definitions.length})`, toolDefinitions(span.tool_definitions))
      : null,
    hasMembers(span.metadata) ? section("Metadata", jsonBlock(span.metadata, "metadata")) : null,
    hasMembers(span.metrics) ? section("Metrics", metricTable(span.metrics)) : null,
    span.tags.length ? section("Tags", tagList(span.tags, true)) : null,
    span.links?.length ? section("Links", links(span.links)) : null,
    section("Facts", facts(traceId, span)),
    rawEvent(traceId, span.span_id),
  );
}

/** The source of a span's evaluations. @param {string} traceId @param {string} spanId @param {AbortSignal} signal */
export function evaluationsOfSpan(traceId, spanId, signal) {
  return { path: `spans/${part(traceId)}/${part(spanId)}`, signal };
}

/** @param {string} title @param {...(Node | null)} content */
function section(title, ...content) {
  return h("section", { class: "part" }, h("h3", { text: title }), content);
}

/** @param {any} value */
function hasMembers(value) {
  return value !== null && typeof value === "object" && Object.keys(value).length > 0;
}

/** @param {string} traceId @param {Span} span @param {number} traceStart */
function heading(traceId, span, traceStart) {
  const tokens = tokensOf(span);
  const spent = costOf(span);
  const { input_tokens: input, output_tokens: output } = span.metrics;
  return h(
    "header",
    { class: "detail-head" },
    h(
      "div",
      { class: "detail-title" },
      kindMark(span.kind),
      h("h2", null, h("bdi", { text: label(span.name) || "(no name)" })),
      span.status === "error" ? h("span", { class: "pill bad", text: "error" }) : null,
      copyButton("the link to this span", () => spanLink(traceId, span.span_id), "Link"),
    ),
    h(
      "dl",
      { class: "numbers" },
      number("Kind", label(span.kind, 40)),
      span.model ? number("Model", label(span.model, 80), span.provider ? label(span.provider, 60) : undefined) : null,
      number("Duration", duration(span.duration_ms)),
      number("Started", `+${duration(span.start_ms - traceStart) || "0 ms"}`, fullTime(span.start_ms)),
      tokens === null
        ? null
        : number(
            "Tokens",
            exact(tokens),
            input !== undefined || output !== undefined
              ? `${count(input ?? 0)} in, ${count(output ?? 0)} out`
              : undefined,
          ),
      spent === null ? null : number("Cost", cost(spent)),
    ),
  );
}

/** @param {string} name @param {string} text @param {string} [more] */
function number(name, text, more) {
  return h(
    "div",
    { title: more },
    h("dt", { text: name }),
    h(
      "dd",
      null,
      h("bdi", { text }),
      more && name !== "Started" ? h("span", { class: "dim small", text: ` ${more}` }) : null,
    ),
  );
}

/**
 * The address of one span, to send to somebody; with the part of the waterfall that is shown.
 * @param {string} traceId
 * @param {string} spanId
 */
export function spanLink(traceId, spanId) {
  const zoom = new URLSearchParams(location.search).get("zoom");
  return `${location.origin}${spanAddress(traceId, spanId)}${zoom ? `&zoom=${part(zoom)}` : ""}`;
}

/** @param {string} traceId @param {string} spanId */
export function spanAddress(traceId, spanId) {
  return `/trace/${part(traceId)}?span=${part(spanId)}`;
}

/** @param {{ message?: string, type?: string, stack?: string }} error */
function failure(error) {
  return h(
    "section",
    { class: "failure", "aria-label": "Error" },
    h("p", null, h("bdi", { class: "strong mono", text: label(error.type, 160) || "Error" })),
    error.message ? textBlock(error.message) : null,
    error.stack
      ? h(
          "details",
          null,
          h("summary", { text: "Stack trace" }),
          h("pre", { class: "stack", tabindex: "0", text: error.stack }),
        )
      : null,
  );
}

/** @param {Record<string, number>} metrics */
function metricTable(metrics) {
  return h(
    "dl",
    { class: "metrics" },
    Object.entries(metrics).map(([name, value]) =>
      h(
        "div",
        null,
        h("dt", null, h("bdi", { text: label(name, 80) })),
        h("dd", {
          text: name.endsWith("_cost") ? cost(value) : Number.isInteger(value) ? exact(value) : String(value),
        }),
      ),
    ),
  );
}

/** @param {import("../api_types.js").Link[]} found */
function links(found) {
  return h(
    "ul",
    { class: "links" },
    found.map((link) =>
      h(
        "li",
        null,
        h("a", { class: "mono", href: spanAddress(link.trace_id, link.span_id), text: label(link.span_id, 40) }),
        Object.entries(link.attributes ?? {}).map(([key, value]) =>
          h("span", { class: "pill", text: `${label(key, 30)}: ${label(value, 60)}` }),
        ),
      ),
    ),
  );
}

/** @param {string} traceId @param {Span} span */
function facts(traceId, span) {
  /** @type {[string, string | null][]} */
  const all = [
    ["Trace", traceId],
    ["Span", span.span_id],
    ["Parent", span.parent_id],
    ["App", span.app],
    ["Service", span.service],
    ["Environment", span.env],
    ["Version", span.version],
    ["Language", span.language],
    ["Sent as", span.source],
    ["Started", fullTime(span.start_ms)],
  ];
  return h(
    "dl",
    { class: "facts narrow" },
    all.map(([name, value]) =>
      value
        ? h("div", null, h("dt", { text: name }), h("dd", { class: "mono" }, h("bdi", { text: label(value) })))
        : null,
    ),
    span.session
      ? h(
          "div",
          null,
          h("dt", { text: "Session" }),
          h(
            "dd",
            { class: "mono" },
            h("a", { href: `/session/${part(span.session)}` }, h("bdi", { text: label(span.session) })),
          ),
        )
      : null,
  );
}

/** The event as it came; asked for when it is opened. @param {string} traceId @param {string} spanId */
function rawEvent(traceId, spanId) {
  const body = h("div", { class: "raw" });
  const details = h("details", { class: "part raw-event" }, h("summary", null, h("h3", { text: "Raw event" })), body);
  const load = async () => {
    if (!details.open || body.firstChild) return;
    fill(body, h("p", { class: "dim", text: "Loading…" }));
    try {
      const text = await getText(`spans/${part(traceId)}/${part(spanId)}/raw`);
      fill(
        body,
        copyButton("the raw event", () => text, "Copy"),
        textBlock(pretty(text), "stack mono", RAW_LONG, RAW_LONG),
      );
    } catch (error) {
      fill(body, problem(messageOf(error)));
    }
  };
  details.addEventListener("toggle", load);
  return details;
}

/**
 * JSON with line breaks. Numbers stay as they came: reading them into the browser's own would round ids
 * and nanoseconds.
 * @param {string} text
 */
export function pretty(text) {
  /** @type {string[]} */
  const out = [];
  let depth = 0;
  let before = "";
  const line = () => `\n${"  ".repeat(Math.min(Math.max(depth, 0), DEEPEST))}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    // An empty value has nothing between its brackets.
    if (closes ? !OPENING.has(before) : before === "," || OPENING.has(before)) out.push(line());
    out.push(token === ":" ? ": " : token);
    if (OPENING.has(token)) depth += 1;
    before = token;
  }
  return out.join("");
}
