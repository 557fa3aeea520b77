//! The counters that a user reads.

use crate::instance::delivery::Counters;
use crate::instance::types::DropReason;

/// All reasons, in the order of the contract.
pub(crate) const REASONS: [DropReason; 9] = [
    DropReason::QueueFull,
    DropReason::OpenFull,
    DropReason::Unfinished,
    DropReason::Rejected,
    DropReason::RetriesExhausted,
    DropReason::NoApiKey,
    DropReason::Shutdown,
    DropReason::TooLarge,
    DropReason::Trap,
];

/// The reason's name in the contract.
pub fn reason_name(reason: DropReason) -> &'static str {
    witspan_core::DropReason::ALL[reason as usize].name()
}

/// Counters since the tracer started. At any moment
/// `accepted = open + queued + in_flight + delivered + the sum of dropped`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Spans that were to start.
    pub accepted: u64,
    /// Spans that have not finished.
    pub open: u64,
    /// Finished spans that wait to be sent.
    pub queued: u64,
    /// Spans in requests whose outcome is not known.
    pub in_flight: u64,
    /// Spans that the intake took.
    pub delivered: u64,
    /// Spans lost for each reason, in the order of the contract.
    dropped: [u64; REASONS.len()],
    /// Annotations that were refused: wrong arguments, finished spans, no memory.
    pub annotations_rejected: u64,
    /// Parts of annotations that were left out or changed.
    pub warnings: u64,
    /// Bytes held for open spans and for the queue.
    pub bytes: u64,
}

impl Statistics {
    /// Spans lost, for each reason that occurred.
    pub fn dropped(&self) -> Vec<(DropReason, u64)> {
        REASONS.into_iter().zip(self.dropped).filter(|(_, spans)| *spans > 0).collect()
    }

    /// Spans lost for one reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Spans lost for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Spans whose fate is open: not finished, queued, or under way.
    pub fn pending(&self) -> u64 {
        self.open + self.queued + self.in_flight
    }

    pub(crate) fn drop_spans(&mut self, reason: DropReason, spans: u64) {
        self.dropped[reason as usize] += spans;
    }

    pub(crate) fn add(&mut self, other: &Statistics) {
        self.accepted += other.accepted;
        self.open += other.open;
        self.queued += other.queued;
        self.in_flight += other.in_flight;
        self.delivered += other.delivered;
        for (mine, theirs) in self.dropped.iter_mut().zip(other.dropped) {
            *mine += theirs;
        }
        self.annotations_rejected += other.annotations_rejected;
        self.warnings += other.warnings;
        self.bytes += other.bytes;
    }
}

impl From<Counters> for Statistics {
    fn from(counters: Counters) -> Self {
        let mut statistics = Statistics {
            accepted: counters.accepted,
            open: counters.open,
            queued: counters.queued,
            in_flight: counters.in_flight,
            delivered: counters.delivered,
            dropped: [0; REASONS.len()],
            annotations_rejected: counters.annotations_rejected,
            warnings: counters.warnings,
            bytes: counters.bytes,
        };
        for count in counters.dropped {
            statistics.drop_spans(count.reason, count.spans);
        }
        statistics
    }
}
