//! Traces that go on in other services.
use crate::core::Core;
use crate::delivery::Header;
use crate::error::{Error, SpanError};
use crate::platform::Platform;
use crate::slots::Handle;

impl<P: Platform> Core<P> {
    /// The headers to set so that the receiver continues the trace of `span`.
    pub fn inject(&mut self, _span: Handle, _headers: &[Header]) -> Result<Vec<Header>, SpanError> {
        Ok(Vec::new())
    }

    /// The place that headers name.
    pub fn extract(&mut self, _headers: &[Header]) -> Result<String, Error> {
        Err(Error::invalid("headers", "without ids of a trace", "headers that name a trace"))
    }

    /// The place of a span itself.
    pub fn remote_of(&mut self, _span: Handle) -> Result<String, SpanError> {
        Err(SpanError::UnknownSpan)
    }
}
