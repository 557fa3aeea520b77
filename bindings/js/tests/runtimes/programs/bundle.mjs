// Bundles a file: bundle.mjs BUNDLER PLATFORM FORMAT ENTRY FOLDER
// FOLDER then has the program, and what the bundler puts beside it.
import { basename, resolve } from "node:path";

const [bundler, platform, format, entry, folder] = process.argv.slice(2);
const file = platform === "browser" ? "program.js" : { esm: "program.mjs", cjs: "program.cjs" }[format];

const bundlers = {
  async esbuild() {
    const { build } = await import("esbuild");
    // What wrangler asks for; a module of wasm stays a file, as there.
    const worker = {
      conditions: ["workerd", "worker", "browser"],
      external: ["node:*", "cloudflare:*"],
      loader: { ".wasm": "copy" },
    };
    await build({
      entryPoints: [entry],
      outfile: resolve(folder, file),
      bundle: true,
      format,
      logLevel: "warning",
      target: "es2022",
      ...(platform === "worker" ? worker : { platform }),
    });
  },
  async vite() {
    const { build } = await import("vite");
    await build({
      root: process.cwd(),
      base: "./",
      logLevel: "warn",
      configFile: false,
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: "es2022",
        // The core is inside the bundle, as text.
        chunkSizeWarningLimit: 700,
        rolldownOptions: { input: entry, output: { entryFileNames: file } },
      },
    });
  },
  async webpack() {
    const { default: webpack } = await import("webpack");
    const stats = await new Promise((done, failed) => {
      const options = {
        mode: "production",
        target: platform === "browser" ? "web" : "node20",
        entry: resolve(entry),
        output: { path: resolve(folder), filename: file, publicPath: "auto" },
        performance: false,
        // Minified where that is usual: it takes most of the time.
        optimization: { minimize: platform === "browser" },
      };
      webpack(options, (error, stats) => (error ? failed(error) : done(stats)));
    });
    const told = stats.toString({ all: false, errors: true, warnings: true });
    if (told) console.error(told);
    if (stats.hasErrors()) process.exitCode = 1;
  },
};

if (!bundlers[bundler]) throw new Error(`no bundler ${basename(bundler)}`);
await bundlers[bundler]();
