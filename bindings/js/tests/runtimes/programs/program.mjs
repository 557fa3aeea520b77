// The program of every runtime: two nested spans, with an emoji and half of one.

/** Traces, delivers, and returns what the tracer says of it. */
export async function hello(llmobs, agentUrl, { delivers = flush, ...options } = {}) {
  llmobs.enable({ mlApp: "hello", agentUrl, ...options });
  llmobs.trace({ kind: "workflow", name: "answer" }, () => {
    llmobs.annotate({ inputData: "Why? 🌈", tags: { team: "search" } });
    llmobs.trace({ kind: "llm", name: "ask", modelName: "m", modelProvider: "p" }, () => {
      llmobs.annotate({
        inputData: [{ role: "user", content: "Why? 🌈" }],
        outputData: [{ role: "assistant", content: "half: \ud83c!" }],
      });
    });
  });
  await delivers(llmobs);
  return llmobs.statistics();
}

const flush = (llmobs) => llmobs.flush({ timeoutMs: 30_000 });
