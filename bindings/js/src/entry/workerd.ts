// For Cloudflare's runtime: it compiles the core module itself, when the worker is deployed.

import { workerdPlatform } from "../platform/workerd.js";
import { use } from "../home.js";
import core from "./core.wasm";

use(workerdPlatform(() => core));

export * from "../surface/index.js";
/** @internal For the other entries, which share its state. */
export { home } from "../home.js";
