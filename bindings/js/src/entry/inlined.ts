// The core module as a text in the file itself: a bundle of it needs no other file.

import text from "./core.wasm?base64";

/** Compiles it. */
export function inlined(): WebAssembly.Module {
  return new WebAssembly.Module(decoded(text));
}

interface Decoders {
  readonly Uint8Array: { fromBase64?(text: string): Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> };
}

/** Bytes from base64, by the quickest that the runtime has: `atob` and a loop take 9 ms, the others 0.2. */
function decoded(text: string): Uint8Array<ArrayBuffer> {
  const { Uint8Array: bytes, Buffer: buffer } = globalThis as unknown as Decoders;
  if (bytes.fromBase64) return bytes.fromBase64(text);
  if (buffer) return buffer.from(text, "base64");
  const binary = atob(text);
  return Uint8Array.from({ length: binary.length }, (_, at) => binary.charCodeAt(at));
}
