//! How calls fail, and what is said when something could not be kept.

use crate::instance::types;
use std::fmt;
use witspan_text::Shown;

/// Why a call did nothing.
///
/// Only [`Error::InvalidArgument`], and a context or remote place that was never one, are mistakes
/// at the call. The others are states that an
/// application need not handle: nothing is lost by them but what the call itself carried, and
/// that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An argument is of a wrong type or value.
    InvalidArgument {
        /// The path of the field, such as `metrics.latency`.
        field: String,
        /// One sentence: what it is, and what is accepted.
        message: String,
    },
    /// The span has finished.
    SpanFinished,
    /// The span is not known: it belongs to another tracer, or finished too long ago.
    UnknownSpan,
    /// A [`SpanOption::Context`](crate::SpanOption::Context) that is none.
    InvalidContext,
    /// A [`Parent::Remote`](crate::Parent::Remote) that is none.
    InvalidRemote,
    /// The memory for open spans is used up.
    MemoryFull,
    /// The tracer has been shut down, or tracing is off.
    Off,
    /// The instance that held the span failed; the span is counted as lost.
    Lost,
    /// A defect of the core.
    Internal(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidArgument { message, .. } => write!(f, "{}", Shown(message)),
            Error::SpanFinished => f.write_str("the span has finished"),
            Error::UnknownSpan => f.write_str("the span is not known to this tracer"),
            Error::InvalidContext => f.write_str("the text is no annotation context"),
            Error::InvalidRemote => f.write_str("the text is no place in a trace"),
            Error::MemoryFull => f.write_str("the memory for open spans is used up"),
            Error::Off => f.write_str("tracing is off"),
            Error::Lost => f.write_str("the span was lost when the tracing core failed"),
            Error::Internal(text) => write!(f, "the tracing core failed: {}", Shown(text)),
        }
    }
}

impl std::error::Error for Error {}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        match error {
            types::Error::InvalidArgument(detail) => {
                Error::InvalidArgument { field: detail.field, message: detail.message }
            }
            types::Error::UnknownSpan(_) => Error::UnknownSpan,
            types::Error::SpanFinished(_) => Error::SpanFinished,
            types::Error::MemoryFull => Error::MemoryFull,
            types::Error::AlreadyConfigured => Error::Internal("configured twice".to_owned()),
            types::Error::UnknownRequest(id) => Error::Internal(format!("unknown request `{id}`")),
            types::Error::UnknownEvent(id) => Error::Internal(format!("unknown event `{id}`")),
            types::Error::Internal(text) => Error::Internal(text),
        }
    }
}

impl From<types::SpanError> for Error {
    fn from(error: types::SpanError) -> Self {
        match error {
            types::SpanError::UnknownSpan => Error::UnknownSpan,
            types::SpanError::InvalidContext => Error::InvalidContext,
            types::SpanError::InvalidRemote => Error::InvalidRemote,
        }
    }
}
