// `llmobs`: the names, options and behaviour of dd-trace's, and what its users ask for.

import type { SpanOption } from "../core/contract.js";
import { LLMObsArgumentError, typeName, wrongType } from "../errors.js";
import { failureOf } from "../failure.js";
import { home } from "../home.js";
import { byKey, isSpan, KINDS, NO_SPAN, Span } from "../span.js";
import { nanoseconds } from "../time.js";
import { asArgumentError, headerPairs, type Tracer } from "../tracer.js";
import { annotationText, plainText } from "../values.js";
import { decorator } from "./decorate.js";
import { NotOffered } from "./not-offered.js";
import { runner } from "./processor.js";
import type * as T from "./types.js";
import { traceCall, wrapFunction } from "./wrap.js";
import { noCounts } from "../counts.js";

type AnyFunction = (...args: never[]) => unknown;
/** Anything with headers: `Headers`, an object, pairs, Node's `IncomingMessage.headers`. */
export type Carrier = object;

/** Kinds whose arguments, and whose results, become nothing by themselves: they have a shape of their own. */
const NO_INPUT = new Set(["llm", "embedding"]);
const NO_OUTPUT = new Set(["llm", "retrieval"]);
const MOST_CONTEXTS = 1000;
/** Characters of a name, session, app or model that are read: more than the core keeps. */
const MOST_TEXT = 1_000_000;

/** The tracing of one process. Every method does nothing while tracing is off. */
export class LLMObs {
  /** Stays where names are made shorter. */
  static readonly name = "LLMObs";
  /** Whether calls are traced. */
  get enabled(): boolean {
    return home().enabled;
  }

  /**
   * Turns tracing on. What is not given comes from the environment (`DD_…`). Nothing is loaded, and no timer
   * started, before the first span. Enabled already: a warning names the options that differ.
   *
   * `DD_LLMOBS_ENABLED=0` in the environment keeps tracing off. A missing key is logged and counted.
   *
   * @throws LLMObsArgumentError for an option that no setting can be.
   */
  enable(options: T.EnableOptions = {}): void {
    options ??= {};
    if (typeof options !== "object") {
      throw wrongType("options", options, "an object such as { mlApp: 'my-app' }");
    }
    const { spanProcessor, projectName: _, ...settings } = options;
    const processor = spanProcessor ?? undefined;
    home().enable(
      settings,
      processor && runner(checkedProcessor("spanProcessor", processor)),
    );
  }

  /** Sends what has finished, for at most the exit time, and turns tracing off. */
  disable(): Promise<void> {
    return this.shutdown().then(() => undefined);
  }

  /**
   * Runs a function in a span. The span ends when the function returns, or when its promise or stream does;
   * a function of two parameters ends it by `done(error)`. The result goes to the caller.
   *
   * @throws LLMObsArgumentError for a `kind` that there is not, and without a function.
   */
  trace<R>(options: T.SpanOptions, fn: (span: Span, done: T.Done) => R): R;
  trace<R>(fn: (span: Span, done: T.Done) => R): R;
  trace<R>(
    options: T.SpanOptions | ((span: Span, done: T.Done) => R),
    fn?: (span: Span, done: T.Done) => R,
  ): R {
    let given = options as T.SpanOptions;
    if (typeof options === "function") {
      fn = options;
      given = { kind: "task" };
    }
    if (typeof fn !== "function") throw wrongType("fn", fn, "a function");
    const kind = kindOf(given);
    const tracer = home().live();
    if (tracer === undefined) return fn(NO_SPAN, nothing);
    const span = started(tracer, kind, told(tracer, given), undefined);
    if (fn.length > 1) tracer.watch(span);
    return traceCall(span, fn);
  }

  /**
   * The same function, with a span around each call. Its arguments become the input and its result the
   * output, where the kind has no shape of its own and nothing else was annotated.
   *
   * @throws LLMObsArgumentError for a `kind` that there is not, and without a function.
   */
  wrap<F>(options: T.WrapOptions, fn: F): F;
  wrap<F extends AnyFunction>(fn: F): F;
  wrap(options: unknown, fn?: unknown): unknown {
    let given = options as T.WrapOptions;
    if (typeof options === "function") {
      fn = options;
      given = { kind: "task" };
    }
    if (typeof fn !== "function") throw wrongType("fn", fn, "a function");
    return this.#wrapped(given, fn as AnyFunction, fn.name);
  }

