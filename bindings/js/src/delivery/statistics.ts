// The counters that a user reads.

/**
 * Counters of evaluations and feedbacks. At any moment
 * `accepted = queued + inFlight + delivered + the sum of dropped`.
 */
export interface EvaluationStatistics {
  /** Those that were submitted and not rejected. */
  accepted: number;
  /** Those in the queue. */
  queued: number;
  /** Those in requests whose outcome is not known. */
  inFlight: number;
  /** Those that the receiver accepted. */
  delivered: number;
  /** Those that were dropped, by reason (`queue_full`). Reasons that did not occur are absent. */
  dropped: Record<string, number>;
}

/**
 * Counters of spans since the tracer started. At any moment
 * `accepted = open + queued + inFlight + delivered + the sum of dropped`.
 */
export interface Statistics extends EvaluationStatistics {
  /** Spans that have not finished. */
  open: number;
  /** Calls of `annotate` that failed, or had no open span to go to. */
  annotationsRejected: number;
  /** Parts of annotations and evaluations that were changed or left out. */
  warnings: number;
  /** Spans whose texts were cut because the span was too long. */
  cut: number;
  /** Spans that were sent without their content because the processor failed. */
  contentDropped: number;
  /** Evaluations and feedbacks. */
  evaluations: EvaluationStatistics;
  /** Evaluations and feedbacks that were rejected. */
  evaluationsRejected: number;
  /** Bytes held for open spans and for the queue. */
  bytes: number;
}
