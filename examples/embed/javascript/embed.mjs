// The component without any package of ours: two spans, sent by hand.
//
// `../README.md` says how to run it, and what a longer program would add.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { instantiate } from "../../../target/js/witspan.js";

const { DD_API_KEY, DD_SITE = "datadoghq.com", DD_LLMOBS_OVERRIDE_ORIGIN } = process.env;
if (!DD_API_KEY) throw new Error("DD_API_KEY is missing: set it to the API key of your receiver");

// 1. An instance. jco has split the component into core modules; the three imports are all it needs.

const folder = new URL("../../../target/js/", import.meta.url);
const coreModule = (name) => new WebAssembly.Module(readFileSync(new URL(name, folder)));
const imports = {
  "wasi:clocks/monotonic-clock": { now: () => process.hrtime.bigint() },
  "wasi:clocks/wall-clock": {
    now() {
      const ms = Date.now();
      return { seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * 1_000_000 };
    },
  },
  "wasi:random/random": { getRandomU64: () => randomBytes(8).readBigUInt64LE() },
};
const { tracing, delivery } = instantiate(coreModule, imports);

// 2. Spans. Records are objects, variants `{ tag, val }`, `u64` is BigInt, an error is thrown.

tracing.configure({
  mlApp: "embedded",
  service: "",
  env: "",
  version: "",
  tags: [{ key: "team", value: "search" }],
  language: "javascript",
  destination: { format: "public-api", route: "direct" },
});

const answer = tracing.startSpan("workflow", { tag: "root" }, "answer");
const call = tracing.startSpan("llm", { tag: "child-of", val: answer }, "ask", [
  { tag: "model-name", val: "gpt-4o" },
  { tag: "model-provider", val: "openai" },
]);
const annotation = {
  input: [{ role: "user", content: "Why is the sky blue? 🌈" }],
  output: "Rayleigh scattering.",
  metrics: { input_tokens: 9, output_tokens: 4 },
};
tracing.annotate(call, JSON.stringify(annotation));
tracing.finish(call);
tracing.finish(answer);
console.log("trace", tracing.exportSpan(answer).traceId);

// 3. Sending. The core says what to send, what to make of the answer, and how long to wait.

/** One POST: what the core is told of it. */
async function post({ host, path, headers, body }) {
  const origin = DD_LLMOBS_OVERRIDE_ORIGIN ?? `https://${host}.${DD_SITE}`;
  const named = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  try {
    const answered = await fetch(origin + path, {
      method: "POST",
      headers: { ...named, "DD-API-KEY": DD_API_KEY },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    await answered.arrayBuffer();
    console.log(`POST ${path}: ${answered.status}`);
    const given = [...answered.headers].map(([name, value]) => ({ name, value }));
    return { tag: "response", val: { status: answered.status, headers: given } };
  } catch (error) {
    console.log(`POST ${path}: ${error.cause?.message ?? error.message}`);
    return { tag: "transport-error" };
  }
}

async function send(request) {
  for (;;) {
    const disposition = delivery.complete(request.id, await post(request));
    if (disposition.tag === "delivered") return console.log(`delivered ${request.spans} spans`);
    if (disposition.tag === "dropped") return console.log(`dropped: ${disposition.val}`);
    const ms = Number(disposition.val) / 1e6;
    console.log(`again in ${ms.toFixed()} ms`);
    await sleep(ms);
  }
}

// A program that goes on would poll for what is `due`, whenever `finish` says `shouldPoll`.
for (;;) {
  const action = delivery.poll("everything");
  if (action.tag === "idle") break;
  if (action.tag === "send") await send(action.val);
  else await sleep(Number(action.val) / 1e6);
}
const { accepted, delivered } = delivery.statistics();
console.log(`${delivered} of ${accepted} spans delivered`);
process.exitCode = delivered === accepted ? 0 : 1;
