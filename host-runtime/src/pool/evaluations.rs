//! Evaluations and feedback. Any instance could take them, since they name their spans by ids. The first
//! takes all, so that they arrive in the order in which they were submitted.

use super::{Pool, Reply};
use crate::error::Error;
use crate::instance::evaluations::Submitted;
use crate::instance::types::Warning;
use crate::instance::{Called, Instance};

/// What a submitted JSON text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Submission {
    Evaluation,
    Feedback,
}

impl Submission {
    fn submit(self, instance: &mut Instance, text: &str) -> Called<Submitted> {
        match self {
            Submission::Evaluation => instance.submit(text),
            Submission::Feedback => instance.submit_feedback(text),
        }
    }
}

impl Pool {
    /// Queues it. Returns whether the worker should poll, and warnings about what was changed.
    pub(crate) fn submit(&self, what: Submission, text: &str) -> Reply<(bool, Vec<Warning>)> {
        let mut shard = self.shard(0);
        if self.is_closed() {
            return Ok((false, Vec::new()));
        }
        self.instance(&mut shard)?;
        shard.counts.evaluations.accepted += 1;
        match self.call(&mut shard, |instance| what.submit(instance, text)) {
            Ok(submitted) => {
                if let Some(reason) = submitted.dropped {
                    shard.counts.evaluations.lose(reason, 1);
                    self.tell_dropped(reason);
                }
                self.warned(&mut shard.counts, &submitted.warnings);
                Ok((submitted.should_poll, submitted.warnings))
            }
            Err(Error::Lost) => Err(Error::Lost),
            Err(error) => {
                shard.counts.evaluations.accepted -= 1;
                shard.counts.evaluations_rejected += 1;
                Err(error)
            }
        }
    }
}
