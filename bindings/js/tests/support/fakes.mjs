// Stand-ins for a core and a runtime, for tests of the worker between them.

import { internals } from "./internals.mjs";

/** A plan that sends to `url`. */
export function planFor(url, more = {}) {
  return {
    enabled: true,
    whyDisabled: "",
    settings: { targets: [{ id: "here", name: "the receiver" }] },
    discovery: undefined,
    requestTimeoutMs: 1000,
    flushTimeoutMs: 5000,
    exitTimeoutMs: 1000,
    handleSignals: true,
    lacksKey: false,
    diagnostics: [],
    ...more,
  };
}

/**
 * A core that hands out bodies. It keeps the counters as the real one does, sends a batch at once
 * in the mode `everything` and after `ageMs` otherwise, and repeats a request after `retryMs`.
 */
export class FakeCore {
  queue = [];
  inFlight = new Map();
  delivered = 0;
  dropped = {};
  diagnosed = [];
  completed = [];
  targets = undefined;
  ageMs = 20;
  retryMs = 20;
  lost = undefined;
  open = 0;
  awaiting = false;
  polls = [];
  #id = 0n;

  constructor(url) {
    this.url = url;
  }

  finish(body = "{}", spans = 1) {
    this.queue.push({ body, spans, since: performance.now() });
  }

  poll(mode) {
    this.polls.push(mode);
    const [first] = this.queue;
    if (!first || this.awaiting) return { action: { tag: "idle" }, epoch: 0 };
    const wait = mode === "due" ? first.since + this.ageMs - performance.now() : 0;
    if (wait > 0) return { action: { tag: "wait", val: BigInt(Math.ceil(wait * 1e6)) }, epoch: 0 };
    this.queue.shift();
    const id = ++this.#id;
    this.inFlight.set(id, first.spans);
    const body = Buffer.from(first.body);
    const headers = [{ name: "content-type", value: "application/json" }];
    const credentials = this.credentials ?? [];
    const request = { id, target: "here", url: `${this.url}/spans`, headers, credentials, body };
    if (this.socket) request.socket = this.socket;
    return {
      action: { tag: "send", val: { ...request, spans: first.spans, evaluations: 0 } },
      epoch: 0,
    };
  }

  complete(epoch, id, load, outcome) {
    if (!this.inFlight.has(id)) throw new Error(`request ${id} was settled before`);
    const status = outcome.tag === "response" ? outcome.val.status : 0;
    this.completed.push({ id, outcome });
    const lose = (reason) => {
      this.inFlight.delete(id);
      this.dropped[reason] = (this.dropped[reason] ?? 0) + load.spans;
      return { tag: "dropped", val: reason };
    };
    if (outcome.tag === "not-sent") return lose(outcome.val);
    if (status >= 200 && status < 300) {
      this.inFlight.delete(id);
      this.delivered += load.spans;
      return { tag: "delivered" };
    }
    if (status >= 300 && status < 500 && status !== 429) return lose("rejected");
    return { tag: "retry", val: BigInt(Math.round(this.retryMs * 1e6)) };
  }

  statistics() {
    const sum = (values) => [...values].reduce((total, each) => total + each, 0);
    return {
      accepted: 0,
      open: this.open,
      queued: sum(this.queue.map(({ spans }) => spans)),
      inFlight: sum(this.inFlight.values()),
      delivered: this.delivered,
      dropped: this.dropped,
      evaluations: { accepted: 0, queued: 0, inFlight: 0, delivered: 0, dropped: {} },
    };
  }

  setTargets(targets) {
    this.targets = targets;
    this.awaiting = false;
  }

  diagnose(event) {
    this.diagnosed.push(event);
  }

  lossHeader() {
    return this.lost;
  }
}

/** A worker over a fake core and this runtime. */
export function worker(core, { plan = {}, secrets = new internals.Secrets(), platform = {} } = {}) {
  const node = internals.nodePlatform(() => undefined);
  const own = { ...node, ...platform };
  return new internals.Worker(core, own, planFor(core.url, plan), secrets);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
