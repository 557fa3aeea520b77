// A tracer of a few lines over the real core, for programs that test how a program ends.
//
// It is told by the environment where things are: INTERNALS, CORE.

import { pathToFileURL } from "node:url";

const { readFileSync } = process.getBuiltinModule("node:fs");
const internals = await import(pathToFileURL(process.env.INTERNALS).href);
const { choosePlatform, LiveCore, makePlan, Worker } = internals;

const KIND = 4; // task
const ROOT = 0;

export class SmallTracer {
  constructor(options = {}) {
    this.platform = choosePlatform(() => new WebAssembly.Module(readFileSync(process.env.CORE)));
    const log = (level, message) => this.platform.log(level, message);
    this.core = new LiveCore(this.platform, log);
    const { plan, secrets } = makePlan(this.core.calls.setup, this.platform, options);
    for (const { level, message } of plan.diagnostics) log(level, message);
    this.core.configure(plan.settings);
    this.worker = new Worker(this.core, this.platform, plan, secrets);
    this.undo = this.platform.atEnd(this.worker.last);
  }

  /** A span that is over. */
  span(name) {
    const handle = this.core.start(KIND, ROOT, 0n, undefined, name, undefined);
    if (this.core.finish(this.core.epoch, handle, undefined) & 1) this.worker.attend();
  }

  flush(ms = 5000) {
    return this.worker.flush(ms);
  }
}
