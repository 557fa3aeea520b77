// Numbers and times as people read them: the same thing looks the same in every view.

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A length of time. @param {number | null | undefined} ms milliseconds @returns {string} */
export function duration(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "";
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${Math.max(ms, 0.001).toFixed(ms < 0.1 ? 3 : 2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
  if (seconds < 172_800)
    return `${Math.floor(seconds / 3600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, "0")} m`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** A count, short from ten thousand on. @param {number | null | undefined} n */
export function count(n) {
  if (n === null || n === undefined) return "";
  return Math.abs(n) < 10_000 ? whole.format(n) : compact.format(n);
}

/** A count with all its digits. @param {number} n */
export function exact(n) {
  return whole.format(n);
}

/**
 * A cost in dollars, with enough digits to tell a small one from nothing.
 * @param {number | null | undefined} dollars
 */
export function cost(dollars) {
  if (dollars === null || dollars === undefined) return "";
  if (dollars === 0) return "$0";
  if (Math.abs(dollars) >= 1) return `$${dollars.toFixed(2)}`;
  // Three digits that count, never in the form 1e-7.
  return `$${new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(dollars)}`;
}

/** A share between 0 and 1. @param {number} share */
export function percent(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** A size. @param {number} bytes */
export function size(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let at = 0;
  let left = bytes;
  while (left >= 1000 && at < units.length - 1) {
    left /= 1000;
    at += 1;
  }
  if (bytes === 1) return "1 byte";
  return `${at === 0 ? left : left.toFixed(left < 10 ? 1 : 0)} ${units[at]}`;
}

/** The time of day, with the date unless it is today. @param {number} ms */
export function time(ms) {
  const at = new Date(ms);
  const clock = at.toLocaleTimeString("en-GB");
  if (at.toDateString() === new Date().toDateString()) return clock;
  return `${day(at)} ${clock}`;
}

/** @param {Date} at */
function day(at) {
  const withYear = at.getFullYear() !== new Date().getFullYear();
  return at.toLocaleDateString("en", { month: "short", day: "numeric", year: withYear ? "numeric" : undefined });
}

/** Date and time to the millisecond, for titles. @param {number} ms */
export function fullTime(ms) {
  const at = new Date(ms);
  const fraction = String(Math.floor(((ms % 1000) + 1000) % 1000)).padStart(3, "0");
  return `${at.toLocaleDateString("en", { dateStyle: "medium" })} ${at.toLocaleTimeString("en-GB")}.${fraction}`;
}

/** How long ago, roughly. @param {number} ms */
export function ago(ms) {
  const seconds = Math.max(0, (Date.now() - ms) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** A number of things: `1 span`, `2 spans`. @param {number} n @param {string} one @param {string} [many] */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

// Control characters and those that turn the direction of text: in a name or a tag they would let one
// line pretend to be another.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** A name, tag or key from a span as one honest line. @param {any} text @param {number} [limit] characters */
export function label(text, limit = 200) {
  const line = String(text ?? "")
    .replace(/\s+/g, " ")
    .replace(UNSEEN, "\ufffd");
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

/**
 * The last part of a type's name, for narrow places: `builtins.TimeoutError` is a `TimeoutError`.
 * @param {string | null | undefined} type
 */
export function shortType(type) {
  return (
    label(type, 200)
      .split(/[.:/]+/)
      .pop() || "error"
  );
}

/** The value of an evaluation. @param {any} value */
export function verdict(value) {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  if (value !== null && typeof value === "object") return JSON.stringify(value);
  return String(value);
}
