// `import "witspan"`: the core module is inside, so that this works in any runtime and any bundle.

import { choosePlatform } from "../platform/choose.js";
import { use } from "../surface/index.js";
import { inlined } from "./inlined.js";

use(choosePlatform(inlined));

export * from "../surface/index.js";
