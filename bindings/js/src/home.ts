// The one tracer of the process, and how it starts and ends.
//
// The package may be loaded twice in a process, as an ES module and by `require`. Both find what is
// here at one global symbol, so that there is one tracer and one current span.

import { SynchronousStorage, type Scope } from "./context/scope.js";
import { typeName, wrongType } from "./errors.js";
import type { ContextStorage, Platform } from "./platform/platform.js";
import { runner, type Runner } from "./surface/processor.js";
import type { SpanProcessor } from "./surface/types.js";
import { Tracer } from "./tracer.js";

const KEY = Symbol.for("witspan.tracer.1");

/** Values of `DD_LLMOBS_ENABLED` that turn tracing on; any other that is set turns it off. */
const YES = new Set(["1", "true"]);

type Options = Readonly<Record<string, unknown>>;

/** Where a test keeps its spans: see `Home.exchange`. */
export interface Recording {
  /** In place of the runtime. */
  readonly platform: Platform;
  /** Options that hold until the application says others. */
  readonly defaults: Options;
  /** Options that hold whatever the application says. */
  readonly fixed: Options;
  /** Called with each tracer that starts. They end with the recording. */
  began(tracer: Tracer): void;
}

export class Home {
  readonly platform: Platform;
  readonly storage: ContextStorage;
  tracer: Tracer | undefined;
  /** What `enable` was given; `undefined` before it, and after `disable`. */
  #options: Options | undefined;
  #processor: Runner | undefined;
  #failed = false;
  #decided = false;
  #starting = false;
  readonly #recording: Recording | undefined;
  /** While a test records: the home that this one stands in for. */
  #outer: Home | undefined;
  /** Whether the application itself has called `enable`. */
  #said = false;

  constructor(platform: Platform, recording?: Recording) {
    this.platform = platform;
    this.#recording = recording;
    if (recording !== undefined) this.#options = {};
    this.storage = platform.context() ?? new SynchronousStorage();
  }

  /** What is current here. */
  scope(): Scope | undefined {
    return this.storage.getStore() as Scope | undefined;
  }

  /** What the environment says of tracing as a whole: yes, no, or nothing. */
  #switch(): boolean | undefined {
    const text = this.platform.environment()["DD_LLMOBS_ENABLED"]?.trim().toLowerCase();
    return text ? YES.has(text) : undefined;
  }

  /** Whether calls are traced: after `enable`, or where the environment turns tracing on. */
  get enabled(): boolean {
    if (this.tracer !== undefined) return true;
    if (!this.#decided) {
      this.#decided = true;
      if (this.#options === undefined && this.#switch() === true) this.#options = {};
    }
    return this.#options !== undefined && !this.#failed;
  }

  /** The tracer, which starts when it is first needed; `undefined` while tracing is off. */
  live(): Tracer | undefined {
    if (this.tracer !== undefined) return this.tracer;
    return this.enabled ? this.#start() : undefined;
  }

  #start(): Tracer | undefined {
    // A log or a clock of the application's may call us while we start.
    if (this.#starting) return undefined;
    this.#starting = true;
    try {
      const recording = this.#recording;
      const options = { ...recording?.defaults, ...this.#options, ...recording?.fixed };
      this.tracer = Tracer.start(this.platform, options, this.storage, this.#processor);
      if (this.tracer !== undefined) recording?.began(this.tracer);
      this.#failed = this.tracer === undefined;
    } catch (error) {
      this.#failed = true;
      const why = error instanceof Error ? error.message : String(error);
      this.platform.log("error", `tracing stays off: the core cannot be loaded: ${clean(why)}`);
    } finally {
      this.#starting = false;
    }
    return this.tracer;
  }

  enable(options: Options, processor: Runner | undefined): void {
    if (typeof options !== "object" || options === null) {
      throw wrongType("options", options, "an object such as { mlApp: 'my-app' }");
    }
    options = usable(options, this.platform.log);
    if (this.#options !== undefined && !this.#failed) {
      const before = this.#options;
      const differ = Object.keys(options).filter(
        (name) => options[name] !== undefined && options[name] !== before[name],
      );
      if (differ.length && this.tracer !== undefined && !this.#makesRoom(this.tracer)) {
        const names = `\`${differ.join("`, `")}\``;
        this.platform.log(
          "warning",
          `tracing is enabled already and goes on as it is: ${names} of another call of enable ` +
            "changes nothing; call llmobs.disable() before it",
        );
        return;
      }
      // Nothing has started yet: later options add to the earlier ones.
      if (this.tracer === undefined) this.#options = { ...before, ...options };
    } else {
      this.#options = options;
    }
    this.#failed = false;
    this.#decided = true;
    this.#said = true;
    if (processor !== undefined) this.setProcessor(processor);
  }

  /** Whether a tracer that was started for a test, before the application said anything, goes. */
  #makesRoom(tracer: Tracer): boolean {
    if (!this.#recording || this.#said || tracer.core.statistics().open > 0) return false;
    this.tracer = undefined;
    return true;
  }

  setProcessor(processor: Runner | undefined): void {
    this.#processor = processor;
    this.tracer?.setProcessor(processor);
  }

  get hasProcessor(): boolean {
    return this.#processor !== undefined;
  }

  /** Ends tracing: what has finished is sent, for at most `timeoutMs`. */
  async disable(timeoutMs?: number): Promise<Tracer | undefined> {
    const { tracer } = this;
    this.tracer = undefined;
    this.#options = undefined;
    this.#decided = true;
    this.#failed = false;
    if (tracer) await tracer.stop(timeoutMs ?? tracer.plan.exitTimeoutMs);
    return tracer;
  }

  /**
   * Puts another home in the place of this one, in which tracing is on, for a test that records.
   * Returns what puts this one back. What was started here goes on here meanwhile.
   */
  exchange(recording: Recording, processor: SpanProcessor | undefined): () => void {
    const inside = new Home(recording.platform, recording);
    inside.#processor = processor && runner(processor);
    inside.#outer = this;
    put(inside);
    return () => {
      let at = home();
      if (at === inside) return put(inside.#outer ?? this);
      // Tests that run at the same time end in any order.
      while (at.#outer !== undefined && at.#outer !== inside) at = at.#outer;
      if (at.#outer === inside) at.#outer = inside.#outer;
    };
  }
}

/** The options that can be a setting. What cannot is told and left out: dd-trace takes anything. */
function usable(options: Options, log: Platform["log"]): Options {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const wrong = ["symbol", "function"].includes(typeof value);
    if (wrong || (name === "sampleRate" && typeof value === "object" && value !== null)) {
      log("warning", `\`${name}\` is ${typeName(value)}, which is no setting: it is ignored`);
    } else kept[name] = value;
  }
  return kept;
}

/** One line, without what a terminal would act on. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, " ");
}

let install: Platform | undefined;

/** Says which runtime this is. Nothing is done with it before the first call. */
export function use(platform: Platform): void {
  install = platform;
}

type Globals = { [KEY]?: Home };

/** The state of the process. */
export function home(): Home {
  const globals = globalThis as Globals;
  let found = globals[KEY];
  if (found === undefined) {
    if (install === undefined) throw new Error("witspan was loaded without a runtime");
    found = new Home(install);
    put(found);
  }
  return found;
}

function put(home: Home): void {
  Object.defineProperty(globalThis, KEY, { value: home, configurable: true });
}
