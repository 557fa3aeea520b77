//! The questions the page and the terminal ask, each answered as what is sent to them.
//!
//! Times are ms with a fraction, durations too.

mod drops;
mod evaluations;
mod facets;
mod forward_queue;
mod list;
mod overview;
mod search;
mod sessions;
mod trace;

pub(crate) use drops::drops;
pub(crate) use evaluations::{EVALUATIONS, EvaluationPage};
pub(crate) use facets::facets;
pub(crate) use forward_queue::forwarded;
pub(crate) use list::{Filter, Summary, cursor, summaries, traces};
pub(crate) use overview::overview;
pub(crate) use sessions::{SessionFilter, session, session_evaluations, sessions};
pub(crate) use trace::{SPANS, SpanPage, raw, span, span_evaluations, trace, trace_evaluations};

use serde_json::value::RawValue;

/// ns as ms.
fn ms(ns: i64) -> f64 {
    // By way of whole µs: a double does not hold today's ns.
    (ns / 1_000) as f64 / 1e3
}

/// ms as ns.
fn ns(ms: f64) -> i64 {
    (ms * 1e6) as i64
}

/// JSON text as it is; `null` if it is none.
fn json(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
