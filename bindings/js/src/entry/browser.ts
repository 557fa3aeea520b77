// `import "witspan/browser"`: for a page without a bundler, whose core module is a file beside this one.
//
// A page can compile a module only asynchronously, and a span cannot wait for that. So this entry, unlike
// all others, loads the core when it is imported. What goes wrong is told when tracing starts.

import { browserPlatform } from "../platform/browser.js";
import { use } from "../home.js";

const core = await compiled(new URL("./core.wasm", import.meta.url)).catch((why: unknown) => why);

async function compiled(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
  try {
    return await WebAssembly.compileStreaming(response.clone());
  } catch {
    // Some servers call the file something else than `application/wasm`.
    return await WebAssembly.compile(await response.arrayBuffer());
  }
}

use(
  browserPlatform(() => {
    if (core instanceof WebAssembly.Module) return core;
    throw core;
  }),
);

export * from "../surface/index.js";
/** @internal For the other entries, which share its state. */
export { home } from "../home.js";
