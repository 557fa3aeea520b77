// The program in Next on Node.
import { llmobs } from "witspan";
import { hello } from "../../program.mjs";

export const runtime = "nodejs";
export const dynamic = "force-dynamic";

export async function GET(request) {
  return Response.json(await hello(llmobs, new URL(request.url).searchParams.get("agent")));
}
