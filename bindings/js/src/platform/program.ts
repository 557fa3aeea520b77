// The name of the program: that of the package that its main file belongs to.

import type { Files, Process } from "./builtin.js";

/** How many folders above a program are looked at; no layout has more. */
const MOST_FOLDERS = 32;

/**
 * The `name` in the nearest `package.json` above the main file. A program that a package's command
 * runs, such as `next start`, is named after the folder where it runs.
 */
export function packageName(process: Process, files: Files): string | undefined {
  try {
    const main = process.argv[1];
    const path = main ? realPath(main, files) : "";
    const installed = /[/\\]node_modules[/\\]/.test(path);
    let folder = path && !installed ? parent(path) : process.cwd();
    for (let count = 0; count < MOST_FOLDERS && folder; count++) {
      const name = nameIn(folder, files);
      if (name !== undefined) return name || undefined;
      const above = parent(folder);
      if (above === folder) break;
      folder = above;
    }
  } catch {
    // It is not to be known.
  }
  return undefined;
}

function realPath(path: string, files: Files): string {
  try {
    return files.realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * The name that a folder's `package.json` says, empty for one without; `undefined` if there is
 * none.
 */
function nameIn(folder: string, files: Files): string | undefined {
  let text: string;
  try {
    text = files.readFileSync(`${folder}/package.json`, "utf8");
  } catch {
    return undefined;
  }
  try {
    const { name, type } = JSON.parse(text) as { name?: unknown; type?: unknown };
    if (typeof name === "string" && name) return name;
    // A build may write one that says only how its folder's files are to be read.
    return type === undefined ? "" : undefined;
  } catch {
    return "";
  }
}

function parent(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end > 0 ? path.slice(0, end) : path.slice(0, 1);
}
