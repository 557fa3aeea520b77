// Requests in workerd, each of which sends for itself, also where many are under way at once.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { esbuild } from "../support/internals.mjs";
import { Receiver } from "../support/receiver.mjs";
import { missing, runtime } from "../support/runtimes.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function serve() {
  const folder = mkdtempSync(join(tmpdir(), "witspan-workerd-"));
  const coreModule = ({ onResolve }) => {
    onResolve({ filter: /core\.wasm$/ }, () => ({ path: "./core.wasm", external: true }));
  };
  await esbuild().build({
    ...{ entryPoints: [here("programs/worker.mjs")], outfile: join(folder, "worker.mjs") },
    ...{ bundle: true, format: "esm", external: ["cloudflare:*"] },
    plugins: [{ name: "core module", setup: coreModule }],
  });
  copyFileSync(here("../../dist/core.wasm"), join(folder, "core.wasm"));
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = (
          modules = [
            (name = "worker.mjs", esModule = embed "worker.mjs"),
            (name = "core.wasm", wasm = embed "core.wasm"),
          ],
          compatibilityDate = "2026-11-01",
        )),
        (name = "internet", network = (allow = ["local"], deny = [])),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );`,
  );
  const words = ["serve", "config.capnp", "--control-fd=1"];
  const process = spawn(runtime("workerd"), words, { cwd: folder });
  let errors = "";
  process.stderr.on("data", (part) => (errors += part));
  const line = await new Promise((resolve, reject) => {
    process.stdout.once("data", resolve);
    process.once("exit", () => reject(new Error(errors)));
  });
  const url = `http://127.0.0.1:${JSON.parse(line).port}`;
  return { url, errors: () => errors, close: () => process.kill() };
}

test(
  "requests at the same time: each span arrives once",
  { skip: missing("workerd") },
  async () => {
    const worker = await serve();
    const there = await Receiver.start();
    there.otherwise = { status: 202, afterMs: 20 };
    try {
      const ask = async (name, more = "") => {
        const response = await fetch(`${worker.url}/?name=${name}&agent=${there.url}${more}`);
        assert.equal(response.status, 200, worker.errors());
        return response.json();
      };
      const ways = ["", "&flush=waitUntil", "&wait=30", "&wait=5&flush=waitUntil"];
      const names = Array.from({ length: 24 }, (_, at) => `span ${at}`);
      await Promise.all(names.map((name, at) => ask(name, ways[at % ways.length])));
      await there.until(() => there.names().length >= names.length);
      assert.deepEqual(there.names().sort(), [...names].sort());
      const { settled, pending } = await ask("last", "&flush=await");
      assert.deepEqual([settled, pending], [true, 0]);
      there.answers = [{ status: 503 }];
      await ask("again");
      await there.until(() => there.names().filter((name) => name === "again").length === 2);
      assert.match(
        worker.errors(),
        /^witspan: [^\n]* answered 503; [^\n]*\n$/,
        "no other complaint",
      );
    } finally {
      worker.close();
      await there.close();
    }
  },
);
