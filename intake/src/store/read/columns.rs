//! Conversions between columns and answers: times, durations and JSON.

use serde_json::value::RawValue;

/// ns to ms.
pub(super) fn ms(ns: i64) -> f64 {
    // Through whole µs, because a double cannot hold current times in ns.
    (ns / 1_000) as f64 / 1e3
}

/// ms to ns.
pub(super) fn ns(ms: f64) -> i64 {
    (ms * 1e6) as i64
}

/// JSON text unchanged; `null` if it is invalid.
pub(super) fn json(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
