// Makes one file of each entry of the JavaScript package: `node bundle.mjs WHAT SOURCES OUT MODULE PACKAGES`.
//
// WHAT is `package`, all that is published, or `core`, the glue to the core alone.

import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [what, sources, out, module, packages] = process.argv.slice(2);
// The packages are in a cache, not in a folder above this file, where `import` would look.
const { build } = createRequire(join(packages, "package.json"))("esbuild");

// The core module: in the file, deflated and as base64, or beside it, as the runtime's own import.
const coreModule = {
  name: "core module",
  setup({ onResolve }) {
    const deflated = module.replace(/\.wasm$/, ".deflate");
    onResolve({ filter: /core\.wasm\?deflated$/ }, () => ({ path: deflated }));
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
  loader: { ".deflate": "base64" },
  nodePaths: [join(packages, "node_modules")],
  // What a user sees by name says it itself; the comments are in the declarations.
  minify: true,
  charset: "utf8",
  logLevel: "warning",
  legalComments: "inline",
};
const entry = (name) => join(sources, "entry", `${name}.ts`);
// Tools that look for exports by a pattern take what follows a `//` in a text for a comment.
const exportsOnTheirOwnLine = (text) => text.replace(/;(export\{[^{}]*\};?\s*)$/, ";\n$1");
async function es(entryPoints, plugins, more) {
  const made = { entryPoints, outdir: out, format: "esm", write: false, ...more };
  const { outputFiles } = await build({ ...common, ...made, plugins });
  for (const { path, text } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, exportsOnTheirOwnLine(text));
  }
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
  // What all of them share is in chunks, once.
  const split = { splitting: true, chunkNames: "chunks/[name]-[hash]" };
  const runtimes = ["index", "workerd", "edge", "browser"].map(entry);
  const more = ["dd-trace", "testing"];
  await Promise.all([
    es(runtimes, [coreModule], split),
    es(more.map(entry), [fromFirst]),
    cjs(entry("cjs"), join(out, "index.cjs"), [coreModule]),
    ...more.map((name) => {
      const to = join(out, `${name}.cjs`);
      return cjs(entry(name), to, [fromFirst], name === "dd-trace" ? TRACER : {});
    }),
  ]);
}
