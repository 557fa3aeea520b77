// Cloudflare's Workers (workerd), where I/O belongs to the request that began it.
//
// A request that finishes spans stays alive by `waitUntil` until they are sent. Where
// `cloudflare:workers` does not have it, the application hands `flush()` to the `waitUntil` of its
// request.
//
// `performance.now()` stands still between I/O there, so a span that only computes lasts 0 ns.

import * as workers from "cloudflare:workers";
import type { Builtin } from "./builtin.js";
import { log, StandardClock } from "./common.js";
import { type CoreSource, fetchPlatform, globalStorage, sendByFetch } from "./fetch.js";
import type { ContextStorage, Platform } from "./platform.js";

/** What `cloudflare:workers` may have; older dates of compatibility lack some. */
interface Workers {
  readonly waitUntil?: (work: Promise<unknown>) => void;
  readonly env?: Readonly<Record<string, unknown>>;
}

export function workerdPlatform(core: CoreSource): Platform {
  const { waitUntil, env } = workers as Workers;
  return {
    ...fetchPlatform(core),
    name: "workerd",
    clock: new StandardClock(),
    timers: requestTimers,
    environment: () => texts(env),
    can: { unixSockets: false, files: false, agent: false },
    context: () => nodeStorage() ?? globalStorage(),
    send: (request) => sendByFetch(request),
    keepRequest(work) {
      try {
        waitUntil?.(work);
      } catch {
        // There is no request here. The next one sends.
      }
    },
    log,
  };
}

/** Timers of the current request. */
const requestTimers = {
  start: (fn: () => void, ms: number) => setTimeout(fn, ms),
  stop: (timer: unknown) => clearTimeout(timer as never),
};

/** The texts among the bindings, and the variables of `process.env`. */
function texts(env: Workers["env"]): Readonly<Record<string, string | undefined>> {
  type Global = { process?: { env?: Record<string, string> } };
  const found: Record<string, string | undefined> = { ...(globalThis as Global).process?.env };
  for (const [name, value] of Object.entries(env ?? {})) {
    if (typeof value === "string") found[name] = value;
  }
  return found;
}

/** Node's storage, where the flag `nodejs_compat` or `nodejs_als` gives it. */
function nodeStorage(): ContextStorage | undefined {
  type Global = { process?: { getBuiltinModule?: Builtin } };
  type Hooks = { AsyncLocalStorage?: new () => ContextStorage };
  const { process } = globalThis as Global;
  try {
    const hooks = process?.getBuiltinModule?.("node:async_hooks") as Hooks | undefined;
    return hooks?.AsyncLocalStorage && new hooks.AsyncLocalStorage();
  } catch {
    return undefined;
  }
}
