// Every case of the conformance suite through the component as jco transpiles it, with nothing of
// ours around it, in both formats, byte for byte.
//
// `README.md` two folders up describes the cases; `tools/build_js.py` writes what this runs.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { called, goneOn } from "./setup.mjs";
import { Subject, list, record } from "./subject.mjs";

const SUITE = new URL("../../", import.meta.url);
// Grows with the suite, so that an empty or half-read folder cannot pass.
const count = (folder) => Number(readFileSync(new URL(`${folder}/COUNT`, SUITE), "utf8"));
// What is known not to work yet: the case's name, and why.
const GAPS = {};
const FORMATS = ["public-api", "sdk-intake"];

/** A folder's chapters; integers that a double would round become text, which BigInt reads as well. */
function chapters(name) {
  const folder = new URL(`${name}/`, SUITE);
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => {
    const text = readFileSync(new URL(name, folder), "utf8");
    const chapter = JSON.parse(text.replace(/(?<=[^\\]": )\d{16,}(?=,?\n)/g, '"$&"'));
    if (chapter.version !== 1) throw new Error(`${name}: version ${chapter.version}`);
    return chapter;
  });
}

function show(value) {
  const plain = (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner);
  return typeof value === "string" ? value : JSON.stringify(value, plain, 1);
}

function same(what, got, expected) {
  if (!isDeepStrictEqual(got, expected)) {
    throw new Error(`${what}:\n${show(got)}\ninstead of\n${show(expected)}`);
  }
}

/** The text of a refusal, "" for what is dropped without one; any other error is not expected. */
function refusal(call) {
  try {
    call();
  } catch (error) {
    const { tag, val } = error.payload ?? {};
    if (tag === "invalid-argument") return val.message;
    if (tag === "span-finished" || tag === "memory-full") return "";
    throw error;
  }
}

function run(program, subject) {
  const spans = {};
  const remotes = {};
  const span = (name) => {
    if (name in spans) return spans[name];
    throw new Error(`no span \`${name}\` in the program`);
  };
  const { tracing, propagation, evaluations } = subject;
  const refuses = (step, call) => same("refused", refusal(call), step.refused);
  const steps = {
    start(step) {
      let parent = { tag: "root" };
      if (step.current) parent = { tag: "current", val: span(step.current) };
      else if (step.child_of) parent = { tag: "child-of", val: span(step.child_of) };
      else if (step.remote) parent = { tag: "remote", val: remotes[step.remote] };
      spans[step.span] = subject.start(step, parent);
    },
    annotate(step) {
      const got = refusal(() => tracing.annotate(span(step.span), step.json));
      same("dropped", got === "", step.dropped ?? false);
      same("refused", got || undefined, step.refused);
    },
    context: (step) => refuses(step, () => tracing.checkContext(step.json)),
    advance(step) {
      subject.passed += BigInt(step.ns);
    },
    finish(step) {
      const { current, event } = subject.finish(span(step.span), step.failure, step.end_ns);
      const again = Object.keys(spans)
        .sort()
        .find((name) => spans[name] === current);
      same("current again", again, step.current_again);
      if (step.event !== undefined) same("event", event, step.event);
    },
    abandon: (step) => tracing.abandon(span(step.span)),
    export(step) {
      const { spanId, traceId } = tracing.exportSpan(span(step.span));
      same("ids", [spanId, traceId], [step.span_id, step.trace_id]);
    },
    record(step) {
      refuses(step, () => {
        const { span: recorded, process } = tracing.recordSpan(step.json);
        spans[step.span] = recorded;
        if (process) subject.process();
      });
    },
    info({ span: named, do: _, ...gives }) {
      const { kind, name, spanId, traceId, parentId } = tracing.spanInfo(span(named));
      const known = { kind, name, span_id: spanId, trace_id: traceId, parent_id: parentId };
      const got = Object.entries(known).filter(([, value]) => value !== undefined);
      same("info", Object.fromEntries(got), gives);
    },
    inject(step) {
      const set = propagation.inject(span(step.span), list(step.headers ?? {}));
      same("headers", record(set), step.gives);
    },
    extract(step) {
      remotes[step.remote] = "";
      refuses(step, () => {
        remotes[step.remote] = propagation.extract(list(step.headers));
      });
    },
    evaluate: (step) => refuses(step, () => evaluations.submit(step.json)),
    feedback: (step) => refuses(step, () => evaluations.submitFeedback(step.json)),
    processor: (step) => subject.setProcessor(step.does),
    poll: (step) => same("requests", subject.poll("due"), step.requests),
  };
  program.forEach((step, at) => {
    try {
      if (!(step.do in steps)) throw new Error("no such step");
      steps[step.do](step);
    } catch (error) {
      const why = "payload" in error ? show(error.payload) : error.message;
      throw new Error(`step ${at} (${step.do}): ${why}`);
    }
  });
  subject.poll("everything");
}

function check(oneCase, format) {
  const subject = new Subject(oneCase, format);
  run(oneCase.program, subject);
  const expected = oneCase.requests?.[format] ?? [];
  same("number of requests", subject.sent.length, expected.length);
  for (const [at, sent] of subject.sent.entries()) {
    for (const part of ["path", "headers", "body"]) same(part, sent[part], expected[at][part]);
  }
  if (oneCase.answers) same("dispositions", subject.dispositions, oneCase.dispositions ?? []);
  same("counters", subject.counters(), oneCase.statistics ?? {});
}

/** What a case of the interface `setup` gives, and what follows from it. */
function checkSetup(oneCase) {
  const { gives = null, refused, sends = [] } = oneCase;
  same(oneCase.call, called(oneCase), refused ? { refused } : { gives });
  for (const [at, sending] of sends.entries()) {
    same(`sends ${at}`, goneOn(oneCase, sending.agent), sending);
  }
}

const failures = [];

/** Runs a case of the interface `setup`: the column of the table it counts in. */
function judgeSetup(oneCase) {
  try {
    checkSetup(oneCase);
    return "passed";
  } catch (error) {
    failures.push(`${oneCase.name}: ${"payload" in error ? show(error.payload) : error.message}`);
    return "failed";
  }
}

/** Runs a case in both formats: the column of the table it counts in. */
function judge(oneCase) {
  const wrong = [];
  for (const format of FORMATS) {
    try {
      check(oneCase, format);
    } catch (error) {
      wrong.push(`${oneCase.name} (${format}): ${error.message}`);
    }
  }
  const gap = GAPS[oneCase.name];
  if (wrong.length && gap) return "gaps";
  if (gap) wrong.push(`${oneCase.name}: the gap has closed (${gap}): take it off`);
  failures.push(...wrong);
  return wrong.length ? "failed" : "passed";
}

const table = [];
let found = 0;
for (const [folder, judged] of Object.entries({ cases: judge, setup: judgeSetup })) {
  const before = found;
  for (const { chapter, cases } of chapters(folder)) {
    const line = { chapter, passed: 0, failed: 0, gaps: 0 };
    for (const oneCase of cases) line[judged(oneCase)] += 1;
    table.push(line);
    found += cases.length;
  }
  const [were, are] = [found - before, count(folder)];
  if (were !== are) failures.push(`${folder}: ${were} cases instead of ${are}`);
}
const sum = (column) => table.reduce((total, line) => total + line[column], 0);
const [passed, failed, gaps] = ["passed", "failed", "gaps"].map(sum);

const out = new URL("../../target/conformance/", SUITE);
mkdirSync(out, { recursive: true });
const report = JSON.stringify({ runner: "node", chapters: table }, null, 2);
writeFileSync(new URL("node.json", out), `${report}\n`);
for (const failure of failures) console.error(failure);
console.log(`node: ${found} cases, passed ${passed}, failed ${failed}, gaps ${gaps}`);
process.exitCode = failures.length ? 1 : 0;
