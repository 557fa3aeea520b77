//! The state of the queue that the writer, the forwarding thread and the status page share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::notifier::Notifier;
use super::types::QueueCounters;

#[derive(Default)]
pub(crate) struct QueueState {
    waiting: AtomicI64,
    others: AtomicI64,
    bytes: AtomicI64,
    /// The row that is being sent, which must not be deleted to make room; 0 if there is none.
    sending: AtomicI64,
    notifier: Arc<Notifier>,
}

impl QueueState {
    /// Publishes new counters, and wakes the forwarding thread.
    pub(crate) fn publish(&self, counters: QueueCounters) {
        self.waiting.store(counters.waiting, Ordering::Relaxed);
        self.others.store(counters.others, Ordering::Relaxed);
        self.bytes.store(counters.bytes, Ordering::Relaxed);
        if counters.waiting > 0 {
            self.notifier.notify();
        }
    }

    pub(crate) fn counters(&self) -> QueueCounters {
        QueueCounters {
            waiting: self.waiting.load(Ordering::Relaxed),
            others: self.others.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    pub(super) fn sending(&self) -> i64 {
        self.sending.load(Ordering::Relaxed)
    }

    pub(super) fn set_sending(&self, row: i64) {
        self.sending.store(row, Ordering::Relaxed);
    }

    pub(super) fn notifier(&self) -> Arc<Notifier> {
        self.notifier.clone()
    }
}
