// The ids of a span in the forms of dd-trace's `span.context()`.

/** What has the ids that are shown. */
interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}

export class SpanContext {
  readonly #span: Ids | undefined;

  constructor(span: Ids | undefined) {
    this.#span = span;
  }

  /** The trace's id: its lower half in decimal, or with `whole` 32 hexadecimal digits. */
  toTraceId(whole?: boolean): string {
    const id = this.#span?.traceId || "0".repeat(32);
    return whole ? id.padStart(32, "0") : decimalTraceId(id);
  }

  /** The span's id in decimal, or with `whole` 16 hexadecimal digits. */
  toSpanId(whole?: boolean): string {
    const id = this.#span?.spanId || "0";
    return whole ? BigInt(id).toString(16).padStart(16, "0") : id;
  }

  /** Both, in the form of W3C's header. */
  toTraceparent(): string {
    return `00-${this.toTraceId(true)}-${this.toSpanId(true)}-01`;
  }
}

/** The lower half of a trace id, in decimal. */
export function decimalTraceId(hexadecimal: string): string {
  try {
    return BigInt(`0x${hexadecimal.slice(-16)}`).toString();
  } catch {
    return "0";
  }
}
