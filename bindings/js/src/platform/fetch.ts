// HTTP by `fetch`, for every runtime that has nothing more exact.

import type { ContextStorage, HttpAnswer, HttpRequest, Platform } from "./platform.js";
import { ANSWER_HEADERS, log, real, StandardClock, timersOf } from "./common.js";

/** How this runtime wants its requests. */
export type FetchOptions = Omit<RequestInit, "method" | "headers" | "body" | "signal" | "redirect">;

/** Where the compiled core comes from. Throws where it cannot be had. */
export type CoreSource = () => WebAssembly.Module;

// Those of the moment when this was imported: an application's tests may replace them.
const fetch = globalThis.fetch;
const startTimer = real("setTimeout", setTimeout) as (fn: () => void, ms: number) => unknown;
const stopTimer = real("clearTimeout", clearTimeout) as (timer: never) => void;

/** A platform that has only what every runtime of the web has. */
export function fetchPlatform(core: CoreSource): Platform {
  return {
    name: "web",
    clock: new StandardClock(),
    timers: timersOf(
      (fn, ms) => startTimer(fn, ms),
      (timer) => stopTimer(timer),
    ),
    environment: variables,
    can: { unixSockets: false, files: false },
    coreModule: core,
    context: globalStorage,
    send: (request) => sendByFetch(request),
    atEnd: () => () => {},
    log,
  };
}

/** The variables of `process.env`, where a runtime has it. */
export function variables(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { process?: { env?: Record<string, string> } }).process?.env ?? {};
}

/** The storage that some runtimes at the edge have as a global. */
export function globalStorage(): ContextStorage | undefined {
  type Global = { AsyncLocalStorage?: new () => ContextStorage };
  const Storage = (globalThis as Global).AsyncLocalStorage;
  return Storage && new Storage();
}

/** Sends a request. Rejects, with a text for a person, if there is no answer. */
export async function sendByFetch(
  request: HttpRequest,
  options?: FetchOptions,
): Promise<HttpAnswer> {
  const { url, method, body, timeoutMs, answerBytes } = request;
  const limit = new AbortController();
  const late = `no answer within ${Number((timeoutMs / 1000).toPrecision(2))} s`;
  const timers = timersOf(
    (fn, ms) => startTimer(fn, ms),
    (timer) => stopTimer(timer),
  );
  const timer = timers.start(() => limit.abort(new Error(late)), timeoutMs);
  const { signal } = limit;
  const headers = request.headers as [string, string][];
  try {
    // Nobody says when its last byte leaves.
    request.onSent?.();
    const init = { ...options, method, headers, body: body as BodyInit, signal };
    const answer = await fetch(url, { ...init, redirect: "manual" });
    // A browser shows a redirect only as one.
    const status = answer.type === "opaqueredirect" ? 302 : answer.status;
    const found = ANSWER_HEADERS.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    return { status, headers: found, text: await beginning(answer, answerBytes) };
  } catch (error) {
    throw signal.aborted ? new Error(late) : explained(error);
  } finally {
    timers.stop(timer);
  }
}

/**
 * The beginning of an answer's body. It is read to its end if it is short, so that its connection
 * is free.
 */
async function beginning(answer: Response, most: number): Promise<string> {
  const reader = answer.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  let left = most;
  try {
    while (left > 0) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.length;
    }
    await reader.cancel();
  } catch {
    // The status says enough.
  }
  return text;
}

/** `fetch` says only that it failed; its cause says why. */
function explained(error: unknown): Error {
  const cause = (error as { cause?: { message?: string; code?: string } } | undefined)?.cause;
  const why = cause?.message || cause?.code;
  return why ? new Error(why) : error instanceof Error ? error : new Error(String(error));
}
