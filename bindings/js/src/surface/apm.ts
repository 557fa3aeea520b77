// Spans of dd-trace's APM, for programs that were written for them: every method does nothing, but that a
// span of llmobs fails by `recordException`.

import { SpanContext } from "../span-context.js";
import { Span } from "../span.js";

/** A span that does nothing: what may be chained returns it. */
export class ApmSpan {
  readonly #tracer: unknown;

  constructor(tracer: unknown) {
    this.#tracer = tracer;
  }
  context(): SpanContext {
    return new SpanContext(undefined);
  }
  tracer(): unknown {
    return this.#tracer;
  }
  setOperationName(_name?: string): this {
    return this;
  }
  setBaggageItem(_key?: string, _value?: string): this {
    return this;
  }
  getBaggageItem(_key?: string): string {
    return "";
  }
  getAllBaggageItems(): string {
    return "{}";
  }
  removeBaggageItem(_key?: string): void {}
  removeAllBaggageItems(): void {}
  setTag(_key?: string, _value?: unknown): this {
    return this;
  }
  addTags(_tags?: object): this {
    return this;
  }
  addLink(..._: unknown[]): void {}
  addLinks(..._: unknown[]): this {
    return this;
  }
  addSpanPointer(..._: unknown[]): void {}
  addEvent(..._: unknown[]): this {
    return this;
  }
  recordException(..._: unknown[]): void {}
  setAttribute(..._: unknown[]): this {
    return this;
  }
  setAttributes(..._: unknown[]): this {
    return this;
  }
  setStatus(..._: unknown[]): this {
    return this;
  }
  updateName(..._: unknown[]): this {
    return this;
  }
  isRecording(): boolean {
    return false;
  }
  log(..._: unknown[]): this {
    return this;
  }
  logEvent(..._: unknown[]): void {}
  finish(_time?: number): void {}
  end(_time?: number): void {}
}

/** Has spans of llmobs take the calls of APM's, where they have none of that name. */
export function installApmMethods(): void {
  const methods = Object.getOwnPropertyDescriptors(ApmSpan.prototype) as Record<string, PropertyDescriptor>;
  const own: Record<string, (this: Span, ...args: never[]) => unknown> = {
    tracer: () => undefined,
    recordException(error: unknown) {
      this.fail(error);
    },
  };
  for (const [name, { value }] of Object.entries(methods)) {
    if (name === "constructor" || name in Span.prototype) continue;
    const method = { value: own[name] ?? (value as unknown), configurable: true, writable: true };
    Object.defineProperty(Span.prototype, name, method);
  }
}
