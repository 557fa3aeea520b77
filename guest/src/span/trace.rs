//! What the spans of one trace share: its ids, and whether it is sampled.
//!
//! A trace has two ids: its own, and that of the APM trace that carries it. They are the same unless
//! the trace came from another service.

use crate::ids::Handle;
use std::cell::OnceCell;
use std::rc::Rc;
use witspan_propagation::{Id, Upstream};

/// What was decided for a trace.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    /// The rate it was decided with, as it is sent.
    pub(crate) rate: Rc<str>,
    pub(crate) sampled: bool,
}

/// A trace.
#[derive(Debug)]
pub(crate) struct Trace {
    apm: Id,
    given: Option<Box<str>>,
    /// Decided once; `Some(None)` if the service that began the trace sent no decision.
    pub(crate) decision: OnceCell<Option<Decision>>,
    /// The span that began it here, whose tags decide.
    pub(crate) root: OnceCell<Handle>,
    /// Values from the headers of another service, which are sent on with ours.
    pub(crate) upstream: Option<Rc<Upstream>>,
}

impl Trace {
    /// A trace that begins here.
    pub(crate) fn begun(number: u128) -> Self {
        Trace::of(Id::hexadecimal(number), None)
    }

    /// A trace of another service: the number of its APM trace, and the id of the LLM trace if it
    /// has another.
    pub(crate) fn continued(apm: u128, given: Option<&str>) -> Self {
        Trace::of(Id::new(apm), given)
    }

    fn of(apm: Id, given: Option<&str>) -> Self {
        let given = given.filter(|given| given.as_bytes() != apm.text());
        Trace {
            apm,
            given: given.map(Into::into),
            decision: OnceCell::new(),
            root: OnceCell::new(),
            upstream: None,
        }
    }

    /// The id that is sent.
    pub(crate) fn id(&self) -> &[u8] {
        self.given.as_deref().map_or(self.apm.text(), str::as_bytes)
    }

    /// Whether the APM trace has another id.
    pub(crate) fn has_own_id(&self) -> bool {
        self.given.is_some()
    }

    /// The id of the APM trace, as it is sent.
    pub(crate) fn apm(&self) -> &[u8] {
        self.apm.text()
    }

    /// The id of the APM trace as a number.
    pub(crate) fn apm_number(&self) -> u128 {
        self.apm.number()
    }
}