  #wrapped<F extends AnyFunction>(options: T.WrapOptions, fn: F, name: string): F {
    const kind = kindOf(options);
    const named = options.kind;
    return wrapFunction(fn, {
      start: () => {
        const tracer = home().live();
        return tracer && started(tracer, kind, told(tracer, options), name);
      },
      input: options.captureInput ?? !NO_INPUT.has(named),
      output: options.captureOutput ?? !NO_OUTPUT.has(named),
      streams: options.captureOutput ?? true,
    });
  }

  /** A decorator of methods, in the standard form and in TypeScript's older one. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- decorators of both forms
  decorate(options: T.WrapOptions): any {
    kindOf(options);
    return decorator((fn, name) => this.#wrapped(options, fn, name));
  }

  /**
   * Starts a span that the application finishes itself. It is below the current span, or below `parent`, and
   * is current only inside `span.run(fn)`. A span that is never finished is not sent: it is counted as
   * `unfinished`.
   *
   * @throws LLMObsArgumentError for a `kind` that there is not, a `parent` that is none, a `startTime` that is no time.
   */
  startSpan(options: T.SpanOptions): Span {
    const kind = kindOf(options);
    const tracer = home().live();
    if (tracer === undefined) return NO_SPAN;
    const span = started(tracer, kind, options, undefined);
    tracer.watch(span);
    return span;
  }

  /**
   * Records a span that is over, in one call. Returns it, so that others can be below it.
   *
   * @throws LLMObsArgumentError for a wrong argument; then nothing was kept.
   */
  recordSpan(options: T.RecordedSpan): Span {
    const kind = kindOf(options);
    const tracer = home().live();
    if (tracer === undefined) return NO_SPAN;
    try {
      const done = record(tracer, options);
      if (done === undefined) return NO_SPAN;
      if (done.process) tracer.process();
      if (done.shouldPoll || tracer.worker.perRequest) tracer.worker.attend();
      const span = new Span(tracer, tracer.core.epoch, done.span, kind, undefined);
      span._closed();
      return span;
    } catch (error) {
      throw asArgumentError(error);
    }
  }

  /** The current span, if there is one. */
  currentSpan(): Span | undefined {
    return home().scope()?.active;
  }

  /**
   * Adds to a span, by default the current one: see `Span.annotate`. Without a span, or after it has finished,
   * the annotation is counted in `annotationsRejected`, and logged once.
   *
   * @throws LLMObsArgumentError for an argument of a wrong type.
   */
  annotate(options: T.AnnotationOptions): void;
  annotate(span: Span | undefined, options: T.AnnotationOptions): void;
  annotate(spanOrOptions: unknown, given?: T.AnnotationOptions): void {
    const tracer = home().tracer;
    if (tracer === undefined) {
      if (home().enabled) home().live()?.core.misplaced(NOWHERE);
      return;
    }
    const two = given !== undefined || isSpan(spanOrOptions);
    const options = (two ? given : spanOrOptions) as T.AnnotationOptions;
    const target = two && spanOrOptions !== undefined && spanOrOptions !== null;
    if (target && !isSpan(spanOrOptions)) {
      tracer.core.refused();
      throw wrongType("span", spanOrOptions, "a span of llmobs");
    }
    const span = target ? (spanOrOptions as Span) : home().scope()?.active;
    if (span === undefined) return tracer.core.misplaced(NOWHERE);
    span.annotate(options);
  }

  /**
   * Says something of every span that starts inside a function, and of what that starts. Contexts inside each
   * other merge; what a span is annotated with itself wins.
   *
   * @throws LLMObsArgumentError for a wrong argument.
   */
  annotationContext<R>(options: T.AnnotationContextOptions, fn: () => R): R {
    if (typeof fn !== "function") throw wrongType("fn", fn, "a function");
    const tracer = home().live();
    if (tracer === undefined || options === undefined || options === null) return fn();
    if (typeof options !== "object") {
      throw wrongType("options", options, "an object such as { tags }");
    }
    const { name, tags, costTags, prompt, agent } = options;
    const text = annotationText({ name, tags, costTags, prompt, agent });
    tracer.checkContext(text);
    const scope = home().scope();
    const before = scope?.contexts ?? [];
    if (before.length >= MOST_CONTEXTS) {
      tracer.core.misplaced(`more than ${MOST_CONTEXTS} annotation contexts are around this place`);
      return fn();
    }
    const contexts = [...before, text];
    return home().storage.run({ active: scope?.active, remote: scope?.remote, contexts }, fn);
  }

  /**
   * Taken for dd-trace's sake: everything goes where the tracer sends it, which a warning says once. There is
   * one target (`docs/differences.md`).
   */
  routingContext<R>(_options: { ddApiKey: string; ddSite?: string }, fn: () => R): R {
    if (typeof fn !== "function") throw wrongType("fn", fn, "a function");
    home()
      .live()
      ?.core.warn("`routingContext` changes nothing: a tracer has one target, and spans go there");
    return fn();
  }

  /** Both ids of a span, by default the current one; without any, and while tracing is off, `{}`. */
  exportSpan(span?: Span): T.ExportedSpan {
    if (span !== undefined && span !== null && !isSpan(span)) {
      if (!home().enabled) return {} as T.ExportedSpan;
      throw wrongType("span", span, "a span of llmobs");
    }
    return (span ?? home().scope()?.active)?.export() ?? ({} as T.ExportedSpan);
  }

  /**
   * Submits an evaluation of a span (`{ traceId, spanId }`), of a trace or of a session.
   *
   * @throws LLMObsArgumentError for a wrong argument; it is counted in `evaluationsRejected`.
   */
  submitEvaluation(span: T.ExportedSpan | Span | undefined, options: T.EvaluationOptions): void {
    const tracer = home().live();
    if (tracer === undefined) return;
    if (typeof options !== "object" || options === null) {
      throw wrongType("options", options, "an object such as { label, metricType, value }");
    }
    const target = idsOf(span);
    if (target !== undefined && isGone(target)) return tracer.core.noTarget();
    // Ids win over other ways to name the span, which dd-trace does not know.
    const other = target === undefined || options.evalScope === "session";
    const sessionId = other ? options.sessionId : undefined;
    submit(tracer, false, {
      ...common(tracer, options, EVALUATION),
      span: options.evalScope === "session" && sessionId !== undefined ? undefined : target,
      sessionId,
      evalScope: options.evalScope ?? (sessionId === undefined ? undefined : "session"),
      spanWithTagValue: target === undefined ? options.spanWithTagValue : undefined,
    });
  }

  /**
   * Submits what a user or an agent thinks of a span, a trace or a session.
   *
   * @throws LLMObsArgumentError for a wrong argument; it is counted in `evaluationsRejected`.
   */
  submitFeedback(options: T.FeedbackOptions): void {
    const tracer = home().live();
    if (tracer === undefined) return;
    if (typeof options !== "object" || options === null) {
      throw wrongType("options", options, "an object such as { label, metricType, value, submitter }");
    }
    const span = idsOf(options.span);
    if (span !== undefined && isGone(span)) return tracer.core.noTarget();
    submit(tracer, true, { ...common(tracer, options, FEEDBACK), span });
  }

  /**
   * Has a function look at every span before it is sent: it returns the span, or `null` to drop it. It fails
   * closed: if it throws, returns something else or a promise, or takes longer than 1 s, the span is sent without
   * its content.
   *
   * @throws LLMObsArgumentError for what is no function, and if there is a processor.
   */
  registerProcessor(processor: T.SpanProcessor): void {
    checkedProcessor("processor", processor);
    if (home().hasProcessor) {
      throw new LLMObsArgumentError(
        "processor",
        "there is a processor; call `deregisterProcessor` before registering another",
      );
    }
    home().setProcessor(runner(processor));
  }

  /** Sends spans as they are from now on. */
  deregisterProcessor(): void {
    home().setProcessor(undefined);
  }

  /**
   * The headers to set on a request so that its receiver continues the trace of a span, by default of the
   * current one. With `carrier` (`Headers`, a `Map` or an object) they are set there.
   */
  inject(carrier?: Carrier, span?: Span): Record<string, string> {
    const target = span ?? home().scope()?.active;
    const tracer = home().tracer;
    if (tracer === undefined || target === undefined || !isSpan(target)) return {};
    const into = typeof carrier === "object" && carrier !== null ? carrier : undefined;
    const set = tracer.inject(target, into === undefined ? [] : headerPairs(into));
    if (into !== undefined) for (const { name, value } of set) put(into, name, value);
    return Object.fromEntries(set.map(({ name, value }) => [name, value]));
  }

  /**
   * The remote context in the headers of a request: a text, which is a `parent` of spans, also later and
   * elsewhere. `undefined` if the headers name no trace.
   */
  extract(headers: Carrier): string | undefined {
    if (typeof headers !== "object" || headers === null) {
      throw wrongType("headers", headers, "Headers, an object or pairs of names and values");
    }
    return home().live()?.remoteOf(headers);
  }

  /** Runs a function in which spans continue the trace of a request's headers, or of what `extract` returned. */
  continueTrace<R>(parent: Carrier | string | undefined, fn: () => R): R {
    if (typeof fn !== "function") throw wrongType("fn", fn, "a function");
    const tracer = home().live();
    if (tracer === undefined || parent === undefined || parent === null) return fn();
    if (typeof parent !== "string" && typeof parent !== "object") {
      throw wrongType("parent", parent, "the headers of a request, or what `extract` returned");
    }
    const remote = typeof parent === "string" ? parent : tracer.remoteOf(parent);
    if (!remote) return fn();
    const contexts = home().scope()?.contexts;
    return home().storage.run({ active: undefined, remote, contexts }, fn);
  }

  /** The same function, which has what is current here whenever and wherever it is called. */
  bind<F extends AnyFunction>(fn: F): F {
    if (typeof fn !== "function") throw wrongType("fn", fn, "a function");
    const scope = home().scope();
    const { storage } = home();
    return new Proxy(fn, {
      apply: (target, self: unknown, args: unknown[]) =>
        storage.run(scope, () => Reflect.apply(target, self, args as never[]) as unknown),
    });
  }

  /**
   * Sends everything that has finished, and waits until it is delivered or dropped. Rejects only for a
   * `timeoutMs` that is no number from 0, with `LLMObsArgumentError`.
   */
  async flush(options: T.FlushOptions = {}): Promise<T.FlushResult> {
    const timeout = milliseconds(options);
    const { tracer } = home();
    if (tracer === undefined) return { settled: true, delivered: 0, pending: 0, dropped: {} };
    const settled = await tracer.worker.flush(timeout ?? tracer.plan.flushTimeoutMs);
    return resultOf(settled, tracer);
  }

  /** Sends what has finished, for at most `timeoutMs` (by default the exit time), and turns tracing off. */
  async shutdown(options: T.FlushOptions = {}): Promise<T.FlushResult> {
    const timeout = milliseconds(options);
    const tracer = await home().disable(timeout);
    if (tracer === undefined) return { settled: true, delivered: 0, pending: 0, dropped: {} };
    return resultOf(tracer.settled, tracer);
  }

  /** Every counter. `accepted = open + queued + inFlight + delivered + the sum of dropped`. */
  statistics(): T.Statistics {
    return home().tracer?.core.statistics() ?? noCounts();
  }

  /** Of Datadog's service alone: every call is a promise that rejects with `NotOfferedError`. */
  get experiments(): NotOffered {
    return new NotOffered("experiments");
  }

  /** Of Datadog's service alone: every call is a promise that rejects with `NotOfferedError`. */
  get prompts(): NotOffered {
    return new NotOffered("prompts");
  }
}

