// How programs end, and what arrives: every row of ends.json in every runtime that it names.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { missing, runtime } from "../support/runtimes.mjs";
import { Receiver, SILENCE } from "../support/receiver.mjs";

const PROGRAM = fileURLToPath(new URL("programs/end.mjs", import.meta.url));
const ENDS = JSON.parse(readFileSync(new URL("../ends.json", import.meta.url), "utf8"));
const PATIENCE = 30_000;

/** The command of each runtime; of Node the one that runs this, and with ALL_NODES every line. */
const COMMANDS = {
  node: { command: [process.execPath], skip: false },
  deno: { command: [runtime("deno"), "run", "--allow-all"], skip: missing("deno") },
  bun: { command: [runtime("bun")], skip: missing("bun") },
};
if (process.env.ALL_NODES) {
  for (const line of ["20", "22", "24", "26"]) {
    const name = `node-${line}`;
    COMMANDS[name] = { command: [runtime(name)], skip: missing(name) };
  }
}

/** Runs the program, and sends it a signal once it is ready. */
async function run(command, there, { program, signal, options = {}, more = [] }) {
  const env = { ...process.env, OPTIONS: JSON.stringify(options), DD_TRACE_AGENT_URL: there.url };
  for (const name of Object.keys(env)) if (/^NODE_(TEST|OPTIONS)/.test(name)) delete env[name];
  const [file, ...words] = command;
  const began = performance.now();
  const child = spawn(file, [...words, PROGRAM, program, ...more], { env });
  let [out, err] = ["", ""];
  child.stderr.on("data", (part) => (err += part));
  child.stdout.on("data", (part) => {
    const was = out.includes("ready");
    out += part;
    if (signal && !was && out.includes("ready")) setTimeout(() => child.kill(signal), 50);
  });
  const late = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const [code, by] = await new Promise((resolve) => child.on("close", (...how) => resolve(how)));
  clearTimeout(late);
  return { status: by ?? code, out, err, took: performance.now() - began };
}

for (const [name, { command, skip }] of Object.entries(COMMANDS)) {
  test(name, { skip, concurrency: 2 }, async (t) => {
    const all = [];
    const check = (what, works) => all.push(t.test(what, works));
    const rows = ENDS.filter(({ program, runtimes }) => program && runtimes[name.split("-")[0]]);
    for (const row of rows) {
      check(row.end, async () => {
        const there = await Receiver.start();
        try {
          const { status, out, err } = await run(command, there, row);
          assert.equal(status, row.status, err);
          assert.doesNotMatch(out, /handlers before/);
          const { arrives } = row.runtimes[name.split("-")[0]];
          // The primary of a cluster may end before its worker.
          if (arrives && /^cluster/.test(row.program)) await there.until(({ got }) => got.length);
          const names = there.names().filter((each) => !each.startsWith("again"));
          assert.equal(names.length, arrives ? 1 : 0, `${names.join()} ${err}`);
          if (row.program === "natural-again") assert.equal(there.names().length, 3);
          if (row.program === "flush-at-the-end") assert.match(out, /flushed 0/);
        } finally {
          await there.close();
        }
      });
    }

    for (const [program, signal] of [["natural"], ["process.exit"], ["signal", "SIGTERM"]]) {
      check(`${program}, with a receiver that never answers`, async () => {
        const there = await Receiver.start();
        there.otherwise = SILENCE;
        try {
          const options = { exitTimeout: 0.5 };
          const { took, err } = await run(command, there, { program, signal, options });
          assert.ok(took < 8000, `${took} ms`);
          const said = /^witspan: 1 span could not be sent (in time|before a signal)/m;
          assert.match(err, said);
          assert.equal(err.match(/could not be sent/g).length, 1);
          assert.equal(there.names().length, 1, "nothing is sent twice");
        } finally {
          await there.close();
        }
      });
    }

    check("process.exit, while a request is under way", async () => {
      const there = await Receiver.start();
      there.otherwise = SILENCE;
      try {
        const { err } = await run(command, there, { program: "process.exit", more: ["--late"] });
        assert.ok(there.names().length <= 1, "nothing is sent twice");
        assert.match(err, /^witspan: 1 span could not be sent in time/m);
      } finally {
        await there.close();
      }
    });

    for (const after of ["0", "2", "5", "10", "20"]) {
      check(`process.exit, ${after} ms after a request was to leave`, async () => {
        const there = await Receiver.start();
        try {
          const options = { batchAgeNs: 1 };
          const program = "process.exit-after";
          const { err } = await run(command, there, { program, more: [after], options });
          // Bun says that it has sent a request before it has.
          const lost = name === "bun" && there.names().length === 0;
          if (lost) assert.match(err, /1 span could not be sent in time/);
          else assert.equal(there.names().length, 1, "neither lost nor sent twice");
        } finally {
          await there.close();
        }
      });
    }

    check("the program has nothing left to do, while a request is under way", async () => {
      const there = await Receiver.start();
      there.otherwise = { status: 202, afterMs: 300 };
      try {
        const { err } = await run(command, there, { program: "natural", more: ["--late"] });
        assert.deepEqual([there.names().length, err], [1, ""]);
      } finally {
        await there.close();
      }
    });

    check("a tracer that was disabled leaves no handler", async () => {
      const there = await Receiver.start();
      try {
        const { out } = await run(command, there, { program: "disabled" });
        assert.match(out, /handlers 0/);
        assert.equal(there.names().length, 1);
      } finally {
        await there.close();
      }
    });
    await Promise.all(all);
  });
}
