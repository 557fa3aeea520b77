// Every case of the conformance suite through the exports of the core, in both formats, byte for byte.
//
// `README.md` two folders up describes the cases. Nothing here is Node's own: a browser runs it too.

import { called, goneOn } from "./setup.mjs";
import { Subject, list, record } from "./subject.mjs";

const FORMATS = ["public-api", "sdk-intake"];

/** A chapter; integers that a double would round become text, which BigInt reads as well. */
export function chapter(name, text) {
  const read = JSON.parse(text.replace(/(?<=[^\\]": )\d{16,}(?=,?\n)/g, '"$&"'));
  if (read.version !== 1) throw new Error(`${name}: version ${read.version}`);
  return read;
}

function show(value) {
  const plain = (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner);
  return typeof value === "string" ? value : JSON.stringify(value, plain, 1);
}

/** Whether two values of JSON are the same; what is `undefined` in an object is not there. */
function equal(one, other) {
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  if (one === null || other === null || Array.isArray(one) !== Array.isArray(other)) {
    return one === other;
  }
  const names = (object) => Object.keys(object).filter((name) => object[name] !== undefined);
  return (
    names(one).length === names(other).length &&
    names(one).every((name) => equal(one[name], other[name]))
  );
}

function same(what, got, expected) {
  if (!equal(got, expected)) {
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
      const told = subject.finish(span(step.span), step.failure, step.end_ns);
      const again = Object.keys(spans)
        .sort()
        .find((name) => spans[name] === told.current);
      if ("current" in told) same("current again", again, step.current_again);
      if (step.event !== undefined) same("event", told.event, step.event);
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

function check(oneCase, format, fresh) {
  const subject = new Subject(oneCase, format, fresh);
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
function checkSetup(oneCase, fresh) {
  const { gives = null, refused, sends = [] } = oneCase;
  same(oneCase.call, called(oneCase, fresh), refused ? { refused } : { gives });
  for (const [at, sending] of sends.entries()) {
    same(`sends ${at}`, goneOn(oneCase, sending.agent, fresh), sending);
  }
}

/** Each run of a case: its name for a person, and the run. */
const runs = {
  cases: (oneCase, fresh) =>
    FORMATS.map((format) => [
      `${oneCase.name} (${format})`,
      () => check(oneCase, format, fresh),
    ]),
  setup: (oneCase, fresh) => [[oneCase.name, () => checkSetup(oneCase, fresh)]],
};

/**
 * Runs every case of `folders`, `{cases, setup}` as lists of chapters, with each of the `makers` of an
 * instance, and gives the table and what failed. `gaps` says what is known not to work, and why, by
 * the name of the case.
 */
export function runSuite(folders, makers, gaps = {}) {
  const failures = [];
  const table = [];
  /** The column of the table that a case counts in. */
  const judged = (folder, oneCase) => {
    const wrong = [];
    for (const fresh of makers) {
      for (const [name, go] of runs[folder](oneCase, fresh)) {
        try {
          go();
        } catch (error) {
          wrong.push(`${name}: ${"payload" in error ? show(error.payload) : error.message}`);
        }
      }
    }
    const gap = gaps[oneCase.name];
    if (wrong.length && gap) return "gaps";
    if (gap) wrong.push(`${oneCase.name}: the gap has closed (${gap}): take it off`);
    failures.push(...wrong);
    return wrong.length ? "failed" : "passed";
  };
  for (const folder of Object.keys(runs)) {
    for (const { chapter, cases } of folders[folder]) {
      const line = { chapter, passed: 0, failed: 0, gaps: 0 };
      for (const oneCase of cases) line[judged(folder, oneCase)] += 1;
      table.push(line);
    }
  }
  return { table, failures };
}
