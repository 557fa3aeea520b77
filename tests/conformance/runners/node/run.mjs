// The suite through the component as jco transpiles it, with nothing of ours around it.
//
// `tools/build_js.py` writes what this runs.

import { readFileSync } from "node:fs";
import { instantiate } from "../../../../target/js/witspan.js";
import { report } from "../javascript/report.mjs";

const SECOND = 1_000_000_000n;
const modules = new Map();

/** A core module of the component, compiled once. */
function coreModule(name) {
  if (!modules.has(name)) {
    const bytes = readFileSync(new URL(`../../../../target/js/${name}`, import.meta.url));
    modules.set(name, new WebAssembly.Module(bytes));
  }
  return modules.get(name);
}

/** The exports of a new instance. */
function fresh({ monotonic, wall, random }) {
  return instantiate(coreModule, {
    "wasi:clocks/monotonic-clock": { now: monotonic },
    "wasi:clocks/wall-clock": {
      now: () => ({ seconds: wall() / SECOND, nanoseconds: Number(wall() % SECOND) }),
    },
    "wasi:random/random": { getRandomU64: random },
  });
}

report("node", [fresh]);
