// What tools/js/bundle.mjs and the runtimes make of an import of the core module.

declare module "*/core.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*/core.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*/core.wasm?deflated" {
  const text: string;
  export default text;
}

declare module "fflate" {
  /** Reads a raw deflate stream. */
  export function inflateSync(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}
