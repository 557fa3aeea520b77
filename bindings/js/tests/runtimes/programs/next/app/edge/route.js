// The program in Next's edge runtime.
import { llmobs } from "witspan";
import { hello } from "../../program.mjs";

export const runtime = "edge";
export const dynamic = "force-dynamic";

export async function GET(request) {
  return Response.json(await hello(llmobs, new URL(request.url).searchParams.get("agent")));
}
