// What has left the core and is not settled, and what becomes of it.

import type { Outcome, PollMode, Request } from "../core/contract.js";
import type { HttpRequest, Platform } from "../platform/platform.js";
import type { Plan, Secrets } from "../plan.js";
import type { CorePort, Target } from "./port.js";
import { Sender } from "./sender.js";

/** A request of the core. */
interface Job {
  readonly epoch: number;
  readonly request: Request;
  /** When it is sent again, or when an answer that has not come will never come. */
  at: number;
  /** Whether its last outcome was reported; an answer that comes later is ignored. */
  over: boolean;
  /** Whether the receiver may have it, whose answer is still to come. */
  sent: boolean;
}

/** How long after the request time-out a platform's answer is no longer waited for, in ms. */
const PATIENCE = 2000;

export class Outbox {
  readonly #port: CorePort;
  readonly #platform: Platform;
  readonly #plan: Plan;
  readonly #sender: Sender;
  readonly #underWay = new Set<Job>();
  #repeats: Job[] = [];
  #undecided: boolean;
  /** While the program ends: when the exit time is over, past which no request goes on. */
  until = Infinity;
  #names = new Map<string, string>();
  /** What `take` handed out, in order. */
  #taken: Job[] = [];
  #stopped = false;

  constructor(port: CorePort, platform: Platform, plan: Plan, secrets: Secrets) {
    this.#port = port;
    this.#platform = platform;
    this.#plan = plan;
    this.#sender = new Sender(port, platform, plan, secrets);
    this.#undecided = plan.settings.targets === undefined && plan.discovery !== undefined;
    this.#name(plan.settings.targets ?? []);
  }

  /** A reading of the monotonic clock, in ms. */
  now(): number {
    return Number(this.#platform.clock.monotonic()) / 1e6;
  }

  /** Whether an agent must be asked where spans go. */
  get undecided(): boolean {
    return this.#undecided;
  }

  /** Whether a request is under way or to be sent again. */
  get busy(): boolean {
    return this.#underWay.size + this.#repeats.length > 0;
  }

  /** Whether anything has finished that is not settled. */
  pending(): boolean {
    const { queued, inFlight, evaluations } = this.#port.statistics();
    return queued + inFlight + evaluations.queued + evaluations.inFlight > 0;
  }

  #name(targets: readonly Target[]): void {
    for (const { id, name } of targets) this.#names.set(id, name);
  }

  /** Asks the agent, if that is necessary; spans wait for its answer. */
  async decide(): Promise<void> {
    const { discovery } = this.#plan;
    if (!this.#undecided || !discovery) return;
    this.#settle(await this.#sender.finds(discovery));
  }

  /** The program ends, so the agent's answer is not waited for. */
  decideNow(): void {
    this.#settle(false);
  }

  #settle(found: boolean): void {
    const { discovery } = this.#plan;
    if (!this.#undecided || !discovery || this.#stopped) return;
    this.#undecided = false;
    const targets = found ? discovery.found : discovery.otherwise;
    this.#name(targets);
    this.#port.setTargets(targets);
  }

  /**
   * Sends everything that is due. Gives when to poll again, in ms: 0 for at once, `undefined` for
   * when something finishes.
   *
   * It takes only what had finished when it began. What finishes while it sends is for the next
   * pass: otherwise a busy application would starve the repetitions and a flush that waits.
   */
  async pass(mode: PollMode): Promise<number | undefined> {
    this.#giveUpOn();
    await this.#sendAgain();
    const next = this.#stopped ? undefined : await this.#sendNew(mode);
    if (this.#stopped) return undefined;
    const times = this.#repeats.map(({ at }) => Math.max(1, at - this.now()));
    if (next !== undefined) times.push(next);
    return times.length ? Math.min(...times) : undefined;
  }

  async #sendNew(mode: PollMode): Promise<number | undefined> {
    const { queued, evaluations } = this.#port.statistics();
    let left = queued + evaluations.queued;
    while (!this.#stopped) {
      const { action, epoch } = this.#port.poll(mode);
      if (action.tag === "idle") return undefined;
      if (action.tag === "wait") {
        if (action.val > 0n) return Math.max(1, Math.ceil(Number(action.val) / 1e6));
        // The core writes some spans at a time, so that the application goes on between.
        await this.#breathe();
        continue;
      }
      const request = action.val;
      await this.#send({ epoch, request, at: 0, over: false, sent: false });
      await this.#sendAgain();
      left -= request.spans + request.evaluations;
      if (left <= 0) return 0;
    }
    return undefined;
  }

  #breathe(): Promise<void> {
    return new Promise((resolve) => void this.#platform.timers.start(resolve, 0));
  }

  /** Sends the repetitions that are due. */
  async #sendAgain(): Promise<void> {
    while (!this.#stopped) {
      const now = this.now();
      const at = this.#repeats.findIndex((job) => job.at <= now);
      if (at < 0) return;
      const [job] = this.#repeats.splice(at, 1);
      await this.#send(job as Job);
    }
  }

