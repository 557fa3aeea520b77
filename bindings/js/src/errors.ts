// The one error that calls of this package throw.

/**
 * A wrong argument: a mistake in the program, thrown by the call that was given it. The message names the
 * argument, what was found, and what is accepted. Nothing of the call is kept. What depends on data never
 * throws: it is counted, and logged once.
 */
export class LLMObsArgumentError extends TypeError {
  static override readonly name = "LLMObsArgumentError";
  /** The argument, such as `metadata` or `parent`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }

  // Not a field: the stack is written before fields are set, and begins with the name.
  override get name(): string {
    return "LLMObsArgumentError";
  }
}

/** The error for an argument of a wrong type. `accepted` completes "accepted: …". */
export function wrongType(field: string, value: unknown, accepted: string): LLMObsArgumentError {
  return new LLMObsArgumentError(field, `\`${field}\` is ${typeName(value)}; accepted: ${accepted}`);
}

/** What a value is, for a message: `null`, `an array`, `a string`, `an instance of Map`. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  try {
    const name = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === "string" && name && name !== "Object"
      ? `an instance of ${name}`
      : "an object";
  } catch {
    return "an object";
  }
}
