// Reads events out of the very bodies that would be sent.
//
// The source of the format is `wit/types.wit`, intake format `sdk-intake`.

/** A span or an evaluation as it would be sent. */
export type Event = Record<string, unknown>;

/** A span's event, with its start, of which a number of the event holds only the first 53 bits. */
export interface SpanEvent {
  readonly event: Event;
  readonly startNs: bigint;
}

export interface Events {
  readonly spans: SpanEvent[];
  readonly evaluations: Event[];
}

type Sent = { spans: Event[] }[] | { data: { attributes: { metrics: Event[] } } };

/** How many brackets are open around the members of a span: list, body, its spans, span. */
const DEPTH = 4;
const START = '"start_ns":';

export function eventsIn(body: Uint8Array): Events {
  const text = new TextDecoder().decode(body);
  const sent = JSON.parse(text) as Sent;
  if (!Array.isArray(sent)) return { spans: [], evaluations: sent.data.attributes.metrics };
  const starts = startsIn(text);
  const events = sent.flatMap(({ spans }) => spans);
  const spans = events.map((event, at) => {
    const startNs = starts[at] ?? BigInt(Math.round(Number(event["start_ns"])));
    return { event, startNs };
  });
  return { spans, evaluations: [] };
}

/** The start of each span, digit by digit. Content may have a member of the same name. */
function startsIn(text: string): bigint[] {
  const starts: bigint[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "[":
      case "{":
        depth += 1;
        break;
      case "]":
      case "}":
        depth -= 1;
        break;
      case '"':
        if (depth === DEPTH && text.startsWith(START, at)) {
          const digits = /\d+/y;
          digits.lastIndex = at + START.length;
          starts.push(BigInt(digits.exec(text)?.[0] ?? 0));
        }
        at = endOfString(text, at);
    }
  }
  return starts;
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at > 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
