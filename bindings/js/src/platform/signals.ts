// Signals that end the process: what has finished is sent first, then the same signal ends it.
//
// Only while nobody else handles the signal. A handler of the application counts alone: ours is
// taken away as soon as there is another, since some programs end themselves only if theirs is the
// only one, and put back once it is gone.

import type { Process } from "./builtin.js";
import type { LastDelivery } from "./platform.js";

/** Signals that ask a program to end, and would end it at once, with their numbers. */
const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * A second signal ends the process at once, as a second Ctrl-C should, unless it comes this soon
 * after the first, in ms: a service manager may send several together.
 */
const TOGETHER = 100;

/** Has these signals deliver. Returns what undoes it. */
export function watchSignals(process: Process, last: LastDelivery): () => void {
  const ours = new Set<string>();
  let over = false;
  let endingSince: number | undefined;
  /**
   * Handlers that were put back just now: some runtimes call them for the signal that is being
   * handled.
   */
  const fresh = new Set<string>();

  function look(signal: string): void {
    const others = process.listenerCount(signal) - (ours.has(signal) ? 1 : 0);
    if (!over && others === 0 && !ours.has(signal)) {
      try {
        ours.add(signal);
        process.on(signal, onSignal);
      } catch {
        ours.delete(signal); // This system does not have it, or does not let us.
      }
    } else if ((over || others > 0) && ours.has(signal)) {
      ours.delete(signal);
      process.removeListener(signal, onSignal);
    }
  }

  function onNewListener(event: string, listener: unknown): void {
    if (!(event in SIGNALS) || listener === onSignal || !ours.has(event)) return;
    // It is not there yet, and the runtime stops to listen where it sees the last one go.
    void Promise.resolve().then(() => look(event));
  }

  function onRemoveListener(event: string, listener: unknown): void {
    if (!(event in SIGNALS) || listener === onSignal) return;
    fresh.add(event);
    void Promise.resolve().then(() => fresh.delete(event));
    look(event);
  }

  function onSignal(signal: string): void {
    if (fresh.has(signal)) return;
    const now = performance.now();
    if (endingSince !== undefined) {
      if (now - endingSince > TOGETHER) die(signal);
      return;
    }
    endingSince = now;
    void last.deliver().then(() => {
      if (last.pending()) last.ended(true);
      die(signal);
    });
  }

  /** Has the signal do now what it does by itself. */
  function die(signal: string): void {
    undo();
    try {
      process.kill(process.pid, signal);
    } catch {
      // Deno asks for a permission to send a signal.
      process.exit(128 + (SIGNALS[signal] ?? 0));
    }
    // The first process of a container is still here: signals do not end it.
    endingSince = undefined;
    void Promise.resolve().then(watch);
  }

  function watch(): void {
    over = false;
    process.on("newListener", onNewListener);
    process.on("removeListener", onRemoveListener);
    for (const signal in SIGNALS) look(signal);
  }

  function undo(): void {
    over = true;
    process.removeListener("newListener", onNewListener);
    process.removeListener("removeListener", onRemoveListener);
    for (const signal in SIGNALS) look(signal);
  }

  watch();
  return undo;
}
