//! Evaluations and feedback: judgements about spans, traces and sessions, on their way.

use crate::annotation::{Surroundings, Warning, write_metric_of};
use crate::core::Core;
use crate::error::Error;
use crate::platform::Platform;
use crate::queue::Pushed;
use witspan_setup::DropReason;

/// What begins and ends a body.
pub(crate) fn envelope() -> (Vec<u8>, &'static [u8]) {
    let start = b"{\"data\":{\"attributes\":{\"metrics\":[".to_vec();
    (start, b"]},\"type\":\"evaluation_metric\"}}")
}

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The worker should poll now.
    pub should_poll: bool,
    /// Why it was not kept, if it was not.
    pub dropped: Option<DropReason>,
    /// What was accepted, but not as it was given.
    pub warnings: Vec<Warning>,
}

impl<P: Platform> Core<P> {
    /// Queues an evaluation, a JSON object; `wit/evaluations.wit` describes it.
    pub fn submit_evaluation(&mut self, text: &str) -> Result<Submitted, Error> {
        self.submit(text, false)
    }

    /// Queues a feedback, a JSON object; `wit/evaluations.wit` describes it.
    pub fn submit_feedback(&mut self, text: &str) -> Result<Submitted, Error> {
        self.submit(text, true)
    }

    fn submit(&mut self, text: &str, feedback: bool) -> Result<Submitted, Error> {
        let now = self.platform.monotonic_ns();
        let now_ms = self.anchor.wall_at(now).checked_div(1_000_000).unwrap_or(0);
        let around = Surroundings { ml_app: &self.settings.ml_app, now_ms };
        let mut metric = Vec::new();
        let read = write_metric_of(text, feedback, around, &mut self.canonicalizer, &mut metric);
        let warnings = read.inspect_err(|_| self.counts.evaluations_rejected += 1)?;
        self.counts.warnings += warnings.len() as u64;
        self.counts.evaluations.accepted += 1;
        let mut submitted = Submitted { should_poll: false, dropped: None, warnings };
        let bounds = self.bounds(self.sending.evaluations.bytes());
        let pushed = if metric.len() > self.settings.limits.event_bytes as usize {
            Err(DropReason::TooLarge)
        } else {
            let queue = &mut self.sending.evaluations;
            match queue.push(bounds, now, &mut |out| {
                out.extend_from_slice(&metric);
                true
            }) {
                Some(Pushed::Kept(should_poll)) => Ok(should_poll),
                _ => Err(DropReason::QueueFull),
            }
        };
        match pushed {
            Ok(should_poll) => {
                self.counts.evaluations.queued += 1;
                submitted.should_poll = should_poll;
            }
            Err(reason) => {
                self.counts.evaluations.drop(reason, 1);
                submitted.dropped = Some(reason);
            }
        }
        Ok(submitted)
    }
}
