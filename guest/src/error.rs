//! The errors and warnings of calls. Each is one sentence: the field, what it is, and what is accepted.

use crate::ids::Handle;
use std::fmt;
use witspan_json::SyntaxError;
use witspan_setup::Refusal;

/// What was wrong with an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidArgument {
    /// The path of the field, such as `metrics.latency`.
    pub field: String,
    /// One sentence for a person.
    pub message: String,
}

/// Every way in which a call fails. A failed call has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An argument is of a wrong type or value.
    InvalidArgument(Box<InvalidArgument>),
    /// The number names no span of this core, or one that finished too long ago.
    UnknownSpan(Handle),
    /// The span has finished.
    SpanFinished(Handle),
    /// The bytes for open spans are used up.
    MemoryFull,
    /// `configure` or `set_targets` came twice or too late.
    AlreadyConfigured,
    /// The request of this id is unknown, or its outcome is known already.
    UnknownRequest(u64),
    /// The event of this id is unknown, or was returned already.
    UnknownEvent(u64),
}

/// How calls about a span's life fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanError {
    /// The number names no span of this core, or one that finished too long ago.
    UnknownSpan,
    /// A context that `check_context` rejects.
    InvalidContext,
    /// A text that is not a remote context.
    InvalidRemote,
}

impl fmt::Display for SpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SpanError::UnknownSpan => "the span is not known here",
            SpanError::InvalidContext => "the annotation context is invalid",
            SpanError::InvalidRemote => "the remote parent is not a remote context",
        })
    }
}

impl std::error::Error for SpanError {}

/// Something that was accepted, but not as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The path of the field.
    pub field: String,
    /// One sentence for a person.
    pub message: String,
}

impl Warning {
    /// A warning about `field`: its sentence begins with the field and continues with `what`.
    #[cold]
    #[inline(never)]
    pub(crate) fn of(field: &dyn fmt::Display, what: fmt::Arguments<'_>) -> Self {
        let field = field.to_string();
        let message = format!("`{field}` {what}");
        Warning { field, message }
    }
}

/// The error of a rejected argument. It is a box, one word, because nearly every function that reads
/// an argument may return it.
pub(crate) type Refused = Box<InvalidArgument>;

/// The error that `field` is `got`, and that only `accepted` is accepted.
#[cold]
#[inline(never)]
pub(crate) fn refused(field: &dyn fmt::Display, got: &str, accepted: &str) -> Refused {
    refused_as(field, format_args!("is {got}; accepted: {accepted}"))
}

/// The error about `field`: its sentence begins with the field and continues with `what`.
#[cold]
#[inline(never)]
pub(crate) fn refused_as(field: &dyn fmt::Display, what: fmt::Arguments<'_>) -> Refused {
    let Warning { field, message } = Warning::of(field, what);
    Box::new(InvalidArgument { field, message })
}

impl From<SyntaxError> for Refused {
    #[cold]
    #[inline(never)]
    fn from(error: SyntaxError) -> Self {
        not_json("annotation", error)
    }
}

/// The error of a text, called `what`, that is not JSON.
#[cold]
#[inline(never)]
pub(crate) fn not_json(what: &str, error: SyntaxError) -> Refused {
    refused(&what, &error.to_string(), "a JSON object")
}

impl From<Refusal> for Error {
    fn from(Refusal { field, message }: Refusal) -> Self {
        Error::InvalidArgument(Box::new(InvalidArgument { field, message }))
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Error::InvalidArgument(refused)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidArgument(detail) => f.write_str(&detail.message),
            Error::UnknownSpan(_) => f.write_str("the span is not known here"),
            Error::SpanFinished(_) => f.write_str("the span has finished"),
            Error::MemoryFull => f.write_str("the memory for open spans is used up"),
            Error::AlreadyConfigured => f.write_str("already configured"),
            Error::UnknownRequest(id) => write!(f, "request `{id}` does not wait for an outcome"),
            Error::UnknownEvent(id) => write!(f, "event `{id}` is not with the processor"),
        }
    }
}

impl std::error::Error for Error {}
