// Writes any value as the JSON text that the core takes, within the bounds, whatever its code does.
//
// The text may hold what JSON cannot say, as wit/tracing.wit allows: `NaN`, infinities, integers of
// any length. Nothing is read twice, and nothing is changed.

import { bounds, standIns } from "./bounds.js";
import { builtIn, formOf, hiddenFields, nameless, unread } from "./forms.js";

const { stringify } = JSON;
const { isArray } = Array;

/** As how many values an object counts that code of its own, or of ours, has to read first. */
const OBJECT_COST = 50;
/** Characters of a text that are written without a look at the room that is left. */
const STEP = 1024;
/** Characters of a text that a look at each of them is quicker for than `JSON.stringify`. */
const SHORT = 24;
/** Digits of an integer that are written, as many as Python gives: more take long. */
const MOST_DIGITS = 4300n;
let tooLarge: bigint | undefined;

export class Writer {
  /** Values that may still be walked. */
  #left = 0;
  /** Bytes that may still be written. */
  #room = 0;
  /** How deep the walk is in containers. */
  #depth = 0;
  /** The objects that are being walked, to notice one inside itself. */
  readonly #open: object[] = [];
  /** Whether the text is RFC 8259's, with texts for the numbers that it lacks. */
  readonly #strict: boolean;

  constructor(strict = false) {
    this.#strict = strict;
  }

  /** One value. */
  json(value: unknown): string {
    this.#begin(bounds.walk_bytes);
    return this.#whole(value);
  }

  /** An object of the members that are there. */
  object(parts: Readonly<Record<string, unknown>>): string {
    let out = "";
    let together = bounds.walk_bytes_together;
    for (const name of Object.keys(parts)) {
      const part = parts[name];
      if (part === undefined || part === null) continue;
      const room = Math.max(Math.min(together, bounds.walk_bytes), bounds.walk_bytes_least);
      this.#begin(room);
      out += `${out === "" ? "" : ","}"${name}":${this.#whole(part)}`;
      together -= room - this.#room;
    }
    return `{${out}}`;
  }

