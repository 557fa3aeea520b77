// Spans and evaluations as a test sees them.

import type { SpanKind } from "../core/contract.js";
import type { Event, SpanEvent } from "./bodies.js";
import { shown, SPAN_BRAND } from "./shown.js";

/** A message or document, by the names that are sent: `tool_calls`, not `toolCalls`. */
export type Part = Record<string, unknown>;
/** A value's text, messages, documents, or nothing. */
export type Content = string | Part[] | undefined;

/** What a span failed with. */
export interface RecordedError {
  /** Such as `TypeError`. */
  readonly type: string;
  readonly message: string;
  readonly stack: string;
}

type Meta = {
  readonly span: { readonly kind: SpanKind };
  readonly input?: Part;
  readonly output?: Part;
  readonly metadata?: Record<string, unknown>;
  readonly error?: Partial<RecordedError>;
  readonly model_name?: string;
  readonly model_provider?: string;
  readonly tool_definitions?: Part[];
};

/**
 * One finished span, as it would be sent. The same span is the same object, whenever it is read.
 */
export class RecordedSpan {
  readonly name: string;
  /** `llm`, `workflow`, `agent`, `tool`, `task`, `embedding` or `retrieval`. */
  readonly kind: SpanKind;
  /** Decimal. */
  readonly spanId: string;
  /** 32 hexadecimal digits, the same for all spans of a trace. */
  readonly traceId: string;
  /**
   * `undefined` for a root. A parent that was not recorded (it is still open, or in another
   * service) has an id here and no `parent`.
   */
  readonly parentId: string | undefined;
  /** Messages for llm, documents for embedding, the value's text otherwise. */
  readonly input: Content;
  /** Messages for llm, documents for retrieval, the value's text otherwise. */
  readonly output: Content;
  /** Without what witspan itself keeps there. */
  readonly metadata: Record<string, unknown>;
  /** By the names that are sent: `input_tokens`, not `inputTokens`. */
  readonly metrics: Record<string, number>;
  /** All of them, also those that witspan sets, such as `ml_app`. */
  readonly tags: Record<string, string>;
  readonly error: RecordedError | undefined;
  readonly sessionId: string | undefined;
  /**
   * `unknown` for an llm or embedding span whose model nobody named, `undefined` for other kinds.
   */
  readonly modelName: string | undefined;
  /** In lower case. */
  readonly modelProvider: string | undefined;
  readonly prompt: Part | undefined;
  readonly toolDefinitions: Part[];
  // Test runners print and copy an object's own members: neither a whole tree, nor what JSON cannot
  // hold.
  readonly #startNs: bigint;
  readonly #event: Event;
  #parent: RecordedSpan | undefined;
  #children: RecordedSpan[] = [];

  /** @internal */
  get [SPAN_BRAND](): true {
    return true;
  }

  /** @internal */
  constructor({ event, startNs }: SpanEvent) {
    const meta = event["meta"] as Meta;
    const parentId = event["parent_id"] as string;
    this.#event = event;
    this.#startNs = startNs;
    this.name = event["name"] as string;
    this.kind = meta.span.kind;
    this.spanId = event["span_id"] as string;
    this.traceId = event["trace_id"] as string;
    this.parentId = parentId === "undefined" ? undefined : parentId;
    this.input = contentOf(meta.input);
    this.output = contentOf(meta.output);
    const { _dd: _, ...metadata } = meta.metadata ?? {};
    this.metadata = metadata;
    this.metrics = (event["metrics"] ?? {}) as Record<string, number>;
    this.tags = tagsOf(event);
    this.error = errorOf(meta, event["status"]);
    this.sessionId = event["session_id"] as string | undefined;
    this.modelName = meta.model_name;
    this.modelProvider = meta.model_provider;
    this.prompt = meta.input?.["prompt"] as Part | undefined;
    this.toolDefinitions = meta.tool_definitions ?? [];
  }

  /** The span it is below, if that was recorded. */
  get parent(): RecordedSpan | undefined {
    return this.#parent;
  }

  /** The spans below that were recorded, by their start. */
  get children(): readonly RecordedSpan[] {
    return this.#children;
  }

  /** The app that the span belongs to. */
  get mlApp(): string {
    return this.tags["ml_app"] ?? "";
  }

  /** The input of an llm span; empty if it has none, or is of another kind. */
  get inputMessages(): Part[] {
    return this.#part("input", "messages");
  }

  /** The output of an llm span; empty if it has none, or is of another kind. */
  get outputMessages(): Part[] {
    return this.#part("output", "messages");
  }

  /** The input of an embedding span; empty if it has none, or is of another kind. */
  get inputDocuments(): Part[] {
    return this.#part("input", "documents");
  }

  /** The output of a retrieval span; empty if it has none, or is of another kind. */
  get outputDocuments(): Part[] {
    return this.#part("output", "documents");
  }

