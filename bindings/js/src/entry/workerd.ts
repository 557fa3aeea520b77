// For Cloudflare's runtime: it compiles the core module itself, when the worker is deployed.

import { workerdPlatform } from "../platform/workerd.js";
import { use } from "../surface/index.js";
import core from "./core.wasm";

use(workerdPlatform(() => core));

export * from "../surface/index.js";
