// Deno: Node's modules, behind Deno's permissions.

import type { CoreSource } from "./fetch.js";
import { nodePlatform } from "./node.js";
import type { Platform } from "./platform.js";

/** What is used of `Deno`. */
interface Deno {
  readonly env: { get(name: string): string | undefined };
  readonly permissions: { querySync(what: { name: string; variable: string }): { state: string } };
}

export function denoPlatform(core: CoreSource): Platform {
  const { Deno: deno } = globalThis as unknown as { Deno: Deno };
  const variables = new Proxy<Record<string, string | undefined>>(
    {},
    {
      get: (_, name) => (typeof name === "string" ? variable(deno, name) : undefined),
    },
  );
  return nodePlatform(core, {
    name: "deno",
    variables: () => variables,
    isDeno: true,
  });
}

/** A variable. One that the program may not read is none: nobody is asked for a permission. */
function variable(deno: Deno, name: string): string | undefined {
  try {
    const { state } = deno.permissions.querySync({ name: "env", variable: name });
    return state === "granted" ? deno.env.get(name) : undefined;
  } catch {
    return undefined;
  }
}
