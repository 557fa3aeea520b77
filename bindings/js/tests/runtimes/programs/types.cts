// The program as an application in TypeScript and CommonJS writes it. Only its types are checked.
import witspan = require("witspan");

const { llmobs } = witspan;

llmobs.enable({ mlApp: "hello", agentUrl: "http://127.0.0.1:8126" });
const answer: string = llmobs.trace({ kind: "workflow", name: "answer" }, () =>
  llmobs.trace({ kind: "llm", name: "ask", modelName: "m", modelProvider: "p" }, () => {
    llmobs.annotate({ inputData: [{ role: "user", content: "Why?" }], tags: { team: "search" } });
    return "So.";
  }),
);
void llmobs.flush({ timeoutMs: 5000 });
const delivered: number = llmobs.statistics().delivered;
// @ts-expect-error There is no such kind of span.
llmobs.trace({ kind: "thought", name: answer }, () => delivered);
