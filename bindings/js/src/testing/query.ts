// Which spans a test means: some of a span's members, and what they must be.

import type { SpanKind } from "../core/contract.js";
import { LLMObsArgumentError } from "../surface/index.js";
import { isRecordedSpan, type RecordedSpan } from "./recorded.js";
import { isRegExp, literal } from "./shown.js";

/** A text that must be equal, or that an expression must find something in. */
export type TextQuery = string | RegExp;

/**
 * What a span must be: all that is given. `undefined` is not given, and `null` asks for a member
 * that is absent.
 *
 * An object asks for some members, a list for all of its items, and a text may be a regular
 * expression. The asymmetric matchers of test frameworks (`expect.any(Number)`) work everywhere.
 */
export interface SpanQuery {
  name?: TextQuery;
  kind?: SpanKind;
  /** The parent's name, the parent, or what it must be; `null` for a root. */
  parent?: TextQuery | RecordedSpan | SpanQuery | null;
  /** All children, by their start, each as a `parent` is given. */
  children?: readonly (TextQuery | RecordedSpan | SpanQuery)[];
  /** Whether it failed, or what with. */
  error?: boolean | { type?: TextQuery; message?: TextQuery; stack?: TextQuery } | null;
  /** Some of its tags. */
  tags?: Readonly<Record<string, unknown>>;
  metadata?: Readonly<Record<string, unknown>>;
  metrics?: Readonly<Record<string, unknown>>;
  input?: unknown;
  output?: unknown;
  inputMessages?: readonly unknown[];
  outputMessages?: readonly unknown[];
  inputDocuments?: readonly unknown[];
  outputDocuments?: readonly unknown[];
  mlApp?: TextQuery;
  sessionId?: TextQuery | null;
  modelName?: TextQuery | null;
  modelProvider?: TextQuery | null;
  prompt?: Readonly<Record<string, unknown>> | null;
  toolDefinitions?: readonly unknown[];
  spanId?: TextQuery;
  traceId?: TextQuery;
  parentId?: TextQuery | null;
  startNs?: unknown;
  durationNs?: unknown;
  event?: Readonly<Record<string, unknown>>;
}

const MEMBERS = new Set<string>([
  ...["name", "kind", "parent", "children", "error", "tags", "metadata", "metrics"],
  ...["input", "output", "inputMessages", "outputMessages", "inputDocuments", "outputDocuments"],
  ...["mlApp", "sessionId", "modelName", "modelProvider", "prompt", "toolDefinitions"],
  ...["spanId", "traceId", "parentId", "startNs", "durationNs", "event"],
]);

/**
 * The query that a test gave; a text is a name.
 *
 * @throws LLMObsArgumentError for a member that no span has: a misspelt one would ask for nothing.
 */
export function checked(given: unknown): SpanQuery {
  if (typeof given === "string" || isRegExp(given)) return { name: given };
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const accepted = "a name, or { name, kind, … }";
    const why = `the spans that are meant are ${literal(given)}; accepted: ${accepted}`;
    throw new LLMObsArgumentError("query", why);
  }
  for (const name of Object.keys(given)) {
    if (MEMBERS.has(name)) continue;
    const why = `\`${name}\` is nothing that a span has; accepted: ${[...MEMBERS].join(", ")}`;
    throw new LLMObsArgumentError(name, why);
  }
  return given as SpanQuery;
}

/**
 * What about a span is not as the query says, a sentence each; nothing if it is the span that is
 * meant.
 */
export function differences(span: RecordedSpan, query: SpanQuery): string[] {
  const found: string[] = [];
  for (const [name, wanted] of Object.entries(query)) {
    if (wanted === undefined) continue;
    const got = span[name as keyof SpanQuery];
    if (name === "parent") ofSpan(name, got as RecordedSpan | undefined, wanted, found);
    else if (name === "children") ofChildren(got as readonly RecordedSpan[], wanted, found);
    else if (name === "error" && typeof wanted === "boolean") {
      if ((got !== undefined) !== wanted) found.push(sentence(name, got, wanted));
    } else compare(name, got, wanted, found);
  }
  return found;
}

function ofSpan(
  path: string,
  got: RecordedSpan | undefined,
  wanted: unknown,
  found: string[],
): void {
  if (wanted === null || got === undefined) {
    if ((wanted === null) !== (got === undefined)) found.push(sentence(path, got, wanted));
  } else if (isRecordedSpan(wanted)) {
    if (got !== wanted) found.push(sentence(path, got, wanted));
  } else {
    for (const each of differences(got, checked(wanted))) found.push(`${path}.${each}`);
  }
}

function ofChildren(got: readonly RecordedSpan[], wanted: unknown, found: string[]): void {
  if (!Array.isArray(wanted) || wanted.length !== got.length) {
    found.push(sentence("children", got.map(({ name }) => name), wanted));
    return;
  }
  wanted.forEach((each, at) => ofSpan(`children[${at}]`, got[at], each, found));
}

type Asymmetric = { asymmetricMatch?(got: unknown): boolean };

function compare(path: string, got: unknown, wanted: unknown, found: string[]): void {
  if (wanted === undefined) return;
  if (typeof wanted !== "object" || wanted === null) {
    if ((got ?? null) !== wanted) found.push(sentence(path, got, wanted));
    return;
  }
  if (typeof (wanted as Asymmetric).asymmetricMatch === "function") {
    if (!(wanted as Required<Asymmetric>).asymmetricMatch(got)) {
      found.push(sentence(path, got, wanted));
    }
  } else if (isRegExp(wanted)) {
    // Not `test`, which goes on from where it was with the flag `g`.
    if (typeof got !== "string" || got.search(wanted) < 0) found.push(sentence(path, got, wanted));
  } else if (Array.isArray(wanted)) {
    if (!Array.isArray(got) || got.length !== wanted.length) {
      found.push(sentence(path, got, wanted));
    } else wanted.forEach((each, at) => compare(`${path}[${at}]`, got[at], each, found));
  } else if (typeof got !== "object" || got === null || Array.isArray(got)) {
    found.push(sentence(path, got, wanted));
  } else {
    for (const [name, each] of Object.entries(wanted)) {
      const own = Object.hasOwn(got, name) ? (got as Record<string, unknown>)[name] : undefined;
      compare(`${path}.${name}`, own, each, found);
    }
  }
}

function sentence(path: string, got: unknown, wanted: unknown): string {
  return `${path} is ${value(got)}, not ${value(wanted)}`;
}

function value(of: unknown): string {
  return of === undefined || of === null ? "absent" : literal(of);
}
