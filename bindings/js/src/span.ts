// A span, as the application holds it.

import { SpanKind as CONTRACT_KINDS } from "./core/contract.js";
import { FINISH_POLL, FINISH_PROCESS } from "./core/instance.js";
import { typeName, wrongType } from "./errors.js";
import { failureOf } from "./failure.js";
import type { AnnotationOptions, ExportedSpan, FinishOptions, SpanKind } from "./surface/types.js";
import { SpanContext } from "./span-context.js";
import { nanoseconds } from "./time.js";
import type { Tracer } from "./tracer.js";
import { annotationText, jsonText } from "./values.js";
import { argumentErrorOf } from "./words.js";

/** Tells spans from other objects, also between the two forms of this package in one process. */
const BRAND = Symbol.for("witspan.span");

/** @internal By their numbers in the contract. */
export const KINDS: readonly SpanKind[] = CONTRACT_KINDS;

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

const OPEN = 1;
const HAS_OUTPUT = 2;
/** At its end the worker is asked, whatever the core says. */
const ASKS = 4;

/**
 * A span: one piece of work of the application. It is current inside `run`, and inside the function that
 * `trace` or `wrap` gave it to. Every method does nothing once the span has finished, or while tracing is off.
 */
export class Span {
  /** Stays where names are made shorter. */
  static readonly name = "Span";
  /** @internal */
  readonly [BRAND] = true;
  /** @internal The tracer that made it; none for the span of a tracer that is off. */
  readonly _tracer: Tracer | undefined;
  /** @internal */
  readonly _handle: bigint;
  /** @internal */
  readonly _epoch: number;
  readonly #kind: number;
  /** @internal */
  readonly contexts: readonly string[] | undefined;
  #state = OPEN;
  #failure: ReturnType<typeof failureOf> | undefined;
  #ids: ExportedSpan | undefined;

  /** @internal */
  constructor(
    tracer: Tracer | undefined,
    epoch: number,
    handle: bigint,
    kind: number,
    contexts: readonly string[] | undefined,
  ) {
    this._tracer = tracer;
    this._epoch = epoch;
    this._handle = handle;
    this.#kind = kind;
    this.contexts = contexts;
  }

  /** @internal */
  get active(): Span {
    return this;
  }

  /** @internal */
  get remote(): undefined {
    return undefined;
  }

