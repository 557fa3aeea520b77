//! What is known of a span, open or finished: its ids, its kind and name, its times.

use super::Core;
use crate::error::SpanError;
use crate::ids::Handle;
use crate::platform::Platform;
use crate::span::SpanKind;

/// When a span was, as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanTimes {
    /// The start, in nanoseconds since the Unix epoch.
    pub start_ns: u64,
    /// Nanoseconds from start to end; `None` while it is open.
    pub duration_ns: Option<u64>,
}

/// What is known of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanInfo {
    /// What it is.
    pub kind: SpanKind,
    /// Its name; `None` once it has finished.
    pub name: Option<String>,
    /// Decimal.
    pub span_id: String,
    /// As it is sent.
    pub trace_id: String,
    /// The parent's id, here or in another service; `None` for a root.
    pub parent_id: Option<String>,
}

/// The ids of a span as they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanContext {
    /// Decimal, below 2^63.
    pub span_id: String,
    /// 32 lower-case hexadecimal digits; in a continued trace, as it came.
    pub trace_id: String,
}

impl<P: Platform> Core<P> {
    /// The ids of a span, open or finished.
    pub fn export_span(&self, span: Handle) -> Result<SpanContext, SpanError> {
        let frame = &self.spans.get(span).ok_or(SpanError::UnknownSpan)?.frame;
        Ok(SpanContext {
            span_id: frame.span_id.to_string(),
            trace_id: String::from_utf8_lossy(frame.trace.id()).into_owned(),
        })
    }

    /// What is known of a span, open or finished.
    pub fn span_info(&self, span: Handle) -> Result<SpanInfo, SpanError> {
        let slot = self.spans.get(span).ok_or(SpanError::UnknownSpan)?;
        let frame = &slot.frame;
        let name = slot.record.as_ref().map(|record| record.shown_name().to_owned());
        Ok(SpanInfo {
            kind: frame.kind,
            name,
            span_id: frame.span_id.to_string(),
            trace_id: String::from_utf8_lossy(frame.trace.id()).into_owned(),
            parent_id: Some(frame.parent_id).filter(|id| *id != 0).map(|id| id.to_string()),
        })
    }

    /// When a span was, open or finished.
    pub fn times(&self, span: Handle) -> Result<SpanTimes, SpanError> {
        let frame = &self.spans.get(span).ok_or(SpanError::UnknownSpan)?.frame;
        Ok(SpanTimes { start_ns: frame.start_ns, duration_ns: frame.duration_ns })
    }
}
