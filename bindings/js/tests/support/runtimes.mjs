// Where the runtimes are that tools/runtime_packages.py has installed into the cache.

import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The newest folder of npm packages of a group of tools, such as `js` or `engines`; `undefined` if
 * none is.
 */
export function packagesOf(group) {
  const { WITSPAN_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  const cache = own || (shared ? join(shared, "witspan") : join(homedir(), ".cache/witspan"));
  const tools = join(cache, "tools");
  const names = existsSync(tools) ? readdirSync(tools) : [];
  const folders = names.filter((name) => new RegExp(`^${group}-[0-9a-f]{16}$`).test(name));
  const when = (name) => statSync(join(tools, name)).mtimeMs;
  folders.sort((a, b) => when(b) - when(a));
  return folders.map((name) => join(tools, name, "node_modules"));
}

const arm = process.arch === "arm64";
const PLACES = {
  deno: ["engines", `@deno/linux-${process.arch}-glibc/deno`],
  bun: ["engines", `@oven/bun-linux-${arm ? "aarch64" : "x64"}/bin/bun`],
  workerd: ["engines", `@cloudflare/workerd-linux-${arm ? "arm64" : "64"}/bin/workerd`],
};
for (const line of ["20", "22", "24", "26"]) {
  PLACES[`node-${line}`] = ["nodes", `node-${process.arch}-${line}/bin/node`];
}

/**
 * The path of a runtime: that of its variable (`DENO`), or in the cache; `undefined` if there is
 * none.
 */
export function runtime(name) {
  const named = process.env[name.toUpperCase().replaceAll("-", "_")];
  if (named) return named;
  const [group, place] = PLACES[name];
  return packagesOf(group)
    .map((folder) => join(folder, place))
    .find(existsSync);
}

/** Why a test of a runtime is skipped; `false` if it is not. */
export function missing(name) {
  if (runtime(name)) return false;
  const [group] = PLACES[name];
  return `${name} is not installed: run tools/runtime_packages.py --prepare ${group}`;
}
