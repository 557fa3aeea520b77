// Which platform this is, for a module that may be loaded anywhere.

import { browserPlatform } from "./browser.js";
import { bunPlatform } from "./bun.js";
import { denoPlatform } from "./deno.js";
import type { CoreSource } from "./fetch.js";
import { nodePlatform } from "./node.js";
import type { Platform } from "./platform.js";

interface Names {
  readonly Deno?: unknown;
  readonly Bun?: unknown;
  readonly process?: { readonly versions?: { readonly node?: string } };
}

/** The platform of this runtime. It does no I/O. */
export function choosePlatform(core: CoreSource): Platform {
  const { Deno, Bun, process } = globalThis as Names;
  // They call themselves Node too, so they come first.
  if (Deno !== undefined) return denoPlatform(core);
  if (Bun !== undefined) return bunPlatform(core);
  if (process?.versions?.node !== undefined) return nodePlatform(core);
  return browserPlatform(core);
}
