//! What the spans of one trace share: its ids, and whether it is sampled.
//!
//! A trace has two ids: its own, and that of the APM trace that carries it, which is the same
//! unless the trace goes on from another service.

use crate::sampling::Decision;
use crate::slots::Handle;
use std::cell::OnceCell;

/// A trace.
#[derive(Debug)]
pub(crate) struct Trace {
    apm: Id,
    given: Option<Box<str>>,
    /// Decided once; `Some(None)` if the service that began the trace said nothing.
    pub(crate) decision: OnceCell<Option<Decision>>,
    /// The span that began it here, whose tags decide.
    pub(crate) root: OnceCell<Handle>,
    /// What other tracers keep in `tracestate`.
    pub(crate) others: Option<Box<str>>,
}

impl Trace {
    /// A trace of this number, with the id that another service gave it, if it did.
    pub(crate) fn new(apm: u128, given: Option<&str>) -> Self {
        let apm = Id::new(apm);
        let given = given.filter(|given| given.as_bytes() != apm.text());
        Trace {
            apm,
            given: given.map(Into::into),
            decision: OnceCell::new(),
            root: OnceCell::new(),
            others: None,
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
        for (place, digit) in text.iter_mut().enumerate() {
            let nibble = (number >> (124 - 4 * place)) & 15;
            *digit = crate::json::hex_digit(u8::try_from(nibble).unwrap_or(0));
        }
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
