//! Evaluations and feedback.
use crate::annotation::Warning;
use crate::core::Core;
use crate::error::Error;
use crate::platform::Platform;
use crate::statistics::DropReason;

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The worker should poll now.
    pub attention: bool,
    /// Why it was not kept, if it was not.
    pub dropped: Option<DropReason>,
    /// What was accepted, but not as it was given.
    pub warnings: Vec<Warning>,
}

impl<P: Platform> Core<P> {
    /// Queues an evaluation.
    pub fn submit_evaluation(&mut self, _text: &str) -> Result<Submitted, Error> {
        Ok(Submitted { attention: false, dropped: None, warnings: Vec::new() })
    }

    /// Queues a feedback.
    pub fn submit_feedback(&mut self, _text: &str) -> Result<Submitted, Error> {
        Ok(Submitted { attention: false, dropped: None, warnings: Vec::new() })
    }

    /// Checks an annotation context.
    pub fn check_context(&mut self, _context: &str) -> Result<Vec<Warning>, Error> {
        Ok(Vec::new())
    }
}
