//! The application's processor looks at every span that finishes, on the thread that finishes it.
//!
//! The core hands an event out and takes it back; while the function runs, nothing is held, so it
//! may take its time and call the tracer.

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

/// What a processor made of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processed {
    /// The event as it shall be sent; `wit/processing.wit` says what of it may be changed.
    Changed(String),
    /// The span shall not be sent.
    Drop,
    /// It failed, for this reason: the span is sent without its content.
    Failed(String),
}

/// The application's processor: from a finished span as JSON text to what is to become of it.
pub type Processor = Box<dyn Fn(&str) -> Processed + Send + Sync>;

/// A processor and how long it may take.
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
        // Nothing of ours is in its hands: whatever it breaks is its own.
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
                // An instance that traps is made anew, and told then.
                let _ = self.ask(&mut shard, |instance| instance.set_processor(limit_ns));
            }
        }
    }

    /// How long the processor may take, if there is one.
    pub(crate) fn processor_limit(&self) -> Option<Duration> {
        lock(&self.processor).as_ref().map(|processor| processor.limit)
    }

    /// Has the processor look at the span that just finished; whether the worker should look.
    pub(crate) fn process(&self, span: SpanRef) -> bool {
        let me = std::ptr::from_ref(self) as usize;
        match RUNNING.get() {
            0 => {}
            running => {
                // Not from inside the processor: when it has returned. What belongs to another
                // tracer stays with the core, which withholds its content in the end.
                if running == me {
                    FINISHED_INSIDE.with_borrow_mut(|spans| spans.push(span));
                }
                return false;
            }
        }
        let mut should_poll = false;
        let mut next = Some(span);
        while let Some(span) = next {
            // A failure is told and counted where it happens.
            should_poll |= self.process_one(span, me).unwrap_or(false);
            next = FINISHED_INSIDE.with_borrow_mut(Vec::pop);
        }
        should_poll
    }

    /// Takes the event that has waited longest where the span lives: each span that finishes
    /// takes one, so all are taken, whichever by whom.
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
                    _ => self.tell_content_dropped(|| "what it gave back is no event".to_owned()),
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
