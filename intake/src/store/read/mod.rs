//! The queries of the page and the terminal. Each answer is serialized as the API's JSON.
//!
//! Times and durations are in fractional ms.

mod columns;
mod cursor;
mod drops;
mod evaluations;
mod facets;
mod filter;
mod forward_queue;
mod list;
mod overview;
mod search;
mod sessions;
mod summary;
mod trace;

pub(crate) use cursor::cursor;
pub(crate) use drops::drops;
pub(crate) use evaluations::{EVALUATIONS, EvaluationPage};
pub(crate) use facets::facets;
pub(crate) use filter::Filter;
pub(crate) use forward_queue::forwarded;
pub(crate) use list::{summaries, traces};
pub(crate) use overview::overview;
pub(crate) use sessions::{SessionFilter, session, session_evaluations, sessions};
pub(crate) use summary::Summary;
pub(crate) use trace::{SPANS, SpanPage, raw, span, span_evaluations, trace, trace_evaluations};
