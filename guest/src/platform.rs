//! What the core needs from the world: two clocks and a seed.

/// Clock readings and entropy, supplied by whoever embeds the core.
pub trait Platform {
    /// Time of day in nanoseconds since the Unix epoch.
    fn wall_ns(&mut self) -> u64;
    /// A clock that never steps back, in nanoseconds from any origin.
    fn monotonic_ns(&mut self) -> u64;
    /// 64 unpredictable bits. Called a few times in the life of a core, to seed its ids.
    fn entropy(&mut self) -> u64;
}
