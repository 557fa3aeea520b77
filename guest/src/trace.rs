//! What the spans of one trace share: its ids, and whether it is sampled.
//!
//! A trace has two ids: its own, and that of the APM trace that carries it, which is the same
//! unless the trace goes on from another service.

use crate::sampling::Decision;
use crate::slots::Handle;
use std::cell::OnceCell;
use std::rc::Rc;

/// A trace.
#[derive(Debug)]
pub(crate) struct Trace {
    apm: Id,
    given: Option<Box<str>>,
    /// Decided once; `Some(None)` if the service that began the trace said nothing.
    pub(crate) decision: OnceCell<Option<Decision>>,
    /// The span that began it here, whose tags decide.
    pub(crate) root: OnceCell<Handle>,
    /// What came with the headers of another service and goes on with ours.
    pub(crate) upstream: Option<Rc<Upstream>>,
}

/// What other tracers said of a trace: not ours to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Upstream {
    /// Members of `tracestate` but Datadog's and ours.
    pub(crate) members: String,
    /// Fields of Datadog's member of `tracestate` but those that we write.
    pub(crate) fields: String,
    /// Tags of `x-datadog-tags` but those that we write.
    pub(crate) tags: String,
    /// Whether and why the APM trace is kept, a number; positive to keep it.
    pub(crate) priority: String,
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

    /// The id of the APM trace, as it is sent.
    pub(crate) fn apm(&self) -> &[u8] {
        self.apm.text()
    }

    /// The id of the APM trace as a number.
    pub(crate) fn apm_number(&self) -> u128 {
        self.apm.number
    }
}

/// The id of a trace and its text: 32 hexadecimal digits, or, as Datadog's SDKs have it, decimal
/// if it fits 64 bits.
#[derive(Debug)]
struct Id {
    number: u128,
    text: [u8; 32],
    length: u8,
}

impl Id {
    fn new(number: u128) -> Self {
        let mut text = [b'0'; 32];
        if let Ok(small) = u64::try_from(number) {
            let mut buffer = itoa::Buffer::new();
            let digits = buffer.format(small).as_bytes();
            for (place, digit) in text.iter_mut().zip(digits) {
                *place = *digit;
            }
            return Id { number, text, length: u8::try_from(digits.len()).unwrap_or(0) };
        }
        Id::hexadecimal(number)
    }

    fn hexadecimal(number: u128) -> Self {
        let text = crate::json::hexadecimal(number);
        Id { number, text, length: 32 }
    }

    fn text(&self) -> &[u8] {
        self.text.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// The text of the id of a trace of this number.
pub(crate) fn id_text(number: u128) -> String {
    String::from_utf8_lossy(Id::new(number).text()).into_owned()
}

/// The number that up to 32 hexadecimal digits say.
pub(crate) fn number(digits: &[u8]) -> Option<u128> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u128::from_str_radix(text, 16).ok()
}