  #part(side: "input" | "output", shape: string): Part[] {
    return ((this.#event["meta"] as Meta)[side]?.[shape] ?? []) as Part[];
  }

  /** Nanoseconds since 1970. */
  get startNs(): bigint {
    return this.#startNs;
  }

  get durationNs(): bigint {
    return BigInt(this.#event["duration"] as number);
  }

  /** The whole event, with what has no name here. */
  get event(): Event {
    return this.#event;
  }

  /** Everything below, top down. */
  descendants(): RecordedSpan[] {
    return walk(this).slice(1);
  }

  /** This span and everything below, a line each, as `Recorder.tree` writes them. */
  tree(): string {
    const stems = new Map<RecordedSpan, string>();
    const lines = walk(this).map((span) => {
      const above = span === this ? undefined : span.#parent;
      if (above === undefined) {
        stems.set(span, "");
        return `${span.#column()}${span.#title()}`;
      }
      const last = span === above.#children.at(-1);
      const stem = stems.get(above) ?? "";
      stems.set(span, stem + (last ? "   " : "│  "));
      return `${span.#column()}${stem}${last ? "└─ " : "├─ "}${span.#title()}`;
    });
    return lines.join("\n");
  }

  /** One line: its kind, name, model and error. */
  toString(): string {
    return this.#column() + this.#title();
  }

  #column(): string {
    return `${this.kind.padEnd(10)} `;
  }

  #title(): string {
    const { error, modelName } = this;
    let title = this.name;
    if (modelName !== undefined && modelName !== "unknown") title += ` (${modelName})`;
    // A message may have lines of its own.
    if (error) title += ` ! ${`${error.type}: ${error.message}`.split(/\s+/).join(" ").trim()}`;
    // Names and messages may be another's, and this is printed.
    return shown(title);
  }

  /**
   * @internal Joins parents and children. Returns all spans by their start, a parent before its
   * children.
   */
  static join(found: readonly RecordedSpan[]): RecordedSpan[] {
    const spans = [...found].sort(byStart);
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    for (const span of spans) span.#children = [];
    for (const span of spans) {
      const above = span.parentId === undefined ? undefined : byId.get(span.parentId);
      span.#parent = above;
      if (above) above.#children.push(span);
    }
    const seen = new Set<RecordedSpan>();
    const visit = (root: RecordedSpan) => {
      for (const span of walk(root)) seen.add(span);
    };
    for (const span of spans) if (span.#parent === undefined) visit(span);
    for (const span of spans) {
      if (seen.has(span)) continue;
      // Whoever records spans under ids of their own can make a ring of them.
      const above = span.#parent;
      if (above) above.#children = above.#children.filter((child) => child !== span);
      span.#parent = undefined;
      visit(span);
    }
    // Clocks may be coarse, or stand still: then what is above comes first.
    return [...seen].sort(byStart);
  }
}

export function isRecordedSpan(value: unknown): value is RecordedSpan {
  return typeof value === "object" && value !== null && SPAN_BRAND in value;
}

function byStart(one: RecordedSpan, other: RecordedSpan): number {
  return one.startNs < other.startNs ? -1 : one.startNs > other.startNs ? 1 : 0;
}

/** A span and everything below, top down, with a stack of our own: traces may be deep. */
function walk(root: RecordedSpan): RecordedSpan[] {
  const found: RecordedSpan[] = [];
  const waiting = [root];
  for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
    found.push(span);
    for (let at = span.children.length - 1; at >= 0; at--) {
      waiting.push(span.children[at] as RecordedSpan);
    }
  }
  return found;
}

function contentOf(part: Part | undefined): Content {
  return (part?.["messages"] ?? part?.["documents"] ?? part?.["value"]) as Content;
}

function tagsOf(event: Event): Record<string, string> {
  const tags = (event["tags"] ?? []) as string[];
  return Object.fromEntries(
    tags.map((tag) => {
      const colon = tag.indexOf(":");
      return colon < 0 ? [tag, ""] : [tag.slice(0, colon), tag.slice(colon + 1)];
    }),
  ) as Record<string, string>;
}

function errorOf({ error }: Meta, status: unknown): RecordedError | undefined {
  if (error === undefined && status !== "error") return undefined;
  return { type: error?.type ?? "", message: error?.message ?? "", stack: error?.stack ?? "" };
}

/** One evaluation or feedback, as it would be sent. */
export interface RecordedEvaluation {
  readonly label: string;
  /** `categorical`, `score`, `boolean`, `json`, or of feedback also `text`. */
  readonly metricType: string;
  /** `undefined` for an evaluator that has skipped or failed. */
  readonly value: unknown;
  /** The ids of the span or trace that is judged; `undefined` where something else names it. */
  readonly spanId: string | undefined;
  readonly traceId: string | undefined;
  readonly sessionId: string | undefined;
  /** Whether a user or agent said it. */
  readonly isFeedback: boolean;
  /** Of feedback only. */
  readonly submitter: { readonly id: string; readonly type: string } | undefined;
  readonly assessment: string | undefined;
  readonly reasoning: string | undefined;
  readonly tags: Record<string, string>;
  /** The whole event, with what has no name here. */
  readonly event: Event;
}

/** @internal */
export function evaluationOf(event: Event): RecordedEvaluation {
  const text = (name: string) => event[name] as string | undefined;
  const joined = (event["join_on"] as { span?: Part } | undefined)?.span;
  const metricType = event["metric_type"] as string;
  return {
    label: event["label"] as string,
    metricType,
    value: event[`${metricType}_value`],
    spanId: (joined?.["span_id"] as string | undefined) ?? text("span_id"),
    traceId: (joined?.["trace_id"] as string | undefined) ?? text("trace_id"),
    sessionId: text("session_id"),
    isFeedback: event["submitter"] !== undefined,
    submitter: event["submitter"] as RecordedEvaluation["submitter"],
    assessment: text("assessment"),
    reasoning: text("reasoning"),
    tags: tagsOf(event),
    event,
  };
}
