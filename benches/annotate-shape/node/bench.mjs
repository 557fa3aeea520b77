// Measures from Node: `bench.mjs GLUE.js SAMPLE.json KEPT`, where KEPT is written.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// run.py runs the whole program several times, in turn with the others.
const ROUNDS = 21;
// Short, so that a machine that slows down slows every case down.
const ROUND_MILLISECONDS = 4;
const WARM_UP_ROUNDS = 12;

const [glue, sample, kept] = process.argv.slice(2);
const { annotate, spans } = await import(pathToFileURL(glue).href);
const annotation = JSON.parse(readFileSync(sample, "utf8"));
const symbolDispose = Symbol.dispose ?? Symbol.for("dispose");

/** What the records need of an object: a list of its members. */
const list = (object, member) =>
  object && Object.entries(object).map(([key, value]) => member(key, value));

/** (c) without jco: the canonical ABI by hand, on the same core module. */
const byHand = () => {
  const module = new WebAssembly.Module(readFileSync(glue.replace(/\.js$/, ".core.wasm")));
  // It imports only what makes resources, which a text has none of.
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => assert.fail(name);
  }
  const core = new WebAssembly.Instance(module, imports).exports;
  const call = core["bench:shapes/annotate#annotate-text"];
  const afterwards = core["cabi_post_bench:shapes/annotate#annotate-text"];
  const encoder = new TextEncoder();
  return (text) => {
    // Three bytes hold any UTF-16 unit; the block is given over at its true length.
    const room = text.length * 3;
    const block = core.cabi_realloc(0, 0, 1, room);
    const { written } = encoder.encodeInto(
      text,
      new Uint8Array(core.memory.buffer, block, room),
    );
    const result = call(core.cabi_realloc(block, room, 1, written), written);
    const view = new DataView(core.memory.buffer);
    assert.equal(view.getUint8(result), 0, "the component refused the text");
    const kept = view.getUint32(result + 4, true);
    afterwards(result);
    return kept;
  };
};
const annotateTextByHand = byHand();

const text = (value) => (value === undefined ? undefined : JSON.stringify(value));

const cases = {
  records: () =>
    annotate.annotateRecords({
      input: annotation.input,
      output: annotation.output,
      metadata: list(annotation.metadata, (key, value) => ({ key, json: JSON.stringify(value) })),
      metrics: list(annotation.metrics, (key, value) => ({ key, value })),
      tags: list(annotation.tags, (key, value) => ({ key, value })),
    }),
  texts: () =>
    annotate.annotateTexts({
      input: text(annotation.input),
      output: text(annotation.output),
      metadata: text(annotation.metadata),
      metrics: text(annotation.metrics),
      tags: text(annotation.tags),
    }),
  text: () => annotate.annotateText(JSON.stringify(annotation)),
  "text, own glue": () => annotateTextByHand(JSON.stringify(annotation)),
  "JSON library alone": () => JSON.stringify(annotation),
  u64: () => spans.finish(spans.start()),
  resource: () => {
    const span = new spans.Span();
    const finished = span.finish();
    span[symbolDispose]();
    return finished;
  },
};

const same = new Set();
for (const name of ["records", "texts", "text"]) {
  cases[name]();
  same.add(Buffer.from(annotate.kept()).toString("utf8"));
}
assert.equal(same.size, 1, "the candidates keep different bytes");
writeFileSync(kept, [...same][0]);

let used; // Keeps results alive, so that nothing is optimised away.
const time = (call, calls) => {
  const began = performance.now();
  for (let done = 0; done < calls; done += 1) used = call();
  return performance.now() - began;
};

const calls = {};
const micros = {};
for (const name in cases) {
  calls[name] = 1;
  micros[name] = [];
}
// The first round only finds out how many calls fill a round, and warms the compiler up.
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, call] of Object.entries(cases)) {
    let took = time(call, calls[name]);
    while (round === 0 && took < ROUND_MILLISECONDS * WARM_UP_ROUNDS) {
      calls[name] *= 2;
      took = time(call, calls[name]);
    }
    if (round === 0) calls[name] = Math.ceil(calls[name] / WARM_UP_ROUNDS);
    else micros[name].push((took / calls[name]) * 1000);
  }
}
for (const [name, values] of Object.entries(micros)) {
  values.sort((a, b) => a - b);
  console.log(`${name}\t${values[(ROUNDS - 1) / 2].toFixed(3)}`);
}
assert.notEqual(used, undefined);
