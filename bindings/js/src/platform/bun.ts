// Bun: Node's modules.

import type { CoreSource } from "./fetch.js";
import { nodePlatform } from "./node.js";
import type { Platform } from "./platform.js";

export function bunPlatform(core: CoreSource): Platform {
  return nodePlatform(core, { name: "bun" });
}
