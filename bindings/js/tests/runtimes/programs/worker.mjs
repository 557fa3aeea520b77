// The program in a worker: delivers before its answer, or with `?late` after it.
import { llmobs } from "witspan";
import { hello } from "./program.mjs";

export default {
  async fetch(request, env, ctx) {
    const asked = new URL(request.url).searchParams;
    const late = (llmobs) => ctx.waitUntil(llmobs.flush({ timeoutMs: 30_000 }));
    const delivers = asked.has("late") ? late : undefined;
    return Response.json(await hello(llmobs, asked.get("agent"), { delivers }));
  },
};
