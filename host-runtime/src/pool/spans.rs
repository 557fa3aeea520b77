//! A span's life: start, annotate, finish.

use super::processing::is_processing;
use super::span_ref::{Parent, SpanRef};
use super::{Pool, Reply};
use crate::error::Error;
use crate::instance::tracing::{
    self, Failure, Finished, SpanContext, SpanDetails, SpanOption, SpanTimes,
};
use crate::instance::types::{DropReason, SpanKind, Warning};
use crate::lock;
use crate::notices::Topic;
use crate::statistics::Statistics;
use witspan_setup::Event;

/// The result of finishing a span.
pub(crate) struct Ended {
    /// The span that is current again.
    pub(crate) current: Option<SpanRef>,
    /// Whether the worker should poll.
    pub(crate) should_poll: bool,
    /// Whether the span waits for the processor.
    pub(crate) process: bool,
}

impl Pool {
    pub(crate) fn start_span(
        &self,
        kind: SpanKind,
        parent: Parent<'_>,
        name: Option<&str>,
        options: &[SpanOption<'_>],
    ) -> Reply<SpanRef> {
        if is_processing() {
            // A span that the processor starts would go to the processor again, without end.
            return Ok(SpanRef::NONE);
        }
        let above = match parent {
            Parent::Root | Parent::Remote(_) => None,
            Parent::Current(span) | Parent::ChildOf(span) if span.is_none() => {
                self.drop_child_of_none();
                return Ok(SpanRef::NONE);
            }
            Parent::Current(span) | Parent::ChildOf(span) => Some(span),
        };
        let (at, mut shard) = match above {
            Some(span) => (span.shard as usize, self.shard(span.shard as usize)),
            None => self.any_shard(),
        };
        if self.is_closed() {
            return Ok(SpanRef::NONE);
        }
        // The parent was lost with its instance: the span begins a trace.
        let parent = match parent {
            Parent::Current(span) if span.epoch == shard.epoch => {
                tracing::Parent::Current(span.handle)
            }
            Parent::ChildOf(span) if span.epoch == shard.epoch => {
                tracing::Parent::ChildOf(span.handle)
            }
            Parent::Remote(remote) => tracing::Parent::Remote(remote),
            _ => tracing::Parent::Root,
        };
        self.instance(&mut shard)?;
        shard.counts.accepted += 1;
        let started =
            self.call(&mut shard, |instance| instance.start_span(kind, parent, name, options));
        match started {
            Ok(0) => {
                shard.counts.drop_spans(DropReason::OpenFull, 1);
                self.tell_dropped(DropReason::OpenFull);
                Ok(SpanRef::NONE)
            }
            Ok(handle) => Ok(SpanRef { shard: at as u32, epoch: shard.epoch, handle }),
            Err(Error::Lost) => Ok(SpanRef::NONE),
            Err(error) => {
                shard.counts.accepted -= 1;
                Err(error)
            }
        }
    }

    /// Counts a span whose parent is not kept, in the way that the core does.
    fn drop_child_of_none(&self) {
        let mut past = lock(&self.past);
        if !self.is_closed() {
            past.accepted += 1;
            past.drop_spans(DropReason::OpenFull, 1);
        }
    }

    pub(crate) fn annotate(&self, span: SpanRef, annotation: &str) -> Reply<Vec<Warning>> {
        if span.is_none() {
            return Ok(Vec::new());
        }
        let mut shard = match self.shard_of(span) {
            Ok(shard) => shard,
            Err(gone) => {
                lock(&self.past).annotations_rejected += 1;
                return Err(gone);
            }
        };
        let noted = self.call(&mut shard, |instance| instance.annotate(span.handle, annotation));
        match &noted {
            Ok(warnings) => self.warned(&mut shard.counts, warnings),
            // The instance has just trapped: its counts are in `past`.
            Err(Error::Lost) => lock(&self.past).annotations_rejected += 1,
            Err(error) => {
                shard.counts.annotations_rejected += 1;
                match error {
                    Error::SpanFinished | Error::UnknownSpan => {
                        self.notices.tell(Topic::Misplaced, || Event::Misplaced(error.to_string()));
                    }
                    Error::MemoryFull => self.notices.tell(Topic::Full, || Event::MemoryFull),
                    _ => {}
                }
            }
        }
        noted
    }

    /// Counts an annotation that had no open span to go to.
    pub(crate) fn misplaced_annotation(&self, why: &str) {
        lock(&self.past).annotations_rejected += 1;
        self.notices.tell(Topic::Misplaced, || Event::Misplaced(why.to_owned()));
    }

    /// Counts an argument that was accepted but changed.
    pub(crate) fn warn(&self, message: String) {
        lock(&self.past).warnings += 1;
        self.notices.tell(Topic::Annotation, || Event::Changed(message));
    }

    /// Any instance can do it, since only the text matters.
    pub(crate) fn check_context(&self, context: &str) -> Reply<Vec<Warning>> {
        let (_, mut shard) = self.any_shard();
        if self.is_closed() {
            return Ok(Vec::new());
        }
        let checked = self.call(&mut shard, |instance| instance.check_context(context));
        if let Ok(warnings) = &checked {
            self.warned(&mut shard.counts, warnings);
        }
        checked
    }

    pub(super) fn warned(&self, counts: &mut Statistics, warnings: &[Warning]) {
        counts.warnings += warnings.len() as u64;
        if let Some(warning) = warnings.first() {
            self.notices.tell(Topic::Annotation, || Event::Changed(warning.message.clone()));
        }
    }

    pub(crate) fn finish(
        &self,
        span: SpanRef,
        failure: Option<Failure<'_>>,
        end_ns: Option<u64>,
    ) -> Reply<Ended> {
        if span.is_none() {
            return Ok(Ended { current: None, should_poll: false, process: false });
        }
        let mut shard = self.shard_of(span)?;
        let finished: Finished =
            self.call(&mut shard, |instance| instance.finish(span.handle, failure, end_ns))?;
        if let Some(reason) = finished.dropped {
            shard.counts.drop_spans(reason, 1);
            self.tell_dropped(reason);
        }
        Ok(Ended {
            current: finished.current.map(|handle| SpanRef { handle, ..span }),
            should_poll: finished.should_poll,
            process: finished.process,
        })
    }

    pub(crate) fn abandon(&self, span: SpanRef) -> Reply<()> {
        if span.is_none() {
            return Ok(());
        }
        let mut shard = self.shard_of(span)?;
        if self.call(&mut shard, |instance| instance.abandon(span.handle))? {
            shard.counts.drop_spans(DropReason::Unfinished, 1);
        }
        Ok(())
    }

    pub(crate) fn export_span(&self, span: SpanRef) -> Reply<SpanContext> {
        if span.is_none() {
            return Err(Error::Off);
        }
        let mut shard = self.shard_of(span)?;
        self.call(&mut shard, |instance| instance.export_span(span.handle))
    }

    /// Records a span that is over. `Ended::current` is that span.
    pub(crate) fn record_span(&self, span: &str) -> Reply<(Ended, Vec<Warning>)> {
        let (at, mut shard) = self.any_shard();
        if self.is_closed() || is_processing() {
            let ended = Ended { current: None, should_poll: false, process: false };
            return Ok((ended, Vec::new()));
        }
        self.instance(&mut shard)?;
        shard.counts.accepted += 1;
        match self.call(&mut shard, |instance| instance.record_span(span)) {
            Ok(recorded) => {
                if let Some(reason) = recorded.dropped {
                    shard.counts.drop_spans(reason, 1);
                    self.tell_dropped(reason);
                }
                self.warned(&mut shard.counts, &recorded.warnings);
                let (shard, epoch) = (at as u32, shard.epoch);
                let kept = (recorded.span != 0).then_some(recorded.span);
                let ended = Ended {
                    current: kept.map(|handle| SpanRef { shard, epoch, handle }),
                    should_poll: recorded.should_poll,
                    process: recorded.process,
                };
                Ok((ended, recorded.warnings))
            }
            // The instance has just trapped: its counts are in `past`.
            Err(Error::Lost) => Err(Error::Lost),
            Err(error) => {
                shard.counts.accepted -= 1;
                shard.counts.annotations_rejected += 1;
                Err(error)
            }
        }
    }

    pub(crate) fn span_info(&self, span: SpanRef) -> Reply<SpanDetails> {
        if span.is_none() {
            return Err(Error::Off);
        }
        let mut shard = self.shard_of(span)?;
        self.call(&mut shard, |instance| instance.span_info(span.handle))
    }

    pub(crate) fn times(&self, span: SpanRef) -> Reply<SpanTimes> {
        if span.is_none() {
            return Err(Error::Off);
        }
        let mut shard = self.shard_of(span)?;
        self.call(&mut shard, |instance| instance.times(span.handle))
    }
}
