//! The body in which evaluations and feedbacks are sent, which has one form for both targets.
//!
//! Source: Datadog's HTTP API reference of evaluations.

/// What begins and ends a body.
pub(crate) fn evaluations_envelope() -> (Vec<u8>, &'static [u8]) {
    let start = b"{\"data\":{\"attributes\":{\"metrics\":[".to_vec();
    (start, b"]},\"type\":\"evaluation_metric\"}}")
}
