//! From a reading of the monotonic clock to the time of day.

use crate::platform::Platform;

/// A wall-clock reading and the monotonic reading of the same moment, in ns.
#[derive(Clone, Copy)]
pub(super) struct Anchor {
    wall: u64,
    pub(super) monotonic: u64,
}

impl Anchor {
    pub(super) fn read(platform: &mut impl Platform) -> Self {
        Anchor { wall: platform.wall_ns(), monotonic: platform.monotonic_ns() }
    }

    pub(super) fn wall_at(self, monotonic: u64) -> u64 {
        self.wall.wrapping_add(monotonic.wrapping_sub(self.monotonic))
    }
}
