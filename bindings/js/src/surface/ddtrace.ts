// A stand-in for `dd-trace`: a program is switched by one line. `llmobs` traces; APM does nothing.
//
// Methods of APM that are given a function run it, with a span that does nothing, and give back its result.

import { home } from "../home.js";
import { Span } from "../span.js";
import { decimalTraceId } from "../span-context.js";
import { ApmSpan, installApmMethods } from "./apm.js";
import { llmobs } from "./index.js";
import type { EnableOptions } from "./types.js";

/** Options of `init` that are used; those of APM are taken and do nothing. */
export interface InitOptions {
  llmobs?: EnableOptions & { mlApp?: string };
  service?: string;
  env?: string;
  version?: string;
  tags?: Record<string, string>;
  /** The agent's URL. */
  url?: string | URL;
  hostname?: string;
  port?: number | string;
  [option: string]: unknown;
}

type Fn = (...args: never[]) => unknown;

/** The object that `require("dd-trace")` gives. */
export class DdTracer {
  readonly llmobs = llmobs;
  readonly #span: ApmSpan;
  readonly #scope = {
    /** The current span of llmobs; without one a span that does nothing. */
    active: (): ApmSpan | Span => llmobs.currentSpan() ?? this.#span,
    activate: (span: unknown, fn: unknown): unknown => below(span, fn),
    bind: (target: unknown, span?: unknown): unknown =>
      typeof target !== "function" || span === undefined || span === null
        ? target
        : (...args: unknown[]) => below(span, () => (target as Fn)(...(args as never[]))),
  };

  constructor() {
    installApmMethods();
    this.#span = new ApmSpan(this);
  }

  /** `require("dd-trace").default` and `import { tracer } from "dd-trace"`. */
  get default(): this {
    return this;
  }

  get tracer(): this {
    return this;
  }

  /**
   * Turns tracing on if `options.llmobs` is given, or where the environment says so: `DD_LLMOBS_ENABLED`, or one
   * of `DD_LLMOBS_ML_APP`, `DD_LLMOBS_AGENTLESS_ENABLED` and `DD_LLMOBS_PROJECT_NAME`. `DD_LLMOBS_ENABLED=0` wins.
   * It never throws: what cannot be a setting is left out.
   */
  init(options: InitOptions = {}): this {
    const given = typeof options === "object" && options !== null ? options : {};
    const environment = home().platform.environment();
    const implied = ["ENABLED", "ML_APP", "AGENTLESS_ENABLED", "PROJECT_NAME"];
    const on = implied.some((name) => environment[`DD_LLMOBS_${name}`]?.trim());
    const own = given.llmobs ?? undefined;
    if (!own && !on) return this;
    const { service, env, version, tags, hostname, port } = given;
    const url = given.url === undefined || given.url === null ? undefined : String(given.url);
    const agent = url === undefined ? { agentHost: hostname, agentPort: port } : { agentUrl: url };
    const settings = { service, env, version, tags, ...agent, ...(typeof own === "object" ? own : {}) };
    const usable = Object.entries(settings).filter(
      ([name, value]) => isSetting(value, name === "tags" || name === "samplingRules") || name === "spanProcessor",
    );
    try {
      llmobs.enable(Object.fromEntries(usable));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      home().platform.log("warning", `tracing stays off: ${why}`);
    }
    return this;
  }

  use(..._: unknown[]): this {
    return this;
  }
  startSpan(..._: unknown[]): ApmSpan {
    return this.#span;
  }
  scope() {
    return this.#scope;
  }
  /** Runs the function: `trace(name, fn)` and `trace(name, options, fn)`. */
  trace(_name: string, options: unknown, fn?: unknown): unknown {
    const run = typeof options === "function" ? options : fn;
    if (typeof run !== "function") return undefined;
    const parent = (options as { childOf?: unknown } | null)?.childOf;
    return below(parent, () => (run as Fn)(...([this.#span, () => {}] as never[])));
  }
  /** Returns the function: `wrap(name, fn)` and `wrap(name, options, fn)`. */
  wrap(_name: string, options: unknown, fn?: unknown): unknown {
    return fn ?? options;
  }
  /** Sets the headers that continue the current trace of llmobs. */
  inject(_span: unknown, _format: string, carrier: unknown): void {
    if (typeof carrier === "object" && carrier !== null) llmobs.inject(carrier);
  }
  /** The place in a trace that headers name, for `childOf`; `null` if they name none. */
  extract(_format: string, carrier: unknown): RemoteParent | null {
    if (typeof carrier !== "object" || carrier === null) return null;
    const remote = llmobs.extract(carrier);
    return remote === undefined ? null : new RemoteParent(remote, traceIdOf(carrier));
  }
  setUrl(..._: unknown[]): this {
    return this;
  }
  setUser(..._: unknown[]): this {
    return this;
  }
  getRumData(): string {
    return "";
  }
  profilerStarted(): Promise<boolean> {
    return Promise.resolve(false);
  }
  setBaggageItem(..._: unknown[]): Record<string, string> {
    return {};
  }
  getBaggageItem(..._: unknown[]): undefined {
    return undefined;
  }
  getAllBaggageItems(): Record<string, string> {
    return {};
  }
  removeBaggageItem(..._: unknown[]): Record<string, string> {
    return {};
  }
  removeAllBaggageItems(): Record<string, string> {
    return {};
  }
  readonly dogstatsd = allNoop();
  readonly appsec = allNoop();
  readonly dataStreamsCheckpointer = allNoop();
  readonly openfeature = allNoop();
  readonly aiguard = allNoop();
  readonly profiling = { runWithLabels: (_labels: unknown, fn: () => unknown) => fn() };
  /** OpenTelemetry's: functions run, with a span that does nothing. */
  readonly TracerProvider = class {
    register(): void {}
    addSpanProcessor(): void {}
    forceFlush(): Promise<void> {
      return Promise.resolve();
    }
    shutdown(): Promise<void> {
      return Promise.resolve();
    }
    getTracer(): object {
      const span = new ApmSpan(undefined);
      return {
        startSpan: () => span,
        startActiveSpan: (_name: string, ...args: unknown[]) => {
          const fn = args.at(-1);
          return typeof fn === "function" ? (fn as (span: unknown) => unknown)(span) : undefined;
        },
      };
    }
  };
}

/** What `extract` gives: the parent of what is traced with `childOf`. */
export class RemoteParent {
  readonly remote: string;
  readonly #traceId: string;

  constructor(remote: string, traceId: string) {
    this.remote = remote;
    this.#traceId = traceId;
  }
  toTraceId(): string {
    return this.#traceId;
  }
  toSpanId(): string {
    return "0";
  }
  toTraceparent(): string {
    return "";
  }
}

/** The trace that headers name, in decimal, for logs: what `extract` of llmobs gives is private to the core. */
function traceIdOf(carrier: object): string {
  const { get } = carrier as { get?: unknown };
  const read = (name: string): string =>
    String((typeof get === "function" ? get.call(carrier, name) : Reflect.get(carrier, name)) ?? "");
  const w3c = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(read("traceparent"))?.[1];
  return w3c === undefined ? read("x-datadog-trace-id") || "0" : decimalTraceId(w3c);
}

/** Runs a function below a span of llmobs, or in the trace of headers; anything else changes nothing. */
function below(parent: unknown, fn: unknown): unknown {
  if (typeof fn !== "function") return undefined;
  if (parent instanceof RemoteParent) return llmobs.continueTrace(parent.remote, fn as () => unknown);
  return parent instanceof Span ? parent.run(fn as () => unknown) : (fn as () => unknown)();
}

function isSetting(value: unknown, object: boolean): boolean {
  return ["string", "number", "boolean", "bigint"].includes(typeof value) || (object && typeof value === "object");
}

/** An object of which every member is a function that does nothing, or another such object. */
function allNoop(): Record<string, (...args: unknown[]) => undefined> {
  const call = () => undefined;
  return new Proxy(call as never, {
    get: (target, name) =>
      typeof name === "symbol" || name === "then" || name === "toJSON"
        ? Reflect.get(target, name)
        : allNoop(),
  });
}

/** What `require("witspan/dd-trace")` gives. */
export const tracer: DdTracer = new DdTracer();
