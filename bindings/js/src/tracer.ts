// One tracer: the live core, the worker that sends, and the spans that the application starts.

import type { Plan, Secrets } from "./plan.js";
import { makePlan } from "./plan.js";
import type { Header, SpanDetails, SpanOption, Warning } from "./core/contract.js";
import {
  ContractError,
  PARENT_CHILD_OF,
  PARENT_CURRENT,
  PARENT_REMOTE,
  PARENT_ROOT,
} from "./core/instance.js";
import type { Scope } from "./context/scope.js";
import { Worker } from "./delivery/worker.js";
import { LLMObsArgumentError, wrongType } from "./errors.js";
import { LiveCore } from "./live.js";
import type { ContextStorage, Platform } from "./platform/platform.js";
import { PROCESSOR_LIMIT_NS, type Runner, type Shared } from "./surface/processor.js";
import { isSpan, Span } from "./span.js";
import type { ExportedSpan, ParentOption } from "./surface/types.js";
import { configureValues } from "./values.js";
import { argumentErrorOf } from "./words.js";

export class Tracer {
  readonly core: LiveCore;
  readonly worker: Worker;
  readonly plan: Plan;
  readonly storage: ContextStorage;
  /** Once it has ended: whether all that had finished was settled in time. */
  settled = false;
  #processor: Runner | undefined;
  readonly #shared: Shared;
  #undo: (() => void) | undefined;
  /** Spans that are held by hand; older workers of Cloudflare have no such registry. */
  readonly #forgotten: FinalizationRegistry<readonly [epoch: number, handle: bigint]> | undefined;

  private constructor(
    platform: Platform,
    core: LiveCore,
    plan: Plan,
    secrets: Secrets,
    storage: ContextStorage,
  ) {
    this.core = core;
    this.plan = plan;
    this.storage = storage;
    const { tags, ...settings } = plan.settings;
    const text = (name: string) => (settings[name] === undefined ? undefined : String(settings[name]));
    const names = ["env", "service", "version", "language", "ml_app"];
    this.#shared = { ...tags, ...Object.fromEntries(names.map((name) => [name, text(name)])) };
    this.worker = new Worker(core, platform, plan, secrets);
    // A span that was started by hand, and that nobody holds any more, is over.
    if (typeof FinalizationRegistry === "function") {
      this.#forgotten = new FinalizationRegistry(([epoch, handle]) => core.abandon(epoch, handle));
    }
  }

  /**
   * A tracer by these options and the environment; `undefined` if they turn tracing off, which a
   * diagnostic has said.
   *
   * @throws what the runtime throws where the core cannot be loaded.
   */
  static start(
    platform: Platform,
    options: Readonly<Record<string, unknown>>,
    storage: ContextStorage,
    processor: Runner | undefined,
  ): Tracer | undefined {
    const log = platform.log.bind(platform);
    const core = new LiveCore(platform, log);
    const { setup } = core.calls;
    configureValues(JSON.parse(setup.names()));
    const { plan, secrets } = makePlan(setup, platform, options);
    for (const { level, message } of plan.diagnostics) log(level, message);
    if (!plan.enabled) return undefined;
    const warnings: readonly Warning[] = core.configure(plan.settings);
    if (warnings[0]) log("warning", warnings.map(({ message }) => message).join("; "));
    const tracer = new Tracer(platform, core, plan, secrets, storage);
    tracer.setProcessor(processor);
    tracer.#undo = platform.atEnd(tracer.worker.last);
    return tracer;
  }

  /** What is current here. */
  scope(): Scope | undefined {
    return this.storage.getStore() as Scope | undefined;
  }

  /** Starts a span below what is current. */
  start(kind: number, name: string | undefined, options: readonly SpanOption[] | undefined): Span {
    const scope = this.scope();
    const above = scope?.active;
    if (above === undefined) {
      const remote = scope?.remote;
      if (remote !== undefined) return this.#continued(kind, remote, name, scope?.contexts, options);
      return this.#root(kind, name, scope?.contexts, options);
    }
    if (above._tracer !== this || above._epoch !== this.core.epoch) {
      // It was lost with its instance, or is of a tracer that has ended: the span begins a trace.
      return this.#root(kind, name, scope?.contexts, options);
    }
    if (above._handle === 0n) return this.#notKept(kind, scope?.contexts);
    return this.#span(kind, PARENT_CURRENT, above._handle, undefined, name, scope?.contexts, options);
  }

