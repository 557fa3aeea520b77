// Runs a piece of an application with tracing on, and gives back the spans that a receiver got.

import { Receiver } from "./receiver.mjs";
import { llmobs } from "../../dist/index.js";

export { llmobs };

/** The parent of a root. */
export const ROOT = "undefined";

/**
 * @param {(receiver: Receiver) => unknown} work The application.
 * @param {object} [options] Of `enable`.
 * @returns The spans by name, all of them in order of arrival, evaluations, counters and lines of the log.
 */
export async function traced(work, options = {}) {
  const receiver = await Receiver.start();
  const lines = [];
  const before = console.warn;
  const write = process.stderr.write;
  process.stderr.write = (text, ...rest) => {
    lines.push(String(text).trimEnd());
    return typeof rest.at(-1) === "function" ? rest.at(-1)() : true;
  };
  try {
    llmobs.enable({ mlApp: "test", agentUrl: receiver.url, ...options });
    const value = await work(receiver);
    const result = await llmobs.flush({ timeoutMs: 5000 });
    const statistics = llmobs.statistics();
    const bodies = receiver.got.map(({ body }) => JSON.parse(body.toString()));
    const spans = bodies.filter(Array.isArray).flat().flatMap((batch) => batch.spans);
    const evaluations = bodies.flatMap((body) => body.data?.attributes.metrics ?? []);
    const named = Object.fromEntries(spans.map((span) => [span.name, span]));
    return { value, spans, named, evaluations, result, statistics, lines };
  } finally {
    process.stderr.write = write;
    console.warn = before;
    await llmobs.shutdown({ timeoutMs: 1000 });
    await receiver.close();
  }
}

/** Waits for so many milliseconds, in the current context. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
