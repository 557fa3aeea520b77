//! A span as a value, and what a new one belongs to.

use std::sync::atomic::{AtomicU32, Ordering};

/// The most instances of a pool: what fits into two bits. Measurements never had more busy at once.
pub(crate) const MOST_SHARDS: usize = 1 << SHARD_BITS;

// How a span is one number: shard, epoch, generation, place. The last two are the core's handle.
const SHARD_BITS: u32 = 2;
const EPOCH_BITS: u32 = 10;
const GENERATION_BITS: u32 = 28;
/// A slot of the core's table has more than 16 bytes, so that the memory of an instance (256 MiB)
/// has no room for more.
const PLACE_BITS: u32 = 24;
const _: () = assert!(SHARD_BITS + EPOCH_BITS + GENERATION_BITS + PLACE_BITS == u64::BITS);
const _: () = assert!(crate::engine_config::MAX_MEMORY >> PLACE_BITS <= 16);

/// The number of an instance, by which spans of others are told apart: of the instance that it
/// replaced, of an earlier tracer, of the process that this one was forked from. It wraps after
/// 1,024, where only spans that were kept all that time could be mistaken; a tracer takes four.
pub(super) fn next_epoch() -> u32 {
    static EPOCHS: AtomicU32 = AtomicU32::new(0);
    EPOCHS.fetch_add(1, Ordering::Relaxed) % (1 << EPOCH_BITS)
}

/// A span of a tracer, as a value that may be copied freely. [`SpanRef::NONE`] is the span that
/// is not kept: every call takes it and does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanRef {
    pub(super) shard: u32,
    pub(super) epoch: u32,
    pub(super) handle: u64,
}

impl SpanRef {
    /// The span that is not kept.
    pub const NONE: SpanRef = SpanRef { shard: 0, epoch: 0, handle: 0 };

    /// Whether it is the span that is not kept.
    pub fn is_none(self) -> bool {
        self.handle == 0
    }

    /// The span as one number, for languages that pass no structures; [`SpanRef::NONE`] is 0.
    ///
    /// `None` if it does not fit, which is so after 10^12 spans of one instance: 2^28 times the
    /// finished spans that the core keeps, before it uses a place again.
    pub fn to_bits(self) -> Option<u64> {
        let (generation, place) = (self.handle >> 32, self.handle & u64::from(u32::MAX));
        if generation >> GENERATION_BITS != 0 || place >> PLACE_BITS != 0 {
            return None;
        }
        let instance = u64::from(self.shard) << EPOCH_BITS | u64::from(self.epoch);
        Some((instance << GENERATION_BITS | generation) << PLACE_BITS | place)
    }

    /// The span of a number that [`SpanRef::to_bits`] gave. Any other number is a span that is not
    /// known, or not kept.
    pub fn from_bits(bits: u64) -> SpanRef {
        let low = |bits: u64, count: u32| bits & ((1 << count) - 1);
        let (place, bits) = (low(bits, PLACE_BITS), bits >> PLACE_BITS);
        let (generation, bits) = (low(bits, GENERATION_BITS), bits >> GENERATION_BITS);
        if place == 0 {
            return SpanRef::NONE;
        }
        SpanRef {
            shard: (bits >> EPOCH_BITS) as u32,
            epoch: low(bits, EPOCH_BITS) as u32,
            handle: generation << 32 | place,
        }
    }
}

/// What a new span belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent<'a> {
    /// None: the span begins a trace.
    Root,
    /// The span that is current where the call is made; its nearest open ancestor if it has
    /// finished.
    Current(SpanRef),
    /// Exactly this span, finished or not.
    ChildOf(SpanRef),
    /// A remote context: the text that [`crate::Tracer::extract`] or [`crate::Tracer::remote_of`]
    /// returned.
    Remote(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(shard: u32, epoch: u32, generation: u64, place: u64) -> SpanRef {
        SpanRef { shard, epoch, handle: generation << 32 | place }
    }

    #[test]
    fn a_span_is_one_number_and_back() {
        assert_eq!(SpanRef::NONE.to_bits(), Some(0));
        assert_eq!(SpanRef::from_bits(0), SpanRef::NONE);
        let last = (MOST_SHARDS as u32 - 1, 1023, (1 << 28) - 1, (1 << 24) - 1);
        assert_eq!(span(last.0, last.1, last.2, last.3).to_bits(), Some(u64::MAX));
        for (shard, epoch, generation, place) in
            [(0, 0, 0, 1), (3, 0, 0, 1), (0, 1023, 0, 1), (0, 0, 77, 5), (2, 513, 1 << 27, 9), last]
        {
            let span = span(shard, epoch, generation, place);
            assert_eq!(SpanRef::from_bits(span.to_bits().unwrap()), span);
        }
    }

    #[test]
    fn a_handle_that_does_not_fit_is_no_number() {
        assert_eq!(span(0, 0, 1 << 28, 1).to_bits(), None);
        assert_eq!(span(0, 0, 0, 1 << 24).to_bits(), None);
    }

    #[test]
    fn numbers_of_instances_differ_and_fit() {
        let (one, other) = (next_epoch(), next_epoch());
        assert_ne!(one, other);
        assert!(one < 1 << EPOCH_BITS && other < 1 << EPOCH_BITS);
    }
}
