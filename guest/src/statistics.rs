//! Counters: nothing is lost without a number that says so.

/// Why spans did not arrive; see `wit/types.wit` for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// Too many bytes wait to be sent.
    QueueFull,
    /// Open spans hold too many bytes.
    OpenFull,
    /// Abandoned, or open at the end.
    Unfinished,
    /// The intake refused it for good.
    Rejected,
    /// Sent as often as allowed.
    RetriesExhausted,
    /// The host has no API key.
    NoApiKey,
    /// The host ended first.
    Shutdown,
    /// Too long even without input and output.
    TooLarge,
    /// The instance failed.
    Trap,
}

impl DropReason {
    /// All reasons, in the order of the contract.
    pub const ALL: [DropReason; 9] = [
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
    pub fn name(self) -> &'static str {
        match self {
            DropReason::QueueFull => "queue-full",
            DropReason::OpenFull => "open-full",
            DropReason::Unfinished => "unfinished",
            DropReason::Rejected => "rejected",
            DropReason::RetriesExhausted => "retries-exhausted",
            DropReason::NoApiKey => "no-api-key",
            DropReason::Shutdown => "shutdown",
            DropReason::TooLarge => "too-large",
            DropReason::Trap => "trap",
        }
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
    /// Warnings that `annotate` gave.
    pub warnings: u64,
    /// Bytes held for open spans and for the queue.
    pub bytes: u64,
}

impl Statistics {
    pub(crate) fn drop_spans(&mut self, reason: DropReason, spans: u64) {
        if let Some(count) = self.dropped.get_mut(reason as usize) {
            *count += spans;
        }
    }

    /// Spans lost for one reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped.get(reason as usize).copied().unwrap_or(0)
    }
}
