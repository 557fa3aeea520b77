// One contender in one process: `node contender.mjs CHAPTER CONTENDER` measures it and prints one line of JSON.
//
// CONTENDER is JSON: `name`, the `folder` it is installed in, and what else its own module reads. What the
// kernel interrupted is left out, where the time of a single batch matters.

import { model } from "./facts.mjs";

const [chapter, text, scale = "1"] = process.argv.slice(2);
const contender = JSON.parse(text);
/** Less than 1 for a run that only shows that all works. */
const times = (count) => Math.max(2, Math.round(count * Number(scale)));

/** Calls of a batch: so few that the kernel interrupts few batches. */
const BATCHES = { bare: 150, llm: 50, workflow: 8 };
const SPANS = { bare: 1, llm: 1, workflow: 10 };
/** Batches in a row, before all is delivered: no tracer's queue is ever full. */
const ROW = 6;

async function load() {
  if (contender.name === "nothing") return nothing();
  if (contender.name === "opentelemetry") {
    return (await import("./opentelemetry.mjs")).opentelemetry(contender);
  }
  const { witspan, ddTrace } = await import("./llmobs.mjs");
  return contender.name === "witspan" ? witspan(contender) : ddTrace(contender);
}

/** A program without a tracer, which has the same facts. */
function nothing() {
  let last;
  return {
    last: () => last,
    llm() {
      const { input, output, metadata, metrics, tags } = model;
      last = [input(), output(), metadata(), metrics(), tags()];
    },
    deliver: () => new Promise((done) => setImmediate(done)),
  };
}

const interruptions = () => process.resourceUsage().involuntaryContextSwitches;

/** Microseconds that each call of a batch took, or `undefined` if the kernel interrupted it. */
function timed(make, count) {
  const before = interruptions();
  const began = performance.now();
  for (let at = 0; at < count; at++) make();
  const took = performance.now() - began;
  return interruptions() === before ? (took / count) * 1000 : undefined;
}

/** What a call takes on the application's thread, delivery left out. Cases take turns. */
async function calls() {
  const tracer = await load();
  const found = { bare: [], llm: [], workflow: [] };
  let spans = 0;
  const [warm, rounds] = [times(8), times(15)];
  for (let round = 0; round < warm + rounds; round++) {
    for (const [name, took] of Object.entries(found)) {
      for (let batch = 0; batch < ROW; batch++) {
        const one = timed(tracer[name], BATCHES[name]);
        if (round >= warm && one !== undefined) took.push(one);
        spans += BATCHES[name] * SPANS[name];
      }
      await tracer.deliver();
    }
  }
  return { spans, us: found };
}

/** CPU time of the whole process for each annotated span, until its bytes are handed out. */
async function bytes() {
  const tracer = await load();
  const each = async (batches) => {
    for (let at = 0; at < batches; at++) {
      for (let span = 0; span < 500; span++) tracer.llm();
      await tracer.deliver();
    }
  };
  await each(times(6));
  const us = [];
  const [turns, batches] = [times(2), times(8)];
  for (let turn = 0; turn < turns; turn++) {
    const before = process.cpuUsage();
    await each(batches);
    const { user, system } = process.cpuUsage(before);
    us.push((user + system) / (batches * 500));
  }
  return { spans: (times(6) + turns * batches) * 500, us };
}

/** The longest pause of the loop in each flush of 1,000 annotated spans, in ms. */
async function pauses() {
  const tracer = await load();
  const [warm, flushes] = [times(3), times(8)];
  const ms = [];
  for (let flush = 0; flush < warm + flushes; flush++) {
    for (let span = 0; span < 1000; span++) tracer.llm();
    const longest = await longestPause(tracer.flush);
    if (flush >= warm) ms.push(longest);
  }
  return { spans: (warm + flushes) * 1000, ms };
}

/** Of the pauses that the kernel did not make longer. */
async function longestPause(flush) {
  let longest = 0;
  let over = false;
  let before = interruptions();
  let last = performance.now();
  const flushed = flush().then(() => (over = true));
  while (!over) {
    await new Promise((done) => setImmediate(done));
    const took = performance.now() - last;
    const after = interruptions();
    if (after === before) longest = Math.max(longest, took);
    // What looking takes is no pause.
    before = after;
    last = performance.now();
  }
  await flushed;
  return longest;
}

/** Milliseconds from the first line of a program to the end of its first span. */
async function start() {
  const before = process.cpuUsage();
  const began = performance.now();
  const tracer = await load();
  tracer.bare();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  await tracer.deliver();
  return { spans: 1, ms, cpu_ms: (user + system) / 1000 };
}

/** Microseconds of a call that does nothing. */
async function off() {
  const { idle } = await load();
  const us = {};
  for (const [name, call] of Object.entries(idle)) {
    us[name] = [];
    for (let batch = 0; batch < times(60); batch++) {
      const one = timed(call, 20_000);
      if (batch > 5 && one !== undefined) us[name].push(one);
    }
  }
  return { spans: 0, us };
}

/** Resident bytes after many annotated spans, all delivered, and a forced collection. */
async function memory() {
  const tracer = await load();
  const batches = times(200);
  for (let batch = 0; batch < batches; batch++) {
    for (let span = 0; span < 500; span++) tracer.llm();
    await tracer.deliver();
  }
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc();
    await new Promise((done) => setTimeout(done, 20));
  }
  return { spans: batches * 500, rss: process.memoryUsage.rss() };
}

const chapters = { calls, bytes, pauses, start, off, memory };
console.log(JSON.stringify(await chapters[chapter]()));
if (contender.name === "dd-trace") await new Promise((done) => setTimeout(done, 500));
// A tracer that has sent all may keep the process alive.
process.exit(0);
