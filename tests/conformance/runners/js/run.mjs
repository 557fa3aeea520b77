// The suite through the glue of the JavaScript package, over the core module alone.
//
// `tools/build_js_package.py` writes what this runs. Node, Deno and Bun can run it: the argument is the
// name of the report.

import { readFileSync } from "node:fs";
import process from "node:process";
import * as core from "../../../../target/js-core/core.mjs";
import { report } from "../javascript/report.mjs";
import { makers } from "./instances.mjs";

const bytes = readFileSync(new URL("../../../../target/js-core/core.wasm", import.meta.url));
report(process.argv[2] ?? "js", makers(core, new WebAssembly.Module(bytes)));
