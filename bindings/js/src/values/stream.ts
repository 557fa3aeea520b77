// What a stream has given so far, as text: the items themselves may change before it ends.

import { bounds } from "./bounds.js";
import { bytesOf, decode } from "./forms.js";
import { jsonText } from "./json.js";
import { utf8Length } from "./writer.js";

/** Pieces that are joined at a time: thousands of short texts take many times the memory of one. */
const TOGETHER = 1024;

/** Keeps the items of a stream, within the core's bounds, for an annotation's `output_stream`. */
export class StreamText {
  #items: string[] = [];
  /** Items before those, joined. */
  readonly #joined: string[] = [];
  /** Bytes of the items alone. */
  #size = 0;
  /** Items that found no room. */
  #missing = 0;
  /** One of them was no text, whatever its JSON is. */
  #isList = false;
  /** Reads bytes; it keeps the beginning of a character whose other bytes have not come yet. */
  #decoder: TextDecoder | undefined;

  /** Keeps an item. Bytes count as text, and may break a character in two. Never throws. */
  add(item: unknown): void {
    // What is kept has no holes.
    if (this.#missing > 0) {
      this.#missing++;
      return;
    }
    const bytes = bytesOf(item);
    if (bytes !== undefined) {
      if (bytes.length > bounds.stream_bytes) this.#missing++;
      else {
        this.#decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
        this.#text(decode(this.#decoder, bytes, { stream: true }));
      }
      return;
    }
    this.#endBytes();
    if (typeof item === "string") return this.#text(item);
    const json = jsonText(item);
    this.#isList = true;
    this.#push(json, utf8Length(json));
  }

  /** The JSON text; `undefined` if there was no item. */
  text(): string | undefined {
    this.#endBytes();
    if (this.#items.length + this.#joined.length + this.#missing === 0) return undefined;
    const items = [...this.#joined, ...this.#items].join(",");
    return `{"items":[${items}],"list":${this.#isList},"missing":${this.#missing}}`;
  }

  /** A character that was torn becomes whole no more. */
  #endBytes(): void {
    const torn = this.#decoder?.decode() ?? "";
    this.#decoder = undefined;
    if (torn !== "") this.#text(torn);
  }

  #text(text: string): void {
    // It has as many bytes, or more.
    if (text.length > bounds.stream_bytes) {
      this.#missing++;
      return;
    }
    const json = JSON.stringify(text);
    this.#push(json, utf8Length(json) - 2);
  }

  #push(json: string, size: number): void {
    if (this.#missing > 0 || this.#size + size > bounds.stream_bytes) {
      this.#missing++;
      return;
    }
    this.#size += size;
    this.#items.push(json);
    if (this.#items.length === TOGETHER) {
      this.#joined.push(this.#items.join(","));
      this.#items = [];
    }
  }
}
