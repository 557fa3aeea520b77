// A page in a browser, which sends to a relay, since everybody can read what a page knows.

import { type CoreSource, fetchPlatform, sendByFetch } from "./fetch.js";
import type { HttpRequest, LastDelivery, Platform } from "./platform.js";

/** Bytes of bodies that a browser still sends for a page that is gone, all requests together. */
const KEPT_BYTES = 65_536;

export function browserPlatform(core: CoreSource): Platform {
  let kept = 0;

  /** Sends a request so that it goes on without its page, as long as there is room for it. */
  async function send(request: HttpRequest) {
    const bytes = request.body?.length ?? 0;
    const keepalive = bytes > 0 && kept + bytes <= KEPT_BYTES;
    if (!keepalive) return sendByFetch(request);
    kept += bytes;
    try {
      return await sendByFetch(request, { keepalive });
    } finally {
      kept -= bytes;
    }
  }

  return {
    ...fetchPlatform(core),
    name: "browser",
    environment: () => ({}),
    can: { unixSockets: false, files: false, page: true },
    completeUrl: (url) => new URL(url, document.baseURI).href,
    send,
    atEnd: (last) => watchPage(last, send, () => KEPT_BYTES - kept),
  };
}

/** Has a page that is hidden or left deliver. Returns what undoes it. */
function watchPage(
  last: LastDelivery,
  send: (request: HttpRequest) => Promise<unknown>,
  room: () => number,
): () => void {
  /** The page may come back, or never run again: everything is sent now, and goes on without it. */
  function onVisibility(): void {
    if (document.visibilityState === "hidden" && last.pending()) void last.deliver();
  }

  /** The page is left. What is under way goes on; of what waits, what the browser has room for. */
  function onPageHide(): void {
    if (!last.pending()) return;
    last.taken(last.take().map((request) => leave(request, send, room)));
  }

  document.addEventListener("visibilitychange", onVisibility);
  globalThis.addEventListener("pagehide", onPageHide);
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    globalThis.removeEventListener("pagehide", onPageHide);
  };
}

/**
 * Leaves a request to the browser. Gives 202 if it took it: what becomes of it nobody will know.
 */
function leave(
  request: HttpRequest,
  send: (request: HttpRequest) => Promise<unknown>,
  room: () => number,
): number | undefined {
  const bytes = request.body?.length ?? 0;
  if (bytes > room()) return undefined;
  if ("keepalive" in Request.prototype) {
    send(request).catch(() => {});
    return 202;
  }
  // A beacon has no headers but the type of its body.
  const type = "application/json";
  const body = new Blob([request.body as BlobPart], { type });
  return navigator.sendBeacon(request.url, body) ? 202 : undefined;
}
