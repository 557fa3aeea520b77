// For edge runtimes such as that of Next: a bundler that knows `?module` compiles the core module.

import { edgePlatform } from "../platform/edge.js";
import { use } from "../surface/index.js";
import core from "./core.wasm?module";

use(edgePlatform(() => core));

export * from "../surface/index.js";
