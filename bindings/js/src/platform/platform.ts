// What a runtime (Node, Deno, a worker, a page) provides: nothing else here touches the world.

import type { Clock } from "../core/instance.js";

/** Keeps one value for the code that runs inside a call, and for what that code starts. */
export interface ContextStorage {
  getStore(): unknown;
  run<T, A extends unknown[]>(store: unknown, fn: (...args: A) => T, ...args: A): T;
}

/**
 * Timers of the real clock, taken before a test framework can replace them. They keep no process
 * alive.
 */
export interface Timers {
  /** Calls `fn` after so many milliseconds. With `holds`, it keeps the process alive until then. */
  start(fn: () => void, ms: number, holds?: boolean): unknown;
  stop(timer: unknown): void;
}

/** One HTTP request, complete: the headers with secrets are in it. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** The path of a unix socket to connect to, in place of the URL's host. */
  readonly socket?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
  /**
   * How long a connection may take to come about. In some runtimes it keeps the process alive until
   * then, which nothing else here does.
   */
  readonly connectMs: number;
  /** The most bytes of the answer's body that are read. */
  readonly answerBytes: number;
  /**
   * Called when the receiver may have all of it: from then on, to send it again could mean to send
   * it twice.
   */
  readonly onSent?: () => void;
}

/** An answer, whatever its status. A redirect is an answer like any other. */
export interface HttpAnswer {
  readonly status: number;
  /** `retry-after` and `x-ratelimit-reset`, if the answer has them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The first `answerBytes` of its body, as text. */
  readonly text: string;
}

/** The delivery of the last spans, for a platform that learns that its program ends. */
export interface LastDelivery {
  /**
   * How long the end may still take, in milliseconds. It begins with the first `deliver` or `take`.
   */
  readonly timeoutMs: number;
  /** Whether signals are to be handled. */
  readonly handleSignals: boolean;
  /** Whether anything is queued, in flight or to be retried. Cheap: called at each end. */
  pending(): boolean;
  /** For an end that can wait: sends all, for at most the exit time. */
  deliver(): Promise<void>;
  /**
   * For an end that cannot wait: hands out what waits, each as a complete request. What the
   * receiver may have already is not among them: it is counted as `shutdown`, so that nothing
   * arrives twice. More may be there once `taken` has reported these: a receiver that failed gets
   * the rest only after it took something.
   */
  take(): readonly HttpRequest[];
  /**
   * Reports the outcome of each request of `take`, in their order: an answer's status, or
   * `undefined`.
   */
  taken(statuses: readonly (number | undefined)[]): void;
  /** Says on the log what could not be delivered. The last call. */
  ended(bySignal?: boolean): void;
}

/** A file that a variable names, and that cannot be used. */
export interface UnusableFile {
  readonly variable: string;
  readonly path: string;
  readonly why: string;
}

/** What a platform can and cannot. */
export interface Abilities {
  /** Whether it can connect to unix sockets. */
  readonly unixSockets: boolean;
  /** Whether it can read files. */
  readonly files: boolean;
  /** Whether an agent may be beside the program; if not, none is looked for. Default: yes. */
  readonly agent?: boolean;
  /** Whether it is a page, where everybody reads what the program knows. Default: no. */
  readonly page?: boolean;
}

/** One runtime. */
export interface Platform {
  /** Its name, such as `node`. */
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The environment's variables; empty where there are none. */
  environment(): Readonly<Record<string, string | undefined>>;
  readonly can: Abilities;
  /** The name of the program's package, for a program that sets neither a service nor an ML app. */
  programName?(): string | undefined;
  /** The files that variables of the host name, and that cannot be used. */
  unusableFiles?(): readonly UnusableFile[];
  /** The complete URL of one that begins at the page's own host. */
  completeUrl?(url: string): string;
  /**
   * Where I/O belongs to the request that began it, so that no loop outlives a request: has the
   * current request wait for this work, as far as that is possible. Without it there is one loop
   * for all.
   */
  keepRequest?(work: Promise<unknown>): void;
  /**
   * The compiled core module. Called once, when the tracer starts. Throws where it cannot be had.
   */
  coreModule(): WebAssembly.Module;
  /** The runtime's own storage of a context, if it has one. */
  context(): ContextStorage | undefined;
  /** Sends a request. Rejects, with a text for a person, if there is no answer. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /**
   * Has the ends of the program deliver. Called once a tracer, when its first span starts. Returns
   * what undoes it.
   */
  atEnd(last: LastDelivery): () => void;
  /** Shows one line to a person. It is escaped already. */
  log(level: "warning" | "error", message: string): void;
}
