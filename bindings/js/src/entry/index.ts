// `import "witspan"`: the core module is inside, so that this works in any runtime and any bundle.

import { choosePlatform } from "../platform/choose.js";
import { use } from "../home.js";
import { inlined } from "./inlined.js";

use(choosePlatform(inlined));

export * from "../surface/index.js";
/** @internal For the other entries, which share its state. */
export { home } from "../home.js";
