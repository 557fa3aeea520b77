// All but the core module and what a runtime alone has: once in the package, for `import` and `require`.
//
// The file is a script, which both can load: it has no exports, and leaves what it has at a global symbol.

import { home, use } from "../home.js";
import { browserPlatform } from "../platform/browser.js";
import { choosePlatform } from "../platform/choose.js";
import * as surface from "../surface/index.js";

declare const GLUE: string;

const glue = { ...surface, home, use, browserPlatform, choosePlatform };
const key = Symbol.for(GLUE);
// Not the last one loaded: programs hold what the first one gave them.
if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value: glue });
