// A worker for workerd: each request makes a span, and answers before it is sent.

import { llmobs } from "../../../dist/workerd.js";

export default {
  async fetch(request, env, context) {
    const { searchParams } = new URL(request.url);
    const [name, agent, flush] = ["name", "agent", "flush"].map((key) => searchParams.get(key));
    llmobs.enable({ mlApp: "worker", agentUrl: agent, agentlessEnabled: false });
    llmobs.startSpan({ kind: "task", name }).finish();
    // The runtime may switch to another request here.
    await scheduler.wait(Number(searchParams.get("wait") ?? 0));
    if (flush === "await") return Response.json(await llmobs.flush({ timeoutMs: 5000 }));
    if (flush === "waitUntil") context.waitUntil(llmobs.flush({ timeoutMs: 5000 }));
    return Response.json(llmobs.statistics());
  },
};
