// The live instance of the core, and what happens when it fails.
//
// JavaScript is single-threaded, so there is one. When it traps, a new one replaces it, and the spans that
// it held are counted as lost. The host keeps counters of its own for that: a dead instance cannot be asked.

import type {
  Action,
  Contract,
  Disposition,
  DropReason,
  Failure,
  Outcome,
  PollMode,
  Recorded,
  SpanOption,
  Warning,
} from "./core/contract.js";
import { ContractError, FINISH_DROPPED, Instance, Trap } from "./core/instance.js";
import { add, arrive, countsOf, end, lose, noCounts, reasonName } from "./counts.js";
import type { CorePort, Load, Statistics, Target } from "./delivery/port.js";
import type { Platform } from "./platform/platform.js";
import { sentence } from "./words.js";

/** Shows a line to a person; it is escaped already. */
export type Log = (level: "warning" | "error", message: string) => void;

/** What a call met with: a failure that is data (`payload`), or an instance that is gone. */
export type Refusal = { readonly tag: string; readonly val?: unknown } | "lost";

const IDLE: Action = { tag: "idle" };
const LOST_REASONS = new Set<DropReason>(["too-large", "queue-full", "open-full"]);

export class LiveCore implements CorePort {
  /** Names the live instance. Spans of an earlier one are lost. */
  epoch = 0;
  /** Whether the application's processor runs: a span that it starts would come back to it without end. */
  processing = false;
  closed = false;
  readonly #module: WebAssembly.Module;
  readonly #platform: Platform;
  readonly #client: string;
  readonly #log: Log;
  #instance: Instance | undefined;
  #settings = "{}";
  #processorNs: bigint | undefined;
  /** The host's own counters of the live instance. */
  #counts = noCounts();
  /** Counters of instances that are gone, and of answers that came too late for them. */
  #past = noCounts();
  readonly #shown = new Set<string>();

  constructor(platform: Platform, log: Log) {
    this.#platform = platform;
    this.#log = log;
    this.#module = platform.coreModule();
    this.#client = platform.clock.random().toString(16);
    this.#instance = new Instance(this.#module, platform.clock);
  }

  /** The calls of the contract that are not made for every span. */
  get calls(): Contract {
    return this.#live().calls;
  }

