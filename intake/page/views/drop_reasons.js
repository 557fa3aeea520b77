// What each drop reason means, in words.

/**
 * The reasons of witspan's tracers: those of `drop-reason` in the contract.
 * @type {Record<string, string>}
 */
export const TRACER = {
  queue_full: "too many were waiting to be sent",
  open_full: "open spans already took all the memory allowed for them",
  unfinished: "not finished when the program ended",
  rejected: "rejected by the receiver",
  retries_exhausted: "the receiver could not be reached in time",
  no_api_key: "no API key was set",
  shutdown: "not delivered before the program ended",
  too_large: "larger than the limit for one event",
  trap: "lost when the tracing core failed and was restarted",
  not_sampled: "the trace was not sampled",
  processor: "dropped by the application's processor",
  no_receiver: "no usable receiver was configured",
};

/**
 * The reasons of events that were dropped on the way to the receiver of `--forward`.
 * @type {Record<string, string>}
 */
export const FORWARDING = {
  refused: "rejected by the receiver",
  queue_full: "the forward queue exceeded --forward-keep",
  receiver_changed: "its receiver was not configured again in time",
  cleared: "deleted on this page while in the forward queue",
  evaluations_have_no_otlp: "OTLP cannot carry evaluations",
};
