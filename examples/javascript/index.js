// Search by meaning: embeds passages once, then finds those nearest to a query.

import { llmobs } from "witspan";
import { made } from "./manifest.js";

const PASSAGES_PER_REQUEST = 256;
const NEAREST = 3;

/** Passages and their vectors, in memory. */
export class Index {
  constructor(endpoint, passages) {
    this.endpoint = endpoint;
    this.passages = passages;
    this.vectors = [];
  }

  /** Embeds every passage. */
  async build() {
    const documents = this.passages.map(({ source, text }) => ({ name: source, text }));
    this.vectors = await this.#embed("embed_passages", documents, "ask");
  }

  /** The passages nearest to `query`, best first. */
  async search(query, under) {
    const [vector] = await this.#embed("embed_query", [{ text: query }], under);
    return this.#nearest(query, vector);
  }

  /** One embedding span around one or more calls of the embedding model. */
  #embed(name, documents, under) {
    const { client, embeddingModel: model, provider } = this.endpoint;
    const span = { kind: "embedding", name, modelName: model, modelProvider: provider };
    return llmobs.trace(span, async () => {
      made(name, "embedding", under, `${name} of ${under}`);
      llmobs.annotate({ inputData: documents });
      const vectors = [];
      let inputTokens = 0;
      for (let start = 0; start < documents.length; start += PASSAGES_PER_REQUEST) {
        const some = documents.slice(start, start + PASSAGES_PER_REQUEST);
        const input = some.map(({ text }) => text);
        const response = await client.embeddings.create({ model, input });
        vectors.push(...response.data.map(({ embedding }) => normal(embedding)));
        inputTokens += response.usage.prompt_tokens;
      }
      llmobs.annotate({
        outputData: `${vectors.length} vectors of ${vectors[0]?.length ?? 0} numbers`,
        metrics: { inputTokens, totalTokens: inputTokens },
      });
      return vectors;
    });
  }

  /** The passages nearest to `vector`, with their cosine similarity. */
  #nearest(query, vector) {
    return llmobs.trace({ kind: "retrieval", name: "nearest" }, () => {
      made("nearest", "retrieval", `search ${query}`, `nearest to ${query}`);
      const scored = this.vectors.map((other, at) => {
        const product = vector.reduce((sum, each, place) => sum + each * other[place], 0);
        // Rounded before they are compared: equal scores keep the order of the documents.
        return { ...this.passages[at], score: Math.round(product * 1e4) / 1e4 };
      });
      const found = scored.toSorted((a, b) => b.score - a.score).slice(0, NEAREST);
      llmobs.annotate({
        // The query is the input a reader wants to see; the vector says nothing.
        inputData: query,
        outputData: found.map(({ source, text, score }) => ({ name: source, text, score })),
        metadata: { searched: scored.length, count: NEAREST },
      });
      return found;
    });
  }
}

/** `vector` with length 1, so that a dot product is the cosine. */
function normal(vector) {
  const length = Math.hypot(...vector) || 1;
  return vector.map((each) => each / length);
}
