// A certificate for this machine, from an authority of its own, made anew by Python's trustme.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const python = fileURLToPath(new URL("../../../../.venv/bin/python", import.meta.url));

/**
 * @returns {{key: string, cert: string, authority: string}} PEM texts, and the path of the
 * authority's.
 */
export function certificates() {
  const folder = mkdtempSync(join(tmpdir(), "witspan-certificates-"));
  const names = ["127.0.0.1", "localhost", "receiver.example"];
  execFileSync(python, ["-m", "trustme", "-q", "-d", folder, "-i", ...names]);
  const read = (name) => readFileSync(join(folder, name), "utf8");
  return {
    key: read("server.key"),
    cert: read("server.pem"),
    authority: join(folder, "client.pem"),
  };
}
