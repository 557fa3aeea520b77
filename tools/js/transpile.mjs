// Transpiles a component for JavaScript: `node transpile.mjs COMPONENT OUT PACKAGES`.
//
// The result is one ES module, `instantiate(getCoreModule, imports)`, and its core modules. It
// imports nothing: whoever instantiates it gives the clocks and the entropy. Typed declarations
// stand beside it.

import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [component, out, packages] = process.argv.slice(2);
// The packages are in a cache, not in a folder above this file, where `import` would look.
const found = createRequire(join(packages, "package.json")).resolve(
  "@bytecodealliance/jco-transpile",
);
const { transpile } = await import(pathToFileURL(found));

const { files } = await transpile(component, {
  name: basename(component, ".wasm"),
  outDir: out,
  instantiation: "sync",
  wasiShim: false,
});
files[join(out, "package.json")] = '{ "type": "module" }\n';
for (const [path, contents] of Object.entries(files)) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
