// What the application's processor is given: a finished span, to redact, enrich or drop.

import type { ProcessingOutcome } from "../core/contract.js";
import type { SpanKind } from "./types.js";
import { typeName } from "../errors.js";

/** How long a processor may take; then the span is sent without its content. */
export const PROCESSOR_LIMIT_NS = 1_000_000_000n;

/** What came of one event, and for a failure why. */
export interface Processed {
  readonly outcome: ProcessingOutcome;
  readonly why?: string;
}

/** From an event's JSON text to what is to become of it. Never throws. */
export type Runner = (event: string, shared: Shared) => Processed;

/** Tags that all spans of a tracer share, by key: `env`, `service`, `version`, `ml_app`, `language`. */
export type Shared = Readonly<Record<string, string | undefined>>;

type Content = Record<string, unknown>;
type Text = { content: string; role?: string; [member: string]: unknown };
type Side = "input" | "output";

/** Sides whose content is documents; llm has messages, everything else values. */
const DOCUMENTS = new Set(["embedding input", "retrieval output"]);

/**
 * A finished span, as a processor sees it before it is sent.
 *
 * `input` and `output` are lists of `{ content, role }` for every kind, as in dd-trace: of a value one with the
 * value as its content; of documents one for each document's text. What is changed there, or assigned, is
 * sent; an empty list removes the content.
 *
 * `event` is the whole span, for what such lists cannot say: `name`, `input` and `output` (each with `messages`,
 * `documents` or `value`, an input also with `prompt`), `intent`, `metadata`, `tags`, `tool_definitions`, `agent`,
 * `links` and `error` may be changed; what is missing in the end is removed. `kind`, `span_id`, `trace_id`,
 * `parent_id`, `status`, `metrics` and the model are there to read.
 */
export class LLMObservabilitySpan {
  /** Stays where names are made shorter. */
  static readonly name = "LLMObservabilitySpan";
  readonly event: Record<string, unknown>;
  readonly #shared: Shared;
  readonly #viewed = new Map<Side, Text[]>();

  /** @internal */
  constructor(event: Record<string, unknown>, shared: Shared) {
    this.event = event;
    this.#shared = shared;
  }

  get kind(): SpanKind {
    return this.event["kind"] as SpanKind;
  }

  /** May be set, as in dd-trace; the kind that is sent does not change. */
  set kind(kind: SpanKind) {
    this.event["kind"] = kind;
  }

  get input(): Text[] {
    return this.#view("input");
  }

  set input(messages: Text[]) {
    this.#viewed.set("input", messages);
  }

  get output(): Text[] {
    return this.#view("output");
  }

  set output(messages: Text[]) {
    this.#viewed.set("output", messages);
  }

  /** The metadata: an object that may be changed, or replaced. */
  get metadata(): Record<string, unknown> {
    return (this.event["metadata"] ??= {}) as Record<string, unknown>;
  }

  set metadata(metadata: Record<string, unknown>) {
    this.event["metadata"] = metadata;
  }

  /**
   * The value of a tag: of those that the span was given, of those that all spans of the tracer share (`env`,
   * `service`, `version`, `ml_app`, `language` and the tags of `enable`), and of `session_id`, `error`,
   * `error_type` and `span.kind`.
   */
  getTag(key: string): string | undefined {
    if (key === "span.kind") return this.kind;
    const tags = (this.event["tags"] ?? {}) as Record<string, string>;
    if (Object.hasOwn(tags, key)) return tags[key];
    const error = this.event["error"] as { type?: string } | undefined;
    if (key === "session_id") return this.event["session_id"] as string | undefined;
    if (key === "error") return error || this.event["status"] === "error" ? "1" : "0";
    if (key === "error_type") return error?.type;
    return Object.hasOwn(this.#shared, key) ? this.#shared[key] : undefined;
  }

  #view(side: Side): Text[] {
    let viewed = this.#viewed.get(side);
    if (viewed === undefined) {
      viewed = textsOf((this.event[side] ?? {}) as Content);
      this.#viewed.set(side, viewed);
    }
    return viewed;
  }

  /** @internal The event with all that was changed. */
  _finished(): Record<string, unknown> {
    for (const [side, messages] of this.#viewed) this.#store(side, messages);
    const { metadata } = this.event;
    if (typeof metadata === "object" && metadata && Object.keys(metadata).length === 0) {
      // Only looked for.
      delete this.event["metadata"];
    }
    return this.event;
  }

  #store(side: Side, messages: Text[] | null | undefined): void {
    const content = (this.event[side] ??= {}) as Content;
    const given = messages ?? [];
    let shape = "value";
    let value: unknown;
    if (this.kind === "llm") {
      [shape, value] = ["messages", given];
    } else if (DOCUMENTS.has(`${this.kind} ${side}`)) {
      const before = (content["documents"] ?? []) as object[];
      shape = "documents";
      value = given.map(({ content: text }, at) => ({ ...before[at], text: text ?? "" }));
    } else {
      value = given.map(({ content: text }) => text ?? "").join("\n");
    }
    if (given.length) content[shape] = value;
    else delete content[shape];
    if (Object.keys(content).length === 0) delete this.event[side];
  }
}

function textsOf(content: Content): Text[] {
  if (content["messages"]) return content["messages"] as Text[];
  if (content["documents"]) {
    const documents = content["documents"] as { text?: string }[];
    return documents.map(({ text }) => ({ content: text ?? "", role: "" }));
  }
  return "value" in content ? [{ content: content["value"] as string, role: "" }] : [];
}

/** Makes a function of the application's one that the tracer can call. */
export function runner(processor: (span: LLMObservabilitySpan) => unknown): Runner {
  return (text, shared) => {
    try {
      const span = processor(new LLMObservabilitySpan(JSON.parse(text), shared));
      if (span === null) return { outcome: { tag: "drop" } };
      if (!(span instanceof LLMObservabilitySpan)) {
        // A promise that fails later must not end the process.
        if (span instanceof Promise) span.catch(() => {});
        return failed(`it returned ${describe(span)}; accepted: the span, or null`);
      }
      return { outcome: { tag: "processed", val: JSON.stringify(span._finished()) } };
    } catch (error) {
      return failed(describe(error));
    }
  };
}

function failed(why: string): Processed {
  return { outcome: { tag: "failed" }, why };
}

function describe(value: unknown): string {
  try {
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    return typeof (value as PromiseLike<unknown>)?.then === "function"
      ? "a promise"
      : typeName(value);
  } catch {
    return "a value that cannot be read";
  }
}
