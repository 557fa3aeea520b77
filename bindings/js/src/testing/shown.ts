// Texts and values as a message shows them: in one line, and nothing that a terminal would act on.

/** Every character that steers, and halves of characters. */
const STEERS = new RegExp(
  "[\\0-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f" +
    "\\ud800-\\udfff\\ufeff\\ufff9-\\ufffb\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e007f}]",
  "gu",
);
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** The most characters of a value that are shown. */
const MOST = 300;

/** A text in one line, with every character that steers written as JSON escapes it. */
export function shown(text: string): string {
  return text.replace(STEERS, (letter) => SHORT[letter] ?? letter.split("").map(escaped).join(""));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A value as a program would write it, in one line, cut where it is long. */
export function literal(value: unknown): string {
  const text = shown(written(value, 0));
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

/** Tells recorded spans from other objects, also where this module is there twice. */
export const SPAN_BRAND: unique symbol = Symbol.for("witspan.recorded-span") as never;

type Asymmetric = { toAsymmetricMatcher?(): string };

function written(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MOST + 1));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  const { toAsymmetricMatcher } = value as Asymmetric;
  if (typeof toAsymmetricMatcher === "function") return toAsymmetricMatcher.call(value);
  if (isRegExp(value)) return String(value);
  if (depth > 4) return Array.isArray(value) ? "[…]" : "{…}";
  const inside = (each: unknown) => written(each, depth + 1);
  if (Array.isArray(value)) return `[${value.map(inside).join(", ")}]`;
  if (SPAN_BRAND in value) return `the span ${inside((value as { name?: unknown }).name)}`;
  if (!isPlain(value)) return Object.prototype.toString.call(value);
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  const texts = members.map(([name, each]) => `${nameOf(name)}: ${inside(each)}`);
  return texts.length ? `{ ${texts.join(", ")} }` : "{}";
}

function isPlain(value: object): boolean {
  const of = Object.getPrototypeOf(value) as object | null;
  return of === null || Object.getPrototypeOf(of) === null;
}

function nameOf(member: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(member) ? member : JSON.stringify(member);
}

/** Also of another realm, such as that of a test in Jest. */
export function isRegExp(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === "[object RegExp]";
}

/**
 * Names a class of errors: one that has its name only as a member has a stack that says `Error`.
 */
export function named(of: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(of.prototype, "name", { value: name, configurable: true, writable: true });
}
