//! How a span ends: sampled, given to the processor, encoded, or kept until its target is known.

use super::Core;
use crate::annotation;
use crate::encode::{cut_down, root_tags};
use crate::error::SpanError;
use crate::ids::Handle;
use crate::limits::{SLACK, SPAN_BYTES};
use crate::platform::Platform;
use crate::span::{Ended, Failure, Frame, Record, SpanKind};
use witspan_setup::DropReason;

/// The outcome of finishing a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The span that is current again.
    pub current: Option<Handle>,
    /// The worker should poll now.
    pub should_poll: bool,
    /// The span waits for the application's processor.
    pub process: bool,
    /// Why the span was not kept, if it was not.
    pub dropped: Option<DropReason>,
}

impl<P: Platform> Core<P> {
    /// Ends a span and queues it.
    #[inline(never)]
    pub fn finish(
        &mut self,
        span: Handle,
        failure: Option<Failure>,
        end_ns: Option<u64>,
        now_ns: Option<u64>,
    ) -> Result<Finished, SpanError> {
        let mut finished =
            Finished { current: None, should_poll: false, process: false, dropped: None };
        if span == 0 {
            return Ok(finished);
        }
        let now = self.now(now_ns);
        let Some((frame, record)) = self.spans.close(span) else {
            self.spans.get(span).ok_or(SpanError::UnknownSpan)?;
            finished.current = self.spans.nearest_open(span);
            return Ok(finished);
        };
        let mut ended = Ended {
            frame: frame.clone(),
            record,
            failure: failure.map(Failure::within_limits),
            duration_ns: 0,
            parents_prompt: None,
            tool_version: None,
            marks: Vec::new(),
            io_dropped: false,
        };
        let (frame, record) = (&ended.frame, &ended.record);
        let size = SPAN_BYTES + record.size();
        self.open_bytes = self.open_bytes.saturating_sub(size);
        // All spans of work that outlives its parent belong to that parent, not only the first.
        let late_parent = frame.late.then_some(frame.parent);
        finished.current = self.spans.nearest_open(frame.parent).or(late_parent);
        ended.duration_ns = match (end_ns, record.started) {
            (Some(end), _) => end.saturating_sub(record.start_ns),
            (None, Some(started)) => now.saturating_sub(started),
            (None, None) => self.anchor.wall_at(now).saturating_sub(record.start_ns),
        };
        if let Some(slot) = self.spans.get_mut(span) {
            slot.frame.duration_ns = Some(ended.duration_ns);
        }
        self.take_from_parent(&mut ended);
        let longest = self.settings.limits.event_bytes as usize + SLACK;
        // Texts of a failure, and a prompt of the parent, are bounded on their own.
        if size > longest || ended.failure.is_some() || ended.parents_prompt.is_some() {
            cut_down(&mut ended, longest);
        }
        self.decide(span, &ended.frame, Some(&ended.record));
        let decision = ended.frame.trace.decision.get().and_then(Option::as_ref);
        let sampled = decision.is_none_or(|decision| decision.sampled);
        let handed = if self.sampler.drop && !sampled {
            Err(DropReason::NotSampled)
        } else if self.processor.is_on() {
            finished.process = true;
            self.await_processor(ended, now).map(|()| true)
        } else if let Some(format) = self.delivery.format() {
            self.encode(format, &mut ended, now)
        } else {
            self.await_target(ended).map(|()| false)
        };
        match handed {
            Ok(should_poll) => finished.should_poll = should_poll,
            Err(reason) => {
                self.counters.drop_spans(reason, 1);
                finished.process = false;
                finished.dropped = Some(reason);
            }
        }
        Ok(finished)
    }

    /// Decides whether a trace is sampled, unless that is decided. The first span of a trace that
    /// finishes, or whose ids go to another service, decides for all of them.
    pub(super) fn decide(&self, span: Handle, frame: &Frame, record: Option<&Record>) {
        let trace = &frame.trace;
        if trace.decision.get().is_some() {
            return;
        }
        let root = trace.root.get().copied().filter(|root| *root != span);
        let root = root.and_then(|root| self.spans.get(root));
        let root = root.and_then(|root| Some((&root.frame, Some(root.record.as_deref()?))));
        let (frame, record) = root.unwrap_or((frame, record));
        let decision = self.sampler.decide(trace, &root_tags(frame, record));
        let _ = trace.decision.set(Some(decision));
    }

    /// Takes what a span has from its parent, as the parent is now: an llm span its prompt, a tool
    /// span the version of its definition.
    fn take_from_parent(&self, ended: &mut Ended) {
        let kind = ended.record.kind;
        if !matches!(kind, SpanKind::Llm | SpanKind::Tool) || ended.frame.parent == 0 {
            return;
        }
        let parent = self.spans.get(ended.frame.parent);
        let Some(parent) = parent.and_then(|slot| slot.record.as_deref()) else { return };
        let Some(extra) = &parent.annotations.extra else { return };
        if kind == SpanKind::Llm && !extra.prompt.is_empty() {
            ended.parents_prompt = Some(extra.prompt.clone());
        } else if kind == SpanKind::Tool && parent.kind == SpanKind::Llm {
            let name = ended.record.shown_name();
            ended.tool_version = annotation::version_of(&extra.tools, name);
        }
    }

    /// Drops an open span; false if it had finished.
    pub fn abandon(&mut self, span: Handle) -> Result<bool, SpanError> {
        if span == 0 {
            return Ok(false);
        }
        let Some((_, record)) = self.spans.close(span) else {
            return self.spans.get(span).map(|_| false).ok_or(SpanError::UnknownSpan);
        };
        self.open_bytes = self.open_bytes.saturating_sub(SPAN_BYTES + record.size());
        self.counters.drop_spans(DropReason::Unfinished, 1);
        Ok(true)
    }
}
