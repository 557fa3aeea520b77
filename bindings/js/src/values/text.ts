// What any value counts for where a text is sent: a name, an app, a session, a model, a version.

import { className } from "./forms.js";
import { Writer } from "./writer.js";

/**
 * Its text: `5` for 5. Of what has none its canonical JSON (RFC 8785); `other` is told its class,
 * for a warning. `undefined` for what is nothing: `null`, `false`, 0, what is empty. Never throws.
 */
export function plainText(value: unknown, other?: (className: string) => void): string | undefined {
  if (typeof value === "string") return value;
  if (value === undefined || value === null || value === false || value === 0 || value === 0n) {
    return undefined;
  }
  if (typeof value === "number") return String(value);
  const said: unknown = JSON.parse(new Writer(true).json(value));
  if (typeof said === "string") return said || undefined;
  if (!said || (typeof said === "object" && Object.keys(said).length === 0)) return undefined;
  if (typeof said !== "number") {
    other?.(typeof value === "object" ? className(value) : typeof value);
  }
  return canonical(said);
}

/** What `JSON.parse` gave, with keys in the order of RFC 8785. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = value as Record<string, unknown>;
  const texts = Object.keys(members)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(members[key])}`);
  return `{${texts.join(",")}}`;
}
