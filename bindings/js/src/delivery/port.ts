// What delivery needs of the tracer: the live instance of the core, behind calls that never throw.

import type { Action, Disposition, DropReason, PollMode, Outcome } from "../core/contract.js";
import type { EvaluationStatistics, Statistics } from "./statistics.js";

export type { EvaluationStatistics, Statistics };

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
