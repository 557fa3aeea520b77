// What an application traces while a test runs: it stays in memory, and is read at once.

import { home } from "../home.js";
import { LLMObsArgumentError } from "../surface/index.js";
import type { SpanProcessor } from "../surface/types.js";
import type { Tracer } from "../tracer.js";
import { eventsIn } from "./bodies.js";
import { drain, Memory, recordingPlatform } from "./memory.js";
import { checked, differences, type SpanQuery } from "./query.js";
import { evaluationOf, type RecordedEvaluation, RecordedSpan } from "./recorded.js";
import { literal, named } from "./shown.js";

/** Options of a recorder. */
export interface RecorderOptions {
  /** The app of spans whose application names none; by default `test`. */
  mlApp?: string;
  /** A processor to test: see `llmobs.registerProcessor`. */
  spanProcessor?: SpanProcessor;
  /** The most bytes that are recorded, as they would be sent; by default 64 MB. */
  maxBytes?: number;
}

const MAX_BYTES = 64_000_000;
/** The queue of the core by default. */
const QUEUE_BYTES = 33_554_432;
/** Reasons by which spans are lost before they come here. */
const LOSSES = ["queue_full", "open_full"];

/** Tells recorders from other objects, also where this module is there twice. */
const BRAND = Symbol.for("witspan.recorder");

/** Not exactly one span is what was asked for; the message shows those that there are. */
export class NoSuchSpanError extends Error {
  static {
    named(this, "NoSuchSpanError");
  }
}

/**
 * The spans that have finished so far, by their start; after `stop` too. Everything is read at
 * once, without a promise. Spans that are still open are not here: `openSpans` counts them.
 */
export class Recorder implements Iterable<RecordedSpan> {
  readonly #mlApp: string | undefined;
  readonly #processor: SpanProcessor | undefined;
  readonly #maxBytes: number;
  #memory: Memory;
  #tracers: Tracer[] = [];
  #undo: (() => void) | undefined;
  #spans: RecordedSpan[] = [];
  #evaluations: RecordedEvaluation[] = [];
  /** Bodies that were read. */
  #read = 0;
  /** Spans that were lost when `clear` was called, and when recording ended. */
  #forgiven = 0;
  #lost = 0;

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  /** @internal */
  constructor(options: RecorderOptions) {
    this.#mlApp = options.mlApp;
    this.#processor = options.spanProcessor;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#memory = new Memory(this.#maxBytes);
  }

