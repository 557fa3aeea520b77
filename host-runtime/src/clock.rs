//! Time and entropy: the machine's, or fixed ones for tests that compare bytes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A tracer's source of time and entropy.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Fixed(Arc<Fixed>),
}

#[derive(Debug)]
struct Fixed {
    wall_ns: AtomicU64,
    monotonic_ns: AtomicU64,
    readings_of_entropy: AtomicU64,
    /// Whether a wait advances the clock instead of sleeping.
    skips_waits: bool,
}

impl Clock {
    /// The machine's clocks and entropy. The default.
    pub fn system() -> Self {
        Clock::default()
    }

    /// A clock that stands at `wall_ns` nanoseconds since the Unix epoch until it is advanced. The
    /// nth reading of its entropy is n times 0x9E3779B97F4A7C15. So the same calls make the same
    /// bytes.
    pub fn fixed(wall_ns: u64) -> Self {
        Clock::standing(wall_ns, false)
    }

    /// The same, but a retry does not wait: the clock is advanced by that time instead.
    pub fn fixed_without_waits(wall_ns: u64) -> Self {
        Clock::standing(wall_ns, true)
    }

    fn standing(wall_ns: u64, skips_waits: bool) -> Self {
        Clock(Source::Fixed(Arc::new(Fixed {
            wall_ns: AtomicU64::new(wall_ns),
            monotonic_ns: AtomicU64::new(0),
            readings_of_entropy: AtomicU64::new(0),
            skips_waits,
        })))
    }

    /// Advances a fixed clock by so many nanoseconds. The machine's clock is not changed.
    pub fn advance(&self, ns: u64) {
        if let Source::Fixed(fixed) = &self.0 {
            fixed.wall_ns.fetch_add(ns, Ordering::Relaxed);
            fixed.monotonic_ns.fetch_add(ns, Ordering::Relaxed);
        }
    }

    /// How long to sleep to wait so many nanoseconds.
    pub(crate) fn wait(&self, ns: u64) -> Duration {
        match &self.0 {
            Source::Fixed(fixed) if fixed.skips_waits => {
                self.advance(ns);
                Duration::ZERO
            }
            _ => Duration::from_nanos(ns),
        }
    }

    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.0, Source::Fixed(_))
    }

    pub(crate) fn wall_ns(&self) -> u64 {
        match &self.0 {
            Source::Fixed(fixed) => fixed.wall_ns.load(Ordering::Relaxed),
            Source::System => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
            }
        }
    }

    pub(crate) fn monotonic_ns(&self) -> u64 {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        match &self.0 {
            Source::Fixed(fixed) => fixed.monotonic_ns.load(Ordering::Relaxed),
            Source::System => {
                let elapsed = ORIGIN.get_or_init(Instant::now).elapsed();
                u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
            }
        }
    }

    pub(crate) fn entropy(&self) -> u64 {
        match &self.0 {
            Source::Fixed(fixed) => {
                let nth = fixed.readings_of_entropy.fetch_add(1, Ordering::Relaxed) + 1;
                nth.wrapping_mul(0x9E37_79B9_7F4A_7C15)
            }
            // Without entropy from the system, ids still differ by time and by memory address.
            Source::System => getrandom::u64()
                .unwrap_or_else(|_| self.wall_ns() ^ (&raw const self as u64).rotate_left(32)),
        }
    }
}
