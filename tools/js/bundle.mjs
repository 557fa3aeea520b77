// Makes one file of each entry of the JavaScript package: `node bundle.mjs WHAT SOURCES OUT MODULE PACKAGES`.
//
// WHAT is `package`, all that is published, or `core`, the glue to the core alone.

import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const [what, sources, out, module, packages] = process.argv.slice(2);
// The packages are in a cache, not in a folder above this file, where `import` would look.
const { build } = createRequire(join(packages, "package.json"))("esbuild");

// The core module: in the file as base64 (`?base64`), or beside it, as the runtime's own import.
const coreModule = {
  name: "core module",
  setup({ onResolve }) {
    onResolve({ filter: /core\.wasm\?base64$/ }, () => ({ path: module }));
    onResolve({ filter: /core\.wasm(\?module)?$/ }, ({ path }) => ({ path, external: true }));
  },
};

// What has an identity or a state is there once: the other entries take it from the first one, by the
// name of the package, which finds the file for the runtime.
const ONCE = ["surface/index", "home", "span", "errors"];
const fromFirst = {
  name: "from the first entry",
  setup({ onResolve }) {
    const once = new Set(ONCE.map((name) => join(sources, `${name}.js`)));
    onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir }) =>
      once.has(join(resolveDir, path)) ? { path: "witspan", external: true } : undefined,
    );
  },
};

const common = {
  bundle: true,
  target: "es2022",
  external: ["cloudflare:*"],
  loader: { ".wasm": "base64" },
  // Names stay, for stack traces; the comments are in the declarations.
  minifySyntax: true,
  minifyWhitespace: true,
  charset: "utf8",
  logLevel: "warning",
  legalComments: "none",
};
const entry = (name) => join(sources, "entry", `${name}.ts`);
async function es(name, to, plugins) {
  const made = { entryPoints: [name], outfile: to, format: "esm", write: false };
  const { outputFiles } = await build({ ...common, ...made, plugins });
  // Tools that look for exports by a pattern take what follows a `//` in a text for a comment.
  const text = outputFiles[0].text.replace(/;(export\{[^{}]*\};?\s*)$/, ";\n$1");
  await writeFile(to, text);
}
const cjs = (name, to, plugins, more) =>
  build({
    ...{ ...common, ...more, plugins },
    ...{ entryPoints: [name], outfile: to, format: "cjs", platform: "node" },
  });
// `require("dd-trace")` is the tracer, not an object that holds it.
const TRACER = { footer: { js: "module.exports = module.exports.tracer;" } };

if (what === "core") {
  const modules = ["instance", "abi", "call", "memory"];
  const contents = modules.map((name) => `export * from "./${name}.js";`).join("\n");
  const stdin = { contents, resolveDir: join(sources, "core"), loader: "ts" };
  await build({ ...common, stdin, outfile: join(out, "core.mjs"), format: "esm" });
} else {
  const runtimes = ["index", "workerd", "edge", "browser"];
  await Promise.all([
    ...runtimes.map((name) => es(entry(name), join(out, `${name}.js`), [coreModule])),
    cjs(entry("cjs"), join(out, "index.cjs"), [coreModule]),
    ...["dd-trace", "testing"].flatMap((name) => [
      es(entry(name), join(out, `${name}.js`), [fromFirst]),
      cjs(entry(name), join(out, `${name}.cjs`), [fromFirst], name === "dd-trace" ? TRACER : {}),
    ]),
  ]);
}
