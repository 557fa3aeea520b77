// Where a recorder keeps what would be sent: a runtime without an environment, a network or an end.

import type { Platform } from "../platform/platform.js";
import type { Tracer } from "../tracer.js";
import { eventsIn } from "./bodies.js";

/** Every body is taken. What finds no room is told to whoever reads. */
const TAKEN = { tag: "response", val: { status: 202, headers: [] as never[] } } as const;
/** The core module of each runtime: to compile it again for each test would take milliseconds. */
const modules = new WeakMap<Platform, WebAssembly.Module>();

/** Bodies as they would be sent, up to so many bytes. */
export class Memory {
  bodies: Uint8Array[] = [];
  /** Spans, evaluations and feedbacks that found no room. */
  refused = 0;
  readonly #most: number;
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(body: Uint8Array): void {
    if (this.#bytes + body.length > this.#most) {
      const { spans, evaluations } = eventsIn(body);
      this.refused += spans.length + evaluations.length;
      return;
    }
    this.#bytes += body.length;
    this.bodies.push(body);
  }

  clear(): void {
    this.bodies = [];
    this.#bytes = this.refused = 0;
  }
}

/** The runtime as a tracer sees it whose spans stay in memory. */
export function recordingPlatform(real: Platform, memory: Memory): Platform {
  return {
    name: real.name,
    clock: real.clock,
    timers: real.timers,
    can: { unixSockets: false, files: false },
    environment: () => ({}),
    coreModule: () => {
      const module = modules.get(real) ?? real.coreModule();
      modules.set(real, module);
      return module;
    },
    context: () => real.context(),
    send: ({ body }) => {
      if (body !== undefined) memory.take(body);
      return Promise.resolve({ status: 202, headers: [], text: "" });
    },
    atEnd: () => () => {},
    log: (level, message) => real.log(level, message),
  };
}

/** Takes all that has finished out of a tracer, at once: a test reads it in the next line. */
export function drain({ core }: Tracer, memory: Memory): void {
  for (;;) {
    const { action, epoch } = core.poll("everything");
    // The core writes some spans at a time.
    if (action.tag === "wait" && action.val === 0n) continue;
    if (action.tag !== "send") return;
    const { id, body, spans, evaluations } = action.val;
    memory.take(body);
    core.complete(epoch, id, { spans, evaluations }, TAKEN);
  }
}
