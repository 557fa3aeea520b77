// The core module in the file itself, deflated and as base64: a bundle of it needs no other file.

// The one package whose code is inside of this one: small, without dependencies, and synchronous where a
// runtime has nothing synchronous itself.
import { inflateSync } from "fflate";
import text from "./core.wasm?deflated";

/*! The file holds fflate, (c) 2023 Arjun Barrett, MIT License: https://github.com/101arrowz/fflate */

let compiled: WebAssembly.Module | undefined;

/** Compiles it, once: a tracer that is enabled again finds it. */
export function inlined(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(inflated(decoded(text)));
  return compiled;
}

type Bytes = Uint8Array<ArrayBuffer>;

interface Zlib {
  inflateRawSync?(bytes: Bytes): Bytes;
}

interface Decoders {
  readonly Uint8Array: { fromBase64?(text: string): Bytes };
  readonly Buffer?: { from(text: string, encoding: "base64"): Bytes };
}

/** Bytes from base64, by the quickest that the runtime has: `atob` and a loop take longer than all else. */
function decoded(text: string): Bytes {
  const { Uint8Array: bytes, Buffer: buffer } = globalThis as unknown as Decoders;
  if (bytes.fromBase64) return bytes.fromBase64(text);
  if (buffer) return buffer.from(text, "base64");
  const binary = atob(text);
  return Uint8Array.from({ length: binary.length }, (_, at) => binary.charCodeAt(at));
}

/** A raw deflate stream, read by the runtime's own zlib where there is one. */
function inflated(bytes: Bytes): Bytes {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const zlib = process?.getBuiltinModule?.("node:zlib") as Zlib | undefined;
  return zlib?.inflateRawSync?.(bytes) ?? inflateSync(bytes);
}