const NOWHERE = "there is no span here";

function nothing(): void {}

function checkedProcessor(field: string, processor: T.SpanProcessor): T.SpanProcessor {
  if (typeof processor !== "function") throw wrongType(field, processor, "a function");
  return processor;
}

/** The index of a kind. @throws LLMObsArgumentError for one that there is not. */
function kindOf(options: { kind: T.spanKind }): number {
  if (typeof options !== "object" || options === null) {
    throw wrongType("options", options, "an object such as { kind: 'task' }");
  }
  const kind = KINDS.indexOf(options.kind);
  if (kind >= 0) return kind;
  if ((options.kind as string) === "experiment") {
    // dd-trace takes it for the spans of its experiments, which are not offered.
    home().live()?.core.warn("`kind` is experiment, which is not offered: the span is a task");
    return KINDS.indexOf("task");
  }
  const got = typeof options.kind === "string" ? `\`${options.kind}\`` : typeName(options.kind);
  throw new LLMObsArgumentError("kind", `\`kind\` is ${got}; accepted: ${KINDS.join(", ")}`);
}

/** dd-trace takes anything as a start: what is no time is left out of calls that it has, and told. */
function told<O extends T.SpanOptions>(tracer: Tracer, options: O): O {
  const { startTime } = options;
  if (startTime === undefined || startTime === null) return options;
  try {
    nanoseconds("startTime", startTime);
    return options;
  } catch (error) {
    tracer.core.warn(`${error instanceof Error ? error.message : ""}; the span starts now`);
    return { ...options, startTime: undefined };
  }
}

