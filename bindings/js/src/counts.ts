// Counters of a tracer over all its instances: one that trapped cannot be asked any more.

import type { Counters, DropReason } from "./core/contract.js";
import type { Load, Statistics } from "./delivery/port.js";

export function noCounts(): Statistics {
  return {
    accepted: 0,
    open: 0,
    queued: 0,
    inFlight: 0,
    delivered: 0,
    dropped: {},
    annotationsRejected: 0,
    warnings: 0,
    cut: 0,
    contentDropped: 0,
    evaluations: { accepted: 0, queued: 0, inFlight: 0, delivered: 0, dropped: {} },
    evaluationsRejected: 0,
    bytes: 0,
  };
}

/** The counters that an instance reports. */
export function countsOf(counters: Counters): Statistics {
  const { evaluations } = counters;
  return {
    accepted: Number(counters.accepted),
    open: Number(counters.open),
    queued: Number(counters.queued),
    inFlight: Number(counters.inFlight),
    delivered: Number(counters.delivered),
    dropped: byReason(counters.dropped),
    annotationsRejected: Number(counters.annotationsRejected),
    warnings: Number(counters.warnings),
    cut: Number(counters.cut),
    contentDropped: Number(counters.contentDropped),
    evaluations: {
      accepted: Number(evaluations.accepted),
      queued: Number(evaluations.queued),
      inFlight: Number(evaluations.inFlight),
      delivered: Number(evaluations.delivered),
      dropped: byReason(evaluations.dropped),
    },
    evaluationsRejected: Number(counters.evaluationsRejected),
    bytes: Number(counters.bytes),
  };
}

function byReason(counts: Counters["dropped"]): Record<string, number> {
  const named = counts.map(({ reason, count }) => [reasonName(reason), Number(count)]);
  return Object.fromEntries(named) as Record<string, number>;
}

/** A reason as users read it: `queue_full`. */
export function reasonName(reason: DropReason): string {
  return reason.replaceAll("-", "_");
}

export function lose(dropped: Record<string, number>, reason: string, count: number): void {
  if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
}

export function total(dropped: Readonly<Record<string, number>>): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

/** Counts the outcome of a request; without a reason it was delivered. */
export function arrive(counts: Statistics, load: Load, lost: string | undefined): void {
  const { evaluations } = counts;
  counts.inFlight = Math.max(0, counts.inFlight - load.spans);
  evaluations.inFlight = Math.max(0, evaluations.inFlight - load.evaluations);
  if (lost === undefined) {
    counts.delivered += load.spans;
    evaluations.delivered += load.evaluations;
  } else {
    lose(counts.dropped, lost, load.spans);
    lose(evaluations.dropped, lost, load.evaluations);
  }
}

/**
 * Counts the end of an instance: what it had queued is lost for the reason `held`, its open spans for `open`.
 * Requests in flight stay so. Returns how many spans and evaluations were lost.
 */
export function end(counts: Statistics, held: string, open: string): Load {
  const { evaluations } = counts;
  const known = counts.inFlight + counts.delivered + total(counts.dropped);
  const spans = Math.max(0, counts.accepted - known);
  const stillOpen = Math.min(counts.open, spans);
  lose(counts.dropped, open, stillOpen);
  lose(counts.dropped, held, spans - stillOpen);
  const knownOf = evaluations.inFlight + evaluations.delivered + total(evaluations.dropped);
  const lost = Math.max(0, evaluations.accepted - knownOf);
  lose(evaluations.dropped, held, lost);
  counts.open = counts.queued = evaluations.queued = counts.bytes = 0;
  return { spans, evaluations: lost };
}

/** Adds `more` to `counts`. */
export function add(counts: Statistics, more: Statistics): void {
  const numbers = ["accepted", "queued", "inFlight", "delivered"] as const;
  for (const name of numbers) {
    counts[name] += more[name];
    counts.evaluations[name] += more.evaluations[name];
  }
  const others = [
    ...["open", "annotationsRejected", "warnings", "cut", "contentDropped"],
    ...["evaluationsRejected", "bytes"],
  ] as ("open" | "warnings" | "cut" | "bytes")[];
  for (const name of others) counts[name] += more[name];
  for (const [reason, count] of Object.entries(more.dropped)) lose(counts.dropped, reason, count);
  for (const [reason, count] of Object.entries(more.evaluations.dropped)) {
    lose(counts.evaluations.dropped, reason, count);
  }
}
