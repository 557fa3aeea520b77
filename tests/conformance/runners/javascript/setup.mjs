// Cases of the interface `setup`, each with a new instance.

import { record, worldOf } from "./subject.mjs";

/** The answer of a call, or its refusal as a wrong argument; any other error is not expected. */
function answered(call) {
  try {
    return { gives: call() ?? null };
  } catch (error) {
    const { tag, val } = error.payload ?? {};
    if (tag !== "invalid-argument") throw error;
    return { refused: { field: val.field, message: val.message } };
  }
}

const plain = (warnings) => warnings.map(({ field, message }) => ({ field, message }));

/** What a case's call gives. */
export function called({ call, given = "" }, fresh) {
  const { setup, tracing } = fresh(worldOf({ passed: 0n }));
  const calls = {
    "make-plan": () => setup.makePlan(given),
    configure: () => plain(tracing.configure(given)),
    diagnose() {
      const { level, code, message } = setup.diagnose(given);
      return { level, code, message };
    },
    "loss-header": () => setup.lossHeader(given),
    variables: () => setup.variables(),
    names: () => setup.names(),
  };
  return answered(calls[call]);
}

/** Does with a plan what a host does, up to the first request. */
export function goneOn({ given = "" }, agent, fresh) {
  const { setup, tracing, delivery } = fresh(worldOf({ passed: 0n }));
  const { enabled, settings, discovery } = JSON.parse(setup.makePlan(given));
  if (!enabled) throw new Error("nothing follows from a plan that is off");
  if (!discovery !== !agent) throw new Error("`agent` goes with a plan's `discovery`");
  tracing.configure(JSON.stringify(settings));
  const found = {};
  if (discovery) {
    const { status, body = "" } = agent;
    const takes = status >= 200 && status < 300 && body.includes(discovery.sign);
    Object.assign(found, { agent, means: takes ? "found" : "otherwise" });
    delivery.setTargets(JSON.stringify(discovery[found.means]));
  }
  tracing.finish(tracing.startSpan("task", { tag: "root" }));
  const { tag, val } = delivery.poll("everything");
  if (tag !== "send") {
    const lost = delivery.statistics().dropped.at(-1);
    if (!lost) throw new Error("neither sent nor dropped");
    return { ...found, dropped: lost.reason };
  }
  const { url, socket, headers, credentials } = val;
  const request = { url, headers: record(headers) };
  if (socket !== undefined) request.socket = socket;
  const added = credentials.map(({ header, form, secret }) => `${header}: ${form} ${secret}`);
  if (added.length) request.credentials = added;
  return { ...found, request };
}
