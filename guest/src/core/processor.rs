//! The application's processor: spans that have ended wait for it, come back, or are sent without
//! their content.

use super::Core;
use super::processor_queue::Pending;
use crate::annotation::{Changed, read_event};
use crate::encode::write_processor_event;
use crate::error::Error;
use crate::platform::Platform;
use crate::span::{Agent, Ended, Failure, stand_in};
use std::rc::Rc;
use witspan_setup::DropReason;

/// A finished span that waits for the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names it when it comes back.
    pub id: u64,
    /// The event as JSON; `wit/processing.wit` describes it.
    pub span: String,
}

/// The result of the processor for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processed {
    /// The event as it is to be sent.
    Changed(String),
    /// It is not to be sent.
    Drop,
    /// The function raised, or did not return an event.
    Failed,
}

/// The outcome of returning an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// The worker should poll now.
    pub should_poll: bool,
    /// It is sent without its content.
    pub content_dropped: bool,
    /// Why it was not kept, if it was not.
    pub dropped: Option<DropReason>,
}

/// The text in the place of content that may not be sent.
const CONTENT_DROPPED: &str = "[content dropped: the processor failed]";

impl<P: Platform> Core<P> {
    /// Sets how long spans that finish from now on wait for the processor; `None` for no processor.
    pub fn set_processor(&mut self, limit_ns: Option<u64>) {
        self.processor.limit_ns = limit_ns;
    }

    /// Keeps an ended span for the processor.
    pub(super) fn await_processor(&mut self, ended: Ended, now: u64) -> Result<(), DropReason> {
        let size = ended.size();
        if self.queue_bytes() + size > self.settings.limits.queue_bytes as usize {
            return Err(DropReason::QueueFull);
        }
        let queue = &mut self.processor;
        queue.last += 1;
        queue.bytes += size;
        let until = now.saturating_add(queue.limit_ns.unwrap_or(0));
        let pending = Pending { id: queue.last, ended, until, taken: false };
        queue.pending.push_back(pending);
        self.counters.queued += 1;
        Ok(())
    }

    /// The oldest event that the processor does not have yet.
    pub fn take_event(&mut self) -> Option<Event> {
        let pending = self.processor.pending.iter_mut().find(|pending| !pending.taken)?;
        pending.taken = true;
        let mut span = Vec::new();
        write_processor_event(&pending.ended, &mut span);
        Some(Event { id: pending.id, span: String::from_utf8_lossy(&span).into_owned() })
    }

    /// Takes an event back from the processor.
    pub fn return_event(&mut self, id: u64, outcome: Processed) -> Result<Returned, Error> {
        let now = self.platform.monotonic_ns();
        let taken = |pending: &Pending| pending.id == id && pending.taken;
        let at = self.processor.pending.iter().position(taken).ok_or(Error::UnknownEvent(id))?;
        let Some(Pending { mut ended, until, .. }) = self.processor.remove(at) else {
            return Err(Error::UnknownEvent(id));
        };
        self.counters.queued = self.counters.queued.saturating_sub(1);
        let failed = match outcome {
            _ if now > until => Some("late"),
            Processed::Drop => {
                self.counters.drop_spans(DropReason::Processor, 1);
                let dropped = Some(DropReason::Processor);
                return Ok(Returned { should_poll: false, content_dropped: false, dropped });
            }
            Processed::Failed => Some("failed"),
            Processed::Changed(text) => {
                match read_event(ended.record.kind, &text, &mut self.canonicalizer) {
                    Ok(changed) => {
                        adopt(&mut ended, changed);
                        None
                    }
                    Err(_) => Some("failed"),
                }
            }
        };
        let content_dropped = failed.is_some();
        let (should_poll, dropped) = match self.send_processed(ended, failed, now) {
            Ok(should_poll) => (should_poll, None),
            Err(reason) => (false, Some(reason)),
        };
        Ok(Returned { should_poll, content_dropped, dropped })
    }

    /// Sends the spans whose time for the processor is over, without their content. Returns the time
    /// that the next one still has.
    pub(super) fn drop_overdue_content(&mut self, now: u64) -> Option<u64> {
        while let Some(first) = self.processor.pending.front() {
            if now <= first.until {
                return Some(first.until - now + 1);
            }
            if let Some(pending) = self.processor.remove(0) {
                self.counters.queued = self.counters.queued.saturating_sub(1);
                // If it is dropped, the reason is counted.
                let _ = self.send_processed(pending.ended, Some("late"), now);
            }
        }
        None
    }

    fn send_processed(
        &mut self,
        mut ended: Ended,
        failed: Option<&str>,
        now: u64,
    ) -> Result<bool, DropReason> {
        if let Some(why) = failed {
            drop_content(&mut ended, why);
            self.counters.content_dropped += 1;
        }
        let sent = self.enqueue(ended, now);
        if let Err(reason) = sent {
            self.counters.drop_spans(reason, 1);
        }
        sent
    }
}

/// Replaces the content of a span by what the processor returned.
fn adopt(ended: &mut Ended, changed: Changed) {
    let Changed { name, annotations, failure, agent_name, tool_version } = changed;
    let old = std::mem::take(&mut ended.record.annotations);
    ended.record.name = name;
    ended.record.annotations = annotations;
    let annotations = &mut ended.record.annotations;
    // A prompt that was inherited stays inherited.
    let own = old.extra.as_ref().is_some_and(|extra| !extra.prompt.is_empty());
    let inherited = annotations.extra.as_mut().filter(|extra| !own && !extra.prompt.is_empty());
    ended.parents_prompt = inherited.map(|extra| std::mem::take(&mut extra.prompt));
    annotations.metrics = old.metrics;
    annotations.session = annotations.session.take().or(old.session);
    if let Some(extra) = old.extra
        && !extra.cost_tags.is_empty()
    {
        annotations.extra().cost_tags = extra.cost_tags;
    }
    ended.tool_version = tool_version.filter(|_| ended.tool_version.is_some());
    if let Some(agent) = &ended.frame.agent
        && agent_name.as_deref() != Some(&agent.name)
    {
        // Only this span's copy of the agent's name changes, not the agent's own span.
        let span_id = agent.span_id;
        let name = agent_name.unwrap_or_default();
        ended.frame.agent = Some(Rc::new(Agent { name, span_id }));
    }
    if ended.failure.is_some() {
        // A failure cannot be removed; only its texts can change.
        ended.failure = Some(failure.unwrap_or_default());
    }
}

/// Removes everything from a span that can hold content. Kind, name, model, ids, times, numbers and
/// the type of its error stay.
fn drop_content(ended: &mut Ended, why: &str) {
    let kind = ended.record.kind;
    let annotations = &mut ended.record.annotations;
    let parts = [
        (&mut annotations.input, kind.input_shape()),
        (&mut annotations.output, kind.output_shape()),
    ];
    for (part, shape) in parts {
        if part.is_empty() {
            continue;
        }
        *part = stand_in(shape, CONTENT_DROPPED).into_bytes();
    }
    annotations.metadata.clear();
    annotations.tags.clear();
    annotations.extra = None;
    ended.parents_prompt = None;
    ended.tool_version = None;
    if let Some(Failure { message, stack, .. }) = &mut ended.failure {
        for text in [message, stack] {
            if !text.is_empty() {
                *text = CONTENT_DROPPED.to_owned();
            }
        }
    }
    ended.marks.push(("witspan.content_dropped", why.to_owned()));
}
