//! How calls fail.

use crate::instance::types;
use std::fmt;
use witspan_text::Shown;

/// Why a call did nothing.
///
/// Three are mistakes of the caller: [`Error::InvalidArgument`], [`Error::InvalidContext`] and
/// [`Error::InvalidRemote`]. The others are states that an application need not handle: only what
/// the call itself carried is lost, and that is counted.
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
    /// The text in [`SpanOption::Context`](crate::SpanOption::Context) is not an annotation
    /// context.
    InvalidContext,
    /// The text in [`Parent::Remote`](crate::Parent::Remote) is not a remote context.
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
            Error::InvalidContext => f.write_str(
                "invalid annotation context: pass the text that `check_context` accepted",
            ),
            Error::InvalidRemote => f.write_str(
                "invalid remote context: pass the text that `extract` or `remote_of` returned",
            ),
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
