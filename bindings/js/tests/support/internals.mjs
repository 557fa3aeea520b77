// The parts of the package that it does not export, as one file made of its sources, for tests of them.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const sources = join(root, "bindings/js/src");
const CONTENTS = [
  ...["core/instance", "live", "plan"],
  ...["delivery/worker", "delivery/outbox", "delivery/secrets", "delivery/urls"],
  ...["platform/node", "platform/deno", "platform/bun", "platform/edge", "platform/browser"],
  ...["platform/choose", "platform/fetch", "platform/proxy", "platform/program", "platform/post"],
  ...["platform/exit_post", "platform/common"],
];

/** esbuild, from the packages of tools/js in the cache of tools/cache.py. */
export function esbuild() {
  const { WITSPAN_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  const cache = own || (shared ? join(shared, "witspan") : join(homedir(), ".cache/witspan"));
  const tools = join(cache, "tools");
  const found = existsSync(tools) ? readdirSync(tools).filter((name) => /^js-/.test(name)) : [];
  const folders = found.map((name) => join(tools, name));
  const having = folders.filter((folder) => existsSync(join(folder, "node_modules/esbuild")));
  having.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!having[0]) throw new Error("esbuild is not installed: run tools/build_js_package.py --prepare");
  return createRequire(join(having[0], "package.json"))("esbuild");
}

function digest() {
  const total = createHash("sha256");
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else total.update(path).update(readFileSync(path));
    }
  };
  visit(sources);
  return total.update(CONTENTS.join()).digest("hex").slice(0, 16);
}

/** Builds the file, unless it is there already. Gives its path. */
function build() {
  const folder = join(root, "target/js-tests");
  const path = join(folder, `internals-${digest()}.mjs`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const contents = CONTENTS.map((name) => `export * from "./${name}.js";`).join("\n");
  // Several tests may do this at the same time.
  const part = `${path}.${process.pid}`;
  esbuild().buildSync({
    stdin: { contents, resolveDir: sources, loader: "ts" },
    outfile: part,
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:*"],
    allowOverwrite: true,
  });
  renameSync(part, path);
  return path;
}

/** The path of the file, for programs that a test starts. */
export const path = build();
/** The path of the core module. */
export const corePath = join(root, "target/js-core/core.wasm");
/** What is in the file. */
export const internals = await import(pathToFileURL(path).href);