  /** A span of a trace from elsewhere; of a text that names none, it begins a trace. */
  #continued(
    kind: number,
    remote: string,
    name: string | undefined,
    contexts: readonly string[] | undefined,
    options: readonly SpanOption[] | undefined,
  ): Span {
    try {
      return this.#span(kind, PARENT_REMOTE, 0n, remote, name, contexts, options);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      this.core.warn("the trace to continue is a text that `extract` did not return: a trace begins");
      return this.#root(kind, name, contexts, options);
    }
  }

  /**
   * Starts a span below a parent of the application's choice: a span, the headers of a request, a remote
   * context; `null` for none.
   */
  startBelow(
    parent: ParentOption,
    kind: number,
    name: string | undefined,
    options: readonly SpanOption[] | undefined,
  ): Span {
    const contexts = this.scope()?.contexts;
    if (parent === null) return this.#root(kind, name, contexts, options);
    if (isSpan(parent)) {
      if (parent._tracer !== this || parent._epoch !== this.core.epoch) {
        this.core.warn("`parent` is a span of a tracer that has ended: the span begins a trace");
        return this.#root(kind, name, contexts, options);
      }
      if (parent._handle === 0n) return this.#notKept(kind, contexts);
      try {
        const handle = parent._handle;
        return this.#span(kind, PARENT_CHILD_OF, handle, undefined, name, contexts, options);
      } catch (error) {
        if (!(error instanceof ContractError)) throw error;
        this.core.warn("`parent` is a span that finished too long ago: the span begins a trace");
        return this.#root(kind, name, contexts, options);
      }
    }
    const remote = typeof parent === "string" ? parent : this.remoteOf(parent);
    if (remote === undefined) {
      return this.#root(kind, name, contexts, options);
    }
    try {
      return this.#span(kind, PARENT_REMOTE, 0n, remote, name, contexts, options);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      const why = "`parent` is a text that `extract` did not return; accepted: a span, headers, null";
      throw new LLMObsArgumentError("parent", why);
    }
  }

  /** The remote context in headers; `undefined` if they name no trace. */
  remoteOf(parent: object): string | undefined {
    if ("traceId" in parent && "spanId" in parent) {
      const accepted = "a span, the headers of a request, what `extract` returned, or null";
      throw new LLMObsArgumentError("parent", `\`parent\` is the ids of a span; accepted: ${accepted}`);
    }
    const pairs = headerPairs(parent);
    try {
      return this.core.ask(() => this.core.calls.propagation.extract(pairs));
    } catch (error) {
      if (error instanceof ContractError) return undefined;
      throw error;
    }
  }

  /** A span that begins a trace. */
  #root(
    kind: number,
    name: string | undefined,
    contexts: readonly string[] | undefined,
    options: readonly SpanOption[] | undefined,
  ): Span {
    return this.#span(kind, PARENT_ROOT, 0n, undefined, name, contexts, options);
  }

  #span(
    kind: number,
    tag: number,
    parent: bigint,
    remote: string | undefined,
    name: string | undefined,
    contexts: readonly string[] | undefined,
    options: readonly SpanOption[] | undefined,
  ): Span {
    const { core } = this;
    if (contexts !== undefined) {
      options = [...(options ?? []), ...contexts.map((val) => ({ tag: "context", val }) as const)];
    }
    const handle = core.start(kind, tag, parent, remote, name, options);
    const span = new Span(this, core.epoch, handle, kind, contexts);
    if (this.worker.perRequest && (tag === PARENT_ROOT || tag === PARENT_REMOTE)) span._asks();
    return span;
  }

  #notKept(kind: number, contexts: readonly string[] | undefined): Span {
    this.core.dropChildOfNone();
    return new Span(this, this.core.epoch, 0n, kind, contexts);
  }

  /** Counts the span as unfinished once nobody holds it any more. */
  watch(span: Span): void {
    if (span._handle !== 0n) this.#forgotten?.register(span, [span._epoch, span._handle]);
  }

  info(span: Span): SpanDetails | undefined {
    return this.#asked(span, () => this.core.calls.tracing.spanInfo(span._handle));
  }

  export(span: Span): ExportedSpan {
    const ids = this.#asked(span, () => this.core.calls.tracing.exportSpan(span._handle));
    return ids ? { traceId: ids.traceId, spanId: ids.spanId } : ({} as ExportedSpan);
  }

  /** A call about a span; `undefined` where it is not kept, or no longer known. */
  #asked<T>(span: Span, call: () => T): T | undefined {
    const { core } = this;
    if (span._handle === 0n || span._epoch !== core.epoch || core.closed) return undefined;
    try {
      return core.ask(call);
    } catch (error) {
      if (error instanceof ContractError) return undefined;
      throw error;
    }
  }

  /** The headers that continue the trace of a span, beside those that a request has. */
  inject(span: Span, headers: readonly Header[]): readonly Header[] {
    const set = this.#asked(span, () =>
      this.core.calls.propagation.inject(span._handle, headers),
    );
    return set ?? [];
  }

  /** Checks an annotation context. @throws LLMObsArgumentError for a wrong argument. */
  checkContext(text: string): void {
    try {
      const warnings = this.core.ask(() => this.core.calls.tracing.checkContext(text));
      if (warnings?.length) this.core.warned(warnings);
    } catch (error) {
      this.core.refused();
      throw asArgumentError(error);
    }
  }

  setProcessor(processor: Runner | undefined): void {
    this.#processor = processor;
    this.core.setProcessor(processor && PROCESSOR_LIMIT_NS);
  }

  /** Has the processor look at every event that is queued for it. */
  process(): void {
    const { core } = this;
    const processor = this.#processor;
    // A span that the processor itself finishes is processed by the loop that runs already.
    if (processor === undefined || core.processing) return;
    for (;;) {
      // Asked for each time: an instance that trapped is not the live one any more.
      const event = core.ask(() => core.calls.processing.takeEvent());
      if (!event) return;
      core.processing = true;
      let outcome: ReturnType<Runner>;
      try {
        outcome = processor(event.span, this.#shared);
      } finally {
        core.processing = false;
      }
      try {
        const returned = core.ask(() => core.calls.processing.returnEvent(event.id, outcome.outcome));
        if (returned?.dropped) core.dropped(returned.dropped);
        if (returned?.contentDropped) core.contentDropped(outcome.why ?? "it took too long");
        if (returned?.shouldPoll) this.worker.attend();
      } catch (error) {
        // It came back too late: the core has dropped the content itself.
        if (!(error instanceof ContractError)) throw error;
        core.diagnose({ event: "processor-failed", why: "it took too long" });
      }
    }
  }

  /** Sends what has finished for at most the exit time, and ends. */
  async stop(timeoutMs: number): Promise<void> {
    this.#undo?.();
    this.#undo = undefined;
    this.settled = await this.worker.stop(timeoutMs);
    const last = this.core.statistics();
    const unsent = last.queued + last.inFlight;
    if (unsent + last.open > 0) {
      this.core.diagnose({ event: "ended", unsent, unfinished: last.open });
    }
    this.core.close();
  }
}

/** Headers of a request, in the forms in which JavaScript has them, as pairs. */
export function headerPairs(headers: object): Header[] {
  const pairs: Header[] = [];
  const add = (name: unknown, value: unknown) => {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) pairs.push({ name: String(name), value: String(one) });
    }
  };
  try {
    if (typeof (headers as Headers).forEach === "function" && !Array.isArray(headers)) {
      (headers as Headers).forEach((value, name) => add(name, value));
    } else if (typeof (headers as Iterable<unknown>)[Symbol.iterator] === "function") {
      for (const [name, value] of headers as Iterable<readonly [unknown, unknown]>) add(name, value);
    } else {
      for (const [name, value] of Object.entries(headers)) add(name, value);
    }
  } catch {
    throw wrongType("headers", headers, "Headers, an object or pairs of names and values");
  }
  return pairs;
}

/** The error for what a call of the contract refused. */
export function asArgumentError(error: unknown): unknown {
  return (error instanceof ContractError && argumentErrorOf(error.payload)) || error;
}
