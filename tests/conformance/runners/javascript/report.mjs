// Runs the suite in a runtime that has files: reads the cases, and leaves the report of a runner.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { chapter, runSuite } from "./suite.mjs";

const SUITE = new URL("../../", import.meta.url);

function chapters(name) {
  const folder = new URL(`${name}/`, SUITE);
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => chapter(name, readFileSync(new URL(name, folder), "utf8")));
}

/** Runs every case as `runSuite` does, and reports it as of this runner. */
export function report(runner, makers, gaps) {
  const folders = { cases: chapters("cases"), setup: chapters("setup") };
  const { table, failures } = runSuite(folders, makers, gaps);
  for (const [name, read] of Object.entries(folders)) {
    // Grows with the suite, so that an empty or half-read folder cannot pass.
    const are = Number(readFileSync(new URL(`${name}/COUNT`, SUITE), "utf8"));
    const were = read.reduce((total, { cases }) => total + cases.length, 0);
    if (were !== are) failures.push(`${name}: ${were} cases instead of ${are}`);
  }
  const out = new URL("../../target/conformance/", SUITE);
  mkdirSync(out, { recursive: true });
  const text = JSON.stringify({ runner, chapters: table }, null, 2);
  writeFileSync(new URL(`${runner}.json`, out), `${text}\n`);
  for (const failure of failures) console.error(failure);
  const sum = (column) => table.reduce((total, line) => total + line[column], 0);
  const [passed, failed, left] = ["passed", "failed", "gaps"].map(sum);
  const found = passed + failed + left;
  console.log(`${runner}: ${found} cases, passed ${passed}, failed ${failed}, gaps ${left}`);
  process.exitCode = failures.length ? 1 : 0;
}
