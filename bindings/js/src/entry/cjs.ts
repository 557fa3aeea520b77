// `require("witspan")`: a small file, which reads the core module beside it when tracing starts.

import { choosePlatform } from "../platform/choose.js";
import { use } from "../surface/index.js";

declare const __dirname: string;
declare function require(name: "node:fs"): { readFileSync(path: string): Uint8Array<ArrayBuffer> };

function beside(): WebAssembly.Module {
  return new WebAssembly.Module(require("node:fs").readFileSync(`${__dirname}/core.wasm`));
}

use(choosePlatform(beside));

export * from "../surface/index.js";
