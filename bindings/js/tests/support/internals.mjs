// The parts of the package that it does not export, as one file, for tests of them.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packagesOf } from "./runtimes.mjs";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const sources = join(root, "bindings/js/src");
const CONTENTS = [
  ...["core/instance", "live", "plan"],
  ...["delivery/worker", "delivery/outbox", "delivery/secrets", "delivery/urls"],
  ...["platform/node", "platform/deno", "platform/bun", "platform/edge", "platform/browser"],
  ...["platform/choose", "platform/fetch", "platform/proxy", "platform/program", "platform/post"],
  ...["platform/exit_post", "platform/common"],
];

/** esbuild, from the packages of tools/js. */
export function esbuild() {
  const found = packagesOf("js").find((folder) => existsSync(join(folder, "esbuild")));
  if (!found) throw new Error("esbuild is not installed: run tools/build_js_package.py --prepare");
  return createRequire(join(found, "x.js"))("esbuild");
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
