// Where the models are: a real OpenAI-compatible endpoint, or the stand-in on loopback.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import OpenAI from "openai";

/**
 * The endpoint of OPENAI_BASE_URL; without one, a stand-in, which lives until `close`. Gives a client and
 * the names to use with it.
 */
export async function connect(root) {
  const { env } = process;
  if (env.OPENAI_BASE_URL) {
    return {
      // It takes the address and OPENAI_API_KEY from the environment itself.
      client: new OpenAI(),
      chatModel: env.OPENAI_MODEL ?? "gpt-4o-mini",
      embeddingModel: env.OPENAI_EMBEDDING_MODEL ?? "text-embedding-3-small",
      provider: "openai",
      close() {},
    };
  }
  const standin = await startStandin(root);
  return {
    client: new OpenAI({ baseURL: standin.url, apiKey: "not-needed" }),
    chatModel: "standin-chat-1",
    embeddingModel: "standin-embed-1",
    provider: "standin",
    close: () => standin.process.kill(),
  };
}

/** Runs `examples/python/standin_server.py`, and waits until it serves. */
async function startStandin(root) {
  const python = process.platform === "win32" ? "python" : "python3";
  const server = `${root}/examples/python/standin_server.py`;
  const child = spawn(python, [server], { stdio: ["ignore", "pipe", "inherit"] });
  const failed = once(child, "exit").then(() => {
    throw new Error("the stand-in for a model needs Python; OPENAI_BASE_URL names a real one");
  });
  // It says where it is: `export OPENAI_BASE_URL=http://… OPENAI_API_KEY=none`.
  const told = once(createInterface({ input: child.stdout }), "line");
  const [line] = await Promise.race([told, failed]);
  failed.catch(() => {}); // From here on it ends because we end it.
  const url = /OPENAI_BASE_URL=(\S+)/.exec(line)?.[1];
  if (url === undefined) throw new Error("the stand-in for a model does not say where it is");
  return { process: child, url };
}
