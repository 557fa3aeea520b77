// OpenTelemetry's SDK: the same facts as attributes by its conventions for generative AI, messages as JSON text.

import { createRequire } from "node:module";
import { model, workflow } from "./facts.mjs";

const START = {
  attributes: {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": model.provider,
    "gen_ai.request.model": model.name,
  },
};

/** Takes spans and does nothing with them. */
class Nowhere {
  export(spans, done) {
    done({ code: 0 });
  }
  async forceFlush() {}
  async shutdown() {}
}

function cases(tracer) {
  const { stringify } = JSON;
  const call = (name, annotate) =>
    tracer.startActiveSpan(name, { attributes: { ...START.attributes } }, (span) => {
      annotate(span);
      span.end();
    });
  const annotated = (span) => {
    const metadata = model.metadata();
    const metrics = model.metrics();
    const tags = model.tags();
    span.setAttributes({
      "gen_ai.input.messages": stringify(model.input()),
      "gen_ai.output.messages": stringify(model.output()),
      "gen_ai.request.temperature": metadata.temperature,
      "gen_ai.request.max_tokens": metadata.max_tokens,
      "gen_ai.request.stream": metadata.stream,
      "user.id": metadata.user,
      "gen_ai.usage.input_tokens": metrics.input_tokens,
      "gen_ai.usage.output_tokens": metrics.output_tokens,
      "gen_ai.response.time_to_first_token": metrics.time_to_first_token,
      team: tags.team,
      feature: tags.feature,
    });
  };
  const short = (span) => {
    const { question, answer } = workflow;
    span.setAttributes({
      "gen_ai.input.messages": stringify([{ role: "user", content: question }]),
      "gen_ai.output.messages": stringify([{ role: "assistant", content: answer }]),
      "gen_ai.usage.input_tokens": 12,
      "gen_ai.usage.output_tokens": 9,
    });
  };
  return {
    bare: () => tracer.startActiveSpan("bare", (span) => span.end()),
    llm: () => call("chat", annotated),
    workflow: () =>
      tracer.startActiveSpan("ask", (span) => {
        const { question, answer } = workflow;
        for (const step of workflow.steps) {
          tracer.startActiveSpan(step, (span) => {
            for (const name of workflow.calls) call(name, short);
            span.setAttributes({ "input.value": question, "output.value": answer });
            span.end();
          });
        }
        span.setAttributes({ "input.value": question, "output.value": answer, team: "search" });
        span.end();
      }),
  };
}

/** OpenTelemetry: of line 2 or 3, with an exporter that does nothing or one that sends OTLP as JSON. */
export async function opentelemetry({ folder, line, sends }) {
  const require = createRequire(`${folder}/package.json`);
  const api = require("@opentelemetry/api");
  const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
  const sdk = require(line === 2 ? "@opentelemetry/sdk-trace-base" : "@opentelemetry/sdk-trace");
  let exporter = new Nowhere();
  if (sends) {
    const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
    exporter = new OTLPTraceExporter();
  }
  const Provider = line === 2 ? sdk.BasicTracerProvider : sdk.TracerProvider;
  const processor = new sdk.BatchSpanProcessor(line === 2 ? exporter : { exporter });
  const provider = new Provider({ spanProcessors: [processor] });
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.trace.setGlobalTracerProvider(provider);
  const flush = () => provider.forceFlush();
  return { ...cases(api.trace.getTracer("benches")), flush, deliver: flush };
}
