//! The application's processor, in two steps.
use crate::core::Core;
use crate::error::Error;
use crate::platform::Platform;
use crate::statistics::DropReason;

/// A finished span that waits for the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names it when it comes back.
    pub id: u64,
    /// JSON.
    pub span: String,
}

/// What the processor made of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processed {
    /// The event as it shall be sent.
    Changed(String),
    /// It shall not be sent.
    Drop,
    /// The function raised.
    Failed,
}

/// What became of a span that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// The worker should poll now.
    pub attention: bool,
    /// It is sent without its content.
    pub withheld: bool,
    /// Why it was not kept, if it was not.
    pub dropped: Option<DropReason>,
}

impl<P: Platform> Core<P> {
    /// Spans that finish wait for the processor from now on.
    pub fn set_processor(&mut self, _limit_ns: Option<u64>) {}

    /// The next event that waits.
    pub fn take_event(&mut self) -> Option<Event> {
        None
    }

    /// Takes an event back.
    pub fn return_event(&mut self, id: u64, _outcome: Processed) -> Result<Returned, Error> {
        Err(Error::UnknownEvent(id))
    }
}
