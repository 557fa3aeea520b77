// How a program in Node, Deno or Bun ends, and what is delivered before.

import type { Process } from "./builtin.js";
import type { HttpRequest, LastDelivery } from "./platform.js";
import { watchSignals } from "./signals.js";

/** What differs between the runtimes. */
export interface EndOptions {
  readonly process: Process;
  /** Posts requests while this thread waits; the status of each answer. */
  post(requests: readonly HttpRequest[], timeoutMs: number): (number | undefined)[];
  /** Whether this thread gets signals. */
  readonly signals: boolean;
  /**
   * Whether some ends come without the event `exit`, as in Deno: an uncaught error, `Deno.exit()`.
   */
  readonly isDeno: boolean;
}

/** Has the ends of the program deliver. Returns what undoes it. */
export function watchEnds(last: LastDelivery, options: EndOptions): () => void {
  const { process, isDeno } = options;
  let over = false;

  /**
   * Everything has been done, and the loop is empty. A delivery fills it again, until it is over.
   */
  function onBeforeExit(): void {
    if (last.timeoutMs > 0 && last.pending()) void last.deliver();
  }

  /** The last moment: nothing asynchronous happens any more. */
  function onExit(): void {
    if (over) return;
    over = true;
    try {
      while (last.timeoutMs > 0 && last.pending()) {
        const requests = last.take();
        if (requests.length === 0) break;
        const statuses = options.post(requests, last.timeoutMs);
        last.taken(statuses);
        if (statuses.every((status) => status === undefined)) break;
      }
    } catch {
      // Without another thread nothing can be sent any more; what is lost is said below.
    }
    last.ended();
  }

  function onError(): void {
    // The application may go on, if it handles its errors.
    if (process.listenerCount("uncaughtException") === 0) onExit();
  }

  process.on("beforeExit", onBeforeExit);
  process.on("exit", onExit);
  if (isDeno) process.on("uncaughtExceptionMonitor", onError);
  if (isDeno) globalThis.addEventListener("unload", onExit);
  const forget = options.signals && last.handleSignals ? watchSignals(process, last) : () => {};
  return () => {
    process.removeListener("beforeExit", onBeforeExit);
    process.removeListener("exit", onExit);
    if (isDeno) process.removeListener("uncaughtExceptionMonitor", onError);
    if (isDeno) globalThis.removeEventListener("unload", onExit);
    forget();
  };
}
