// What delivery needs of the tracer: the live instance of the core, behind calls that never throw.

import type { Action, Disposition, DropReason, PollMode, Outcome } from "../core/contract.js";

/** Counters of evaluations and feedbacks. */
export interface EvaluationStatistics {
  accepted: number;
  queued: number;
  inFlight: number;
  delivered: number;
  /** By reason of the contract, in snake case (`queue_full`). Reasons that did not occur are absent. */
  dropped: Record<string, number>;
}

/** Counters since the tracer started, over all instances. */
export interface Statistics extends EvaluationStatistics {
  open: number;
  annotationsRejected: number;
  warnings: number;
  cut: number;
  contentDropped: number;
  evaluations: EvaluationStatistics;
  evaluationsRejected: number;
  bytes: number;
}

export interface Load {
  readonly spans: number;
  readonly evaluations: number;
}

/** One receiver, as a plan describes it. */
export interface Target {
  readonly id: string;
  readonly name: string;
  readonly [member: string]: unknown;
}

export interface CorePort {
  /** The next action of the live instance, which `epoch` names. `idle` after a trap. */
  poll(mode: PollMode): { action: Action; epoch: number };
  /** Reports an outcome. For an instance that is gone, its own counters are corrected. */
  complete(epoch: number, id: bigint, load: Load, outcome: Outcome): Disposition;
  statistics(): Statistics;
  setTargets(targets: readonly Target[]): void;
  /** Shows the sentence for an event of `setup.diagnose`, one of each code. */
  diagnose(event: { readonly event: string; readonly [member: string]: unknown }): void;
  /** The value of the header `witspan-dropped`, if anything was dropped. */
  lossHeader(): string | undefined;
}

export type { DropReason };
