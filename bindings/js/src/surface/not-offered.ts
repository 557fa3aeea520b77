// What belongs to Datadog's service alone: it exists, and every call says that it is not offered.

/** A part of dd-trace's `llmobs` that is not offered; `docs/differences.md` says why. */
export class NotOfferedError extends Error {
  static override readonly name = "NotOfferedError";
  /** The call, such as `experiments.createDataset`. */
  readonly call: string;

  constructor(call: string) {
    super(
      `llmobs.${call} is of Datadog's service alone, and not offered by witspan: call it on ` +
        "dd-trace's own llmobs",
    );
    this.call = call;
  }

  override get name(): string {
    return "NotOfferedError";
  }
}

/** An object of which every member is a function whose promise rejects. */
export class NotOffered {
  static readonly name = "NotOffered";
  [name: string]: (...args: unknown[]) => Promise<never>;

  constructor(part: string) {
    return new Proxy(this, {
      get(target, name) {
        // A promise resolves with it, and a log prints it: neither is a call.
        if (typeof name === "symbol" || name === "then" || name === "toJSON") {
          return Reflect.get(target, name) as unknown;
        }
        return () => Promise.reject(new NotOfferedError(`${part}.${name}`));
      },
    });
  }
}
