//! The application's processor looks at every span that finishes, on the thread that finishes it.
//!
//! The core hands out an event and takes it back. While the function runs no lock is held, so it
//! may be slow and may call the tracer.

use super::span_ref::SpanRef;
use super::{Pool, Reply};
use crate::error::Error;
use crate::instance::bounded;
use crate::instance::processing::Outcome;
use crate::lock;
use crate::notices::Topic;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use witspan_setup::Event;

/// A processor's answer to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processed {
    /// The event to send; `wit/processing.wit` says which members may be changed.
    Changed(String),
    /// The span is not sent.
    Drop,
    /// The processor failed for this reason: the span is sent without its content.
    Failed(String),
}

/// The application's processor: takes a finished span as JSON text and says what to send.
pub type Processor = Box<dyn Fn(&str) -> Processed + Send + Sync>;

/// A processor and its time limit.
pub(crate) struct Limited {
    processor: Processor,
    limit: Duration,
}

impl Limited {
    pub(crate) fn new(processor: Processor, limit: Duration) -> Self {
        Limited { processor, limit }
    }

    pub(crate) fn limit_ns(&self) -> u64 {
        u64::try_from(self.limit.as_nanos()).unwrap_or(u64::MAX)
    }

    fn run(&self, event: &str) -> Processed {
        // The function has no reference to our state, so a panic cannot leave that broken.
        catch_unwind(AssertUnwindSafe(|| (self.processor)(event))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Processed::Failed(text.unwrap_or_else(|| "it panicked".to_owned()))
        })
    }
}

thread_local! {
    /// The pool whose processor runs on this thread, by its address.
    static RUNNING: Cell<usize> = const { Cell::new(0) };
    /// Spans of that pool that the processor itself finished.
    static FINISHED_INSIDE: RefCell<Vec<SpanRef>> = const { RefCell::new(Vec::new()) };
}

/// Whether a processor runs on this thread.
pub(super) fn is_processing() -> bool {
    RUNNING.get() != 0
}

impl Pool {
    /// Sets the processor in every instance, and in every later one.
    pub(crate) fn set_processor(&self, processor: Option<Limited>) {
        let limit_ns = processor.as_ref().map(Limited::limit_ns);
        *lock(&self.processor) = processor.map(Arc::new);
        for at in 0..self.shards() {
            let mut shard = self.shard(at);
            if shard.instance.is_some() {
                // An instance that traps is replaced, and the new one gets the processor.
                let _ = self.ask(&mut shard, |instance| instance.set_processor(limit_ns));
            }
        }
    }

    /// The processor's time limit, if there is a processor.
    pub(crate) fn processor_limit(&self) -> Option<Duration> {
        lock(&self.processor).as_ref().map(|processor| processor.limit)
    }

    /// Runs the processor on the span that just finished. Returns whether the worker should poll.
    pub(crate) fn process(&self, span: SpanRef) -> bool {
        let me = std::ptr::from_ref(self) as usize;
        match RUNNING.get() {
            0 => {}
            running => {
                // The processor itself finished this span: it is processed when that has returned.
                // A span of another tracer stays in its core, which drops the content in the end.
                if running == me {
                    FINISHED_INSIDE.with_borrow_mut(|spans| spans.push(span));
                }
                return false;
            }
        }
        let mut should_poll = false;
        let mut next = Some(span);
        while let Some(span) = next {
            // A failure is logged and counted where it happens.
            should_poll |= self.process_one(span, me).unwrap_or(false);
            next = FINISHED_INSIDE.with_borrow_mut(Vec::pop);
        }
        should_poll
    }

    /// Processes the oldest queued event of the span's instance, not necessarily the span's own.
    /// Each finish processes one, so every event is processed once.
    fn process_one(&self, span: SpanRef, me: usize) -> Reply<bool> {
        let Some(processor) = lock(&self.processor).clone() else { return Ok(false) };
        let event = {
            let mut shard = self.shard_of(span)?;
            self.ask(&mut shard, |instance| instance.take_event())?
        };
        let Some(event) = event else { return Ok(false) };
        let began = self.clock.monotonic_ns();
        RUNNING.set(me);
        let processed = processor.run(&event.span);
        RUNNING.set(0);
        let late = self.clock.monotonic_ns().saturating_sub(began) > processor.limit_ns();
        let outcome = match &processed {
            Processed::Changed(text) => Outcome::Processed(bounded(text)),
            Processed::Drop => Outcome::Drop,
            Processed::Failed(_) => Outcome::Failed,
        };
        let mut shard = self.shard_of(span)?;
        let returned = self.call(&mut shard, |instance| instance.return_event(event.id, outcome));
        match &returned {
            Ok(returned) => {
                shard.counts.content_dropped += u64::from(returned.content_dropped);
                if let Some(reason) = returned.dropped {
                    shard.counts.drop_spans(reason, 1);
                    self.tell_dropped(reason);
                }
                match &processed {
                    _ if !returned.content_dropped => {}
                    Processed::Failed(why) if !late => self.tell_content_dropped(|| why.clone()),
                    _ if late => self.tell_late(processor.limit),
                    _ => self.tell_content_dropped(|| "it did not return a valid event".to_owned()),
                }
            }
            Err(Error::Lost) => {}
            Err(_) => self.tell_late(processor.limit),
        }
        Ok(returned?.should_poll)
    }

    pub(super) fn tell_late(&self, limit: Duration) {
        self.tell_content_dropped(|| format!("it took longer than {limit:?}"));
    }

    fn tell_content_dropped(&self, why: impl FnOnce() -> String) {
        self.notices.tell(Topic::Processor, || Event::ProcessorFailed(why()));
    }
}
