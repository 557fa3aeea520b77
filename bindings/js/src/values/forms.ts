// What becomes of objects that are no plain data: by their class, without running code of theirs.

import { bounds } from "./bounds.js";

/** What is walked in the place of an object. Throws for what only looks like one of the class. */
type Form = (value: object) => unknown;

/** Elements of a collection that are read: it may be of any size. */
const MOST_ELEMENTS = 10_000;
/** Characters of the name of a class. */
const MOST_OF_A_NAME = 200;

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/** Of built-in classes, by name: those of another realm (`vm`, iframes) share nothing else. */
const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ["Date", ofDate],
  ["ArrayBuffer", ofBuffer],
  ["SharedArrayBuffer", ofBuffer],
  ["Map", (value) => ofMap(value as Map<unknown, unknown>)],
  ["Set", (value) => ofSet(value as Set<unknown>)],
  ["Error", ofError],
  ["RegExp", (value) => RegExp.prototype.toString.call(value)],
  ["String", (value) => String.prototype.valueOf.call(value)],
  ["Number", (value) => Number.prototype.valueOf.call(value)],
  ["Boolean", (value) => Boolean.prototype.valueOf.call(value)],
  ["BigInt", (value) => BigInt.prototype.valueOf.call(value)],
  ["Symbol", (value) => nameless(Symbol.prototype.valueOf.call(value))],
  ["URLSearchParams", (value) => URLSearchParams.prototype.toString.call(value)],
  ["Blob", (value) => ofBlob(value as Blob)],
]);

/** By prototype, so that a class is looked at once. `null`: its fields are walked. */
const known = new WeakMap<object, Form | null>();

/**
 * What stands for an object: text, a number, a list or a plain object; the object itself where its
 * own fields do. What can be read only once, or is not there yet, is not read.
 */
export function formOf(value: object): unknown {
  const form = classOf(value);
  if (form === null) return value;
  try {
    return form(value);
  } catch {
    // Named like a built-in class, but not one.
    return value;
  }
}

/** What stands for dates, bytes and typed arrays, whose `toJSON` is not asked; else `undefined`. */
export function builtIn(value: object): unknown {
  if (!ArrayBuffer.isView(value)) {
    const form = classOf(value);
    if (form !== ofDate && form !== ofBuffer) return undefined;
    const said = formOf(value);
    return said === value ? undefined : said;
  }
  const bytes = bytesOf(value);
  return bytes === undefined ? ofNumbers(value as unknown as Numbers) : textOf(bytes);
}

/** Fields that are read although they are not the object's own, or do not show. */
export function hiddenFields(value: object): readonly string[] {
  return classOf(value) === ofError ? ERROR_FIELDS : [];
}

/** What an error says; not its stack, which says where it was made. */
const ERROR_FIELDS = ["name", "message", "cause", "errors"];

function ofError(error: object): unknown {
  return error;
}

function classOf(value: object): Form | null {
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype) return null;
  let form = known.get(prototype);
  if (form === undefined) {
    form = formOfClass(prototype);
    known.set(prototype, form);
  }
  return form;
}

function formOfClass(prototype: object): Form | null {
  let pipes = false;
  for (let at: object | null = prototype; at !== null; at = getPrototypeOf(at) as object | null) {
    const form = FORMS.get(nameOfClass(at) ?? "");
    if (form !== undefined) return form;
    // What is awaited, iterated in time or piped is not read, and its fields are the library's own.
    if (has(at, "then") || has(at, Symbol.asyncIterator)) return unread;
    pipes ||= has(at, "pipe");
    if (pipes && has(at, "on")) return unread;
  }
  return null;
}

function ofDate(value: object): string {
  const time = Date.prototype.getTime.call(value);
  return Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(value);
}

function ofBuffer(value: object): string {
  return textOf(bytesIn(value));
}

