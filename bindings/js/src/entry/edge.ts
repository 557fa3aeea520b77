// For edge runtimes such as that of Next: a bundler that knows `?module` compiles the core module.

import { edgePlatform } from "../platform/edge.js";
import { use } from "../home.js";
import core from "./core.wasm?module";

use(edgePlatform(() => core));

export * from "../surface/index.js";
/** @internal For the other entries, which share its state. */
export { home } from "../home.js";
