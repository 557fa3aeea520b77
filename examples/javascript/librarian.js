// The agent: lets a model choose how to look into the documents, then has it write an answer.

import { readFileSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import { llmobs } from "witspan";
import { made } from "./manifest.js";

const MAX_TURNS = 4;
const DOCUMENT_CHARACTERS = 6000;

const INSTRUCTIONS =
  "You answer questions about a software repository from its own documents. Read a document " +
  "or search first. Use only what the tools give you, and name the source of each statement " +
  "in square brackets, such as [README.md:12].";

/** A tool with one text parameter, as the chat completions API wants it. */
function tool(name, description, parameter, meaning) {
  const properties = { [parameter]: { type: "string", description: meaning } };
  const parameters = { type: "object", properties, required: [parameter] };
  return { type: "function", function: { name, description, parameters } };
}

const TOOLS = [
  tool("read_document", "Reads one document.", "path", "Its path in the repository."),
  tool("search", "Finds the passages nearest in meaning.", "query", "What to look for."),
];

/** Answers one question. `show` gets the answer piece by piece as it comes. */
export class Librarian {
  sources = new Set();
  #turn = 0;

  constructor(endpoint, index, root, show) {
    this.endpoint = endpoint;
    this.index = index;
    this.root = root;
    this.show = show;
  }

  /** Turns of deciding and using tools until something was found, then the answer. */
  answer = llmobs.wrap({ kind: "agent", name: "librarian" }, async ({ question }) => {
    made("librarian", "agent", "ask");
    const messages = [
      { role: "system", content: INSTRUCTIONS },
      { role: "user", content: question },
    ];
    while (!this.sources.size && this.#turn < MAX_TURNS) {
      this.#turn += 1;
      const reply = await this.#decide(messages);
      messages.push(reply);
      if (!reply.tool_calls) break;
      messages.push(...(await this.#useTools({ calls: reply.tool_calls })));
    }
    return this.#write(messages);
  });

  /** Asks the model what to do next. Its reply is a message in OpenAI's own shape. */
  #decide(messages) {
    const { client, chatModel: model, provider } = this.endpoint;
    const span = { kind: "llm", name: "decide", modelName: model, modelProvider: provider };
    return llmobs.trace(span, async () => {
      made("decide", "llm", "librarian", `decide ${this.#turn}`);
      // The input goes in before the call, so that a call that fails still shows it.
      llmobs.annotate({
        inputData: messages,
        metadata: { temperature: 0, tools: TOOLS.map((each) => each.function.name) },
        tags: { turn: this.#turn },
      });
      const request = { model, messages, tools: TOOLS, temperature: 0 };
      const completion = await client.chat.completions.create(request);
      const [choice] = completion.choices;
      const members = Object.entries(choice.message).filter(([, value]) => value !== null);
      const reply = Object.fromEntries(members);
      llmobs.annotate({
        outputData: [reply],
        metadata: { finish_reason: choice.finish_reason },
        metrics: tokens(completion.usage),
      });
      return reply;
    });
  }

  /** Runs what the model asked for in one turn, all at the same time. */
  #useTools = llmobs.wrap({ kind: "workflow", name: "use_tools" }, ({ calls }) => {
    made("use_tools", "workflow", "librarian", `use_tools ${this.#turn}`);
    return Promise.all(calls.map((call) => this.#useTool(call)));
  });

  /** Runs one tool. An error becomes an answer to the model, which may choose another way. */
  async #useTool(call) {
    const { name } = call.function;
    let content;
    try {
      const given = JSON.parse(call.function.arguments);
      if (name === "read_document") content = this.#readDocument(given);
      else if (name === "search") content = JSON.stringify(await this.#search(given));
      else throw new Error(`there is no tool \`${name}\``);
    } catch (error) {
      // It has left the tool's span, which is marked with it; here it ends.
      content = `error: ${error.message}`;
    }
    return { role: "tool", tool_call_id: call.id, content };
  }

  /** The beginning of one document. Nothing outside the repository is read. */
  #readDocument = llmobs.wrap({ kind: "tool", name: "read_document" }, ({ path }) => {
    made("read_document", "tool", `use_tools ${this.#turn}`, `read ${path}`);
    const file = resolve(this.root, path);
    const inside = file.startsWith(this.root + sep);
    if (!inside || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new Error(`no document \`${path}\``);
    }
    this.sources.add(path);
    return [...readFileSync(file, "utf8")].slice(0, DOCUMENT_CHARACTERS).join("");
  });

  /** The passages nearest to `query`. */
  #search = llmobs.wrap({ kind: "tool", name: "search" }, async ({ query }) => {
    made("search", "tool", `use_tools ${this.#turn}`, `search ${query}`);
    const found = await this.index.search(query, `search ${query}`);
    for (const { source } of found) this.sources.add(source);
    // In one order: what a model reads is the same from every language.
    return found.map(({ score, source, text }) => ({ score, source, text }));
  });

  /** Has the model write the answer, streamed. */
  #write(messages) {
    const { client, chatModel: model, provider } = this.endpoint;
    const span = { kind: "llm", name: "write", modelName: model, modelProvider: provider };
    return llmobs.trace(span, async () => {
      made("write", "llm", "librarian");
      llmobs.annotate({ inputData: messages, metadata: { temperature: 0, stream: true } });
      const started = performance.now();
      const metrics = {};
      let text = "";
      const stream = await client.chat.completions.create({
        model,
        messages,
        tools: TOOLS,
        tool_choice: "none",
        temperature: 0,
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const chunk of stream) {
        const piece = chunk.choices[0]?.delta.content;
        if (piece) {
          metrics.time_to_first_token ??= (performance.now() - started) / 1000;
          text += piece;
          this.show(piece);
        }
        Object.assign(metrics, tokens(chunk.usage));
      }
      llmobs.annotate({ outputData: [{ role: "assistant", content: text }], metrics });
      return text;
    });
  }
}

/** The usage of a response, under the names that LLM Observability gives meaning to. */
function tokens(usage) {
  return {
    inputTokens: usage?.prompt_tokens,
    outputTokens: usage?.completion_tokens,
    totalTokens: usage?.total_tokens,
  };
}
