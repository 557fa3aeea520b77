// The one loop of a program: it sends what is due, one request after the other, and sleeps between.

import type { Timers } from "../platform/platform.js";
import type { Outbox } from "./outbox.js";

/** What a worker is made of: how it is woken, and how it empties the outbox. */
export interface Delivering {
  /** Has it poll after so many ms at the latest. */
  attend(ms: number): void;
  /**
   * Sends everything that has finished. Resolves to whether all of it was settled within
   * `timeoutMs`.
   */
  flush(timeoutMs: number): Promise<boolean>;
  stop(): void;
}

/** A flush that waits. */
interface Waiter {
  readonly ticket: number;
  readonly done: (settled: boolean) => void;
}

/** No timer takes more milliseconds. */
const LONGEST = 2 ** 31 - 1;

export class Loop implements Delivering {
  readonly #outbox: Outbox;
  readonly #timers: Timers;
  #timer: unknown;
  /** When the timer wakes the loop, by the outbox's clock. */
  #wakes = Infinity;
  #passing = false;
  /** Something became due while a pass was running. */
  #dueAt = Infinity;
  /** How many flushes were asked for, and how many of these are settled. */
  #asked = 0;
  #settled = 0;
  readonly #waiters = new Set<Waiter>();
  #stopped = false;

  constructor(outbox: Outbox, timers: Timers) {
    this.#outbox = outbox;
    this.#timers = timers;
    // The agent is asked now, so that its answer is known before the first batch is due.
    if (outbox.undecided) this.attend(0);
  }

  attend(ms: number): void {
    if (this.#stopped) return;
    const at = this.#outbox.now() + ms;
    if (this.#passing) this.#dueAt = Math.min(this.#dueAt, at);
    else if (at < this.#wakes) this.#arm(at, ms);
  }

  flush(timeoutMs: number): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(!this.#outbox.pending());
    const ticket = ++this.#asked;
    const settled = new Promise<boolean>((resolve) => {
      // Who waits for a flush waits for it also where nothing else keeps the process alive.
      const limit = Math.min(timeoutMs, LONGEST);
      const timer = this.#timers.start(() => waiter.done(false), limit, true);
      const done = (settled: boolean) => {
        this.#timers.stop(timer);
        this.#waiters.delete(waiter);
        resolve(settled);
      };
      const waiter = { ticket, done };
      this.#waiters.add(waiter);
    });
    this.attend(0);
    return settled;
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm();
    this.#outbox.stop();
    for (const { done } of this.#waiters) done(!this.#outbox.pending());
  }

  #arm(at: number, ms: number): void {
    this.#disarm();
    this.#wakes = at;
    this.#timer = this.#timers.start(() => void this.#run(), Math.min(Math.max(ms, 0), LONGEST));
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#timers.stop(this.#timer);
    this.#timer = undefined;
    this.#wakes = Infinity;
  }

  /** Passes until nothing is due. */
  async #run(): Promise<void> {
    this.#disarm();
    if (this.#passing || this.#stopped) return;
    this.#passing = true;
    let next: number | undefined;
    try {
      await this.#outbox.decide();
      do {
        const asked = this.#asked;
        this.#dueAt = Infinity;
        next = await this.#outbox.pass(asked > this.#settled ? "everything" : "due");
        if (!this.#outbox.busy) this.#settle(asked);
        if (this.#dueAt <= this.#outbox.now() || this.#asked > asked) next = 0;
      } while (next === 0 && !this.#stopped);
    } catch {
      // No call here throws; should one, the next call of the application starts the loop again.
    } finally {
      this.#passing = false;
    }
    const now = this.#outbox.now();
    const at = Math.min(this.#dueAt, next === undefined ? Infinity : now + next);
    if (at < Infinity && !this.#stopped) this.#arm(at, at - now);
  }

  /** What had finished when these flushes were asked for is delivered or dropped. */
  #settle(asked: number): void {
    this.#settled = Math.max(this.#settled, asked);
    for (const { ticket, done } of this.#waiters) if (ticket <= asked) done(true);
  }
}
