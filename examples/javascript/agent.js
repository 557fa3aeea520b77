// Answers a question about this repository from its own documents, and traces how.
//
//     node examples/javascript/agent.js "How does a span find its parent?"
//
// One run is one trace. Where it goes is configured by the DD_* environment; see the README.

import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { llmobs } from "witspan";
import { readDocuments } from "./documents.js";
import { connect } from "./endpoint.js";
import { Index } from "./index.js";
import { Librarian } from "./librarian.js";
import { made, write } from "./manifest.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");
const QUESTION = "How does a span find its parent, and why can it be dropped?";

/** Reads, searches, answers: the root of the trace. */
async function ask(question, sessionId) {
  const endpoint = await connect(ROOT);
  try {
    return await llmobs.trace({ kind: "workflow", name: "ask", sessionId }, async () => {
      made("ask", "workflow");
      llmobs.annotate({
        inputData: question,
        metadata: { chat_model: endpoint.chatModel },
        tags: { example: "docs-agent" },
      });
      const index = new Index(endpoint, readDocuments(ROOT));
      await index.build();
      const librarian = new Librarian(endpoint, index, ROOT, (piece) => process.stdout.write(piece));
      const answer = await librarian.answer({ question });
      checkCitations(answer, [...librarian.sources].sort());
      llmobs.annotate({ outputData: answer });
      return answer;
    });
  } finally {
    endpoint.close();
  }
}

/** Which sources the answer names, and which of those it was never given. */
const checkCitations = llmobs.wrap(
  { kind: "task", name: "check_citations" },
  function checkCitations(answer, sources) {
    made("check_citations", "task", "ask");
    const named = [...answer.matchAll(/\[([^[\]\s]+)\]/g)].map(([, source]) => source);
    const cited = [...new Set(named)].sort();
    return { cited, unknown: cited.filter((each) => !sources.includes(each)) };
  },
);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { session: { type: "string", default: `docs-${randomUUID().slice(0, 8)}` } },
});

llmobs.enable();
try {
  await ask(positionals[0] ?? QUESTION, values.session);
  console.log();
} finally {
  const { settled } = await llmobs.flush({ timeoutMs: 10_000 });
  console.error(settled ? "spans:" : "spans, some of them not sent yet:", llmobs.statistics());
  await llmobs.disable();
  write();
}