  async #send(job: Job): Promise<void> {
    job.at = this.now() + this.#plan.requestTimeoutMs + PATIENCE;
    this.#underWay.add(job);
    const limit = Math.min(this.#plan.requestTimeoutMs, Math.max(1, this.until - this.now()));
    job.sent = false;
    const onSent = () => void (job.sent = true);
    const { outcome, why } = await this.#sender.send(job.request, limit, onSent);
    // Meanwhile the program may have ended, or the core been closed.
    if (!this.#underWay.delete(job) || this.#stopped) return;
    const wait = this.#report(job, outcome, why);
    if (wait === undefined) return;
    job.at = this.now() + wait;
    this.#repeats.push(job);
  }

  /** Where a request's I/O belongs to another request that was ended, its answer never comes. */
  #giveUpOn(): void {
    const now = this.now();
    for (const job of this.#underWay) {
      if (job.at > now) continue;
      this.#underWay.delete(job);
      const again = { ...job };
      const wait = this.#report(again, { tag: "transport-error" }, "did not answer");
      if (wait !== undefined) this.#repeats.push({ ...again, at: now + wait });
    }
  }

  /** Reports an outcome. Gives in how many ms the request is to be sent again, if it is. */
  #report(job: Job, outcome: Outcome, why: string): number | undefined {
    const { spans, evaluations, id } = job.request;
    const target = this.#names.get(job.request.target) ?? job.request.url;
    const disposition = this.#port.complete(job.epoch, id, { spans, evaluations }, outcome);
    if (disposition.tag === "retry") {
      const advice = this.#plan.lacksKey ? "set-key" : undefined;
      this.#port.diagnose({ event: "retried", target, why, advice });
      return Number(disposition.val) / 1e6;
    }
    job.over = true;
    const lost = { target, why, spans, evaluations };
    if (disposition.tag === "dropped" && disposition.val === "rejected") {
      this.#port.diagnose({ event: "rejected", ...lost, advice: "check-key" });
    } else if (disposition.tag === "dropped" && disposition.val === "retries-exhausted") {
      this.#port.diagnose({ event: "retries-exhausted", ...lost });
    }
    return undefined;
  }

  /**
   * The program ends at once: counts what is under way as lost, if the receiver may have it. The
   * rest waits again. Gives how many spans are lost.
   */
  abandon(): number {
    let spans = 0;
    for (const job of this.#underWay) {
      if (job.sent) spans += this.#giveUp(job);
      else this.#repeats.push({ ...job });
    }
    this.#underWay.clear();
    return spans;
  }

  /** Hands out what waits, each as a complete request. */
  take(timeoutMs: number): HttpRequest[] {
    const jobs = this.#repeats.splice(0);
    for (;;) {
      const { action, epoch } = this.#port.poll("everything");
      if (action.tag === "wait" && action.val === 0n) continue;
      if (action.tag !== "send") break;
      jobs.push({ epoch, request: action.val, at: 0, over: false, sent: false });
    }
    this.#taken = jobs;
    return jobs.map(({ request }) => this.#sender.complete(request, timeoutMs));
  }

  /** Reports what became of what was taken. Gives how many spans were lost. */
  taken(statuses: readonly (number | undefined)[]): number {
    let lost = 0;
    this.#taken.splice(0).forEach((job, at) => {
      const status = statuses[at];
      if (status !== undefined) {
        const { outcome, why } = this.#sender.read({ status, headers: [], text: "" });
        if (this.#report(job, outcome, why) === undefined) return;
      }
      lost += this.#giveUp(job);
    });
    return lost;
  }

  #giveUp(job: Job): number {
    if (job.over) return 0;
    job.over = true;
    const { spans, evaluations, id } = job.request;
    const outcome = { tag: "not-sent", val: "shutdown" } as const;
    this.#port.complete(job.epoch, id, { spans, evaluations }, outcome);
    return spans;
  }

  /** Nothing more is sent, and answers that come are ignored. */
  stop(): void {
    this.#stopped = true;
    this.#repeats = [];
  }
}