  /**
   * Begins to record, with nothing. Returns itself: `using spans = recorder().start()`.
   *
   * @throws Error if it records already.
   */
  start(): this {
    if (this.#undo) throw new Error("this recorder records already; make another by recorder()");
    this.#forget();
    this.#lost = this.#forgiven = 0;
    const memory = (this.#memory = new Memory(this.#maxBytes));
    const outside = home();
    const tracers: Tracer[] = (this.#tracers = []);
    const recording = {
      platform: recordingPlatform(outside.platform, memory),
      defaults: { mlApp: this.#mlApp ?? "test" },
      fixed: {
        ...nowhere,
        overrideOrigin: "http://recorder.invalid",
        intake: "sdk",
        queueBytes: Math.max(this.#maxBytes, QUEUE_BYTES),
      },
      began: (tracer: Tracer) => void tracers.push(tracer),
    };
    this.#undo = outside.exchange(recording, this.#processor);
    return this;
  }

  /** Ends. What was enabled before goes on. Without `start` it does nothing. */
  stop(): void {
    if (!this.#undo) return;
    this.#drain();
    this.#undo();
    this.#undo = undefined;
    this.#lost = this.#lossesNow();
    for (const { core, worker } of this.#tracers) {
      core.close();
      void worker.stop(0);
    }
    this.#tracers = [];
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** How many spans have finished. */
  get length(): number {
    return this.#all().length;
  }

  /**
   * The span at a place by start; `-1` is the last one.
   *
   * @throws NoSuchSpanError if there are not so many.
   */
  at(index: number): RecordedSpan {
    const found = this.#all().at(index);
    if (!found) throw new NoSuchSpanError(`there is no span ${index}; ${this.#shown()}`);
    return found;
  }

  /**
   * The only span of a name, or the only one that is as the query says.
   *
   * @throws NoSuchSpanError if there is none, or more than one.
   */
  get(query: string | RegExp | SpanQuery): RecordedSpan {
    const found = this.find(query);
    if (found.length === 1) return found[0] as RecordedSpan;
    const named = typeof query === "string" ? "named" : "like";
    const count = found.length || "no";
    throw new NoSuchSpanError(`${count} spans are ${named} ${literal(query)}; ${this.#shown()}`);
  }

  /** Whether a span is of this name, or as the query says. */
  has(query: string | RegExp | SpanQuery): boolean {
    return this.find(query).length > 0;
  }

  /**
   * The spans of a name, or those that are as the query says; all spans without one.
   *
   * @throws LLMObsArgumentError for a query with something that no span has.
   */
  find(query: string | RegExp | SpanQuery = {}): RecordedSpan[] {
    const wanted = checked(query);
    return this.#all().filter((span) => differences(span, wanted).length === 0);
  }

  /** The spans whose parent was not recorded: one a trace, if all of it is here. */
  get roots(): RecordedSpan[] {
    return this.#all().filter((span) => span.parent === undefined);
  }

  /**
   * All traces as text, a line for each span, with its kind, model and error.
   *
   *     workflow   answer
   *     llm        └─ ask (gpt-4o)
   */
  tree(): string {
    return this.roots.map((span) => span.tree()).join("\n");
  }

  /** Evaluations and feedbacks, in the order in which they were submitted. */
  get evaluations(): RecordedEvaluation[] {
    this.#all();
    return [...this.#evaluations];
  }

  /** How many spans have started inside and not finished; 0 after `stop`. */
  get openSpans(): number {
    return this.#tracers.reduce((sum, { core }) => sum + core.statistics().open, 0);
  }

  /** Forgets what has finished so far. */
  clear(): void {
    this.#drain();
    this.#forgiven = this.#lossesNow();
    this.#memory.clear();
    this.#forget();
  }

  [Symbol.iterator](): Iterator<RecordedSpan> {
    return [...this.#all()][Symbol.iterator]();
  }

  toString(): string {
    return this.#shown();
  }

  /** What Node, Deno and Bun print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Recorder: ${this.#shown()}`;
  }

  #shown(): string {
    const tree = this.tree();
    const open = this.openSpans;
    const more = open ? ` (${open} still open)` : "";
    return tree ? `recorded${more}:\n${tree}` : `nothing was recorded${more}`;
  }

  #forget(): void {
    this.#spans = [];
    this.#evaluations = [];
    this.#read = 0;
  }

  #drain(): void {
    for (const tracer of this.#tracers) drain(tracer, this.#memory);
  }

  /** Spans that were dropped before they could be recorded, since the beginning. */
  #lossesNow(): number {
    const lost = this.#tracers.map(({ core }) => {
      const { dropped } = core.statistics();
      return LOSSES.reduce((sum, reason) => sum + (dropped[reason] ?? 0), 0);
    });
    return lost.reduce((sum, each) => sum + each, this.#lost);
  }

  #all(): readonly RecordedSpan[] {
    this.#drain();
    const lost = this.#memory.refused + this.#lossesNow() - this.#forgiven;
    if (lost > 0) {
      throw new Error(
        `${lost} spans found no room in the ${this.#maxBytes} bytes of this recorder; ` +
          "give it more: recorder({ maxBytes: … })",
      );
    }
    const bodies = this.#memory.bodies.slice(this.#read);
    if (bodies.length) {
      this.#read += bodies.length;
      const events = bodies.map(eventsIn);
      this.#evaluations.push(...events.flatMap(({ evaluations }) => evaluations.map(evaluationOf)));
      const fresh = events.flatMap(({ spans }) => spans.map((each) => new RecordedSpan(each)));
      if (fresh.length) this.#spans = RecordedSpan.join([...this.#spans, ...fresh]);
    }
    return this.#spans;
  }
}

export function isRecorder(value: unknown): value is Recorder {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** Options of the application that say where spans go. */
const nowhere = {
  apiKey: undefined,
  site: undefined,
  agentlessEnabled: undefined,
  agentUrl: undefined,
  agentHost: undefined,
  agentPort: undefined,
};

/**
 * Records what is traced between `start` and `stop`, in memory.
 *
 * Meanwhile tracing is on, and only what is said here and by the application's own `enable` counts:
 * not the environment, not a tracer that was enabled before, no span and no annotation context that
 * is open outside, no processor registered outside. `llmobs.enable(…)` inside applies its `mlApp`,
 * `service`, `env`, `sampleRate` and `spanProcessor`; where spans go stays here. Afterwards
 * everything is as it was. Recorders may be started inside each other; the innermost records.
 *
 * `maxBytes` bounds what is recorded. Reading throws if that was not enough, so that no test passes
 * for want of spans.
 *
 * @throws LLMObsArgumentError for a wrong argument.
 */
export function recorder(options: RecorderOptions = {}): Recorder {
  if (typeof options !== "object" || options === null) {
    const accepted = 'an object such as { mlApp: "my-app" }';
    const why = `\`options\` is ${literal(options)}; accepted: ${accepted}`;
    throw new LLMObsArgumentError("options", why);
  }
  const { maxBytes, spanProcessor } = options;
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 1)) {
    const why = `\`maxBytes\` is ${literal(maxBytes)}; accepted: a whole number from 1`;
    throw new LLMObsArgumentError("maxBytes", why);
  }
  if (spanProcessor !== undefined && typeof spanProcessor !== "function") {
    const why = `\`spanProcessor\` is ${literal(spanProcessor)}; accepted: a function`;
    throw new LLMObsArgumentError("spanProcessor", why);
  }
  return new Recorder(options);
}

/**
 * Records while a function runs, and until its promise settles. Gives the spans.
 *
 *     const spans = await record(() => answer("Why is the sky blue?"));
 *
 * What the function throws is thrown on.
 */
export function record(
  fn: (spans: Recorder) => PromiseLike<unknown>,
  options?: RecorderOptions,
): Promise<Recorder>;
export function record(fn: (spans: Recorder) => unknown, options?: RecorderOptions): Recorder;
export function record(
  fn: (spans: Recorder) => unknown,
  options?: RecorderOptions,
): Recorder | Promise<Recorder> {
  if (typeof fn !== "function") {
    throw new LLMObsArgumentError("fn", `\`fn\` is ${literal(fn)}; accepted: a function`);
  }
  const spans = recorder(options).start();
  let result: unknown;
  try {
    result = fn(spans);
  } catch (error) {
    spans.stop();
    throw error;
  }
  if (typeof (result as Partial<PromiseLike<unknown>> | undefined)?.then === "function") {
    return Promise.resolve(result)
      .finally(() => spans.stop())
      .then(() => spans);
  }
  spans.stop();
  return spans;
}