  #begin(room: number): void {
    this.#left = bounds.walk_values;
    this.#room = room;
  }

  #whole(value: unknown): string {
    const text = this.#value(value, "");
    if (text !== undefined) return text;
    const name = nameless(value);
    return name === undefined ? "null" : this.#text(name);
  }

  get #full(): boolean {
    return this.#left <= 0 || this.#room <= 0;
  }

  /** A value's text; `undefined` where JSON leaves it out. `toJSON` is told the key. */
  #value(value: unknown, key: string | number): string | undefined {
    this.#left--;
    if (typeof value === "string") return this.#text(value);
    if (typeof value === "object" && value !== null) return this.#object(value, key);
    return this.#primitive(value);
  }

  #primitive(value: unknown): string | undefined {
    let text: string;
    if (typeof value === "string") return this.#text(value);
    if (typeof value === "number") text = this.#number(value);
    else if (typeof value === "bigint") text = this.#integer(value);
    else if (typeof value === "boolean" || value === null) text = String(value);
    else return undefined;
    this.#room -= text.length + 1;
    return text;
  }

  #number(value: number): string {
    const text = String(value);
    return Number.isFinite(value) || !this.#strict ? text : `"${text}"`;
  }

  #integer(value: bigint): string {
    tooLarge ??= 10n ** MOST_DIGITS;
    if (value >= tooLarge || value <= -tooLarge) return stringify(standIns.too_large);
    const digits = String(value);
    return this.#strict && String(Number(value)) !== digits ? `"${digits}"` : digits;
  }

  #object(value: object, key: string | number): string | undefined {
    const around = this.#open.length;
    if (this.#open.includes(value)) return this.#text(standIns.cyclic);
    if (this.#depth >= bounds.walk_depth) return "[]";
    if (this.#full) return this.#text(standIns.too_many);
    this.#open.push(value);
    this.#depth++;
    try {
      return this.#inside(value, key);
    } catch {
      return this.#text(standIns.unserializable);
    } finally {
      this.#open.length = around;
      this.#depth--;
    }
  }

  #inside(value: object, key: string | number): string | undefined {
    let said: unknown = isArray(value) || isOrdinary(value) ? undefined : builtIn(value);
    if (said === undefined) {
      const { toJSON } = value as { toJSON?: unknown };
      if (typeof toJSON === "function") {
        this.#left -= OBJECT_COST;
        said = (toJSON as (key: string) => unknown).call(value, String(key));
        if (typeof said !== "object" || said === null) return this.#primitive(said);
        if (said !== value) {
          if (this.#open.includes(said)) return this.#text(standIns.cyclic);
          this.#open.push(said);
          said = builtIn(said) ?? said;
        }
      } else {
        said = value;
      }
    }
    return this.#said(said);
  }

  /** What an object said of itself, or what is known of its class. */
  #said(said: unknown): string | undefined {
    if (typeof said !== "object" || said === null) return this.#primitive(said);
    if (isArray(said)) return this.#items(said);
    const form = formOf(said);
    if (form === said) return this.#members(said);
    this.#left -= OBJECT_COST;
    if (typeof form !== "object" || form === null) return this.#primitive(form);
    return isArray(form) ? this.#items(form) : this.#members(form);
  }

  #items(items: readonly unknown[]): string {
    this.#room -= 2;
    let out = "";
    const { length } = items;
    for (let at = 0; at < length; at++) {
      const full = this.#full;
      const text = full ? this.#text(standIns.too_many) : (this.#member(items, at) ?? this.#null());
      out += at === 0 ? text : `,${text}`;
      if (full) break;
    }
    return `[${out}]`;
  }

  #null(): string {
    this.#room -= 5;
    return "null";
  }

  #members(object: object): string {
    this.#room -= 2;
    let out = "";
    const ordinary = isOrdinary(object);
    const hidden = ordinary ? NONE : hiddenFields(object);
    let keys = Object.keys(object);
    if (hidden.length > 0) keys = [...hidden, ...keys.filter((key) => !hidden.includes(key))];
    for (const key of keys) {
      if (this.#full) {
        out += `${out === "" ? "" : ","}${this.#text(standIns.too_many)}:true`;
        break;
      }
      const text = this.#member(object, key);
      if (text === undefined) continue;
      out += `${out === "" ? "" : ","}${this.#text(key)}:${text}`;
    }
    // A class that keeps all to itself is at least named.
    if (out === "" && !ordinary) return this.#text(unread(object));
    return `{${out}}`;
  }

  /** A member's text. What its getter throws is about this member alone. */
  #member(container: object, key: string | number): string | undefined {
    let value: unknown;
    try {
      value = (container as Record<string | number, unknown>)[key];
    } catch {
      return this.#text(standIns.unserializable);
    }
    return this.#value(value, key);
  }

  #text(text: string): string {
    if (text.length <= SHORT && isClean(text)) {
      this.#room -= text.length + 3;
      return `"${text}"`;
    }
    // A character takes six bytes at most.
    if (text.length <= STEP || text.length * 6 <= this.#room) return this.#quoted(text);
    let out = "";
    let at = 0;
    while (at < text.length) {
      if (this.#room <= 0) {
        out += CUT;
        break;
      }
      let end = at + Math.max(STEP, Math.floor(this.#room / 6));
      // Not inside a pair of surrogates.
      if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
      out += this.#quoted(text.slice(at, end)).slice(1, -1);
      at = end;
    }
    return `"${out}"`;
  }

  #quoted(text: string): string {
    const quoted = stringify(text);
    this.#room -= utf8Length(quoted) + 1;
    return quoted;
  }
}

/** What ends a text that is not written to its end. The core cuts it before this. */
const CUT = "[cut]";
const NONE: readonly string[] = [];

/** Whether nothing in a short text is to be escaped, and each character is a byte. */
function isClean(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return false;
  }
  return true;
}

/** Of no class, in any realm. */
function isOrdinary(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

let encoder: TextEncoder | undefined;
/** UTF-16 units that are counted at a time; each takes three bytes at most. */
const PIECE = 4096;
const scratch = new Uint8Array(PIECE * 3);

/** The bytes of a text without lone surrogates in UTF-8. */
export function utf8Length(text: string): number {
  encoder ??= new TextEncoder();
  if (text.length <= PIECE) return encoder.encodeInto(text, scratch).written;
  let bytes = 0;
  for (let at = 0; at < text.length; at += PIECE) {
    const piece = text.slice(at, at + PIECE);
    bytes += encoder.encodeInto(piece, scratch).written;
    // Halves of a pair, each taken for three bytes, are four together.
    if (at > 0 && (piece.charCodeAt(0) & 0xfc00) === 0xdc00) bytes -= 2;
  }
  return bytes;
}
