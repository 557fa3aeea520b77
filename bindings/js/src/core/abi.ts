// The canonical ABI of the component model: how values of the contract pass into the core's memory and out.
//
// A shape says what a type is; `codec` makes of it what lowers and lifts its values. This file
// knows no function of the contract: `contract.ts` names them all, and its shapes.

import type { Memory } from "./memory.js";

/** The shape of a type. */
export type Shape =
  | "bool"
  | "u16"
  | "u32"
  | "u64"
  | "f64"
  | "string"
  | "bytes"
  | { readonly list: Shape }
  | { readonly option: Shape }
  | { readonly record: readonly (readonly [field: string, shape: Shape])[] }
  | { readonly variant: readonly (readonly [tag: string, shape?: Shape])[] }
  | { readonly enum: readonly string[] };

/** The shape of an exported function. */
export interface FunctionShape {
  /** The name of the core module's export. */
  readonly name: string;
  readonly parameters: readonly Shape[];
  /** What it gives; without it nothing. */
  readonly gives?: Shape;
  /** What it fails with; without it, it cannot fail. */
  readonly fails?: Shape;
}

export type Word = number | bigint;
type WordKind = "i32" | "i64" | "f64";

/** How the values of one shape pass. */
export interface Codec {
  readonly size: number;
  readonly align: number;
  /** The words of a value that passes as parameters. */
  readonly flat: readonly WordKind[];
  /** Adds the words of a value. */
  lower(memory: Memory, value: unknown, words: Word[]): void;
  store(memory: Memory, at: number, value: unknown): void;
  load(memory: Memory, at: number): unknown;
  /** The value of a result that is one word. Shapes of more words pass through memory. */
  lift?(word: Word): unknown;
}

const codecs = new Map<Shape, Codec>();

/** The codec of a shape. */
export function codec(shape: Shape): Codec {
  let found = codecs.get(shape);
  if (!found) codecs.set(shape, (found = made(shape)));
  return found;
}

function made(shape: Shape): Codec {
  if (typeof shape === "string") return simple[shape]();
  if ("list" in shape) return listOf(codec(shape.list));
  if ("option" in shape) return optionOf(codec(shape.option));
  if ("record" in shape) return recordOf(shape.record);
  if ("variant" in shape) return variantOf(shape.variant);
  return enumOf(shape.enum);
}

const simple: Record<Extract<Shape, string>, () => Codec> = {
  bool: () => ({
    size: 1,
    align: 1,
    flat: ["i32"],
    lower: (_, value, words) => void words.push(value ? 1 : 0),
    store: ({ u8 }, at, value) => void (u8[at] = value ? 1 : 0),
    load: ({ u8 }, at) => u8[at] !== 0,
    lift: (word) => word !== 0,
  }),
  u16: () => ({
    size: 2,
    align: 2,
    flat: ["i32"],
    lower: (_, value, words) => void words.push((value as number) & 0xffff),
    store: ({ view }, at, value) => view.setUint16(at, value as number, true),
    load: ({ view }, at) => view.getUint16(at, true),
    lift: (word) => (word as number) & 0xffff,
  }),
  u32: () => ({
    size: 4,
    align: 4,
    flat: ["i32"],
    lower: (_, value, words) => void words.push(value as number),
    store: ({ view }, at, value) => view.setUint32(at, value as number, true),
    load: ({ view }, at) => view.getUint32(at, true),
    lift: (word) => (word as number) >>> 0,
  }),
  u64: () => ({
    size: 8,
    align: 8,
    flat: ["i64"],
    lower: (_, value, words) => void words.push(value as bigint),
    store: ({ view }, at, value) => view.setBigUint64(at, value as bigint, true),
    load: ({ view }, at) => view.getBigUint64(at, true),
    lift: (word) => BigInt.asUintN(64, word as bigint),
  }),
  f64: () => ({
    size: 8,
    align: 8,
    flat: ["f64"],
    lower: (_, value, words) => void words.push(value as number),
    store: ({ view }, at, value) => view.setFloat64(at, value as number, true),
    load: ({ view }, at) => view.getFloat64(at, true),
    lift: (word) => word,
  }),
  string: () =>
    sequence(
      (memory, value) => {
        const at = memory.putText(value as string);
        return [at, memory.written];
      },
      (memory, at, length) => memory.text(at, length),
    ),
  bytes: () =>
    sequence(
      (memory, value) => {
        const bytes = value as Uint8Array;
        const at = memory.allocate(bytes.length, 1);
        memory.u8.set(bytes, at);
        return [at, bytes.length];
      },
      // A copy, for the core frees or overwrites its own.
      (memory, at, length) => memory.u8.slice(at, at + length),
    ),
};

/** What passes as an address and a length. */
function sequence(
  put: (memory: Memory, value: unknown) => [at: number, length: number],
  get: (memory: Memory, at: number, length: number) => unknown,
): Codec {
  return {
    size: 8,
    align: 4,
    flat: ["i32", "i32"],
    lower: (memory, value, words) => void words.push(...put(memory, value)),
    store(memory, at, value) {
      const [start, length] = put(memory, value);
      memory.view.setUint32(at, start, true);
      memory.view.setUint32(at + 4, length, true);
    },
    load: (memory, at) =>
      get(memory, memory.view.getUint32(at, true), memory.view.getUint32(at + 4, true)),
  };
}

