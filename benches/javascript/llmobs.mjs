// witspan and dd-trace: one program for both, as it is when a program is switched by one line.

import { createRequire } from "node:module";
import { model, workflow } from "./facts.mjs";

/** What the cases do, with an `llmobs` of either. */
function cases(llmobs) {
  const nothing = () => {};
  const call = (name) => ({
    kind: "llm",
    name,
    modelName: model.name,
    modelProvider: model.provider,
  });
  return {
    bare: () => llmobs.trace({ kind: "task", name: "bare" }, nothing),
    llm: () =>
      llmobs.trace(call("chat"), (span) => {
        llmobs.annotate(span, {
          inputData: model.input(),
          outputData: model.output(),
          metadata: model.metadata(),
          metrics: model.metrics(),
          tags: model.tags(),
        });
      }),
    workflow: () =>
      llmobs.trace({ kind: "workflow", name: "ask" }, (span) => {
        const { question, answer } = workflow;
        for (const step of workflow.steps) {
          llmobs.trace({ kind: "task", name: step }, (span) => {
            for (const name of workflow.calls) {
              llmobs.trace(call(name), (span) => {
                llmobs.annotate(span, {
                  inputData: [{ role: "user", content: question }],
                  outputData: [{ role: "assistant", content: answer }],
                  metrics: { input_tokens: 12, output_tokens: 9 },
                });
              });
            }
            llmobs.annotate(span, { inputData: question, outputData: answer });
          });
        }
        llmobs.annotate(span, { inputData: question, outputData: answer, tags: { team: "search" } });
      }),
  };
}

/** Calls of a tracer that its environment tells to do nothing. */
function idle(llmobs) {
  const nothing = () => {};
  const options = { kind: "task", name: "bare" };
  const annotation = { inputData: "q", outputData: "a" };
  const wrapped = llmobs.wrap(options, nothing);
  return {
    trace: () => llmobs.trace(options, nothing),
    "a wrapped function": () => wrapped(),
    annotate: () => llmobs.annotate(annotation),
    "startSpan and finish": () => llmobs.startSpan(options).finish(),
  };
}

export async function witspan({ folder }) {
  const { llmobs } = await import(`${folder}/dist/index.js`);
  llmobs.enable({ mlApp: "benches" });
  const flush = () => llmobs.flush({ timeoutMs: 60_000 });
  return {
    ...cases(llmobs),
    idle: idle(llmobs),
    flush,
    async deliver() {
      const { settled, dropped } = await flush();
      if (!settled || Object.keys(dropped).length > 0) {
        throw new Error(`spans were not delivered: ${JSON.stringify({ settled, dropped })}`);
      }
    },
  };
}

/** Milliseconds in which dd-trace's request is over: its flush does not say when. */
const UNDER_WAY = 8;

export async function ddTrace({ folder }) {
  const require = createRequire(import.meta.url);
  const { llmobs } = require(folder).init({ plugins: false, startupLogs: false });
  const flush = async () => {
    llmobs.flush();
    await new Promise((done) => setTimeout(done, UNDER_WAY));
  };
  return { ...cases(llmobs), flush, deliver: flush };
}
