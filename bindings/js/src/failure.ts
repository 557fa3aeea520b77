// What was thrown, as the failure of a span.

import type { Failure } from "./core/contract.js";
import { jsonText } from "./values.js";

/** Errors behind an error (`cause`) that are kept, the nearest first. */
const MOST_CAUSES = 8;
/** Characters of each text that are read: more than the core keeps. */
const MOST_TEXT = 200_000;

/** Anything can be thrown, and its code may throw again: this never does. */
export function failureOf(thrown: unknown): Failure {
  try {
    return isError(thrown) ? ofError(thrown) : ofValue(thrown);
  } catch {
    return { message: "", errorType: "Error", stack: "" };
  }
}

/** Errors of other realms (`vm`, Jest, iframes) are errors too. */
function isError(thrown: unknown): thrown is Error {
  if (thrown instanceof Error) return true;
  if (typeof thrown !== "object" || thrown === null) return false;
  return (
    Object.prototype.toString.call(thrown) === "[object Error]" ||
    (typeof (thrown as Error).message === "string" && typeof (thrown as Error).stack === "string")
  );
}

function ofError(error: Error): Failure {
  let name = text(error.name) || "Error";
  // A subclass without a name of its own, unless a bundler made that of its class shorter.
  const ofClass = name === "Error" ? text(error.constructor?.name) : "";
  if (ofClass.length > 2) name = ofClass;
  return {
    message: text(error.message).slice(0, MOST_TEXT),
    errorType: name.slice(0, MOST_TEXT),
    stack: stackOf(error).slice(0, MOST_TEXT),
  };
}

function ofValue(thrown: unknown): Failure {
  const plain = typeof thrown !== "object" && typeof thrown !== "function";
  const message = plain ? String(thrown) : jsonText(thrown);
  let type: string = thrown === null ? "null" : typeof thrown;
  if (type === "object") type = text((thrown as object).constructor?.name) || "Object";
  return { message: message.slice(0, MOST_TEXT), errorType: type, stack: "" };
}

/** The stack, and those of the errors behind it, which an engine's own text leaves out. */
function stackOf(error: Error): string {
  let stack = text(error.stack);
  let cause: unknown = error.cause;
  for (let at = 0; at < MOST_CAUSES && cause !== undefined && cause !== null; at++) {
    if (!isError(cause)) return `${stack}\n[cause]: ${jsonText(cause)}`;
    stack += `\n[cause]: ${text(cause.stack) || `${text(cause.name)}: ${text(cause.message)}`}`;
    cause = cause.cause;
  }
  return stack;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : jsonText(value);
}
