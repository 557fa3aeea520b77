//! What is on its way to a target: spans that wait until it is known, batches, and requests whose
//! outcome is not known.

use crate::batch::{Batch, Batches};
use crate::encode::{envelope, evaluations_envelope};
use crate::span::Ended;
use std::collections::VecDeque;
use witspan_setup::{Format, Settings, Target};

/// A request whose outcome is not known.
pub(super) struct InFlight {
    pub(super) id: u64,
    pub(super) spans: u32,
    pub(super) evaluations: u32,
    /// How often it was sent.
    pub(super) sent: u32,
    /// The monotonic reading when it was first sent, in ns.
    pub(super) since: u64,
    /// It is to be sent again.
    pub(super) waits: bool,
}

/// Everything that has finished and is not delivered yet.
pub(super) struct DeliveryQueue {
    pub(super) target: Option<Target>,
    pub(super) spans: Batches,
    pub(super) evaluations: Batches,
    /// Ended spans, as long as the target and thus their format is not known.
    pub(super) waiting: VecDeque<Ended>,
    pub(super) waiting_bytes: usize,
    pub(super) in_flight: Vec<InFlight>,
    pub(super) next_request: u64,
    /// The monotonic reading before which nothing is sent, after a failure.
    pub(super) quiet_until: u64,
}

impl DeliveryQueue {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut delivery = DeliveryQueue {
            target: None,
            // 500 spans, as many as a batch has, of 2 KB each.
            spans: Batches::expecting(1 << 20),
            evaluations: Batches::default(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            in_flight: Vec::new(),
            next_request: 1,
            quiet_until: 0,
        };
        delivery.evaluations.set_envelope(evaluations_envelope());
        delivery.adopt(settings);
        delivery
    }

    /// Takes the target from the settings, if they have one.
    pub(super) fn adopt(&mut self, settings: &Settings) {
        self.target = settings.targets.as_ref().and_then(|targets| targets.first().cloned());
        if let Some(target) = &self.target {
            self.spans.set_envelope(envelope(target.format, settings));
        }
    }

    /// The format of spans, once the target is known.
    pub(super) fn format(&self) -> Option<Format> {
        self.target.as_ref().map(|target| target.format)
    }

    /// A batch that is due: a full one, or one of this age. With it, whether it holds evaluations.
    pub(super) fn take(&mut self, now: u64, age_ns: u64) -> Option<(Batch, bool)> {
        for (queue, evaluations) in [(&mut self.spans, false), (&mut self.evaluations, true)] {
            if queue.growing_since().is_some_and(|since| now.saturating_sub(since) >= age_ns) {
                queue.seal();
            }
            if let Some(batch) = queue.take_sealed() {
                return Some((batch, evaluations));
            }
        }
        None
    }

    /// When the older of the open batches began.
    pub(super) fn growing_since(&self) -> Option<u64> {
        let begun = [self.spans.growing_since(), self.evaluations.growing_since()];
        begun.into_iter().flatten().min()
    }
}