  /** Its kind, such as `llm`. */
  get kind(): SpanKind {
    return KINDS[this.#kind] ?? "task";
  }

  /** Its name; `undefined` once it has finished, and while tracing is off. */
  get name(): string | undefined {
    return this._tracer?.info(this)?.name;
  }

  /** Its trace's id, 32 hexadecimal digits; empty while tracing is off. */
  get traceId(): string {
    return this.export().traceId ?? "";
  }

  /** Its id, decimal; empty while tracing is off. */
  get spanId(): string {
    return this.export().spanId ?? "";
  }

  /** The id of its parent, here or in another service; `undefined` for a root. */
  get parentId(): string | undefined {
    return this._tracer?.info(this)?.parentId;
  }

  /** Whether it has finished. */
  get finished(): boolean {
    return (this.#state & OPEN) === 0;
  }

  /** @internal Whether the application itself said what the output is. */
  get _hasOutput(): boolean {
    return (this.#state & HAS_OUTPUT) !== 0;
  }

  /** Both ids, as evaluations take them; `{}` for a span that is not kept, and while tracing is off. */
  export(): ExportedSpan {
    if (this.#ids === undefined) {
      const ids = this._tracer?.export(this);
      if (ids?.spanId === undefined) return {} as ExportedSpan;
      // The core forgets a span some thousand later ones.
      this.#ids = ids;
    }
    return { ...this.#ids };
  }

  /** As its ids: for programs that log what they hold. */
  toJSON(): ExportedSpan {
    return this.export();
  }

  /** @internal What `console.log` shows in Node. */
  [INSPECT](): string {
    const { spanId = "", traceId = "" } = this.export();
    return `Span { kind: '${this.kind}', spanId: '${spanId}', traceId: '${traceId}' }`;
  }

  /**
   * Adds to the span: see `AnnotationOptions`. Input, output and tool definitions are replaced by each call;
   * metadata, metrics, tags, prompt and agent are merged by key.
   *
   * @throws LLMObsArgumentError for an argument of a wrong type; then nothing of the call is kept.
   */
  annotate(options: AnnotationOptions): this {
    if (this._tracer === undefined) return this;
    if (typeof options !== "object" || options === null) {
      this._tracer.core.refused();
      throw wrongType("options", options, "an object such as { inputData, outputData }");
    }
    const parts: Record<string, unknown> = {};
    const { inputData, outputData, metadata, metrics, tags } = options;
    if (inputData !== undefined) parts["input"] = inputData;
    if (outputData !== undefined) parts["output"] = outputData;
    if (metadata !== undefined) parts["metadata"] = byKey(this._tracer, "metadata", metadata);
    if (metrics !== undefined) parts["metrics"] = this.#object("metrics", metrics);
    if (tags !== undefined) parts["tags"] = byKey(this._tracer, "tags", tags);
    const { costTags, prompt, toolDefinitions, agent, links, intent } = options;
    if (costTags !== undefined) parts["cost_tags"] = costTags;
    if (prompt !== undefined) parts["prompt"] = this.#object("prompt", prompt);
    if (toolDefinitions !== undefined) parts["tool_definitions"] = toolDefinitions;
    if (agent !== undefined) parts["agent"] = agent;
    if (links !== undefined) parts["links"] = links;
    if (intent !== undefined) parts["intent"] = intent;
    const text = annotationText(parts);
    this._annotateText(text);
    if (options.outputData !== undefined && options.outputData !== null) this.#state |= HAS_OUTPUT;
    return this;
  }

  /** An object, or nothing: dd-trace leaves out what is falsy, and anything else has no names to go by. */
  #object(member: string, value: unknown): unknown {
    if (!value) return undefined;
    if (isObject(value)) return value;
    this._tracer?.core.warn(
      `\`${member}\` is ${typeName(value)}; accepted: an object; it was left out`,
    );
    return undefined;
  }

  /** @internal Annotates with JSON text. Throws for what a programmer did wrong. */
  _annotateText(text: string): void {
    const tracer = this._tracer;
    if (tracer === undefined) return;
    const refusal = tracer.core.annotate(this._epoch, this._handle, text);
    if (refusal === undefined) return;
    if (refusal === "lost") return tracer.core.diagnose({ event: "misplaced", why: GONE });
    const wrong = argumentErrorOf(refusal);
    if (wrong !== undefined) throw wrong;
    if (refusal.tag === "memory-full") return tracer.core.diagnose({ event: "memory-full" });
    tracer.core.diagnose({ event: "misplaced", why: "the span has finished" });
  }

  /**
   * Ends the span; a second time it does nothing. `error` is what was thrown, of any type; `endTime` is a
   * `Date`, milliseconds since 1970 (a number), or nanoseconds since 1970 (a bigint).
   *
   * @throws LLMObsArgumentError for an `endTime` that is no time.
   */
  finish(options?: FinishOptions): void {
    const tracer = this._tracer;
    if (tracer === undefined || !(this.#state & OPEN)) return;
    let end: bigint | undefined;
    // As programs for other tracers write it.
    if (options instanceof Error) return this._end(failureOf(options), undefined);
    if (options !== undefined && options !== null) {
      end = nanoseconds("endTime", options.endTime);
      const { error } = options;
      if (error !== undefined && error !== null) {
        return this._end(failureOf(error), end);
      }
    }
    this._end(undefined, end);
  }

  /** @internal Counts it as unfinished once nobody holds it any more. */
  _watched(): void {
    this._tracer?.watch(this);
  }

  /** Of dd-trace's spans: `setTag("error", error)` marks it as failed; any other tag is APM's, and ignored. */
  setTag(key: string, value: unknown): this {
    return key === "error" && value ? this.fail(value) : this;
  }

  /** Of dd-trace's spans: see `setTag`. */
  addTags(tags: Readonly<Record<string, unknown>>): this {
    return tags?.["error"] ? this.fail(tags["error"]) : this;
  }

  /** Of dd-trace's spans: the ids, as APM shows them. */
  context(): SpanContext {
    return new SpanContext(this);
  }

  /** Marks it as failed, with what was thrown; `finish` sends that unless it has an error of its own. */
  fail(error: unknown): this {
    if (this._tracer !== undefined && this.#state & OPEN) this.#failure = failureOf(error);
    return this;
  }

  /** @internal Has its end ask the worker: where each request delivers what it finished. */
  _asks(): void {
    this.#state |= ASKS;
  }

  /** @internal It is over already: it was recorded, not started. */
  _closed(): void {
    this.#state &= ~OPEN;
  }

  /** @internal Ends the span with what was thrown, whatever that is. */
  _fail(thrown: unknown): void {
    if (this._tracer !== undefined) this._end(failureOf(thrown), undefined);
  }

  /** @internal */
  _end(failure: ReturnType<typeof failureOf> | undefined, endNs: bigint | undefined): void {
    if (!(this.#state & OPEN)) return;
    this.#state &= ~OPEN;
    const tracer = this._tracer;
    if (tracer === undefined) return;
    const failed = failure ?? this.#failure;
    const flags = tracer.core.finish(this._epoch, this._handle, failed, endNs);
    if (flags & FINISH_PROCESS) tracer.process();
    if (flags & FINISH_POLL || this.#state & ASKS) tracer.worker.attend();
  }

  /** Runs a function in which this span is current: spans that start inside are its children. */
  run<T>(fn: () => T): T {
    if (typeof fn !== "function") throw wrongType("fn", fn, "a function");
    return this._tracer === undefined ? fn() : this._tracer.storage.run(this, fn);
  }

  /** @internal `run` with arguments, without a closure. */
  _run<T, A extends unknown[]>(fn: (...args: A) => T, ...args: A): T {
    return this._tracer === undefined ? fn(...args) : this._tracer.storage.run(this, fn, ...args);
  }

  /** `using span = llmobs.startSpan(…)` finishes it at the end of the block. */
  [Symbol.dispose](): void {
    this.finish();
  }
}

/** @internal An object of values by key. dd-trace takes anything here, so anything else is kept under the member's name. */
export function byKey(tracer: Tracer | undefined, member: string, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  tracer?.core.warn(
    `\`${member}\` is ${typeName(value)}; accepted: an object; it was kept as \`${member}.${member}\``,
  );
  return { [member]: value };
}

/** Whether a value is written as an object of members: a class may be, a list or a date is not. */
function isObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    if (Array.isArray(value)) return false;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return true;
  } catch {
    // A proxy that fails: the writer has a text for it.
  }
  return jsonText(value).startsWith("{");
}

const GONE = "the span is of a tracer that has ended, or of a core that failed";

/** Whether a value is a span, of this form of the package or of the other one. */
export function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** The span of a tracer that is off: every call does nothing. */
export const NO_SPAN = new Span(undefined, 0, 0n, 4, undefined);
