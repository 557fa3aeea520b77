// An instance of the core as a subject of the suite: a clock that stands until it is told, entropy
// that counts, and a receiver that answers as the case says.

const START_NS = 1_700_000_000_000_000_000n;
const PROCESSOR_NS = 1_000_000_000n;
export const list = (headers) => Object.entries(headers).map(([name, value]) => ({ name, value }));
export const record = (headers) => Object.fromEntries(headers.map((h) => [h.name, h.value]));

const u64 = (value) => (value === undefined ? undefined : BigInt(value));

/** The clocks and the entropy of a case; how much has passed is read from `time`. */
export function worldOf(time) {
  let drawn = 0n;
  return {
    monotonic: () => time.passed,
    wall: () => START_NS + time.passed,
    random: () => BigInt.asUintN(64, ++drawn * 0x9e3779b97f4a7c15n),
  };
}

/** A new instance, and what it has sent. */
export class Subject {
  passed = 0n;
  sent = [];
  dispositions = [];
  deed = "off";

  /** `fresh` makes an instance with that clock, and gives its calls by interface. */
  constructor({ settings = {}, answers = [] }, format, fresh) {
    this.answers = [...answers];
    Object.assign(this, fresh(worldOf(this)));
    const direct = format === "public-api";
    const input = {
      options: { agentless_enabled: String(direct), intake: direct ? "public" : "sdk" },
      secrets: { DD_API_KEY: true },
    };
    const plan = JSON.parse(this.setup.makePlan(JSON.stringify(input)));
    const defaults = { ml_app: "conformance", language: "python" };
    this.tracing.configure(JSON.stringify({ ...plan.settings, ...defaults, ...settings }));
  }

  start(step, parent) {
    const options = ["session-id", "ml-app", "model-name", "model-provider"]
      .map((tag) => ({ tag, val: step[tag.replace("-", "_")] }))
      .concat({ tag: "start-ns", val: u64(step.start_ns) })
      .concat((step.contexts ?? []).map((val) => ({ tag: "context", val })))
      .filter(({ val }) => val !== undefined);
    return this.tracing.startSpan(step.kind, parent, step.name, options);
  }

  /** Ends a span: the span that is current again, if this is told, and what the processor was given. */
  finish(span, failure, endNs) {
    const { message, error_type: errorType, stack } = failure ?? {};
    const given = failure && { message, errorType, stack };
    const { process, ...told } = this.tracing.finish(span, given, u64(endNs));
    return { ...told, event: process ? this.process() : undefined };
  }

  setProcessor(deed) {
    this.deed = deed;
    this.processing.setProcessor(deed === "off" ? undefined : PROCESSOR_NS);
  }

  /** Has the processor look at all that waits for it; the last event. */
  process() {
    const { takeEvent, returnEvent } = this.processing;
    let seen;
    for (let event = takeEvent(); event; event = takeEvent()) {
      const outcome = processed(this.deed, event.span);
      if (this.deed === "late") this.passed += 2n * PROCESSOR_NS;
      returnEvent(event.id, outcome);
      seen = event.span;
    }
    return seen;
  }

  /** Sends what is due, or everything, for which time may pass; how many requests that were. */
  poll(mode) {
    const before = this.sent.length;
    for (;;) {
      const { tag, val } = this.delivery.poll(mode);
      if (tag === "send") this.send(val);
      else if (tag === "wait" && mode === "everything") this.passed += val;
      else return this.sent.length - before;
    }
  }

  /** Sends a request until its fate is known, waiting as it is told. */
  send({ id, url, headers, body }) {
    const { pathname: path } = new URL(url);
    const sent = { path, headers: record(headers), body: new TextDecoder().decode(body) };
    for (;;) {
      this.sent.push(sent);
      const { status, headers: answered = {} } = this.answers.shift() ?? { status: 202 };
      const response = { tag: "response", val: { status, headers: list(answered) } };
      const outcome = status === 0 ? { tag: "transport-error" } : response;
      const { tag, val } = this.delivery.complete(id, outcome);
      this.dispositions.push(val === undefined ? tag : `${tag} ${val}`);
      if (tag !== "retry") return;
      this.passed += val;
    }
  }

  /** The counters that are not zero. */
  counters() {
    const counts = this.delivery.statistics();
    const { accepted, open, delivered, warnings, cut, evaluations } = counts;
    const named = Object.entries({ accepted, open, delivered, warnings, cut }).concat(
      [["annotations_rejected", counts.annotationsRejected]],
      [["content_dropped", counts.contentDropped]],
      [["evaluations_rejected", counts.evaluationsRejected]],
      [["evaluations accepted", evaluations.accepted]],
      [["evaluations delivered", evaluations.delivered]],
      counts.dropped.map(({ reason, count }) => [`dropped ${reason}`, count]),
      evaluations.dropped.map(({ reason, count }) => [`evaluations dropped ${reason}`, count]),
    );
    return Object.fromEntries(named.filter(([, n]) => n).map(([name, n]) => [name, Number(n)]));
  }
}

/** What a processor that does this makes of an event. */
function processed(deed, event) {
  if (deed === "drop") return { tag: "drop" };
  if (deed === "off" || deed === "raise") return { tag: "failed" };
  if (deed === "nonsense") return { tag: "processed", val: "nonsense" };
  const { replace, remove, merge: patch } = typeof deed === "object" ? deed : {};
  const [from, to] = replace ?? [];
  let changed = JSON.parse(event, (_, value) =>
    replace && typeof value === "string" ? value.replaceAll(from, () => to) : value,
  );
  if (remove) delete changed[remove];
  if (patch !== undefined) changed = merged(changed, patch);
  return { tag: "processed", val: JSON.stringify(changed) };
}

/** A JSON merge patch (RFC 7386). */
function merged(value, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  const result = isObject ? { ...value } : {};
  for (const [name, part] of Object.entries(patch)) {
    if (part === null) delete result[name];
    else result[name] = merged(result[name], part);
  }
  return result;
}
