// What `trace`, `wrap` and `decorate` do around a function: its span is current inside, and ends with it.

import type { Span } from "../span.js";
import { inputOf, namesOf } from "./parameters.js";
import { traced } from "./streams.js";

/** Starts the span of a call; `undefined` while tracing is off. */
export type Starter = () => Span | undefined;

/** Names of a last parameter that is called once, with an error first. */
const CALLBACKS = new Set(["callback", "cb", "done", "next"]);

type Thenable = { then: unknown };

/**
 * Ends a span with what the function returned, and gives that to the caller. `output` and `streams` say
 * whether a value, and what a stream gives, becomes the output.
 */
export function settle<T>(span: Span, value: T, output: boolean, streams: boolean): T {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") {
    ended(span, value, output);
    return value;
  }
  if (isThenable(value)) return settleLater(span, value, output, streams) as T;
  const stream = traced(value as object, span, streams);
  if (stream !== undefined) return stream as T;
  ended(span, value, output);
  return value;
}

function isThenable(value: unknown): value is Thenable & object {
  try {
    return typeof (value as Partial<Thenable>).then === "function";
  } catch {
    return false;
  }
}

function ended(span: Span, value: unknown, output: boolean): void {
  if (output) capture(span, value);
  span.finish();
}

/** Annotates the output, unless the application said what it is. */
function capture(span: Span, value: unknown): void {
  if (value === undefined || value === null || span._hasOutput) return;
  try {
    span.annotate({ outputData: value });
  } catch {
    // It has no form that the kind takes; the core has counted it.
  }
}

/**
 * A promise of the language's own goes on as a promise that settles with it: so a rejection that nobody
 * handles still is one. A subclass, or a promise with members of its own, goes back as it is, and is only
 * looked at. A thenable that is not a promise may begin its work when `then` is called: it is not called.
 */
function settleLater(
  span: Span,
  value: Thenable & object,
  output: boolean,
  streams: boolean,
): unknown {
  const succeeded = (result: unknown): unknown => {
    if (typeof result === "object" && result !== null) {
      const stream = traced(result, span, streams);
      if (stream !== undefined) return stream;
    }
    ended(span, result, output);
    return result;
  };
  const failed = (error: unknown): never => {
    span._fail(error);
    throw error;
  };
  if (isPlainPromise(value)) {
    try {
      return value.then(succeeded, failed);
    } catch {
      // A class that cannot be made of a function: it goes back itself.
    }
  }
  const watched = watchable(value);
  if (watched === undefined) {
    span.finish();
    return value;
  }
  const look = (result: unknown): void => {
    // It stays what it is: a stream inside of it is not followed.
    ended(span, result, output && watched === value);
  };
  const lookAtFailure = (error: unknown): void => span._fail(error);
  try {
    Promise.prototype.then.call(watched, look, lookAtFailure);
  } catch {
    // A proxy in front of a promise: its end cannot be seen.
    span.finish();
  }
  return value;
}

/** A promise without members of its own, whose `then` makes another of its class: nothing is lost by that. */
function isPlainPromise(value: object): value is Promise<unknown> {
  try {
    if (!(value instanceof Promise) || value.then !== Promise.prototype.then) return false;
    const { constructor } = value as { constructor?: { [Symbol.species]?: unknown } };
    return (
      toString.call(value) === "[object Promise]" &&
      Object.getOwnPropertyNames(value).length === 0 &&
      constructor?.[Symbol.species] === constructor &&
      (constructor as { prototype?: unknown }).prototype === Object.getPrototypeOf(value)
    );
  } catch {
    return false;
  }
}

const { toString } = Object.prototype;

/** The promise whose outcome is the value's, if looking at it begins nothing. */
function watchable(value: object): Promise<unknown> | undefined {
  if (!(value instanceof Promise)) return undefined;
  if (value.then === Promise.prototype.then) return value;
  // OpenAI's and Anthropic's clients: the request is under way, and `then` would read its answer.
  const { responsePromise } = value as { responsePromise?: unknown };
  return responsePromise instanceof Promise ? responsePromise : undefined;
}

