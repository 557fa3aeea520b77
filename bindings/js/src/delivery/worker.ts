// The worker: it has what finished sent in the background, at a flush, and at the end.

import type { LastDelivery, Platform } from "../platform/platform.js";
import type { Plan, Secrets } from "../plan.js";
import { Last } from "./last.js";
import { type Delivering, Loop } from "./loop.js";
import { Outbox } from "./outbox.js";
import { PerRequest } from "./per_request.js";
import type { CorePort } from "./port.js";

export class Worker {
  /** For a platform that learns that its program ends. */
  readonly last: LastDelivery;
  /** Whether each request delivers for itself: then whoever finishes a span calls `attendBy`. */
  readonly perRequest: boolean;
  readonly #delivering: Delivering;

  constructor(port: CorePort, platform: Platform, plan: Plan, secrets: Secrets) {
    const outbox = new Outbox(port, platform, plan, secrets);
    this.perRequest = platform.keepRequest !== undefined;
    this.#delivering = this.perRequest
      ? new PerRequest(outbox, platform)
      : new Loop(outbox, platform.timers);
    this.last = new Last(port, outbox, this.#delivering, plan);
  }

  /** Has the worker poll: there is something to send. It returns at once. */
  attend(): void {
    this.#delivering.attend(0);
  }

  /** Has the worker poll after so many milliseconds at the latest. */
  attendBy(ms: number): void {
    this.#delivering.attend(ms);
  }

  /**
   * Sends everything that has finished. While it waits, it keeps the process alive.
   *
   * @returns whether all of it was settled, that is delivered or dropped, within `timeoutMs`. Never
   * rejects.
   */
  flush(timeoutMs: number): Promise<boolean> {
    return this.#delivering.flush(timeoutMs);
  }

  /** The same; then nothing more is sent, and answers that are still to come are ignored. */
  async stop(timeoutMs: number): Promise<boolean> {
    const settled = await this.flush(timeoutMs);
    this.#delivering.stop();
    return settled;
  }
}
