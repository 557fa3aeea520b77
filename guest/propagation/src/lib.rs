//! Trace context headers: writes and reads them to continue traces in other services.
//!
//! Source: what ddtrace 4.16 and dd-trace-js 6.21 send, and W3C Trace Context. Their headers are
//! short and allow visible ASCII without some characters, so our values are adapted to them, and the exact
//! values are sent in our own member of `tracestate`.
//!
//! The component builds this crate for the least size; `inline(never)` keeps its functions from being
//! built again, larger, where they are called.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod extract;
mod ids;
mod inject;
mod remote;

pub use extract::place;
pub use ids::{Id, id_text};
pub use inject::headers;
pub use remote::{Remote, Upstream};

/// A header of a request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Lower case.
    pub name: String,
    /// Visible ASCII.
    pub value: String,
}

/// A header by its name, in any case; empty ones count as absent.
fn header<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(found.value.trim()).filter(|value| !value.is_empty())
}
