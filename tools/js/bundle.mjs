// Makes one file of each entry of the JavaScript package: `node bundle.mjs WHAT SOURCES OUT MODULE PACKAGES`.
//
// WHAT is `package`, all that is published, or `core`, the glue to the core alone.

import { mkdir, readFile, writeFile } from "node:fs/promises";
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

// All but the core module is in one script, the glue, which leaves what it has at a global symbol:
// so that it is in the package once, for `import` and for `require`, and once in a process. These are its
// names; an entry that imports one of these files gets them from there.
const { version } = JSON.parse(await readFile(join(sources, "..", "package.json"), "utf8"));
const GLUE = `witspan.glue.${version}`;
const NAMES = [
  ...["llmobs", "LLMObs", "Span", "LLMObsArgumentError", "LLMObservabilitySpan", "NotOffered"],
  ...["NotOfferedError", "home", "use", "browserPlatform", "choosePlatform"],
];
const IN_GLUE = ["surface/index", "home", "span", "errors", "platform/browser", "platform/choose"];
const inGlue = new Set(IN_GLUE.map((name) => join(sources, `${name}.js`)));
const fromGlue = {
  name: "from the glue",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir }) => {
      if (path === "./glue/main.js") return { path, external: true };
      return inGlue.has(join(resolveDir, path)) ? { path: "glue", namespace: "glue" } : undefined;
    });
    onLoad({ filter: /.*/, namespace: "glue" }, () => ({
      contents: [
        'import "./glue/main.js";',
        `const glue = globalThis[Symbol.for(${JSON.stringify(GLUE)})];`,
        ...NAMES.map((name) => `export const ${name} = glue.${name};`),
      ].join("\n"),
      resolveDir: sources,
    }));
  },
};
// The other entries take it from the first one, by the package's name: that finds the one of the runtime.
const fromFirst = {
  name: "from the first entry",
  setup({ onResolve }) {
    onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir }) =>
      inGlue.has(join(resolveDir, path)) ? { path: "witspan", external: true } : undefined,
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
async function es(entryPoints, plugins) {
  const made = { entryPoints, outdir: out, format: "esm", write: false };
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
  const runtimes = ["index", "workerd", "edge", "browser"].map(entry);
  const more = ["dd-trace", "testing"];
  const define = { GLUE: JSON.stringify(GLUE) };
  const main = { entryPoints: [entry("glue")], outfile: join(out, "glue", "main.js") };
  await Promise.all([
    build({ ...common, ...main, define, format: "iife" }),
    es(runtimes, [coreModule, fromGlue]),
    es(more.map(entry), [fromFirst]),
    cjs(entry("cjs"), join(out, "index.cjs"), [coreModule, fromGlue]),
    ...more.map((name) => {
      const to = join(out, `${name}.cjs`);
      return cjs(entry(name), to, [fromFirst], name === "dd-trace" ? TRACER : {});
    }),
  ]);
  // What `import` finds in Node: the same as `require`, asked for as such. A plain `import` of CommonJS
  // would have Node search all of it for exports, which takes longer than everything else at the start.
  const names = NAMES.map((name) => `export const ${name} = all.${name};`);
  const node = [
    'import { createRequire } from "node:module";',
    'const all = createRequire(import.meta.url)("./index.cjs");',
    ...names,
  ];
  await writeFile(join(out, "node.mjs"), `${node.join("\n")}\n`);
  // In Node the script is CommonJS, whoever loads it, so `import` and `require` find the same one.
  await writeFile(join(out, "glue", "package.json"), '{ "type": "commonjs" }\n');
}
