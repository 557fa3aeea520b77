// The component without any package of ours: a trace of two spans, made and sent by hand.
// `../README.md` says how to run it, and what a longer program would add.

import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { instantiate } from "../../../target/js/witspan.js";

// Engine, clocks, entropy. jco has split the component into core modules.
const folder = new URL("../../../target/js/", import.meta.url);
const coreModule = (name) => new WebAssembly.Module(readFileSync(new URL(name, folder)));
const time = (ms) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * 1e6 });
const { setup, tracing, delivery } = instantiate(coreModule, {
  "wasi:clocks/monotonic-clock": { now: () => process.hrtime.bigint() },
  "wasi:clocks/wall-clock": { now: () => time(Date.now()) },
  "wasi:random/random": { getRandomU64: () => randomBytes(8).readBigUInt64LE() },
});

// The environment, as a list. What is secret of it stays here, by the name of its variable.
const [environment, held, secrets] = [{}, {}, {}];
for (const { name, read_by, secrecy } of JSON.parse(setup.variables())) {
  const value = process.env[name]?.trim();
  if (!value || read_by !== "core") continue;
  const user = secrecy === "url" && value.match(/(?<=^\w+:\/\/)([^/?#]*)@/);
  if (secrecy !== "secret") environment[name] = user ? value.replace(user[0], "") : value;
  if (secrecy === "secret" || user) held[name] = user ? user[1] : value;
  if (name in held) secrets[name] = /^[ -~]*$/.test(held[name]);
}

// Sentences for a person: all of the plan's, and one of each kind of event.
const said = new Set();
const say = ({ level, code, message }) => said.add(code) && console.error(`${level}: ${message}`);
function report(event) {
  const diagnostic = setup.diagnose(JSON.stringify(event));
  if (!said.has(diagnostic.code)) say(diagnostic);
}

// HTTP. A redirect is an answer like any other: it would take the key elsewhere.
const basic = (user) => Buffer.from(user.includes(":") ? user : `${user}:`).toString("base64");
async function http({ url, headers = [], credentials = [], body }, ms, most = 4096) {
  const all = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  for (const { header, secret, form } of credentials)
    all[header] = form === "basic" ? `Basic ${basic(held[secret])}` : held[secret];
  const [method, signal] = [body ? "POST" : "GET", AbortSignal.timeout(Math.ceil(ms))];
  try {
    const answer = await fetch(url, { method, headers: all, body, signal, redirect: "manual" });
    let text = "";
    for await (const part of answer.body ?? [])
      if ((text += Buffer.from(part).toString("latin1")).length >= most) break;
    const named = [...answer.headers].map(([name, value]) => ({ name, value }));
    const outcome = { tag: "response", val: { status: answer.status, headers: named } };
    return { outcome, why: `answered ${answer.status}`, taken: answer.ok ? text : "" };
  } catch (error) {
    const why = `could not be reached: ${error.cause?.message ?? error.message}`;
    return { outcome: { tag: "transport-error" }, why };
  }
}

// The plan, and what it may have to ask an agent first.
const options = { ml_app: "embedded", tags: "team:search" };
const input = { language: "javascript", environment, options, secrets };
const plan = JSON.parse(setup.makePlan(JSON.stringify(input)));
plan.diagnostics.forEach(say);
if (!plan.enabled) console.log(`tracing is off: ${plan.why_disabled}`);
tracing.configure(JSON.stringify(plan.settings));
let { targets } = plan.settings;
if (plan.discovery) {
  const { timeout_ns, answer_bytes, sign, found, otherwise } = plan.discovery;
  const { taken } = await http(plan.discovery, timeout_ns / 1e6, answer_bytes);
  targets = taken?.includes(sign) ? found : otherwise;
  delivery.setTargets(JSON.stringify(targets));
}

// Spans. The language's own context carries the current one; 0 is the span that is not kept.
const current = new AsyncLocalStorage();
async function span(kind, name, options, work) {
  const outer = current.getStore();
  const parent = outer === undefined ? { tag: "root" } : { tag: "current", val: outer };
  const started = plan.enabled ? tracing.startSpan(kind, parent, name, options) : 0n;
  try {
    return await current.run(started, work, started);
  } finally {
    const { dropped } = tracing.finish(started);
    if (dropped) report({ event: "dropped", reason: dropped });
  }
}

await span("workflow", "answer", [], () => {
  const model = [{ tag: "model-name", val: "gpt-4o" }];
  return span("llm", "ask", model, (ask) => {
    const input = [{ role: "user", content: "Why is the sky blue? 🌈" }];
    const metrics = { input_tokens: 9, output_tokens: 4 };
    const annotation = { input, output: "Rayleigh scattering.", metrics };
    for (const { message } of tracing.annotate(ask, JSON.stringify(annotation)))
      report({ event: "changed", why: message });
  });
});

// Sending. The core says what to send, what to make of the answer, and how long to wait.
const client = `${process.pid}-${Date.now()}`;
const ends = performance.now() + plan.exit_timeout_ns / 1e6;
const left = () => Math.max(0, ends - performance.now());
function lossHeader() {
  const counts = delivery.statistics().dropped.map(({ reason, count }) => [reason, Number(count)]);
  const value = setup.lossHeader(JSON.stringify({ client, spans: Object.fromEntries(counts) }));
  return value ? [{ name: "witspan-dropped", value }] : [];
}
async function send(request) {
  const { id, url, spans } = request;
  const target = targets.find((each) => each.id === request.target).name;
  while (left()) {
    const headers = [...request.headers, ...lossHeader()];
    const limit = Math.min(plan.request_timeout_ns / 1e6, left());
    const { outcome, why } = await http({ ...request, headers }, limit);
    const { tag, val } = delivery.complete(id, outcome);
    console.log(`POST ${url}: ${why}: ${tag} ${val ?? ""}`);
    if (tag === "delivered") return;
    if (tag === "dropped") return report({ event: val, target, why, spans, advice: "check-key" });
    report({ event: "retried", target, why, advice: plan.lacks_key ? "set-key" : null });
    await sleep(Math.min(Number(val) / 1e6, left()));
  }
  delivery.complete(id, { tag: "not-sent", val: "shutdown" });
}
for (let action; left() && (action = delivery.poll("everything")).tag !== "idle"; ) {
  if (action.tag === "send") await send(action.val);
  else await sleep(Math.min(Number(action.val) / 1e6, left()));
}
const { accepted, delivered } = delivery.statistics();
console.log(`${delivered} of ${accepted} spans delivered`);
process.exitCode = delivered === accepted ? 0 : 1;
