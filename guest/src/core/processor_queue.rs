//! Ended spans that wait for the application's processor, or that it has.

use crate::span::Ended;
use std::collections::VecDeque;

/// An ended span that waits for the processor.
pub(super) struct Pending {
    pub(super) id: u64,
    pub(super) ended: Ended,
    /// The monotonic reading after which it is sent without its content.
    pub(super) until: u64,
    /// The processor has it.
    pub(super) taken: bool,
}

/// Spans that wait for the processor, oldest first.
#[derive(Default)]
pub(super) struct ProcessorQueue {
    /// How long the processor may take for each; `None` without a processor.
    pub(super) limit_ns: Option<u64>,
    pub(super) pending: VecDeque<Pending>,
    pub(super) bytes: usize,
    /// The id of the newest.
    pub(super) last: u64,
}

impl ProcessorQueue {
    pub(super) fn is_on(&self) -> bool {
        self.limit_ns.is_some()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn remove(&mut self, at: usize) -> Option<Pending> {
        let pending = self.pending.remove(at)?;
        self.bytes = self.bytes.saturating_sub(pending.ended.size());
        Some(pending)
    }
}
