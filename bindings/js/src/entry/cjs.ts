// `require("witspan")`: a small file, which reads the core module beside it when tracing starts.

import { choosePlatform } from "../platform/choose.js";
import { use } from "../home.js";

declare const __dirname: string;
declare function require(name: "node:fs"): { readFileSync(path: string): Uint8Array<ArrayBuffer> };

let compiled: WebAssembly.Module | undefined;

function beside(): WebAssembly.Module {
  const read = () => require("node:fs").readFileSync(`${__dirname}/core.wasm`);
  compiled ??= new WebAssembly.Module(read());
  return compiled;
}

use(choosePlatform(beside));

export * from "../surface/index.js";
/** @internal For the other entries, which share its state. */
export { home } from "../home.js";
