// Makes a span and ends, in the way that its argument names.

import { llmobs } from "../../../dist/index.js";

const [way] = process.argv.slice(2);
const { isMainThread, Worker, threadId } = process.getBuiltinModule("node:worker_threads");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Something that keeps the program alive until it is ended. */
const live = () => setInterval(() => {}, 1000);

const ways = {
  natural() {},
  "natural-again"() {
    // A program that goes on at its end, as one with work to do there.
    let times = 0;
    process.on("beforeExit", () => {
      if (times++ < 2) span(`again ${times}`);
    });
  },
  "process.exit"() {
    process.exit(3);
  },
  "process.exit-later"() {
    setTimeout(() => process.exit(3), 50);
  },
  "process.exit-after"() {
    setTimeout(() => process.exit(3), Number(process.argv[3]));
  },
  "Deno.exit"() {
    globalThis.Deno.exit(3);
  },
  throw() {
    throw new Error("uncaught");
  },
  "throw-later"() {
    setTimeout(() => {
      throw new Error("uncaught");
    }, 10);
  },
  rejection() {
    void Promise.reject(new Error("unhandled"));
  },
  "throw-handled"() {
    process.on("uncaughtException", () => {});
    setTimeout(() => {
      throw new Error("uncaught");
    }, 10);
    setTimeout(() => {}, 300);
  },
  async "flush-at-the-end"() {
    console.log("flushed", (await llmobs.flush()).pending);
  },
  signal: live,
  "signal-to-itself"() {
    process.kill(process.pid, "SIGTERM");
    live();
  },
  "signal-and-handler"() {
    process.on("SIGTERM", () => setTimeout(() => process.exit(7), 20));
    live();
  },
  "signal-and-handler-once"() {
    process.once("SIGTERM", () => setTimeout(() => process.exit(7), 20));
    live();
  },
  "signal-and-handler-that-raises"() {
    // As signal-exit does: it ends the process only if there is no other handler.
    function handler() {
      console.log("handlers", process.listenerCount("SIGTERM"));
      process.removeListener("SIGTERM", handler);
      process.kill(process.pid, "SIGTERM");
    }
    process.on("SIGTERM", handler);
    live();
  },
  "signal-and-handler-that-is-removed"() {
    const handler = () => {};
    process.on("SIGTERM", handler);
    process.removeListener("SIGTERM", handler);
    live();
  },
  async disabled() {
    await llmobs.disable();
    console.log("handlers", handlers() - before);
  },
  "thread-natural": () => thread("natural"),
  "thread-process.exit": () => thread("process.exit"),
  "thread-throw": () => thread("throw"),
  "cluster-kill": () => cluster("signal", (worker) => worker.kill()),
  "cluster-disconnect": () => cluster("nothing", (worker) => worker.disconnect()),
  "cluster-primary-ends": () => cluster("signal", () => process.exit(0)),
  nothing() {},
  async "thread-main-exits"() {
    const worker = thread("signal");
    await new Promise((resolve) => worker.on("message", resolve));
    await sleep(50);
    process.exit(0);
  },
  async "thread-terminated"() {
    const worker = thread("signal");
    await new Promise((resolve) => worker.on("message", resolve));
    await worker.terminate();
  },
};

function thread(inner) {
  const worker = new Worker(new URL(import.meta.url), { argv: [inner] });
  worker.on("error", (error) => console.error("thread:", error.message));
  return worker;
}

function cluster(inner, end) {
  const cluster = process.getBuiltinModule("node:cluster");
  cluster.setupPrimary({ exec: process.argv[1], args: [inner] });
  const worker = cluster.fork();
  worker.on("message", () => setTimeout(() => end(worker), 50));
}

function span(name) {
  llmobs.startSpan({ kind: "task", name }).finish();
}

const EVENTS = [
  "exit",
  "beforeExit",
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
  "newListener",
  "removeListener",
];
const handlers = () => EVENTS.reduce((sum, event) => sum + process.listenerCount(event), 0);
const before = handlers();

if (!isMainThread || !/^(thread|cluster)-/.test(way)) {
  llmobs.enable({ agentlessEnabled: false, ...JSON.parse(process.env.OPTIONS ?? "{}") });
  if (handlers() !== before) console.log("handlers before the first span");
  span(`${way} ${threadId === 0 ? "main" : "thread"}`);
  if (process.argv.includes("--late")) await sleep(1200);
  if (!isMainThread)
    process.getBuiltinModule("node:worker_threads").parentPort.postMessage("ready");
  else console.log("ready");
  process.send?.("ready");
}
await ways[way]();
