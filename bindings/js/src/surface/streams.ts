// Streams that a traced function returns: the span ends when the stream does, is left, or throws.
//
// What the stream gave is captured as the output, within the core's bounds. The span is current while the
// body of a generator runs, and only then.

import type { Span } from "../span.js";
import { StreamText } from "../values.js";

const { toString } = Object.prototype;

type Iteratorish = {
  next?: unknown;
  return?: unknown;
  throw?: unknown;
  [Symbol.iterator]?: unknown;
  [Symbol.asyncIterator]?: unknown;
};

/** What was streamed so far, and the span that it belongs to. */
class Capture {
  readonly #span: Span;
  readonly #text: StreamText | undefined;
  #empty = true;
  #over = false;

  constructor(span: Span, output: boolean) {
    this.#span = span;
    this.#text = output ? new StreamText() : undefined;
    // A stream that nobody reads to its end, or holds any more, leaves a span that is unfinished.
    span._watched();
  }

  give(item: unknown): void {
    this.#empty = false;
    if (!this.#over) this.#text?.add(item);
  }

  /** Ends the span; `returned` is what a generator returned, which counts if it gave nothing. */
  end(returned?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#annotate(returned);
    this.#span.finish();
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#annotate(undefined);
    this.#span._fail(error);
  }

  #annotate(returned: unknown): void {
    if (this.#text === undefined || this.#span._hasOutput) return;
    try {
      if (!this.#empty) {
        const text = this.#text.text();
        if (text !== undefined) this.#span._annotateText(`{"output_stream":${text}}`);
      } else if (returned !== undefined && returned !== null) {
        this.#span.annotate({ outputData: returned });
      }
    } catch {
      // It has no form that the kind takes; the core has counted it.
    }
  }

  get span(): Span {
    return this.#span;
  }
}

/**
 * The stream in place of `value`, if that is one whose end can be seen: a generator, an async iterator, a
 * `ReadableStream`, a stream object of a client. `undefined`: it is a value like any other.
 */
export function traced(value: object, span: Span, output: boolean): object | undefined {
  const stream = value as Iteratorish;
  try {
    if (isReadableStream(value)) return ofReadable(value, new Capture(span, output));
    if (isNodeStream(value)) return ofNode(value, span);
    const async = typeof stream[Symbol.asyncIterator] === "function";
    if (typeof stream.next === "function") {
      // A class with a `next` of its own, such as a cursor, has other methods that read it: it is a value.
      if (!isNative(value)) return undefined;
      return ofIterator(value, new Capture(span, output), async);
    }
    if (async && isClientStream(value)) return ofClient(value, new Capture(span, output));
  } catch {
    // A getter of the application's failed: it is a value like any other.
  }
  return undefined;
}

/** Iterators of the language's own: those of generators and of collections. */
function isNative(value: object): boolean {
  const own = Object.getOwnPropertyNames(value).length === 0;
  return own && /^\[object .*(Generator|Iterator|Iterator Helper)\]$/.test(toString.call(value));
}

function isReadableStream(value: object): value is ReadableStream {
  return typeof ReadableStream === "function" && value instanceof ReadableStream;
}

/** What is used of a stream of `node:stream`. */
interface NodeStream {
  readonly readable?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  pipe(to: unknown): unknown;
  once(event: string, listener: () => void): unknown;
}

function isNodeStream(value: object): value is NodeStream {
  const { pipe, once, readable } = value as Partial<NodeStream>;
  return typeof pipe === "function" && typeof once === "function" && readable === true;
}

/**
 * A stream of Node's stays itself: it may be piped, and to look at its data would make it flow. Only its end is
 * seen.
 */
function ofNode(stream: NodeStream, span: Span): object | undefined {
  if (stream.destroyed) return undefined;
  span._watched();
  const ended = (): void => {
    if (stream.errored) span._fail(stream.errored);
    else span.finish();
  };
  stream.once("end", ended);
  stream.once("close", ended);
  return stream;
}

/** Streams of OpenAI's and Anthropic's clients, which can be ended or split; a page of a list cannot. */
function isClientStream(value: object): boolean {
  const { tee, toReadableStream, controller } = value as Record<string, unknown>;
  return (
    typeof tee === "function" ||
    typeof toReadableStream === "function" ||
    (typeof AbortController === "function" && controller instanceof AbortController)
  );
}

type Result = IteratorResult<unknown, unknown>;
type Step = (this: unknown, ...given: unknown[]) => Result | Promise<Result>;

/** An iterator in front of `target`, with its prototype, so that it is what it was. */
function ofIterator(target: object, capture: Capture, async: boolean): object {
  const front = Object.create(Object.getPrototypeOf(target)) as Record<PropertyKey, unknown>;
  const seen = (result: Result): Result => {
    if (typeof result !== "object" || result === null) return result;
    if (result.done) capture.end(result.value);
    else capture.give(result.value);
    return result;
  };
  const failed = (error: unknown): never => {
    capture.fail(error);
    throw error;
  };
  const step = (name: "next" | "return" | "throw") => {
    if (typeof (target as Iteratorish)[name] !== "function") return;
    front[name] = (...given: unknown[]) => {
      const call = (target as Record<string, Step>)[name] as Step;
      let result: Result | Promise<Result>;
      try {
        result = capture.span.run(() => Reflect.apply(call, target, given));
      } catch (error) {
        return failed(error);
      }
      return async ? Promise.resolve(result).then(seen, failed) : seen(result as Result);
    };
  };
  step("next");
  step("return");
  step("throw");
  front[async ? Symbol.asyncIterator : Symbol.iterator] = () => front;
  return front;
}

/** A stream that reads the application's only when it is read itself. */
function ofReadable(target: ReadableStream, capture: Capture): ReadableStream | undefined {
  if (target.locked || Object.getPrototypeOf(target) !== ReadableStream.prototype) {
    // Somebody reads it already, or it has methods of its own: it stays what it is.
    return undefined;
  }
  const bytes = isOfBytes(target);
  const reader = target.getReader() as ReadableStreamDefaultReader<unknown>;
  type Controller = ReadableStreamDefaultController | ReadableByteStreamController;
  return new ReadableStream(
    {
      ...(bytes ? { type: "bytes" } : {}),
      async pull(controller: Controller) {
        try {
          for (;;) {
            const { done, value } = await capture.span.run(() => reader.read());
            if (done) {
              capture.end();
              controller.close();
              if (bytes) (controller as ReadableByteStreamController).byobRequest?.respond(0);
              return;
            }
            capture.give(value);
            // A stream of bytes takes what it is given away from its owner, and takes no empty piece.
            const piece = bytes ? (value as Uint8Array).slice() : value;
            if (bytes && (piece as Uint8Array).byteLength === 0) continue;
            controller.enqueue(piece as never);
            return;
          }
        } catch (error) {
          capture.fail(error);
          controller.error(error);
        }
      },
      async cancel(reason: unknown) {
        capture.end();
        await reader.cancel(reason);
      },
    } as UnderlyingDefaultSource,
    { highWaterMark: 0 },
  );
}

/** Whether a reader may bring its own buffer. */
function isOfBytes(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** The same object with one thing changed: whoever iterates it, or a part of it, is seen. */
function ofClient(target: object, capture: Capture): object {
  let taken = false;
  const once = (stream: unknown): unknown => {
    if (taken || typeof stream !== "object" || stream === null) return stream;
    const seen = isReadableStream(stream)
      ? ofReadable(stream, capture)
      : typeof (stream as Iteratorish).next === "function"
        ? ofIterator(stream, capture, true)
        : Array.isArray(stream)
          ? stream.map(once)
          : typeof (stream as Iteratorish)[Symbol.asyncIterator] === "function"
            ? ofClient(stream, capture)
            : undefined;
    if (seen === undefined) return stream;
    taken = true;
    return seen;
  };
  const methods = new Map<PropertyKey, unknown>();
  // Some are emitters too, which tell their end to whoever does not iterate them.
  const { on } = target as { on?: unknown };
  if (typeof on === "function") Reflect.apply(on, target, ["end", () => capture.end()]);
  const front: object = new Proxy(target, {
    get(_, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (typeof value !== "function" || key === "constructor") return value;
      // Of a frozen object a proxy must give what is there.
      if (Reflect.getOwnPropertyDescriptor(target, key)?.configurable === false) return value;
      let bound = methods.get(key);
      if (bound === undefined) {
        // Of the object itself: a class's private fields are not the proxy's.
        bound = (...given: unknown[]) => {
          const result = Reflect.apply(value, target, given) as unknown;
          return result === target ? front : once(result);
        };
        methods.set(key, bound);
      }
      return bound;
    },
  });
  return front;
}