/** The bytes of a `Uint8Array`, `Buffer`, `DataView` or `ArrayBuffer`. Never throws. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    if (ArrayBuffer.isView(value)) {
      const name = tagOf.call(value);
      if (name !== undefined && name !== "Uint8Array") return undefined;
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
    return classOf(value) === ofBuffer ? bytesIn(value) : undefined;
  } catch {
    return undefined;
  }
}

/** The name of a typed array's class; `undefined` for anything else. */
const tagOf = getOwnPropertyDescriptor(
  getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as () => string | undefined;

function bytesIn(buffer: object): Uint8Array {
  const bytes = new Uint8Array(buffer as ArrayBuffer);
  // Anything else was copied, not looked at.
  if (bytes.buffer !== buffer) throw new TypeError("no buffer");
  return bytes;
}

let decoder: TextDecoder | undefined;

function textOf(bytes: Uint8Array): string {
  decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
  const text = decode(decoder, bytes.subarray(0, bounds.walk_bytes));
  return text + (bytes.length > bounds.walk_bytes ? more(bytes.length - bounds.walk_bytes) : "");
}

/** Decodes bytes, also of a buffer that is shared or may grow: decoders refuse those. */
export function decode(by: TextDecoder, bytes: Uint8Array, options?: TextDecodeOptions): string {
  try {
    return by.decode(bytes, options);
  } catch {
    return by.decode(bytes.slice(), options);
  }
}

type Numbers = ArrayLike<number | bigint>;

function ofNumbers(numbers: Numbers): unknown {
  const { length } = numbers;
  if (length > MOST_ELEMENTS) return `[${className(numbers)} of ${length} elements]`;
  return Array.prototype.slice.call(numbers);
}

function ofMap(map: Map<unknown, unknown>): unknown {
  const pairs: [unknown, unknown][] = [];
  let named = true;
  for (const pair of Map.prototype.entries.call(map) as MapIterator<[unknown, unknown]>) {
    if (pairs.length === MOST_ELEMENTS) break;
    pairs.push(pair);
    const type = typeof pair[0];
    named &&= type === "string" || type === "number" || type === "bigint";
  }
  const left = sizeOf(Map.prototype, map) - pairs.length;
  if (!named) return left > 0 ? [...pairs, more(left)] : pairs;
  if (left > 0) pairs.push(["[cut]", more(left)]);
  return Object.fromEntries(pairs as [PropertyKey, unknown][]);
}

function ofSet(set: Set<unknown>): unknown[] {
  const elements: unknown[] = [];
  for (const element of Set.prototype.values.call(set) as SetIterator<unknown>) {
    if (elements.length === MOST_ELEMENTS) break;
    elements.push(element);
  }
  const left = sizeOf(Set.prototype, set) - elements.length;
  return left > 0 ? [...elements, more(left)] : elements;
}

function sizeOf(prototype: object, collection: object): number {
  return getOwnPropertyDescriptor(prototype, "size")?.get?.call(collection) as number;
}

function more(count: number): string {
  return `[${count} more]`;
}

function ofBlob(blob: Blob): string {
  const { name } = blob as { name?: unknown };
  const which = typeof name === "string" && name !== "" ? ` ${name}` : "";
  const type = typeof blob.type === "string" && blob.type !== "" ? `, ${blob.type}` : "";
  return `[${className(blob)}${which} of ${blob.size} bytes${type}]`;
}

/** The text of what is not read, and of what shows nothing of what it holds. */
export function unread(value: object): string {
  return `[object ${className(value)}]`;
}

/** The text of a function, a class or a symbol, where it is the whole value. */
export function nameless(value: unknown): string | undefined {
  if (typeof value === "symbol") return value.description || "[symbol]";
  return typeof value === "function" ? nameOf(value) || "[function]" : undefined;
}

/** The name of an object's class. */
export function className(value: object): string {
  try {
    let at = getPrototypeOf(value) as object | null;
    for (; at !== null; at = getPrototypeOf(at) as object | null) {
      const name = nameOfClass(at);
      if (name !== undefined) return name;
    }
  } catch {
    // A proxy's own code.
  }
  return "Object";
}

/** By its constructor, or by its tag, which iterators have; both only where they are data. */
function nameOfClass(prototype: object | null): string | undefined {
  if (prototype === null) return undefined;
  const constructor: unknown = getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const name = typeof constructor === "function" ? nameOf(constructor) : undefined;
  if (name !== undefined && name !== "") return name;
  const tag: unknown = getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
  return typeof tag === "string" && tag !== "" ? tag.slice(0, MOST_OF_A_NAME) : undefined;
}

function nameOf(named: object): string | undefined {
  const name: unknown = getOwnPropertyDescriptor(named, "name")?.value;
  return typeof name === "string" ? name.slice(0, MOST_OF_A_NAME) : undefined;
}

function has(object: object, key: PropertyKey): boolean {
  return Object.prototype.hasOwnProperty.call(object, key);
}
