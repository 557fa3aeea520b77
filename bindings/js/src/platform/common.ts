// What all platforms have: clocks, entropy, the console.

import type { Clock } from "../core/instance.js";
import type { Timers } from "./platform.js";

// All are those of the moment when this was imported: a test of the application may replace them
// later.
const performance = real("performance", globalThis.performance);
const perfNow = performance.now.bind(performance);
const dateNow = real("Date", Date).now;

/** Random numbers that are drawn at a time: each draw costs the same for one and for many. */
const DRAWN = 64;

/** A clock by `performance` and `Date`. */
export class StandardClock implements Clock {
  readonly #pool: BigUint64Array<ArrayBuffer> = new BigUint64Array(DRAWN);
  #left = 0;

  monotonic(): bigint {
    return nanoseconds(perfNow());
  }

  wall(): bigint {
    // `Date` has only milliseconds. The other clock has more, unless it was set or stood still
    // meanwhile.
    const coarse = dateNow();
    const fine = performance.timeOrigin + perfNow();
    return nanoseconds(Math.abs(fine - coarse) < 2 ? fine : coarse);
  }

  random(): bigint {
    if (this.#left === 0) {
      this.fill(this.#pool);
      this.#left = DRAWN;
    }
    this.#left -= 1;
    return this.#pool[this.#left] as bigint;
  }

  protected fill(pool: BigUint64Array<ArrayBuffer>): void {
    globalThis.crypto.getRandomValues(pool);
  }
}

/** Milliseconds as nanoseconds; the product alone would not be exact. */
function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1e6));
}

/**
 * What the runtime has by this name, also where fake timers have replaced it already: those of
 * Sinon, which Jest and Vitest use too, keep it on their clock.
 */
export function real<T>(name: string, found: T): T {
  const { clock } = globalThis.setTimeout as unknown as { clock?: Record<string, unknown> };
  return (clock?.[`_${name}`] as T | undefined) ?? found;
}

interface Timer {
  unref?(): void;
}

/** Timers that keep no process alive, by these functions. */
export function timersOf(
  start: (fn: () => void, ms: number) => unknown,
  stop: (timer: never) => void,
): Timers {
  return {
    start(fn, ms, holds) {
      const timer = start(fn, ms);
      if (!holds) (timer as Timer | undefined)?.unref?.();
      return timer;
    },
    stop: (timer) => stop(timer as never),
  };
}

/** Shows one line to a person. */
export function log(level: "warning" | "error", message: string): void {
  const line = `witspan: ${message}`;
  try {
    if (level === "error") console.error(line);
    else console.warn(line);
  } catch {
    // Nobody can be told.
  }
}

/** Texts that an answer may have, of which the core needs to know. */
export const ANSWER_HEADERS = ["retry-after", "x-ratelimit-reset"] as const;
