// The delivery of the last spans, as the end of a program needs it.

import type { HttpRequest, LastDelivery } from "../platform/platform.js";
import type { Plan } from "../plan.js";
import type { Delivering } from "./loop.js";
import type { Outbox } from "./outbox.js";
import type { CorePort } from "./port.js";

export class Last implements LastDelivery {
  readonly handleSignals: boolean;
  readonly #port: CorePort;
  readonly #outbox: Outbox;
  readonly #delivering: Delivering;
  readonly #limit: number;
  /** When the exit time is over; it goes on until everything is delivered. */
  #ends: number | undefined;
  /** Spans that were given up at this end. */
  #lost = 0;

  constructor(port: CorePort, outbox: Outbox, delivering: Delivering, plan: Plan) {
    this.#port = port;
    this.#outbox = outbox;
    this.#delivering = delivering;
    this.#limit = plan.exitTimeoutMs;
    this.handleSignals = plan.handleSignals;
  }

  get timeoutMs(): number {
    if (this.#ends === undefined) return this.#limit;
    const left = this.#ends - this.#outbox.now();
    // Timers are not exact.
    return left < 2 ? 0 : left;
  }

  #begin(): number {
    this.#ends ??= this.#outbox.now() + this.#limit;
    return this.timeoutMs;
  }

  /** The program goes on, and so its next end has the whole exit time. */
  #settle(): void {
    if (!this.pending()) this.#ends = undefined;
  }

  pending(): boolean {
    return this.#outbox.pending();
  }

  async deliver(): Promise<void> {
    const left = this.#begin();
    this.#outbox.until = this.#outbox.now() + left;
    if (left > 0) await this.#delivering.flush(left);
    this.#outbox.until = Infinity;
    this.#settle();
  }

  take(): readonly HttpRequest[] {
    const left = this.#begin();
    this.#lost += this.#outbox.abandon();
    this.#outbox.decideNow();
    return this.#outbox.take(left);
  }

  taken(statuses: readonly (number | undefined)[]): void {
    this.#lost += this.#outbox.taken(statuses);
    this.#settle();
  }

  ended(bySignal = false): void {
    const { queued, inFlight, open } = this.#port.statistics();
    const unsent = queued + inFlight + this.#lost;
    if (bySignal) {
      if (unsent > 0) this.#port.diagnose({ event: "interrupted", unsent });
    } else if (unsent + open > 0) {
      this.#port.diagnose({ event: "ended", unsent, unfinished: open });
    }
  }
}
