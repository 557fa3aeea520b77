//! Drop reasons: why spans and evaluations do not arrive.

/// Why; see `wit/types.wit` for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// Too many bytes wait to be sent.
    QueueFull,
    /// Open spans hold too many bytes.
    OpenFull,
    /// Abandoned, or open at the end.
    Unfinished,
    /// The receiver rejected it.
    Rejected,
    /// Sent as often as allowed.
    RetriesExhausted,
    /// There is no API key where one is needed.
    NoApiKey,
    /// The host ended first.
    Shutdown,
    /// Too long however it was cut.
    TooLarge,
    /// The instance failed.
    Trap,
    /// Its trace was not sampled.
    NotSampled,
    /// The application's processor dropped it.
    Processor,
    /// No usable receiver is configured.
    NoReceiver,
}

impl DropReason {
    /// All reasons, in the order of the contract.
    pub const ALL: [DropReason; 12] = [
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
            DropReason::NotSampled => "not-sampled",
            DropReason::Processor => "processor",
            DropReason::NoReceiver => "no-receiver",
        }
    }
}
