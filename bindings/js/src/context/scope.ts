// What is current for a piece of the application's code: a span, annotation contexts, a remote parent.

import type { ContextStorage } from "../platform/platform.js";
import type { Span } from "../span.js";

/** One level of what is current. It never changes, since code that runs inside may hold it at any later time. */
export interface Scope {
  /** The span whose children start here. */
  readonly active: Span | undefined;
  /** Texts of the annotation contexts around, the outermost first. */
  readonly contexts: readonly string[] | undefined;
  /** A remote context (`propagation.extract`) whose children start here; only without a span. */
  readonly remote: string | undefined;
}

/**
 * For runtimes without a storage of contexts: what is current ends with the synchronous part of a call.
 * Work after an `await` names its parent itself.
 */
export class SynchronousStorage implements ContextStorage {
  #store: unknown;

  getStore(): unknown {
    return this.#store;
  }

  run<T, A extends unknown[]>(store: unknown, fn: (...args: A) => T, ...args: A): T {
    const before = this.#store;
    this.#store = store;
    try {
      return fn(...args);
    } finally {
      this.#store = before;
    }
  }
}
