//! Evaluations and feedbacks: any instance takes them, for they name their spans by ids.

use super::{Pool, Reply};
use crate::error::Error;
use crate::instance::evaluations::Submitted;
use crate::instance::types::Warning;
use crate::instance::{Called, Instance};

/// What a JSON text judges by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    Evaluation,
    Feedback,
}

impl Judgement {
    fn submit(self, instance: &mut Instance, text: &str) -> Called<Submitted> {
        match self {
            Judgement::Evaluation => instance.submit(text),
            Judgement::Feedback => instance.submit_feedback(text),
        }
    }
}

impl Pool {
    /// Queues it: whether the worker should look, and what was changed about it.
    pub(crate) fn submit(&self, what: Judgement, text: &str) -> Reply<(bool, Vec<Warning>)> {
        let (_, mut shard) = self.any_shard();
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