function started(
  tracer: Tracer,
  kind: number,
  given: T.SpanOptions,
  functionName: string | undefined,
): Span {
  const { name, sessionId, mlApp, modelName, modelProvider, parent, startTime } = given;
  let options: SpanOption[] | undefined;
  if (sessionId !== undefined) options = option(tracer, options, "session-id", sessionId);
  if (mlApp !== undefined) options = option(tracer, options, "ml-app", mlApp);
  if (modelName !== undefined) options = option(tracer, options, "model-name", modelName);
  if (modelProvider !== undefined) options = option(tracer, options, "model-provider", modelProvider);
  if (startTime !== undefined && startTime !== null) {
    const val = nanoseconds("startTime", startTime) ?? 0n;
    (options ??= []).push({ tag: "start-ns", val });
  }
  const text = typeof name === "string" ? name.slice(0, MOST_TEXT) : textOf(tracer, "name", name);
  const named = text || functionName || undefined;
  if (parent === undefined) return tracer.start(kind, named, options);
  if (parent !== null && typeof parent !== "object" && typeof parent !== "string") {
    const accepted = "a span, the headers of a request, what `extract` returned, or null";
    throw wrongType("parent", parent, accepted);
  }
  return tracer.startBelow(parent, kind, named, options);
}

type TextTag = "session-id" | "ml-app" | "model-name" | "model-provider";

