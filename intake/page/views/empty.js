// What is shown before the first trace: how to send one.

import { h } from "../dom.js";
import { copyButton } from "../parts/copy.js";

/** @type {[string, string, (origin: string) => [string, string][]][]} language, note, and titled pieces of text */
const WAYS = [
  ["Python", "The witspan package, built by `./bootstrap.sh build`. Code written for ddtrace's LLMObs runs unchanged with the other import.", (origin) => [
    ["In the shell", `export DD_TRACE_AGENT_URL=${origin}`],
    ["first_trace.py", `from witspan import LLMObs

LLMObs.enable(ml_app="my-app")
with LLMObs.workflow(name="answer"):
    with LLMObs.llm(model_name="gpt-4o", model_provider="openai"):
        LLMObs.annotate(
            input_data="Why is the sky blue?",
            output_data="Rayleigh scattering.",
            metrics={"input_tokens": 6, "output_tokens": 4},
        )
LLMObs.flush()`],
  ]],
  ["Rust", "The witspan crate: `witspan = { path = \"host-runtime\" }` after `just component`.", (origin) => [
    ["In the shell", `export DD_TRACE_AGENT_URL=${origin}\nexport DD_LLMOBS_ML_APP=my-app`],
    ["main.rs", `use serde_json::json;
use std::time::Duration;
use witspan::{Config, SpanKind, Tracer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tracer = Tracer::start(Config::from_env())?;
    let answer = tracer.span(SpanKind::Workflow).name("answer").start()?;
    let call = answer.child(SpanKind::Llm).model("gpt-4o", "openai").start()?;
    call.annotate(&json!({"input": "Why is the sky blue?", "output": "Rayleigh scattering."}))?;
    call.finish();
    answer.finish();
    tracer.shutdown(Duration::from_secs(2));
    Ok(())
}`],
  ]],
  ["curl", "Any language can send JSON: this is Datadog's documented HTTP API.", (origin) => [
    ["In the shell", `curl ${origin}/api/intake/llm-obs/v1/trace/spans \\
  -H 'content-type: application/json' -d @- <<END
{"data": {"type": "span", "attributes": {"ml_app": "my-app", "spans": [{
  "trace_id": "1$RANDOM$RANDOM", "span_id": "1$RANDOM$RANDOM", "parent_id": "undefined",
  "name": "ask", "start_ns": $(date +%s)000000000, "duration": 250000000,
  "meta": {"kind": "llm",
    "input": {"messages": [{"role": "user", "content": "Why is the sky blue?"}]},
    "output": {"messages": [{"role": "assistant", "content": "Rayleigh scattering."}]}},
  "metrics": {"input_tokens": 6, "output_tokens": 4}}]}}}
END`],
  ]],
];

export function emptyState() {
  const origin = location.origin;
  const panel = h("div", { class: "way", role: "tabpanel", id: "way" });
  const tabs = WAYS.map(([name], at) => h("button", { type: "button", role: "tab", id: `way-${at}`, "aria-controls": "way", on: {
    click: () => choose(at),
    keydown: (/** @type {KeyboardEvent} */ event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (!step) return;
      event.preventDefault();
      const next = (at + step + WAYS.length) % WAYS.length;
      choose(next);
      tabs[next].focus();
    },
  } }, name));

  /** @param {number} at */
  function choose(at) {
    const [, note, pieces] = WAYS[at];
    tabs.forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === at));
      tab.tabIndex = each === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `way-${at}`);
    panel.replaceChildren(h("p", { class: "dim" }, inline(note)), ...pieces(origin).map(([title, text]) => h("figure", { class: "snippet" },
      h("figcaption", null, h("span", { text: title }), copyButton(title, () => text)), h("pre", { tabindex: "0" }, h("code", { text })))));
  }

  choose(0);
  return h("section", { class: "empty", "aria-labelledby": "empty-title" },
    h("h2", { id: "empty-title", text: "Nothing has arrived yet" }),
    h("p", null, "This intake listens at ", h("code", { text: origin }), ". Send a first trace; it appears here by itself."),
    h("div", { class: "tabs-row", role: "tablist", "aria-label": "Language" }, tabs), panel,
    h("p", { class: "dim" }, "Programs traced with ddtrace or dd-trace need only ", h("code", { text: `DD_TRACE_AGENT_URL=${origin}` }), " and ", h("code", { text: "DD_LLMOBS_ENABLED=1" }),
      "; OpenTelemetry's exporters need ", h("code", { text: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/v1/traces` }), " (HTTP)."));
}

/** Text with words in backticks as code. @param {string} text */
function inline(text) {
  return text.split("`").map((piece, at) => (at % 2 ? h("code", { text: piece }) : piece));
}
