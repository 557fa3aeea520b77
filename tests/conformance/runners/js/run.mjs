// The suite through the glue of the JavaScript package, over the core module alone.
//
// `tools/build_js_package.py` writes what this runs. Node, Deno and Bun can run it.

import { readFileSync } from "node:fs";
import * as core from "../../../../target/js-core/core.mjs";
import { report } from "../javascript/report.mjs";
import { makers } from "./instances.mjs";

const bytes = readFileSync(new URL("../../../../target/js-core/core.wasm", import.meta.url));
report("js", makers(core, new WebAssembly.Module(bytes)));
