//! The counters that a user reads.

use crate::instance::delivery::{Counters, DropCount, EvaluationCounters as CoreTally};
use crate::instance::types::DropReason;

/// All reasons, in the order of the contract.
pub(crate) const REASONS: [DropReason; 12] = [
    DropReason::QueueFull,
    DropReason::OpenFull,
    DropReason::Unfinished,
    DropReason::Rejected,
    DropReason::RetriesExhausted,
    DropReason::NoApiKey,
    DropReason::Shutdown,
    DropReason::TooLarge,
    DropReason::Trap,
    DropReason::NotSampled,
    DropReason::Processor,
    DropReason::NoReceiver,
];

/// The reason's name in the contract.
pub fn reason_name(reason: DropReason) -> &'static str {
    witspan_setup::DropReason::ALL[reason as usize].name()
}

/// How many were lost for each reason, in the order of the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Dropped([u64; REASONS.len()]);

impl Dropped {
    fn that_occurred(&self) -> Vec<(DropReason, u64)> {
        REASONS.into_iter().zip(self.0).filter(|(_, count)| *count > 0).collect()
    }

    fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, other: &Dropped) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

impl From<Vec<DropCount>> for Dropped {
    fn from(counts: Vec<DropCount>) -> Self {
        let mut dropped = Dropped::default();
        for DropCount { reason, count } in counts {
            dropped.0[reason as usize] += count;
        }
        dropped
    }
}

/// Counters of evaluations and feedback. At any moment
/// `accepted = queued + in_flight + delivered + the sum of dropped`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvaluationCounters {
    /// Those that were submitted and not rejected.
    pub accepted: u64,
    /// Those that wait to be sent.
    pub queued: u64,
    /// Those in requests whose outcome is not known yet.
    pub in_flight: u64,
    /// Those that the intake accepted.
    pub delivered: u64,
    dropped: Dropped,
}

impl EvaluationCounters {
    /// Those lost, for each reason that occurred.
    pub fn dropped(&self) -> Vec<(DropReason, u64)> {
        self.dropped.that_occurred()
    }

    /// Those lost for one reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped.0[reason as usize]
    }

    /// Those lost for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.total()
    }

    /// Those whose outcome is open: queued or in flight.
    pub fn pending(&self) -> u64 {
        self.queued + self.in_flight
    }

    pub(crate) fn lose(&mut self, reason: DropReason, count: u64) {
        self.dropped.0[reason as usize] += count;
    }

    fn add(&mut self, other: &EvaluationCounters) {
        self.accepted += other.accepted;
        self.queued += other.queued;
        self.in_flight += other.in_flight;
        self.delivered += other.delivered;
        self.dropped.add(&other.dropped);
    }
}

impl From<CoreTally> for EvaluationCounters {
    fn from(counters: CoreTally) -> Self {
        EvaluationCounters {
            accepted: counters.accepted,
            queued: counters.queued,
            in_flight: counters.in_flight,
            delivered: counters.delivered,
            dropped: counters.dropped.into(),
        }
    }
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
    /// Finished spans that wait to be sent, or for the processor.
    pub queued: u64,
    /// Spans in requests whose outcome is not known yet.
    pub in_flight: u64,
    /// Spans that the intake accepted.
    pub delivered: u64,
    dropped: Dropped,
    /// Annotations that were rejected: wrong arguments, finished spans, no memory.
    pub annotations_rejected: u64,
    /// Parts of annotations and evaluations that were left out or changed.
    pub warnings: u64,
    /// Spans whose texts were cut because the span was too long.
    pub cut: u64,
    /// Spans that were sent without their content because the processor failed.
    pub content_dropped: u64,
    /// Evaluations and feedback.
    pub evaluations: EvaluationCounters,
    /// Evaluations and feedback that were rejected.
    pub evaluations_rejected: u64,
    /// Bytes held for open spans and for the queue.
    pub bytes: u64,
}

impl Statistics {
    /// Spans lost, for each reason that occurred.
    pub fn dropped(&self) -> Vec<(DropReason, u64)> {
        self.dropped.that_occurred()
    }

    /// Spans lost for one reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped.0[reason as usize]
    }

    /// Spans lost for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.total()
    }

    /// Spans whose outcome is open: not finished, queued or in flight.
    pub fn pending(&self) -> u64 {
        self.open + self.queued + self.in_flight
    }

    pub(crate) fn drop_spans(&mut self, reason: DropReason, spans: u64) {
        self.dropped.0[reason as usize] += spans;
    }

    /// Counts a request that was sent.
    pub(crate) fn depart(&mut self, spans: u64, evaluations: u64) {
        self.in_flight += spans;
        self.evaluations.in_flight += evaluations;
    }

    /// Counts the outcome of a request: `None` if it was delivered.
    pub(crate) fn arrive(&mut self, spans: u64, evaluations: u64, lost: Option<DropReason>) {
        self.in_flight = self.in_flight.saturating_sub(spans);
        self.evaluations.in_flight = self.evaluations.in_flight.saturating_sub(evaluations);
        match lost {
            None => {
                self.delivered += spans;
                self.evaluations.delivered += evaluations;
            }
            Some(reason) => {
                self.drop_spans(reason, spans);
                self.evaluations.lose(reason, evaluations);
            }
        }
    }

    /// Counts the end of an instance: what it had queued is lost for the one reason, its open spans
    /// for the other. Requests in flight stay so. Returns how many spans and evaluations were lost.
    pub(crate) fn end(&mut self, held: DropReason, open: DropReason) -> (u64, u64) {
        let known = self.in_flight + self.delivered + self.dropped_total();
        let lost = self.accepted.saturating_sub(known);
        let still_open = self.open.min(lost);
        self.drop_spans(open, still_open);
        self.drop_spans(held, lost - still_open);
        let counters = &mut self.evaluations;
        let known = counters.in_flight + counters.delivered + counters.dropped_total();
        let lost_evaluations = counters.accepted.saturating_sub(known);
        counters.lose(held, lost_evaluations);
        (self.open, self.queued, counters.queued, self.bytes) = (0, 0, 0, 0);
        (lost, lost_evaluations)
    }

    pub(crate) fn add(&mut self, other: &Statistics) {
        self.accepted += other.accepted;
        self.open += other.open;
        self.queued += other.queued;
        self.in_flight += other.in_flight;
        self.delivered += other.delivered;
        self.dropped.add(&other.dropped);
        self.annotations_rejected += other.annotations_rejected;
        self.warnings += other.warnings;
        self.cut += other.cut;
        self.content_dropped += other.content_dropped;
        self.evaluations.add(&other.evaluations);
        self.evaluations_rejected += other.evaluations_rejected;
        self.bytes += other.bytes;
    }
}

impl From<Counters> for Statistics {
    fn from(counters: Counters) -> Self {
        Statistics {
            accepted: counters.accepted,
            open: counters.open,
            queued: counters.queued,
            in_flight: counters.in_flight,
            delivered: counters.delivered,
            dropped: counters.dropped.into(),
            annotations_rejected: counters.annotations_rejected,
            warnings: counters.warnings,
            cut: counters.cut,
            content_dropped: counters.content_dropped,
            evaluations: counters.evaluations.into(),
            evaluations_rejected: counters.evaluations_rejected,
            bytes: counters.bytes,
        }
    }
}
