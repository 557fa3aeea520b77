//! Evaluations and feedbacks about spans, traces and sessions: checks and queues them.

use super::Core;
use crate::batch::Pushed;
use crate::error::{Error, Warning};
use crate::evaluation::{Surroundings, write_metric_of};
use crate::platform::Platform;
use witspan_setup::DropReason;

/// The outcome of a submission.
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
        let warnings = read.inspect_err(|_| self.counters.evaluations_rejected += 1)?;
        self.counters.warnings += warnings.len() as u64;
        self.counters.evaluations.accepted += 1;
        let mut submitted = Submitted { should_poll: false, dropped: None, warnings };
        let bounds = self.bounds(self.delivery.evaluations.bytes());
        let pushed = if metric.len() > self.settings.limits.event_bytes as usize {
            Err(DropReason::TooLarge)
        } else {
            let queue = &mut self.delivery.evaluations;
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
                self.counters.evaluations.queued += 1;
                submitted.should_poll = should_poll;
            }
            Err(reason) => {
                self.counters.evaluations.drop(reason, 1);
                submitted.dropped = Some(reason);
            }
        }
        Ok(submitted)
    }
}
