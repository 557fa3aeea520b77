//! Counters: every span and evaluation that is lost is counted.

use witspan_setup::DropReason;

fn lose(dropped: &mut [u64], reason: DropReason, count: u64) {
    if let Some(place) = dropped.get_mut(reason as usize) {
        *place += count;
    }
}

/// The counters of evaluations and feedbacks: `accepted = queued + in_flight + delivered +
/// dropped`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluationCounters {
    /// Submitted and not rejected.
    pub accepted: u64,
    /// Waiting to be sent.
    pub queued: u64,
    /// In requests whose outcome is not known.
    pub in_flight: u64,
    /// Taken by the intake.
    pub delivered: u64,
    /// Lost, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
}

impl EvaluationCounters {
    pub(crate) fn drop(&mut self, reason: DropReason, count: u64) {
        lose(&mut self.dropped, reason, count);
    }
}

/// The counters; `accepted = open + queued + in_flight + delivered + dropped`, at any moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Spans that were lost, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Calls of `annotate` that failed.
    pub annotations_rejected: u64,
    /// Warnings that calls gave.
    pub warnings: u64,
    /// Spans whose texts were cut.
    pub cut: u64,
    /// Spans that were sent without their content.
    pub content_dropped: u64,
    /// Evaluations and feedbacks.
    pub evaluations: EvaluationCounters,
    /// Evaluations and feedbacks that were rejected.
    pub evaluations_rejected: u64,
    /// Bytes held for open spans and for the queue.
    pub bytes: u64,
}

impl Statistics {
    pub(crate) fn drop_spans(&mut self, reason: DropReason, spans: u64) {
        lose(&mut self.dropped, reason, spans);
    }

    /// Spans lost for one reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped.get(reason as usize).copied().unwrap_or(0)
    }
}
