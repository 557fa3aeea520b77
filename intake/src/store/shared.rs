//! What the threads of a store share.

use std::sync::atomic::AtomicI64;

use super::changes::Changes;
use super::forward_queue::QueueState;
use super::write_queue::WriteQueue;

#[derive(Default)]
pub(crate) struct Shared {
    pub(super) write_queue: WriteQueue,
    pub(super) spans: AtomicI64,
    pub(super) traces: AtomicI64,
    /// Spans that are not in the text index yet.
    pub(super) behind: AtomicI64,
    pub(super) changes: Changes,
    pub(super) forward_queue: QueueState,
}
