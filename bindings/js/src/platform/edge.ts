// Runtimes at the edge that are no workerd: Next.js, Vercel. Each request delivers for itself.

import { type CoreSource, fetchPlatform, globalStorage, sendByFetch, variables } from "./fetch.js";
import type { Platform } from "./platform.js";

/** Where Next.js and Vercel keep the current request. */
const CONTEXTS = ["@next/request-context", "@vercel/request-context"].map((name) =>
  Symbol.for(name),
);

interface RequestContext {
  get?(): { waitUntil?: (work: Promise<unknown>) => void } | undefined;
}

export function edgePlatform(core: CoreSource): Platform {
  return {
    ...fetchPlatform(core),
    name: "edge",
    environment: variables,
    can: { unixSockets: false, files: false, agent: false },
    context: globalStorage,
    // Next.js would otherwise keep answers.
    send: (request) => sendByFetch(request, { cache: "no-store" }),
    keepRequest(work) {
      try {
        waitUntil()?.(work);
      } catch {
        // The request is over. The next one sends.
      }
    },
  };
}

function waitUntil(): ((work: Promise<unknown>) => void) | undefined {
  for (const name of CONTEXTS) {
    const holder = (globalThis as unknown as Record<symbol, RequestContext | undefined>)[name];
    const context = holder?.get?.();
    if (context?.waitUntil) return context.waitUntil.bind(context);
  }
  return undefined;
}
