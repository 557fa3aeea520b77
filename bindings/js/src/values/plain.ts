// Whether a value is plain data, small enough for `JSON.stringify` to write it as it is.
//
// Nearly all values are. For them this look and `JSON.stringify` together are quicker than a writer
// in JavaScript. A getter of a plain object runs in both: to tell one from a field would cost a tenth
// of an annotated span.

import { bounds } from "./bounds.js";

const { getPrototypeOf, prototype: OBJECT } = Object;
const { isArray, prototype: ARRAY } = Array;

/** As how many characters a value counts by itself: a cycle is noticed when the room is used up. */
const VALUE_COST = 10;

/** Characters that may still be looked at; a small integer, which engines keep in place. */
let room = 0;

/**
 * Whether `JSON.stringify` writes the value as the writer would, but for the bound of bytes. False
 * for anything else, also for a cycle. Getters and proxies run, and may throw.
 */
export function isPlain(value: object): boolean {
  return begin() && isPlainObject(value, bounds.walk_depth);
}

/** The same of an object of ours: its members are looked at, and none of them may be `null`. */
export function arePlain(parts: Readonly<Record<string, unknown>>): boolean {
  if (!begin()) return false;
  for (const name in parts) {
    const part = parts[name];
    if (typeof part === "object") {
      if (part === null || !isPlainObject(part, bounds.walk_depth)) return false;
    } else if (typeof part === "string") room -= part.length;
    else if (part !== undefined) return false;
    room -= VALUE_COST;
  }
  return room >= 0;
}

function begin(): boolean {
  room = Math.min(bounds.walk_bytes, bounds.walk_values * VALUE_COST);
  // A `toJSON` that the application gave to all objects would not be seen below.
  return !("toJSON" in OBJECT) && !("toJSON" in ARRAY);
}

function isPlainObject(value: object, depth: number): boolean {
  // Also the end of a cycle.
  if (depth <= 0 || room < 0) return false;
  const prototype: unknown = getPrototypeOf(value);
  if (isArray(value)) {
    if (prototype !== ARRAY) return false;
    room -= value.length * VALUE_COST;
    if (room < 0) return false;
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at];
      if (typeof item === "string") room -= item.length;
      else if (typeof item === "object") {
        if (item !== null && !isPlainObject(item, depth - 1)) return false;
      } else if (typeof item === "number" ? item - item !== 0 : typeof item !== "boolean") {
        return false;
      }
    }
    return room >= 0;
  }
  if (prototype !== OBJECT && prototype !== null) return false;
  for (const key in value) {
    const member: unknown = (value as Record<string, unknown>)[key];
    room -= key.length + VALUE_COST;
    if (typeof member === "string") room -= member.length;
    else if (typeof member === "object") {
      if (member !== null && !isPlainObject(member, depth - 1)) return false;
    } else if (typeof member === "number") {
      if (member - member !== 0) return false;
    } else if (typeof member !== "boolean" && member !== undefined) return false;
    if (room < 0) return false;
  }
  return true;
}
