// A stand-in for `dd-trace`: a program is switched by one line. `llmobs` traces; APM does nothing.
//
// Methods of APM that are given a function run it, with a span that does nothing, and give back its result.

import { home } from "../home.js";
import { Span } from "../span.js";
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

/** A span of APM: every method does nothing and returns what a caller may chain. */
class NoopSpan {
  readonly #context = {
    toTraceId: () => "0",
    toSpanId: () => "0",
    toTraceparent: () => `00-${"0".repeat(32)}-${"0".repeat(16)}-00`,
  };
  readonly #tracer: unknown;

  constructor(tracer: unknown) {
    this.#tracer = tracer;
  }
  context() {
    return this.#context;
  }
  tracer() {
    return this.#tracer;
  }
  setOperationName(_name?: string) {
    return this;
  }
  setBaggageItem(_key?: string, _value?: string) {
    return this;
  }
  getBaggageItem(_key?: string): string {
    return "";
  }
  getAllBaggageItems(): string {
    return "{}";
  }
  removeBaggageItem(_key?: string) {}
  removeAllBaggageItems() {}
  setTag(_key?: string, _value?: unknown) {
    return this;
  }
  addTags(_tags?: object) {
    return this;
  }
  addLink(..._: unknown[]) {}
  addSpanPointer(..._: unknown[]) {}
  addEvent(..._: unknown[]) {
    return this;
  }
  log(..._: unknown[]) {
    return this;
  }
  logEvent(..._: unknown[]) {}
  finish(_time?: number) {}
}

/** The object that `require("dd-trace")` gives. */
export class DdTracer {
  readonly llmobs = llmobs;
  readonly #span = new NoopSpan(this);
  readonly #scope = {
    active: () => null,
    activate: (_span: unknown, fn: () => unknown) => fn(),
    bind: (target: unknown) => target,
  };

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
   */
  init(options: InitOptions = {}): this {
    addApmMethods();
    const given = options ?? {};
    const environment = home().platform.environment();
    const implied = ["ENABLED", "ML_APP", "AGENTLESS_ENABLED", "PROJECT_NAME"];
    const on = implied.some((name) => environment[`DD_LLMOBS_${name}`]?.trim());
    if (typeof given.llmobs !== "object" && !given.llmobs && !on) return this;
    const { service, env, version, tags, hostname, port } = given;
    const url = given.url === undefined ? undefined : String(given.url);
    const { ...settings } = typeof given.llmobs === "object" ? given.llmobs : {};
    const shared = { service, env, version, tags, agentUrl: url };
    const agent = url === undefined ? { agentHost: hostname, agentPort: port } : {};
    const known = Object.entries({ ...shared, ...agent, ...settings });
    llmobs.enable(Object.fromEntries(known.filter(([, value]) => value !== undefined)));
    return this;
  }

  use(..._: unknown[]): this {
    return this;
  }
  startSpan(..._: unknown[]) {
    return this.#span;
  }
  scope() {
    return this.#scope;
  }
  /** Runs the function: `trace(name, fn)` and `trace(name, options, fn)`. */
  trace(_name: string, options: unknown, fn?: unknown): unknown {
    const run = (typeof options === "function" ? options : fn) as Fn | undefined;
    return run?.(...([this.#span, () => {}] as never[]));
  }
  /** Returns the function: `wrap(name, fn)` and `wrap(name, options, fn)`. */
  wrap(_name: string, options: unknown, fn?: unknown): unknown {
    return typeof options === "function" ? options : fn;
  }
  inject(..._: unknown[]): void {}
  extract(..._: unknown[]): null {
    return null;
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
  readonly TracerProvider = class {
    register(): void {}
    getTracer(): object {
      return allNoop();
    }
  };
}

/** An object of which every member is a function that does nothing. */
function allNoop(): Record<string, (...args: unknown[]) => undefined> {
  return new Proxy({} as Record<string, (...args: unknown[]) => undefined>, {
    get: (target, name) =>
      typeof name === "symbol" || name === "then" || name === "toJSON"
        ? Reflect.get(target, name)
        : () => undefined,
  });
}

/** Methods of APM's spans that programs call on the span of `llmobs.trace`: they do nothing there either. */
function addApmMethods(): void {
  const methods = NoopSpan.prototype as unknown as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(methods)) {
    if (name === "constructor" || name in Span.prototype) continue;
    const value =
      name === "context"
        ? function (this: Span) {
            return {
              toTraceId: () => this.traceId,
              toSpanId: () => this.spanId,
              toTraceparent: () => "",
            };
          }
        : function (this: Span) {
            return this;
          };
    Object.defineProperty(Span.prototype, name, { value, configurable: true, writable: true });
  }
}

/** What `require("witspan/dd-trace")` gives. */
export const tracer: DdTracer = new DdTracer();
