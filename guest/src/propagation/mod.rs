//! Traces that go on in other services: headers out and headers in.
//!
//! Source: what ddtrace 4.16 and dd-trace-js 6.21 send, and W3C Trace Context. Their headers hold
//! visible ASCII without some characters and are short; so what they carry of ours is made to fit,
//! and the exact values travel in a member of `tracestate` of our own.

mod extract;
mod inject;
mod remote;

use crate::core::Core;
use crate::delivery::Header;
use crate::error::{Error, SpanError, refused};
use crate::platform::Platform;
use crate::slots::Handle;

pub(crate) use remote::Remote;

/// A header by its name, in any case; empty ones count as absent.
fn header<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(found.value.trim()).filter(|value| !value.is_empty())
}

impl<P: Platform> Core<P> {
    /// The headers to set so that the receiver continues the trace of `span`.
    pub fn inject(&mut self, span: Handle, headers: &[Header]) -> Result<Vec<Header>, SpanError> {
        match self.place_of(span)? {
            Some(place) => Ok(inject::headers(&place, headers)),
            None => Ok(Vec::new()),
        }
    }

    /// The place that headers name.
    pub fn extract(&mut self, headers: &[Header]) -> Result<String, Error> {
        match extract::place(headers) {
            Some(place) => Ok(place.write()),
            None => {
                let accepted = "headers with the ids of a trace (`x-datadog-trace-id` and \
                                `x-datadog-parent-id`, or `traceparent`)";
                Err(refused(&"headers", "without them", accepted).into())
            }
        }
    }

    /// The place of a span itself.
    pub fn remote_of(&mut self, span: Handle) -> Result<String, SpanError> {
        Ok(self.place_of(span)?.ok_or(SpanError::UnknownSpan)?.write())
    }

    /// `None` for the span that is not kept.
    fn place_of(&mut self, span: Handle) -> Result<Option<Remote>, SpanError> {
        if span == 0 {
            return Ok(None);
        }
        let slot = self.slots.get(span).ok_or(SpanError::UnknownSpan)?;
        self.decide(span, &slot.frame, &slot.record);
        Ok(Some(Remote::of(&slot.frame)))
    }
}
