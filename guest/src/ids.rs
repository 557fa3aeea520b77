//! Ids of spans and traces, and how they are written.

use crate::json::{hex_digit, write_escaped};
use crate::platform::Platform;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The ids of a span as they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanContext {
    /// Decimal, below 2^63.
    pub span_id: String,
    /// 32 lower-case hexadecimal digits.
    pub trace_id: String,
}

/// Seconds of the Unix epoch and 64 random bits in hexadecimal, the shape in which Datadog's SDKs
/// make theirs: `SSSSSSSS00000000RRRRRRRRRRRRRRRR`. Kept as text, which is all it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceId([u8; 32]);

impl TraceId {
    fn new(seconds: u32, random: u64) -> Self {
        let bits = u128::from(seconds) << 96 | u128::from(random);
        let mut text = [b'0'; 32];
        for (place, digit) in text.iter_mut().enumerate() {
            let nibble = (bits >> (124 - 4 * place)) & 15;
            *digit = hex_digit(u8::try_from(nibble).unwrap_or(0));
        }
        TraceId(text)
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.0
    }
}

/// Makes ids, and the jitter of retries, from one seed.
///
/// Ids must not repeat; they need not be secret. So one call for entropy serves all of them.
#[derive(Debug)]
pub(crate) struct Ids {
    generator: Xoshiro256PlusPlus,
}

impl Ids {
    pub(crate) fn new(platform: &mut impl Platform) -> Self {
        let mut seed = [0u8; 32];
        for word in seed.as_chunks_mut::<8>().0 {
            *word = platform.entropy().to_le_bytes();
        }
        Ids { generator: Xoshiro256PlusPlus::from_seed(seed) }
    }

    /// Between 1 and 2^63 - 1, so that readers with signed integers keep it.
    pub(crate) fn span_id(&mut self) -> u64 {
        loop {
            let id = self.generator.next_u64() >> 1;
            if id != 0 {
                return id;
            }
        }
    }

    pub(crate) fn trace_id(&mut self, wall_ns: u64) -> TraceId {
        let seconds = wall_ns.checked_div(1_000_000_000).unwrap_or(0);
        TraceId::new(u32::try_from(seconds).unwrap_or(u32::MAX), self.generator.next_u64())
    }

    /// A number from 0 to `bound`, both included.
    pub(crate) fn up_to(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.generator.next_u64()) * (u128::from(bound) + 1);
        u64::try_from(wide >> 64).unwrap_or(bound)
    }
}

/// Appends an integer in decimal.
pub(crate) fn write_integer(out: &mut Vec<u8>, value: u64) {
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(value).as_bytes());
}

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}
