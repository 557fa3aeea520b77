// Node, and what Deno and Bun have of it.

import type { Builtin, Files, Process, Threads } from "./builtin.js";
import { ANSWER_HEADERS, log, real, StandardClock, timersOf } from "./common.js";
import { watchEnds } from "./ends.js";
import { postAndWait } from "./exit_post.js";
import { type CoreSource, fetchPlatform } from "./fetch.js";
import type { ContextStorage, HttpRequest, Platform, Timers, UnusableFile } from "./platform.js";
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
  /** Whether it is Deno, where some ends come without the event `exit`. */
  readonly isDeno: boolean;
}

/** A platform by Node's own modules; by `fetch`, where they cannot be had (before Node 20.16). */
export function nodePlatform(core: CoreSource, options: Partial<NodeOptions> = {}): Platform {
  const { process } = globalThis as { process?: Process };
  const { name = "node", isDeno = false } = options;
  if (typeof process?.getBuiltinModule !== "function") return { ...fetchPlatform(core), name };
  const builtin = process.getBuiltinModule.bind(process);
  const environment = options.variables ?? (() => process.env);
  const timers = outerTimers(builtin);
  let trusted: Trusted | undefined;
  let post: ReturnType<typeof poster> | undefined;

  function certificates(): Trusted {
    return (trusted ??= readCertificates(environment()[CERTIFICATES], builtin));
  }

  /** @throws an error with a text for a person if the proxy cannot be used. */
  function wireOf(request: HttpRequest): Wire {
    const proxy = request.socket ? undefined : proxyFor(request.url, environment());
    return proxy ? { ...request, proxy } : request;
  }

  return {
    name,
    clock: new NodeClock(process, builtin, !isDeno),
    timers,
    environment,
    can: { unixSockets: true, files: true },
    coreModule: core,
    log,

    context() {
      const { AsyncLocalStorage } = builtin("node:async_hooks") as Hooks;
      return new AsyncLocalStorage();
    },

    programName: () => packageName(process, builtin("node:fs") as Files),

    unusableFiles() {
      const { unusable } = certificates();
      return unusable ? [unusable] : [];
    },

    send(request) {
      post ??= poster(builtin, {
        trusted: certificates().pem,
        holds: false,
        keeps: true,
        start: (fn, ms) => timers.start(fn, ms),
        stop: (timer) => timers.stop(timer),
      });
      const send = post;
      return new Promise((resolve, reject) => {
        send(wireOf(request), ANSWER_HEADERS, (error, status = 0, headers = [], text = "") => {
          if (error === undefined) resolve({ status, headers, text });
          else reject(new Error(error));
        });
      });
    },

    atEnd(last) {
      const { isMainThread } = builtin("node:worker_threads") as Threads;
      return watchEnds(last, {
        process,
        isDeno,
        signals: isMainThread,
        post(requests, timeoutMs) {
          return postAndWait(builtin, requests.map(wireOf), certificates().pem, timeoutMs);
        },
      });
    },
  };
}

interface Hooks {
  readonly AsyncLocalStorage: {
    new (): ContextStorage;
    snapshot?(): <T>(fn: () => T) => T;
  };
}

/**
 * Timers that start outside of the application's context, which would otherwise be kept by them.
 */
function outerTimers(builtin: Builtin): Timers {
  type NodeTimers = {
    setTimeout(fn: () => void, ms: number): unknown;
    clearTimeout(timer: never): void;
  };
  const timers = builtin("node:timers") as NodeTimers;
  const start = real("setTimeout", timers.setTimeout);
  const stop = real("clearTimeout", timers.clearTimeout);
  const { AsyncLocalStorage } = builtin("node:async_hooks") as Hooks;
  const outside = AsyncLocalStorage.snapshot?.() ?? (<T>(fn: () => T) => fn());
  return timersOf((fn, ms) => outside(() => start(fn, ms)), stop);
}

/** The certificates to trust, if a variable names some, or why they cannot be used. */
interface Trusted {
  readonly pem?: string;
  readonly unusable?: UnusableFile;
}

function readCertificates(path: string | undefined, builtin: Builtin): Trusted {
  if (!path?.trim()) return {};
  try {
    const pem = (builtin("node:fs") as Files).readFileSync(path, "utf8");
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return { pem };
    throw new Error("it holds no PEM certificate");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { unusable: { variable: CERTIFICATES, path, why } };
  }
}

class NodeClock extends StandardClock {
  readonly #ticks: () => bigint;
  readonly #builtin: Builtin;
  readonly #device: boolean;

  /** With `device`, entropy is read of the system's device, where it has one. */
  constructor(process: Process, builtin: Builtin, device: boolean) {
    super();
    const hrtime = real("hrtime", process.hrtime);
    this.#ticks = hrtime.bigint.bind(hrtime);
    this.#builtin = builtin;
    this.#device = device;
  }

  override monotonic(): bigint {
    return this.#ticks();
  }

  protected override fill(pool: BigUint64Array<ArrayBuffer>): void {
    // `node:crypto` and Web Crypto take 3 to 10 ms to load, most of the time of a first span.
    if (this.#device && filled(this.#builtin("node:fs") as Files, pool)) return;
    type Random = { randomFillSync(pool: BigUint64Array): void };
    (this.#builtin("node:crypto") as Random).randomFillSync(pool);
  }
}

/** Fills the pool from the system's source of entropy. Returns whether there is one to read. */
function filled(files: Files, pool: BigUint64Array<ArrayBuffer>): boolean {
  try {
    const device = files.openSync("/dev/urandom", "r");
    try {
      return files.readSync(device, new Uint8Array(pool.buffer)) === pool.byteLength;
    } finally {
      files.closeSync(device);
    }
  } catch {
    return false;
  }
}
