//! How spans and traces are named: handles inside a core, ids everywhere.

use crate::platform::Platform;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A span of this core as a number: the generation and the index of its slot. 0 is the span that is
/// not kept.
pub type Handle = u64;

/// Makes ids, and the jitter of retries, from one seed.
///
/// Ids must not repeat; they need not be secret. So one call for entropy serves all of them.
#[derive(Debug)]
pub(crate) struct Ids {
    generator: Xoshiro256PlusPlus,
    /// For waits: a sequence of its own, so that ids do not depend on what an intake answers.
    jitter: Xoshiro256PlusPlus,
}

impl Ids {
    pub(crate) fn new(platform: &mut impl Platform) -> Self {
        let mut seed = [0u8; 32];
        for word in seed.as_chunks_mut::<8>().0 {
            *word = platform.entropy().to_le_bytes();
        }
        let generator = Xoshiro256PlusPlus::from_seed(seed);
        let mut jitter = generator.clone();
        jitter.long_jump();
        Ids { generator, jitter }
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

    /// Seconds of the Unix epoch, 32 zero bits and 64 random ones, as Datadog's SDKs make theirs.
    pub(crate) fn trace_id(&mut self, wall_ns: u64) -> u128 {
        let seconds = wall_ns.checked_div(1_000_000_000).unwrap_or(0);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        u128::from(seconds) << 96 | u128::from(self.generator.next_u64())
    }

    /// A number from 0 to `bound`, both included.
    pub(crate) fn up_to(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.jitter.next_u64()) * (u128::from(bound) + 1);
        u64::try_from(wide >> 64).unwrap_or(bound)
    }
}
