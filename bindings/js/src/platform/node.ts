// Node, and what Deno and Bun have of it.

import type { Builtin, Files, Process, Threads } from "./builtin.js";
import { ANSWER_HEADERS, log, real, StandardClock, timersOf } from "./common.js";
import { watchEnds } from "./ends.js";
import { postAndWait } from "./exit_post.js";
import { type CoreSource, fetchPlatform } from "./fetch.js";
import type { ContextStorage, HttpAnswer, HttpRequest, Platform, UnusableFile } from "./platform.js";
import { poster, type Wire } from "./post.js";
import { packageName } from "./program.js";
import { proxyFor } from "./proxy.js";

/** The variable that names certificates to trust. */
const CERTIFICATES = "SSL_CERT_FILE";

/** What differs in a runtime that is like Node. */
export interface NodeOptions {
  readonly name: string;
  /** How its variables are read. */
  variables(): Readonly<Record<string, string | undefined>>;
  /** Whether an uncaught error ends the program without the event `exit`. */
  readonly errorsEndAtOnce: boolean;
}

/** A platform by Node's own modules; by `fetch`, where they cannot be had (before Node 20.16). */
export function nodePlatform(core: CoreSource, options: Partial<NodeOptions> = {}): Platform {
  const { process } = globalThis as { process?: Process };
  if (typeof process?.getBuiltinModule === "function") return new NodePlatform(core, process, options);
  return { ...fetchPlatform(core), name: options.name ?? "node" };
}

class NodePlatform implements Platform {
  readonly name: string;
  readonly clock: StandardClock;
  readonly timers;
  readonly can = { unixSockets: true, files: true };
  readonly coreModule: CoreSource;
  readonly log = log;
  readonly environment: NodeOptions["variables"];
  readonly #process: Process;
  readonly #builtin: Builtin;
  readonly #errorsEndAtOnce: boolean;
  #trusted: { pem?: string; unusable?: UnusableFile } | undefined;
  #post: ReturnType<typeof poster> | undefined;

  constructor(core: CoreSource, process: Process, options: Partial<NodeOptions>) {
    this.name = options.name ?? "node";
    this.coreModule = core;
    this.environment = options.variables ?? (() => process.env);
    this.#errorsEndAtOnce = options.errorsEndAtOnce ?? false;
    this.#process = process;
    this.#builtin = process.getBuiltinModule?.bind(process) as Builtin;
    this.clock = new NodeClock(process, this.#builtin);
    this.timers = this.#timersOf();
  }

  /** Timers that start outside of the application's context, which would otherwise be kept by them. */
  #timersOf() {
    type Timers = {
      setTimeout(fn: () => void, ms: number): unknown;
      clearTimeout(timer: never): void;
    };
    type Hooks = { AsyncLocalStorage: { snapshot?(): <T>(fn: () => T) => T } };
    const timers = this.#builtin("node:timers") as Timers;
    const start = real(timers, "setTimeout");
    const stop = real(timers, "clearTimeout");
    const { AsyncLocalStorage } = this.#builtin("node:async_hooks") as Hooks;
    const outside = AsyncLocalStorage.snapshot?.() ?? (<T>(fn: () => T) => fn());
    return timersOf((fn, ms) => outside(() => start(fn, ms)), stop);
  }

  context(): ContextStorage {
    type Hooks = { AsyncLocalStorage: new () => ContextStorage };
    const { AsyncLocalStorage } = this.#builtin("node:async_hooks") as Hooks;
    return new AsyncLocalStorage();
  }

  programName(): string | undefined {
    return packageName(this.#process, this.#builtin("node:fs") as Files);
  }

  #certificates(): { pem?: string; unusable?: UnusableFile } {
    if (this.#trusted) return this.#trusted;
    const path = this.environment()[CERTIFICATES];
    if (!path?.trim()) return (this.#trusted = {});
    try {
      const pem = (this.#builtin("node:fs") as Files).readFileSync(path, "utf8");
      if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new Error("it holds no PEM certificate");
      return (this.#trusted = { pem });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return (this.#trusted = { unusable: { variable: CERTIFICATES, path, why } });
    }
  }

  unusableFiles(): readonly UnusableFile[] {
    const { unusable } = this.#certificates();
    return unusable ? [unusable] : [];
  }

  /** @throws an error with a text for a person if the proxy cannot be used. */
  #wire(request: HttpRequest): Wire {
    const proxy = request.socket ? undefined : proxyFor(request.url, this.environment());
    return proxy ? { ...request, proxy } : request;
  }

  send(request: HttpRequest): Promise<HttpAnswer> {
    this.#post ??= poster(this.#builtin, {
      trusted: this.#certificates().pem,
      holds: false,
      keeps: true,
      start: (fn, ms) => this.timers.start(fn, ms),
      stop: (timer) => this.timers.stop(timer),
    });
    const post = this.#post;
    return new Promise((resolve, reject) => {
      post(this.#wire(request), ANSWER_HEADERS, (error, status = 0, headers = [], text = "") => {
        if (error === undefined) resolve({ status, headers, text });
        else reject(new Error(error));
      });
    });
  }

  atEnd(last: Parameters<Platform["atEnd"]>[0]): () => void {
    const builtin = this.#builtin;
    const { isMainThread } = builtin("node:worker_threads") as Threads;
    return watchEnds(last, {
      process: this.#process,
      signals: isMainThread,
      errorsEndAtOnce: this.#errorsEndAtOnce,
      post: (requests, timeoutMs) => {
        const wires = requests.map((request) => this.#wire(request));
        return postAndWait(builtin, wires, this.#certificates().pem, timeoutMs);
      },
    });
  }
}

class NodeClock extends StandardClock {
  readonly #ticks: () => bigint;
  readonly #fill: (pool: BigUint64Array) => void;

  constructor(process: Process, builtin: Builtin) {
    super();
    const { hrtime } = process;
    this.#ticks = real(hrtime, "bigint").bind(hrtime);
    type Random = { randomFillSync(pool: BigUint64Array): void };
    // It is there at once; Web Crypto takes milliseconds to begin.
    this.#fill = (pool) => (builtin("node:crypto") as Random).randomFillSync(pool);
  }

  override monotonic(): bigint {
    return this.#ticks();
  }

  protected override fill(pool: BigUint64Array<ArrayBuffer>): void {
    this.#fill(pool);
  }
}
