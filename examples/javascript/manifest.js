// The program's own record of the spans it made, for checking what arrived.
//
// Where a span is made, the program says what it is and under which span it means it to be. That parent is
// stated here by hand and never read back from the SDK, so a checker can compare two independent accounts.
// With WITSPAN_DEMO_MANIFEST unset, nothing is recorded.

import { writeFileSync } from "node:fs";
import { llmobs } from "witspan";

const PATH = process.env.WITSPAN_DEMO_MANIFEST;

const spans = [];
const idOf = new Map();

/**
 * Notes the span that is current now. `label` names it for its children's `under`; it is needed where
 * several spans share a name. The root is under nothing.
 */
export function made(name, kind, under, label = name) {
  if (PATH === undefined) return;
  const { spanId, traceId } = llmobs.exportSpan();
  idOf.set(label, spanId);
  const parentId = under === undefined ? "undefined" : idOf.get(under);
  spans.push({ span_id: spanId, trace_id: traceId, parent_id: parentId, name, kind });
}

/** Writes what was noted to the file that WITSPAN_DEMO_MANIFEST names. */
export function write() {
  if (PATH !== undefined) writeFileSync(PATH, `${JSON.stringify(spans, null, 1)}\n`);
}
