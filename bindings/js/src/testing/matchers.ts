// Assertions about spans: for the `expect` of Vitest and Jest, and plain ones for any test.

import { LLMObsArgumentError } from "../surface/index.js";
import { checked, differences, type SpanQuery } from "./query.js";
import { isRecordedSpan, type RecordedSpan } from "./recorded.js";
import { isRecorder, type Recorder } from "./recorder.js";
import { literal, named } from "./shown.js";

/** What is looked at: all that was recorded, or a span and everything below it. */
export type Recorded = Recorder | RecordedSpan;

/** What a matcher tells `expect`. */
export interface Matched {
  readonly pass: boolean;
  readonly message: () => string;
  readonly actual?: string;
  readonly expected?: string;
}

/**
 * The matchers as `expect` has them, for the declaration that TypeScript needs:
 *
 *     declare module "vitest" {
 *       interface Matchers<T = any> extends SpanMatchers<T> {}
 *     }
 */
export interface SpanMatchers<R = unknown> {
  /** A span is of this name, or as the query says. */
  toHaveSpan(query: string | RegExp | SpanQuery): R;
  /** All traces are this text. Indentation and empty lines around it do not matter. */
  toHaveSpanTree(tree: string): R;
}

/** For `expect.extend(matchers)`. */
export const matchers = {
  toHaveSpan(received: unknown, query: string | RegExp | SpanQuery): Matched {
    const spans = recorded(received);
    const wanted = checked(query);
    const pass = spansOf(spans).some((span) => differences(span, wanted).length === 0);
    const there = () => `a span is ${literal(query)}; ${shown(spans)}`;
    return { pass, message: () => (pass ? there() : missing(spans, query)) };
  },

  toHaveSpanTree(received: unknown, tree: string): Matched {
    const spans = recorded(received);
    const expected = straight(tree);
    const actual = straight(spans.tree());
    const pass = actual === expected;
    const message = () => (pass ? same(actual) : other(actual, expected));
    return { pass, message, actual, expected };
  },
};

/** As that of `node:assert`, which is not there everywhere; test runners know it by its `code`. */
export class AssertionError extends Error {
  readonly code = "ERR_ASSERTION";
  readonly generatedMessage = false;
  readonly operator: string;
  /** Both trees, of which test runners show what differs. */
  declare readonly actual?: string;
  declare readonly expected?: string;

  constructor(operator: string, message: string, trees?: { actual: string; expected: string }) {
    super(message);
    this.operator = operator;
    Object.assign(this, trees);
  }

  static {
    named(this, "AssertionError");
  }
}

/**
 * Fails unless a span is of this name, or as the query says. Returns the first such span.
 *
 * @throws AssertionError with the closest span and the tree.
 */
export function assertSpan(spans: Recorded, query: string | RegExp | SpanQuery): RecordedSpan {
  const wanted = checked(query);
  const found = spansOf(recorded(spans)).find((span) => differences(span, wanted).length === 0);
  if (!found) throw fails(assertSpan, new AssertionError("assertSpan", missing(spans, query)));
  return found;
}

/**
 * Fails unless all traces are this text. Indentation and empty lines around it do not matter.
 *
 * @throws AssertionError with both trees.
 */
export function assertSpanTree(spans: Recorded, tree: string): void {
  const actual = straight(recorded(spans).tree());
  const expected = straight(tree);
  if (actual === expected) return;
  const trees = { actual, expected };
  const error = new AssertionError("assertSpanTree", other(actual, expected), trees);
  throw fails(assertSpanTree, error);
}

/** The error, with a stack that begins in the test. */
function fails(above: (...args: never[]) => unknown, error: AssertionError): AssertionError {
  const { captureStackTrace } = Error as {
    captureStackTrace?(error: Error, above: (...args: never[]) => unknown): void;
  };
  captureStackTrace?.(error, above);
  return error;
}

/** @throws LLMObsArgumentError for what has no spans. */
function recorded(given: unknown): Recorded {
  if (isRecorder(given) || isRecordedSpan(given)) return given;
  const why = `what is looked at is ${literal(given)}; accepted: a recorder, or a span of one`;
  throw new LLMObsArgumentError("spans", why);
}

function spansOf(spans: Recorded): RecordedSpan[] {
  return isRecorder(spans) ? spans.find() : [spans, ...spans.descendants()];
}

function shown(spans: Recorded): string {
  return isRecorder(spans) ? spans.toString() : `recorded:\n${spans.tree()}`;
}

/** Why no span is as the query says: what is different about the one that comes closest. */
function missing(spans: Recorded, query: string | RegExp | SpanQuery): string {
  const wanted = checked(query);
  let closest: RecordedSpan | undefined;
  let best: string[] = [];
  const distance = (span: RecordedSpan, found: string[]) => {
    // Who names a span means that one.
    const { name } = wanted;
    return differences(span, { name }).length ? found.length + 1000 : found.length;
  };
  for (const span of spansOf(spans)) {
    const found = differences(span, wanted);
    if (closest !== undefined && distance(span, found) >= distance(closest, best)) continue;
    [closest, best] = [span, found];
  }
  const asked = Object.values(wanted).filter((each) => each !== undefined).length;
  const near = closest !== undefined && best.length < asked;
  const why = near ? `\n  of ${literal(closest?.name)}: ${best.join("\n    and ")}` : "";
  return `no span is ${literal(query)}${why}\n${shown(spans)}`;
}

function same(tree: string): string {
  return `the spans are not to be these:\n${tree}`;
}

function other(actual: string, expected: string): string {
  const both = `expected:\n${expected}\n\nrecorded:\n${actual}`;
  return `the spans are not those that were expected\n\n${both}`;
}

/**
 * A text as a program indents it: without empty lines around it, nor the indentation that all lines
 * have.
 */
function straight(text: unknown): string {
  if (typeof text !== "string") {
    const why = `the tree is ${literal(text)}; accepted: a text, as \`spans.tree()\` gives it`;
    throw new LLMObsArgumentError("tree", why);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  while (lines[0] === "") lines.shift();
  while (lines.at(-1) === "") lines.pop();
  const full = lines.filter((line) => line !== "");
  const indents = full.map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents, Infinity);
  return lines.map((line) => line.slice(indent)).join("\n");
}
