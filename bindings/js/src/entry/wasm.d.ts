// What tools/js/bundle.mjs and the runtimes make of an import of the core module.

declare module "*/core.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*/core.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*/core.wasm?base64" {
  const text: string;
  export default text;
}