const FIELDS: Readonly<Record<TextTag, string>> = {
  "session-id": "sessionId",
  "ml-app": "mlApp",
  "model-name": "modelName",
  "model-provider": "modelProvider",
};

/** A text of any value. What is a text only as its JSON is told. */
function textOf(tracer: Tracer, field: string, value: unknown): string | undefined {
  return plainText(value, (type) => {
    tracer.core.warn(`\`${field}\` is of type ${type}; accepted: text; it was sent as its JSON`);
  });
}

function option(
  tracer: Tracer,
  options: SpanOption[] | undefined,
  tag: TextTag,
  value: unknown,
): SpanOption[] | undefined {
  const val =
    typeof value === "string" ? value.slice(0, MOST_TEXT) : textOf(tracer, FIELDS[tag], value);
  if (!val) return options;
  options ??= [];
  options.push({ tag, val });
  return options;
}

/** Records a span that is over. One whose parent is no longer known begins a trace. */
function record(tracer: Tracer, options: T.RecordedSpan) {
  const { annotation, parent, ...members } = recorded(tracer, options);
  const write = (parent: unknown): string => {
    const span = annotationText({ ...members, parent });
    return `${span.slice(0, -1)},"annotation":${annotationText(annotation)}}`;
  };
  try {
    return tracer.core.record(write(parent));
  } catch (error) {
    const wrong = asArgumentError(error);
    const known = !(wrong instanceof LLMObsArgumentError && wrong.field.startsWith("parent"));
    if (known || parent === undefined || !("span" in (parent as object))) throw error;
    tracer.core.warn("`parent` is a span that finished too long ago: the span begins a trace");
    return tracer.core.record(write(undefined));
  }
}

/** A span that is over, as the core takes it. */
function recorded(tracer: Tracer, options: T.RecordedSpan) {
  const { kind, name, sessionId, mlApp, modelName, modelProvider, spanId, traceId } = options;
  const failed = options.error !== undefined && options.error !== null;
  const failure = failed ? failureOf(options.error) : undefined;
  return {
    kind,
    name: textOf(tracer, "name", name),
    session_id: textOf(tracer, "sessionId", sessionId),
    ml_app: textOf(tracer, "mlApp", mlApp),
    model_name: textOf(tracer, "modelName", modelName),
    model_provider: textOf(tracer, "modelProvider", modelProvider),
    span_id: spanId,
    trace_id: traceId,
    start_ns: nanoseconds("startTime", options.startTime),
    end_ns: nanoseconds("endTime", options.endTime),
    parent: recordedParent(tracer, options.parent),
    error: failure && {
      message: failure.message,
      type: failure.errorType,
      stack: failure.stack,
    },
    annotation: {
      input: options.inputData,
      output: options.outputData,
      metadata: byKey(tracer, "metadata", options.metadata),
      metrics: options.metrics ?? undefined,
      tags: byKey(tracer, "tags", options.tags),
      cost_tags: options.costTags ?? undefined,
      prompt: options.prompt ?? undefined,
      tool_definitions: options.toolDefinitions ?? undefined,
      agent: options.agent ?? undefined,
      links: options.links ?? undefined,
      intent: options.intent ?? undefined,
    },
  };
}

