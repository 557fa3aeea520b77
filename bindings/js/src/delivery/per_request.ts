// Delivery where I/O belongs to the request that began it: no loop outlives a request.
//
// A request that finishes spans stays alive until their batch is old enough, and then sends all
// that waits, whichever request it is of. What a request that was ended early leaves behind, the
// next one sends.

import type { Platform } from "../platform/platform.js";
import type { Delivering } from "./loop.js";
import type { Outbox } from "./outbox.js";

/** How often a flush looks whether another request has settled what it sends, in ms. */
const LOOK = 50;

export class PerRequest implements Delivering {
  readonly #outbox: Outbox;
  readonly #platform: Platform;
  #stopped = false;

  constructor(outbox: Outbox, platform: Platform) {
    this.#outbox = outbox;
    this.#platform = platform;
  }

  attend(ms: number): void {
    if (!this.#stopped) this.#platform.keepRequest?.(this.#deliver(ms));
  }

  async #deliver(ms: number): Promise<void> {
    try {
      await this.#sleep(ms);
      await this.#outbox.decide();
      // Full batches at once; the rest when it is due, with whatever has come until then.
      let next = await this.#outbox.pass("due");
      if (next !== undefined) {
        await this.#sleep(next);
        next = await this.#outbox.pass("everything");
      }
      while (next !== undefined && this.#outbox.busy && !this.#stopped) {
        await this.#sleep(next);
        next = await this.#outbox.pass("everything");
      }
    } catch {
      // The request was ended: the next one goes on.
    }
  }

  async flush(timeoutMs: number): Promise<boolean> {
    const ends = this.#outbox.now() + timeoutMs;
    try {
      for (;;) {
        await this.#within(this.#sendAll(), ends - this.#outbox.now());
        if (!this.#outbox.pending()) return true;
        const left = ends - this.#outbox.now();
        if (left <= 0 || this.#stopped) return false;
        await this.#sleep(Math.min(LOOK, left));
      }
    } catch {
      return false;
    }
  }

  async #sendAll(): Promise<void> {
    await this.#outbox.decide();
    await this.#outbox.pass("everything");
  }

  async #within(work: Promise<unknown>, ms: number): Promise<void> {
    let timer: unknown;
    const late = new Promise((resolve) => {
      timer = this.#platform.timers.start(() => resolve(undefined), Math.max(ms, 0), true);
    });
    try {
      await Promise.race([work, late]);
    } finally {
      this.#platform.timers.stop(timer);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#platform.timers.start(resolve, Math.max(ms, 0)));
  }

  stop(): void {
    this.#stopped = true;
    this.#outbox.stop();
  }
}
