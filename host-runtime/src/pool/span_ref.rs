//! A span as a value, and what a new one belongs to.

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
