// What of delivery a bundler could break: a minified program that ends by `process.exit()`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { esbuild } from "../support/internals.mjs";
import { Receiver } from "../support/receiver.mjs";

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL("programs/end.mjs", import.meta.url));

for (const [name, options] of [
  ["minified", { minify: true }],
  ["minified, with names kept", { minify: true, keepNames: true }],
  ["for an old engine", { keepNames: true, target: "es2020", supported: { "for-of": true } }],
]) {
  test(`process.exit() delivers from a bundle: ${name}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "witspan-bundled-"));
    const outfile = join(folder, "program.mjs");
    const common = { bundle: true, platform: "node", format: "esm", target: "node20" };
    const supported = { "top-level-await": true, ...options.supported };
    await esbuild().build({
      ...{ entryPoints: [PROGRAM], outfile, logLevel: "error" },
      ...common,
      ...options,
      supported,
    });
    const there = await Receiver.start();
    try {
      const env = { ...process.env, DD_TRACE_AGENT_URL: there.url };
      delete env.NODE_TEST_CONTEXT;
      const failed = await run(process.execPath, [outfile, "process.exit"], { env }).catch(
        (e) => e,
      );
      assert.equal(failed.code, 3, failed.stderr);
      assert.equal(failed.stderr, "");
      assert.deepEqual(there.names(), ["process.exit main"]);
    } finally {
      await there.close();
    }
  });
}
