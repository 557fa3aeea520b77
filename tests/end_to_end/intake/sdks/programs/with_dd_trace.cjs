// The program of these tests on an unmodified dd-trace; the environment says where it sends.
const tracer = require("dd-trace").init({ llmobs: { mlApp: "sdk-app" }, plugins: false });
const { llmobs } = tracer;

const step = (kind, name, options, annotation) =>
  llmobs.trace({ kind, name, ...options }, () => annotation && llmobs.annotate(annotation));

const openai = (modelName) => ({ modelName, modelProvider: "openai" });
let exported;

llmobs.trace({ kind: "agent", name: "helper", sessionId: "s-1" }, () => {
  step("llm", "ask", openai("gpt-4o"), {
    inputData: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Weather in Paris? ☂" },
    ],
    outputData: [
      {
        role: "assistant",
        content: "",
        toolCalls: [
          { name: "weather", arguments: { city: "Paris" }, toolId: "call_1", type: "function" },
        ],
      },
    ],
    metadata: { temperature: 0.5 },
    metrics: { inputTokens: 9, outputTokens: 4, totalTokens: 13 },
    tags: { team: "a" },
    prompt: { id: "greet", template: "Weather in {{city}}?", variables: { city: "P" } },
  });
  step("tool", "weather", {}, { inputData: { city: "Paris" }, outputData: "rain" });
  step("retrieval", "search", {}, {
    inputData: "umbrella",
    outputData: [{ text: "An umbrella helps.", name: "doc", score: 0.75, id: "d1" }],
  });
  step("embedding", "embed", openai("embed-1"), {
    inputData: "umbrella",
    outputData: "[0.1, 0.2]",
  });
  try {
    llmobs.trace({ kind: "task", name: "broken" }, () => {
      throw new RangeError("no umbrella");
    });
  } catch {}
  llmobs.annotate({ inputData: "Weather?", outputData: "Rain." });
  exported = llmobs.exportSpan();
});

llmobs.submitEvaluation(exported, {
  label: "helpful", metricType: "boolean", value: true, reasoning: "it rained",
});
llmobs.submitFeedback?.({
  label: "thumbs", metricType: "categorical", value: "up",
  submitter: { id: "user-1", type: "user" }, traceId: exported.traceId,
});
llmobs.flush();
// It sends in the background and offers nothing to wait for.
setTimeout(() => {}, 3000);