  /** Sets what all spans share, in this instance and later ones. Returns what was changed. */
  configure(settings: object): readonly Warning[] {
    this.#settings = JSON.stringify(settings);
    return this.calls.tracing.configure(this.#settings);
  }

  setProcessor(limitNs: bigint | undefined): void {
    this.#processorNs = limitNs;
    this.ask(() => this.calls.processing.setProcessor(limitNs));
  }

  #live(): Instance {
    if (this.#instance) return this.#instance;
    const fresh = new Instance(this.#module, this.#platform.clock);
    fresh.calls.tracing.configure(this.#settings);
    if (this.#processorNs !== undefined) fresh.calls.processing.setProcessor(this.#processorNs);
    this.#counts = noCounts();
    this.#instance = fresh;
    return fresh;
  }

  /** Makes a call. A failure of the contract is thrown on; a trap ends the instance and gives `undefined`. */
  ask<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      if (error instanceof ContractError) throw error;
      this.#bury(error);
      return undefined;
    }
  }

  #bury(error: unknown): void {
    this.#instance = undefined;
    this.epoch += 1;
    const dead = this.#counts;
    this.#counts = noCounts();
    const lost = end(dead, "trap", "trap");
    add(this.#past, dead);
    const why = error instanceof Trap || error instanceof Error ? error.message : String(error);
    this.diagnose({ event: "trapped", why, ...lost });
  }

  /** Starts a span: its handle, 0n if it was not kept. */
  start(
    kind: number,
    parentTag: number,
    parent: bigint,
    remote: string | undefined,
    name: string | undefined,
    options: readonly SpanOption[] | undefined,
  ): bigint {
    if (this.closed || this.processing) return 0n;
    const instance = this.#instance ?? this.#live();
    this.#counts.accepted += 1;
    try {
      const now = this.#platform.clock.monotonic();
      const handle = instance.startSpan(kind, parentTag, parent, remote, name, options, now);
      if (handle === 0n) {
        lose(this.#counts.dropped, "open_full", 1);
        this.diagnose({ event: "dropped", reason: "open-full" });
      }
      return handle;
    } catch (error) {
      if (!(error instanceof ContractError)) {
        this.#bury(error);
        return 0n;
      }
      this.#counts.accepted -= 1;
      throw error;
    }
  }

  /** Counts a span whose parent is not kept, as the core does. */
  dropChildOfNone(): void {
    if (this.closed || this.processing) return;
    this.#past.accepted += 1;
    lose(this.#past.dropped, "open_full", 1);
  }

  /** Annotates an open span. Returns why it was not, if it was not. */
  annotate(epoch: number, span: bigint, text: string): Refusal | undefined {
    if (span === 0n) return undefined;
    if (this.closed || epoch !== this.epoch || !this.#instance) {
      this.#past.annotationsRejected += 1;
      return "lost";
    }
    try {
      const warnings = this.#instance.annotate(span, text);
      if (warnings.length) this.warned(warnings);
      return undefined;
    } catch (error) {
      if (!(error instanceof ContractError)) {
        this.#bury(error);
        this.#past.annotationsRejected += 1;
        return "lost";
      }
      this.#counts.annotationsRejected += 1;
      return error.payload as Refusal;
    }
  }

  /** Ends a span: the flags of `Instance.finish`. */
  finish(epoch: number, span: bigint, failure: Failure | undefined, endNs?: bigint): number {
    if (span === 0n || epoch !== this.epoch || this.closed || !this.#instance) return 0;
    try {
      const now = endNs === undefined ? this.#platform.clock.monotonic() : undefined;
      const flags = this.#instance.finish(span, failure, endNs, now);
      if (flags & FINISH_DROPPED) this.dropped(this.#instance.lastDropped ?? "too-large");
      return flags;
    } catch (error) {
      if (!(error instanceof ContractError)) this.#bury(error);
      return 0;
    }
  }

  abandon(epoch: number, span: bigint): void {
    if (span === 0n || epoch !== this.epoch || this.closed || !this.#instance) return;
    try {
      const dropped = this.ask(() => this.calls.tracing.abandon(span));
      if (dropped) lose(this.#counts.dropped, "unfinished", 1);
    } catch {
      // It finished too long ago to be known.
    }
  }

  /** Records a span that is over. */
  record(text: string): Recorded | undefined {
    if (this.closed || this.processing) return undefined;
    this.#live();
    this.#counts.accepted += 1;
    let recorded: Recorded | undefined;
    try {
      recorded = this.ask(() => this.calls.tracing.recordSpan(text));
    } catch (error) {
      this.#counts.accepted -= 1;
      this.#counts.annotationsRejected += 1;
      throw error;
    }
    if (recorded?.dropped) this.dropped(recorded.dropped);
    if (recorded?.warnings.length) this.warned(recorded.warnings);
    return recorded;
  }

  /** Queues an evaluation or a feedback. Returns whether the worker should poll. */
  submit(feedback: boolean, text: string): boolean {
    if (this.closed) return false;
    this.#live();
    this.#counts.evaluations.accepted += 1;
    try {
      const { evaluations } = this.calls;
      const submitted = this.ask(() =>
        feedback ? evaluations.submitFeedback(text) : evaluations.submit(text),
      );
      if (!submitted) return false;
      if (submitted.dropped) {
        lose(this.#counts.evaluations.dropped, reasonName(submitted.dropped), 1);
        this.diagnose({ event: "dropped", reason: submitted.dropped });
      }
      if (submitted.warnings.length) this.warned(submitted.warnings);
      return submitted.shouldPoll;
    } catch (error) {
      this.#counts.evaluations.accepted -= 1;
      this.#counts.evaluationsRejected += 1;
      throw error;
    }
  }

  /** Counts one span of the live instance as dropped. */
  dropped(reason: DropReason): void {
    lose(this.#counts.dropped, reasonName(reason), 1);
    if (LOST_REASONS.has(reason)) this.diagnose({ event: "dropped", reason });
  }

  /** Counts spans that are sent without their content. */
  contentDropped(why: string): void {
    this.#counts.contentDropped += 1;
    this.diagnose({ event: "processor-failed", why });
  }

  /** Counts an evaluation of a span that was not kept, or is no longer known. */
  noTarget(): void {
    this.#past.evaluationsRejected += 1;
    this.diagnose({ event: "misplaced", why: "the span to evaluate was not kept" });
  }

  warned(warnings: readonly Warning[]): void {
    this.#counts.warnings += warnings.length;
    this.diagnose({ event: "changed", why: sentence(warnings[0]?.message ?? "") });
  }

  /** Counts an argument that was accepted but changed. */
  warn(why: string): void {
    this.#past.warnings += 1;
    this.diagnose({ event: "changed", why });
  }

  /** Counts an annotation that had no open span to go to. */
  misplaced(why: string): void {
    this.#past.annotationsRejected += 1;
    this.diagnose({ event: "misplaced", why });
  }

  /** Counts an annotation that was refused before it reached the core. */
  refused(): void {
    this.#past.annotationsRejected += 1;
  }

  diagnose(event: { readonly event: string; readonly [member: string]: unknown }): void {
    // A busy problem repeats its event: it is looked up before the core is asked for its sentence.
    const key = `${event.event} ${String(event["reason"] ?? "")}`;
    if (this.#shown.has(key)) return;
    try {
      const { level, code, message } = this.calls.setup.diagnose(JSON.stringify(event));
      this.#shown.add(key);
      if (this.#shown.has(code)) return;
      this.#shown.add(code);
      this.#log(level, message);
    } catch (error) {
      this.#log("error", `witspan: ${event.event}: ${error instanceof Error ? error.name : "?"}`);
    }
  }

  poll(mode: PollMode): { action: Action; epoch: number } {
    if (this.closed || !this.#instance) return { action: IDLE, epoch: this.epoch };
    const { epoch } = this;
    const action = this.ask(() => this.calls.delivery.poll(mode));
    if (!action) return { action: IDLE, epoch: this.epoch };
    if (action.tag === "send") {
      this.#counts.inFlight += action.val.spans;
      this.#counts.evaluations.inFlight += action.val.evaluations;
    }
    const before = this.#counts;
    const counters = this.ask(() => countsOf(this.calls.delivery.statistics()));
    if (counters) {
      // Only the instance knows what the poll itself dropped.
      if ((counters.dropped["queue_full"] ?? 0) > (before.dropped["queue_full"] ?? 0)) {
        this.diagnose({ event: "dropped", reason: "queue-full" });
      }
      if (counters.contentDropped > before.contentDropped) {
        this.diagnose({ event: "processor-failed", why: "it took too long" });
      }
      this.#counts = counters;
    }
    return { action, epoch };
  }

  complete(epoch: number, id: bigint, load: Load, outcome: Outcome): Disposition {
    if (this.closed) return { tag: "dropped", val: "shutdown" };
    let disposition: Disposition | undefined;
    if (epoch === this.epoch && this.#instance) {
      try {
        disposition = this.ask(() => this.calls.delivery.complete(id, outcome));
      } catch {
        return { tag: "dropped", val: "shutdown" };
      }
    }
    if (disposition) {
      if (disposition.tag === "delivered") arrive(this.#counts, load, undefined);
      if (disposition.tag === "dropped") arrive(this.#counts, load, reasonName(disposition.val));
      return disposition;
    }
    const status = outcome.tag === "response" ? outcome.val.status : 0;
    const arrived = status >= 200 && status < 300;
    arrive(this.#past, load, arrived ? undefined : "trap");
    return arrived ? { tag: "delivered" } : { tag: "dropped", val: "trap" };
  }

  statistics(): Statistics {
    const sum = noCounts();
    if (this.#instance) {
      const live = this.ask(() => countsOf(this.calls.delivery.statistics()));
      if (live) add(sum, live);
    }
    add(sum, this.#past);
    return sum;
  }

  setTargets(targets: readonly Target[]): void {
    const settings = JSON.parse(this.#settings) as Record<string, unknown>;
    delete settings["await_targets"];
    this.#settings = JSON.stringify({ ...settings, targets });
    try {
      this.ask(() => this.calls.delivery.setTargets(JSON.stringify(targets)));
    } catch {
      // An instance that was created meanwhile has the targets already.
    }
  }

  lossHeader(): string | undefined {
    const { dropped, evaluations } = this.statistics();
    const named = (counts: Record<string, number>) =>
      Object.fromEntries(
        Object.entries(counts).map(([reason, count]) => [reason.replaceAll("_", "-"), count]),
      );
    const counters = {
      client: this.#client,
      spans: named(dropped),
      evaluations: named(evaluations.dropped),
    };
    return this.ask(() => this.calls.setup.lossHeader(JSON.stringify(counters)));
  }

  /** Ends the instance; what it still holds is counted as lost. Returns the final counters. */
  close(): Statistics {
    if (!this.closed) {
      const last = this.#instance && this.ask(() => countsOf(this.calls.delivery.statistics()));
      this.closed = true;
      this.#instance = undefined;
      this.epoch += 1;
      if (last) {
        end(last, "shutdown", "unfinished");
        add(this.#past, last);
      }
      const { inFlight: spans, evaluations } = this.#past;
      arrive(this.#past, { spans, evaluations: evaluations.inFlight }, "shutdown");
    }
    return this.statistics();
  }
}