function recordedParent(tracer: Tracer, parent: T.RecordedSpan["parent"]): object | undefined {
  if (typeof parent === "number" || typeof parent === "boolean") {
    throw wrongType("parent", parent, "a span, its ids, headers, or what `extract` returned");
  }
  if (parent === undefined) {
    const current = home().scope();
    if (current?.active) return recordedParent(tracer, current.active);
    return current?.remote === undefined ? undefined : { remote: current.remote };
  }
  if (parent === null) return undefined;
  if (isSpan(parent)) {
    const usable = parent._tracer === tracer && parent._epoch === tracer.core.epoch;
    return usable ? { span: parent._handle } : undefined;
  }
  if (typeof parent === "string") return { remote: parent };
  const ids = parent as Partial<T.ExportedSpan>;
  if (ids.traceId !== undefined && ids.spanId !== undefined) {
    return { trace_id: ids.traceId, span_id: ids.spanId };
  }
  const remote = tracer.remoteOf(parent);
  return remote === undefined ? undefined : { remote };
}

/** Ids of a span that was not kept, or is no longer known: `exportSpan` gives none. */
function isGone({ span_id: span, trace_id: trace }: { span_id?: unknown; trace_id?: unknown }) {
  return !span && !trace;
}

function idsOf(span: unknown): { span_id?: unknown; trace_id?: unknown } | undefined {
  if (span === undefined || span === null) return undefined;
  if (typeof span !== "object") throw wrongType("span", span, "{ traceId, spanId }, or a span");
  const { spanId, traceId } = span as Partial<T.ExportedSpan>;
  return { span_id: spanId, trace_id: traceId };
}

const SHARED = [
  ...["label", "metricType", "value", "tags", "mlApp", "timestampMs", "reasoning", "assessment"],
];
const EVALUATION = [...SHARED, "metadata", "status", "error"];
const FEEDBACK = [...SHARED, "submitter", "spanId", "traceId", "sessionId", "feedbackJoinKey"];
/** Members that the caller takes apart itself. */
const APART = ["span", "evalScope", "sessionId", "spanWithTagValue"];
const STATUSES = ["OK", "WARN", "ERROR"];

/** The members that the core knows, of what was given; dd-trace ignores others, so they are told. */
function common(tracer: Tracer, options: object, names: readonly string[]): object {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (names.includes(name)) kept[name] = value;
    else if (!APART.includes(name) && value !== undefined) {
      tracer.core.warn(`\`${name}\` is not known here: it was left out`);
    }
  }
  const { timestampMs, status } = kept;
  if (typeof timestampMs === "number") {
    kept["timestampMs"] = Number.isFinite(timestampMs) ? Math.round(timestampMs) : undefined;
  }
  if (status !== undefined && !STATUSES.includes(status as string)) {
    tracer.core.warn("`status` is not OK, WARN or ERROR: it was left out");
    kept["status"] = undefined;
  }
  return kept;
}

function submit(tracer: Tracer, feedback: boolean, options: object): void {
  try {
    const shouldPoll = tracer.core.submit(feedback, annotationText({ ...options }));
    if (shouldPoll || tracer.worker.perRequest) tracer.worker.attend();
  } catch (error) {
    throw asArgumentError(error);
  }
}

function put(carrier: Carrier, name: string, value: string): void {
  try {
    const { set } = carrier as { set?: unknown };
    if (typeof set === "function") Reflect.apply(set, carrier, [name, value]);
    else if (Array.isArray(carrier)) carrier.push([name, value]);
    else (carrier as Record<string, string>)[name] = value;
  } catch {
    // It cannot be changed: the headers are in what `inject` returns.
  }
}

function milliseconds(options: T.FlushOptions): number | undefined {
  const timeout = options?.timeoutMs;
  if (timeout === undefined || timeout === null) return undefined;
  if (typeof timeout === "number" && timeout >= 0) return Math.min(timeout, 2 ** 31 - 1);
  throw new LLMObsArgumentError(
    "timeoutMs",
    `\`timeoutMs\` is ${typeof timeout === "number" ? timeout : typeName(timeout)}; accepted: ` +
      "milliseconds, as a number from 0",
  );
}

function resultOf(settled: boolean, tracer: Tracer): T.FlushResult {
  const { delivered, queued, inFlight, dropped } = tracer.core.statistics();
  return { settled, delivered, pending: queued + inFlight, dropped };
}
