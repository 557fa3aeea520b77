// An application, whose tracing the tests look at. It is given the package, in whichever form.

module.exports = ({ llmobs }) => {
  const search = llmobs.wrap({ kind: "retrieval" }, function search(question) {
    const documents = [{ text: "Rayleigh scattering", name: "sky.md", score: 0.5 }];
    llmobs.annotate({ inputData: question, outputData: documents });
    return documents;
  });

  const ask = (question) =>
    llmobs.trace(
      { kind: "llm", name: "ask", modelName: "gpt-4o", modelProvider: "OpenAI" },
      async (span) => {
        await new Promise((resolve) => setImmediate(resolve));
        span.annotate({
          inputData: [{ role: "user", content: question }],
          outputData: "It scatters.",
          metadata: { temperature: 0 },
          metrics: { inputTokens: 9, outputTokens: 4 },
          tags: { team: "search" },
          prompt: { id: "greet", template: "{{question}}" },
        });
        return "It scatters.";
      },
    );

  const publish = llmobs.wrap({ kind: "tool" }, function publish() {
    throw new RangeError("the disk\nis full");
  });

  /** Four spans. */
  const answer = llmobs.wrap(
    { kind: "workflow", sessionId: "s-1" },
    async function answer(question) {
      search(question);
      const said = await ask(question);
      try {
        publish();
      } catch {
        // The answer is given all the same.
      }
      return said;
    },
  );

  return { answer, ask, publish, search };
};

module.exports.TREE = `\
workflow   answer
retrieval  ├─ search
llm        ├─ ask (gpt-4o)
tool       └─ publish ! RangeError: the disk is full`;
