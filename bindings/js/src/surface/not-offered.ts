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

/** Classes that programs extend: they can be made, and nothing runs them. */
const CLASSES = new Set([
  ...["BaseEvaluator", "BaseSummaryEvaluator", "EvaluatorContext", "SummaryEvaluatorContext"],
  ...["EvaluatorResult", "MultiEvaluatorResult", "RemoteEvaluator", "RemoteEvaluatorError"],
]);
/** Calls that give nothing, so that nobody looks whether they failed. */
const VOID = new Set(["clearPromptCache"]);
const MADE = new Map<string, object>();

/** An object of which every member is a function whose promise rejects. */
export class NotOffered {
  static readonly name = "NotOffered";
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- classes and calls alike
  [name: string]: any;

  constructor(part: string) {
    return new Proxy(this, {
      get(target, name) {
        // A promise resolves with it, and a log prints it: neither is a call.
        if (typeof name === "symbol" || name === "then" || name === "toJSON") {
          return Reflect.get(target, name) as unknown;
        }
        if (CLASSES.has(name)) return classOf(name);
        if (VOID.has(name)) return () => undefined;
        return () => refusal(`${part}.${name}`);
      },
    });
  }
}

function classOf(name: string): object {
  let made = MADE.get(name);
  if (made === undefined) {
    made = name.endsWith("Error") ? class extends Error {} : class {};
    Object.defineProperty(made, "name", { value: name });
    MADE.set(name, made);
  }
  return made;
}

/**
 * A promise that rejects, of which every method rejects too: dd-trace gives objects here, such as an
 * experiment that is run later. Who does not look at it is not ended by it.
 */
function refusal(call: string): Promise<never> {
  const rejected = Promise.reject(new NotOfferedError(call));
  rejected.catch(() => {});
  return new Proxy(rejected, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown;
      if (typeof own === "function") return own.bind(target) as unknown;
      return typeof name === "symbol" ? own : () => refusal(`${call}.${name}`);
    },
  });
}
