// JSON text of the application's values, the quick way where they are plain data.

import { bounds } from "./bounds.js";
import { arePlain, isPlain } from "./plain.js";
import { Writer, utf8Length } from "./writer.js";

const { stringify } = JSON;

/** The JSON text of any value, as `annotate` in wit/tracing.wit takes it. Never throws. */
export function jsonText(value: unknown): string {
  try {
    if (typeof value === "object" && value !== null && isPlain(value)) {
      const text = stringify(value);
      if (fits(text)) return text;
    }
  } catch {
    // A proxy's own code: the writer finds out which member it is.
  }
  return new Writer().json(value);
}

/**
 * One JSON object of the members that are neither `undefined` nor `null`, each within the core's
 * bounds. The names are ours: nothing in them is escaped. Never throws.
 */
export function annotationText(parts: Readonly<Record<string, unknown>>): string {
  try {
    if (arePlain(parts)) {
      const text = stringify(parts);
      if (fits(text)) return text;
    }
  } catch {
    // As above.
  }
  return new Writer().object(parts);
}

/** Whether it is no longer than one member may be, so that no bound was met. */
function fits(text: string): boolean {
  // A UTF-16 unit takes three bytes at most.
  return text.length * 3 <= bounds.walk_bytes || utf8Length(text) <= bounds.walk_bytes;
}
