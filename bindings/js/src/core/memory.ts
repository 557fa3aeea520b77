// The memory of an instance of the core: bytes, numbers and texts in it.

/** What the core module exports, apart from the functions of the contract. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  cabi_realloc(old: number, oldSize: number, align: number, size: number): number;
}

const encoder = new TextEncoder();
// A byte order mark is a character like any other.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Below this many characters a loop is quicker than the encoder. */
const SHORT = 32;

/** The memory of an instance. Growth makes its views useless, so `fresh` comes before any use. */
export class Memory {
  u8!: Uint8Array;
  u32!: Uint32Array;
  u64!: BigUint64Array;
  view!: DataView;
  /** How many bytes the text took that was written last. */
  written = 0;
  private readonly memory: WebAssembly.Memory;
  private readonly realloc: CoreExports["cabi_realloc"];

  constructor(exports: CoreExports) {
    this.memory = exports.memory;
    this.realloc = exports.cabi_realloc;
    this.renew();
  }

  /** Renews the views if the memory has grown, which leaves the old ones empty. */
  fresh(): this {
    if (this.u8.length === 0) this.renew();
    return this;
  }

  private renew(): void {
    const { buffer } = this.memory;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.view = new DataView(buffer);
  }

  /** Room for so many bytes, which the core will free. */
  allocate(size: number, align: number): number {
    // Nothing lies at an address where nothing is: it only has to be aligned and not 0.
    if (size === 0) return align;
    const at = this.realloc(0, 0, align, size) >>> 0;
    this.fresh();
    return at;
  }

  /** Writes a text, a lone surrogate as U+FFFD; `written` is its length in bytes. */
  putText(text: string): number {
    const { length } = text;
    const at = this.allocate(length, 1);
    if (length < SHORT) {
      const { u8 } = this;
      let index = 0;
      for (; index < length; index += 1) {
        const unit = text.charCodeAt(index);
        if (unit > 0x7f) break;
        u8[at + index] = unit;
      }
      if (index === length) {
        this.written = length;
        return at;
      }
    }
    const { read, written } = encoder.encodeInto(text, this.u8.subarray(at, at + length));
    if (read === length && written === length) {
      this.written = length;
      return at;
    }
    return this.putRest(text, at, read, written);
  }

  /** Writes what does not fit into a byte for each unit. */
  private putRest(text: string, start: number, read: number, written: number): number {
    let at = start;
    let size = text.length;
    let total = written;
    if (read < text.length) {
      // A unit takes three bytes at most.
      const room = written + 3 * (text.length - read);
      at = this.realloc(at, size, 1, room) >>> 0;
      size = room;
      this.fresh();
      const rest = encoder.encodeInto(text.slice(read), this.u8.subarray(at + written, at + room));
      total += rest.written;
    }
    if (total < size) {
      at = this.realloc(at, size, 1, total) >>> 0;
      this.fresh();
    }
    this.written = total;
    return at;
  }

  /** Reads a text. */
  text(at: number, length: number): string {
    return decoder.decode(this.u8.subarray(at, at + length));
  }
}
