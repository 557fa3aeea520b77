// The documents of this repository, as passages short enough to search and to cite.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { llmobs } from "witspan";
import { made } from "./manifest.js";

/** What `filesBelow` looks for. */
const PATTERNS = ["README.md", "ARCHITECTURE.md", "docs/**/*.md", "wit/*.wit"];
const PASSAGE_CHARACTERS = 700;

/** Reads all documents below `root`: `{ source, text }` each, where `source` is `path:line`. */
export const readDocuments = llmobs.wrap(
  { kind: "task", name: "read_documents" },
  function readDocuments(root) {
    made("read_documents", "task", "ask");
    const files = filesBelow(root);
    const passages = files.flatMap((path) => split(readFileSync(join(root, path), "utf8"), path));
    // Else the folder would be the input, and every passage the output. The counts say enough.
    llmobs.annotate({
      inputData: { patterns: PATTERNS },
      outputData: { files: files.length, passages: passages.length },
    });
    return passages;
  },
);

/** Their paths, in the order of their folders. What is not there is left out. */
function filesBelow(root) {
  const below = (folder, ending, recursive) =>
    readdirSync(join(root, folder), { recursive })
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(ending));
  const top = ["README.md", "ARCHITECTURE.md"].filter((path) => existsSync(join(root, path)));
  const files = [...top, ...below("docs", ".md", true), ...below("wit", ".wit", false)];
  const key = (path) => path.replaceAll("/", "\0");
  return files.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Cuts `text` at blank lines and headings into passages of about PASSAGE_CHARACTERS. */
function split(text, name) {
  const passages = [];
  let lines = [];
  let characters = 0;
  let first = 1;
  const close = () => {
    const passage = lines.join("\n").trim();
    if (passage) passages.push({ source: `${name}:${first}`, text: passage });
    lines = [];
    characters = 0;
  };
  text.split(/\r?\n/).forEach((line, at) => {
    const blank = !line.trim();
    if (line.startsWith("#") || (blank && characters >= PASSAGE_CHARACTERS)) close();
    if (!lines.length) first = at + 1;
    if (lines.length || !blank) {
      lines.push(line);
      characters += [...line].length;
    }
  });
  close();
  return passages;
}
