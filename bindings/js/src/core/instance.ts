// One instance of the core: its calls by the table of the contract, and the frequent ones by hand.

import { codec } from "./abi.js";
import type { FunctionShape } from "./abi.js";
import { ContractError, bound } from "./call.js";
import { DropReason, SpanError } from "./contract.js";
import type { Contract, Error as CallError, Failure, SpanOption, Warning } from "./contract.js";
import { Memory } from "./memory.js";
import type { CoreExports } from "./memory.js";

import { errorShape, functions, spanOptionShape, warningShape } from "./shapes.js";

export { ContractError } from "./call.js";
export { DropReason, SpanKind } from "./contract.js";

/** The host's clocks and its source of ids. */
export interface Clock {
  /** Nanoseconds since any moment; never goes back. */
  monotonic(): bigint;
  /** Nanoseconds since the Unix epoch. */
  wall(): bigint;
  /** Any number below 2^64, which nobody can guess. */
  random(): bigint;
}

/** The engine gave up in the middle of a call: the instance cannot be used any more. */
export class Trap extends Error {
  override readonly name = "Trap";

  constructor(cause: unknown) {
    super(`the core trapped: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The worker should poll now. */
export const FINISH_POLL = 1;
/** The span is queued for the application's processor. */
export const FINISH_PROCESS = 2;
/** The span was dropped, for the reason in `lastDropped`. */
export const FINISH_DROPPED = 4;

/** The kinds of parents, by their numbers in the contract. */
export const PARENT_ROOT = 0;
export const PARENT_CURRENT = 1;
export const PARENT_CHILD_OF = 2;
export const PARENT_REMOTE = 3;

const NONE: readonly Warning[] = Object.freeze([]);
const SECOND = 1_000_000_000n;

type StartSpan = (
  ...words: [
    ...[kind: number, parent: number, parentValue: bigint, parentLength: number],
    ...[hasName: number, name: number, nameLength: number],
    ...[hasOptions: number, options: number, optionCount: number],
    ...[hasNow: number, now: bigint],
  ]
) => number;
type Annotate = (span: bigint, text: number, length: number) => number;
type Finish = (
  ...words: [
    ...[span: bigint, hasFailure: number, message: number, messageLength: number],
    ...[errorType: number, errorTypeLength: number, stack: number, stackLength: number],
    ...[hasEnd: number, end: bigint, hasNow: number, now: bigint],
  ]
) => number;

/**
 * One instance of the core. A call fails with a `ContractError`, which changes nothing, or with a
 * `Trap`, after which no call may be made. One call at a time.
 */
export class Instance {
  /** Every call of the contract. */
  readonly calls: Contract;
  /** Whether a call has trapped. */
  trapped = false;
  /** Why `finish` dropped the span, of the last one that said so. */
  lastDropped: DropReason | undefined;
  private readonly memory: Memory;
  private readonly start: StartSpan;
  private readonly add: Annotate;
  private readonly added: (at: number) => void;
  private readonly end: Finish;
  private readonly option = codec(spanOptionShape);
  private readonly warnings = codec({ list: warningShape });

  /** Throws a `Trap` if the engine cannot make one, for lack of memory. */
  constructor(module: WebAssembly.Module, clock: Clock) {
    let exports: WebAssembly.Exports;
    try {
      exports = new WebAssembly.Instance(module, this.imports(module, clock)).exports;
    } catch (error) {
      throw this.broken(error);
    }
    this.memory = new Memory(exports as unknown as CoreExports);
    const { startSpan, annotate, finish } = functions.tracing;
    this.start = exports[startSpan.name] as StartSpan;
    this.add = exports[annotate.name] as Annotate;
    this.added = exports[`cabi_post_${annotate.name}`] as (at: number) => void;
    this.end = exports[finish.name] as Finish;
    this.calls = this.byTable(exports);
  }

  /**
   * `tracing.startSpan`. `kind` is a number in `SpanKind`. `parent` counts for a parent that is a
   * span, `remote` for a remote one.
   */
  startSpan(
    kind: number,
    parentTag: number,
    parent: bigint,
    remote: string | undefined,
    name: string | undefined,
    options: readonly SpanOption[] | undefined,
    nowNs: bigint | undefined,
  ): bigint {
    const { memory } = this;
    let error: number;
    try {
      memory.fresh();
      let parentValue = parent;
      let parentLength = 0;
      if (remote !== undefined) {
        parentValue = BigInt(memory.putText(remote));
        parentLength = memory.written;
      }
      let nameAt = 0;
      let nameLength = 0;
      if (name !== undefined) {
        nameAt = memory.putText(name);
        nameLength = memory.written;
      }
      const optionsAt = options === undefined ? 0 : this.putOptions(options);
      const at = this.start(
        kind,
        parentTag,
        parentValue,
        parentLength,
        name === undefined ? 0 : 1,
        nameAt,
        nameLength,
        options === undefined ? 0 : 1,
        optionsAt,
        options === undefined ? 0 : options.length,
        nowNs === undefined ? 0 : 1,
        nowNs === undefined ? 0n : nowNs,
      );
      memory.fresh();
      if (memory.u8[at] === 0) return memory.u64[(at + 8) >>> 3] as bigint;
      error = memory.u8[at + 8] as number;
    } catch (error) {
      throw this.broken(error);
    }
    throw new ContractError(SpanError[error] as SpanError);
  }

  /** `tracing.annotate`. */
  annotate(span: bigint, json: string): readonly Warning[] {
    const { memory } = this;
    let error: CallError;
    try {
      memory.fresh();
      const text = memory.putText(json);
      const at = this.add(span, text, memory.written);
      memory.fresh();
      if (memory.u8[at] === 0) {
        const none = memory.u32[(at + 12) >>> 2] === 0;
        const warnings = none ? NONE : (this.warnings.load(memory, at + 8) as readonly Warning[]);
        this.added(at);
        return warnings;
      }
      error = codec(errorShape).load(memory, at + 8) as CallError;
      this.added(at);
    } catch (error) {
      throw this.broken(error);
    }
    throw new ContractError(error);
  }

  /** `tracing.finish`, without the span that is current again: its answer as bits `FINISH_...`. */
  finish(
    span: bigint,
    failure: Failure | undefined,
    endNs: bigint | undefined,
    nowNs: bigint | undefined,
  ): number {
    const { memory } = this;
    let error: number;
    try {
      memory.fresh();
      let message = 0;
      let messageLength = 0;
      let errorType = 0;
      let errorTypeLength = 0;
      let stack = 0;
      let stackLength = 0;
      if (failure !== undefined) {
        message = memory.putText(failure.message);
        messageLength = memory.written;
        errorType = memory.putText(failure.errorType);
        errorTypeLength = memory.written;
        stack = memory.putText(failure.stack);
        stackLength = memory.written;
      }
      const at = this.end(
        span,
        failure === undefined ? 0 : 1,
        message,
        messageLength,
        errorType,
        errorTypeLength,
        stack,
        stackLength,
        endNs === undefined ? 0 : 1,
        endNs === undefined ? 0n : endNs,
        nowNs === undefined ? 0 : 1,
        nowNs === undefined ? 0n : nowNs,
      );
      const { u8 } = memory.fresh();
      if (u8[at] === 0) {
        // After the current span, 16 bytes: should-poll, process, and dropped.
        let answer = u8[at + 24] === 0 ? 0 : FINISH_POLL;
        if (u8[at + 25] !== 0) answer |= FINISH_PROCESS;
        if (u8[at + 26] !== 0) {
          answer |= FINISH_DROPPED;
          this.lastDropped = DropReason[u8[at + 27] as number];
        }
        return answer;
      }
      error = u8[at + 8] as number;
    } catch (error) {
      throw this.broken(error);
    }
    throw new ContractError(SpanError[error] as SpanError);
  }

  private putOptions(options: readonly SpanOption[]): number {
    const { memory, option: codec } = this;
    const { size, align } = codec;
    const start = memory.allocate(options.length * size, align);
    let at = start;
    for (const option of options) {
      codec.store(memory, at, option);
      at += size;
    }
    return start;
  }

  private byTable(exports: WebAssembly.Exports): Contract {
    const made: Record<string, Record<string, unknown>> = {};
    for (const [name, of] of Object.entries(functions)) {
      const calls: Record<string, unknown> = {};
      for (const [name, shape] of Object.entries(of as Record<string, FunctionShape>)) {
        calls[name] = this.guarded(shape, exports);
      }
      made[name] = calls;
    }
    return made as unknown as Contract;
  }

  /** A call of the table, which is read when it is first made. */
  private guarded(shape: FunctionShape, exports: WebAssembly.Exports) {
    let call: ReturnType<typeof bound> | undefined;
    return (...values: unknown[]): unknown => {
      try {
        call ??= bound(shape, exports, this.memory);
        return call(...values);
      } catch (error) {
        if (error instanceof ContractError) throw error;
        throw this.broken(error);
      }
    };
  }

  private broken(cause: unknown): Trap {
    // First, since there may be no room for more: the stack may be what ran out.
    this.trapped = true;
    return new Trap(cause);
  }

  /** What the module imports, of whatever patch of WASI 0.2 it was built with. */
  private imports(module: WebAssembly.Module, clock: Clock): WebAssembly.Imports {
    const known: Record<string, (at: number) => bigint | void> = {
      "wasi:clocks/monotonic-clock now": () => clock.monotonic(),
      "wasi:clocks/wall-clock now": (at) => {
        const ns = clock.wall();
        const { view } = this.memory.fresh();
        view.setBigUint64(at, ns / SECOND, true);
        view.setUint32(at + 8, Number(ns % SECOND), true);
      },
      "wasi:random/random get-random-u64": () => clock.random(),
    };
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      const given = known[`${from.split("@")[0]} ${name}`];
      if (!given) throw new TypeError(`the core imports ${from} ${name}, which nothing gives it`);
      (imports[from] ??= {})[name] = given;
    }
    return imports;
  }
}