/** Runs a function in a span. */
export function traceCall<T>(
  span: Span,
  fn: (span: Span, done: (error?: unknown) => void) => T,
): T {
  if (fn.length > 1) return withDone(span, fn);
  let value: T;
  try {
    value = span._run(fn, span, ignored);
  } catch (error) {
    span._fail(error);
    throw error;
  }
  return settle(span, value, false, true);
}

function ignored(): void {}

/** The function takes `done`: the span ends when that is called, or the function fails. */
function withDone<T>(span: Span, fn: (span: Span, done: (error?: unknown) => void) => T): T {
  const done = (error?: unknown): void => {
    if (error) span._fail(error);
    else span.finish();
  };
  let value: T;
  try {
    value = span._run(fn, span, done);
  } catch (error) {
    span._fail(error);
    throw error;
  }
  if (typeof value !== "object" || value === null || !isPlainPromise(value)) return value;
  // It may fail before it could call `done`.
  const failed = (error: unknown): never => {
    span._fail(error);
    throw error;
  };
  return value.then(undefined, failed) as T;
}

/** How a wrapped function is traced. */
export interface Wrapping {
  readonly start: Starter;
  /** Whether arguments become the input, results the output, and what a stream gives the output. */
  readonly input: boolean;
  readonly output: boolean;
  readonly streams: boolean;
}

/** The same function, with a span around each call. Name, length, members and `new` stay the function's own. */
export function wrapFunction<F extends (...args: never[]) => unknown>(fn: F, how: Wrapping): F {
  return new Proxy(fn, {
    apply(target, self: unknown, args: unknown[]) {
      const span = how.start();
      if (span === undefined) return Reflect.apply(target, self, args);
      return wrappedCall(span, target, self, args, how);
    },
  });
}

function wrappedCall(
  span: Span,
  target: (...args: never[]) => unknown,
  self: unknown,
  args: unknown[],
  how: Wrapping,
): unknown {
  const callback = callbackOf(target, args);
  if (how.input) {
    captureInput(span, inputOf(target, callback === undefined ? args : args.slice(0, -1)));
  }
  if (callback !== undefined) args = [...args.slice(0, -1), seen(callback, span, how.output)];
  let value: unknown;
  try {
    value = span._run(Reflect.apply, target, self, args) as unknown;
  } catch (error) {
    span._fail(error);
    throw error;
  }
  if (callback !== undefined && value === undefined) {
    // The callback has the result. Some are never called, such as `next` of a middleware.
    span._watched();
    return value;
  }
  return settle(span, value, how.output, how.streams);
}

function captureInput(span: Span, input: unknown): void {
  if (input === undefined) return;
  try {
    span.annotate({ inputData: input });
  } catch {
    // It has no form that the kind takes; the core has counted it.
  }
}

type Callback = (...given: unknown[]) => unknown;

/** The last argument, if it is a callback by the name of its parameter. Any other function is a value. */
function callbackOf(target: object, args: readonly unknown[]): Callback | undefined {
  const last = args[args.length - 1];
  if (typeof last !== "function") return undefined;
  const name = namesOf(target)?.[args.length - 1];
  return name !== undefined && CALLBACKS.has(name) ? (last as Callback) : undefined;
}

/** The callback; its first call ends the span. */
function seen(callback: Callback, span: Span, output: boolean): Callback {
  return new Proxy(callback, {
    apply(target, self: unknown, given: unknown[]) {
      const [error, result] = given;
      if (error instanceof Error || (error && given.length > 1 && result === undefined)) {
        span._fail(error);
      } else {
        ended(span, given.length > 1 ? result : undefined, output);
      }
      return Reflect.apply(target, self, given);
    },
  });
}