function listOf(item: Codec): Codec {
  return sequence(
    (memory, value) => {
      const items = value as readonly unknown[];
      const start = memory.allocate(items.length * item.size, item.align);
      items.forEach((one, index) => item.store(memory, start + index * item.size, one));
      return [start, items.length];
    },
    (memory, start, length) =>
      Array.from({ length }, (_, index) => item.load(memory, start + index * item.size)),
  );
}

export function recordOf(fields: readonly (readonly [string, Shape])[]): Codec {
  let size = 0;
  let align = 1;
  const placed = fields.map(([name, shape]) => {
    const of = codec(shape);
    const at = aligned(size, of.align);
    size = at + of.size;
    align = Math.max(align, of.align);
    return { name, of, at };
  });
  return {
    size: aligned(size, align),
    align,
    flat: placed.flatMap(({ of }) => of.flat),
    lower(memory, value, words) {
      const record = value as Record<string, unknown>;
      for (const { name, of } of placed) of.lower(memory, record[name], words);
    },
    store(memory, start, value) {
      const record = value as Record<string, unknown>;
      for (const { name, of, at } of placed) of.store(memory, start + at, record[name]);
    },
    load(memory, start) {
      const record: Record<string, unknown> = {};
      for (const { name, of, at } of placed) record[name] = of.load(memory, start + at);
      return record;
    },
  };
}

/** A number, then what the case of that number holds. An enum's cases hold nothing. */
export interface Cases {
  readonly holds: readonly (Codec | undefined)[];
  /** The number of a value's case, and what it holds. */
  number(value: unknown): number;
  held(value: unknown): unknown;
  value(number: number, held: unknown): unknown;
}

export function casesOf({ holds, number, held, value }: Cases): Codec {
  const width = holds.length <= 0x100 ? 1 : 2;
  const inner = holds.filter((of) => of !== undefined);
  const align = Math.max(width, ...inner.map((of) => of.align));
  const start = aligned(width, Math.max(1, ...inner.map((of) => of.align)));
  const joined: WordKind[] = [];
  for (const { flat } of inner) {
    flat.forEach((kind, at) => (joined[at] = together(joined[at], kind)));
  }
  const setNumber = (memory: Memory, at: number, to: number) =>
    width === 1 ? memory.view.setUint8(at, to) : memory.view.setUint16(at, to, true);
  const numberAt = (memory: Memory, at: number) =>
    width === 1 ? memory.view.getUint8(at) : memory.view.getUint16(at, true);
  return {
    size: aligned(start + Math.max(0, ...inner.map((of) => of.size)), align),
    align,
    flat: ["i32", ...joined],
    lower(memory, given, words) {
      const which = number(given);
      const of = holds[which];
      words.push(which);
      const before = words.length;
      of?.lower(memory, held(given), words);
      joined.forEach((kind, at) => {
        const word = words[before + at];
        if (word === undefined) words.push(kind === "i64" ? 0n : 0);
        else words[before + at] = widened(word, kind);
      });
    },
    store(memory, at, given) {
      const which = number(given);
      setNumber(memory, at, which);
      holds[which]?.store(memory, at + start, held(given));
    },
    load(memory, at) {
      const which = numberAt(memory, at);
      return value(which, holds[which]?.load(memory, at + start));
    },
    // A word alone is a number whose cases hold nothing.
    lift: (word) => value(word as number, undefined),
  };
}

/** The word that holds either. */
function together(one: WordKind | undefined, other: WordKind): WordKind {
  if (one === undefined || one === other) return other;
  if (one === "f64" || other === "f64") throw new TypeError("a float in a case is not supported");
  return "i64";
}

function widened(word: Word, kind: WordKind): Word {
  return kind === "i64" && typeof word === "number" ? BigInt(word >>> 0) : word;
}

function optionOf(some: Codec): Codec {
  return casesOf({
    holds: [undefined, some],
    number: (value) => (value === undefined ? 0 : 1),
    held: (value) => value,
    value: (_, held) => held,
  });
}

function enumOf(names: readonly string[]): Codec {
  const numbers = numbered(names);
  return casesOf({
    holds: names.map(() => undefined),
    number: (value) => numbers(value as string),
    held: () => undefined,
    value: (number) => names[number],
  });
}

function variantOf(cases: readonly (readonly [string, Shape?])[]): Codec {
  const numbers = numbered(cases.map(([tag]) => tag));
  const holds = cases.map(([, shape]) => (shape === undefined ? undefined : codec(shape)));
  return casesOf({
    holds,
    number: (value) => numbers((value as { tag: string }).tag),
    held: (value) => (value as { val?: unknown }).val,
    value(number, val) {
      const tag = cases[number]?.[0];
      return holds[number] === undefined ? { tag } : { tag, val };
    },
  });
}

/** The number of each name. Another name is a defect of the caller. */
function numbered(names: readonly string[]): (name: string) => number {
  const numbers = new Map(names.map((name, number) => [name, number]));
  return (name) => {
    const number = numbers.get(name);
    if (number === undefined) throw new TypeError(`${name} is none of ${names.join(", ")}`);
    return number;
  };
}

function aligned(at: number, align: number): number {
  return Math.ceil(at / align) * align;
}
