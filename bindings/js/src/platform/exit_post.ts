// Posts requests while the main thread waits, for an end that cannot wait for a promise.

import type { Builtin, Threads } from "./builtin.js";
import { poster, type Wire } from "./post.js";

/** What the worker does. `poster` is inserted as text. */
function sourceOf(): string {
  return `
const { workerData } = require("node:worker_threads");
const { flags, wires, trusted } = workerData;
let left = wires.length;
function done(at, status) {
  Atomics.store(flags, at + 1, status);
  left -= 1;
  if (left > 0) return;
  Atomics.store(flags, 0, 1);
  Atomics.notify(flags, 0);
}
const options = {
  trusted, holds: true, keeps: false, start: setTimeout, stop: clearTimeout,
};
try {
  const post = (${poster.toString()})(require, options);
  wires.forEach((wire, at) => post(wire, [], (error, status) => done(at, error ? -1 : status)));
} catch (error) {
  Atomics.store(flags, 0, 1);
  Atomics.notify(flags, 0);
  throw error;
}
`;
}

/**
 * Posts requests from a thread of their own, and has this one stand still until all are answered.
 *
 * @returns the status of each answer; `undefined` where there is none after `timeoutMs`.
 */
export function postAndWait(
  builtin: Builtin,
  wires: readonly Wire[],
  trusted: string | undefined,
  timeoutMs: number,
): (number | undefined)[] {
  const flags = new Int32Array(new SharedArrayBuffer(4 * (wires.length + 1)));
  const { Worker } = builtin("node:worker_threads") as Threads;
  const worker = new Worker(sourceOf(), {
    eval: true,
    // What the program preloads is not for this thread: it might start a tracer of its own.
    env: {},
    execArgv: [],
    workerData: { flags, wires, trusted },
  });
  worker.on("error", () => {});
  worker.unref();
  Atomics.wait(flags, 0, 0, timeoutMs);
  return wires.map((_, at) => {
    const status = Atomics.load(flags, at + 1);
    return status > 0 ? status : undefined;
  });
}
