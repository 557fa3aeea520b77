//! Records a span that is over: one text has everything of it, and may give it ids from outside.

use super::Core;
use super::start::{Parent, SpanOption};
use crate::annotation;
use crate::error::{Error, SpanError, Warning, refused};
use crate::ids::Handle;
use crate::limits::SPAN_BYTES;
use crate::platform::Platform;
use crate::span::{Agent, Failure, SpanKind, Trace};
use std::rc::Rc;
use witspan_setup::{DropReason, RecordedParent, TraceId, read_recording};

/// The outcome of recording a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The span, which can be a parent; 0 if it is not kept.
    pub span: Handle,
    /// The worker should poll now.
    pub should_poll: bool,
    /// The span waits for the application's processor.
    pub process: bool,
    /// Why the span was not kept, if it was not.
    pub dropped: Option<DropReason>,
    /// What was accepted, but not as it was given.
    pub warnings: Vec<Warning>,
}

impl<P: Platform> Core<P> {
    /// Records a span that is over; `wit/tracing.wit` describes the text.
    pub fn record_span(&mut self, text: &str) -> Result<Recorded, Error> {
        let result = self.record(text);
        match &result {
            Ok(recorded) => self.counters.warnings += recorded.warnings.len() as u64,
            Err(_) => self.counters.annotations_rejected += 1,
        }
        result
    }

    fn record(&mut self, text: &str) -> Result<Recorded, Error> {
        let said = read_recording(text)?;
        let kind = SpanKind::ALL.get(said.kind).copied().unwrap_or_default();
        let mut warnings = Vec::new();
        if let Some(annotation) = &said.annotation {
            // A wrong annotation is rejected before anything is kept.
            self.draft.clear();
            let canonicalizer = &mut self.canonicalizer;
            warnings = annotation::parse(kind, annotation, &mut self.draft, canonicalizer)?;
        }
        let options = [
            Some(SpanOption::StartNs(said.start_ns)),
            said.session_id.map(SpanOption::SessionId),
            said.ml_app.map(SpanOption::MlApp),
            said.model_name.map(SpanOption::ModelName),
            said.model_provider.map(SpanOption::ModelProvider),
        ];
        let options = options.into_iter().flatten().collect();
        let (parent, parent_id) = match said.parent {
            RecordedParent::Root => (Parent::Root, 0),
            RecordedParent::Span(span) => (Parent::ChildOf(span), 0),
            RecordedParent::Remote(remote) => (Parent::Remote(remote), 0),
            RecordedParent::Id(id) => (Parent::Root, id),
        };
        let span = self.start_span(kind, parent, said.name, options, None);
        let span = span.map_err(wrong_parent)?;
        let mut recorded =
            Recorded { span, should_poll: false, process: false, dropped: None, warnings };
        if span == 0 {
            recorded.dropped = Some(DropReason::OpenFull);
            return Ok(recorded);
        }
        self.set_ids(span, said.trace.as_ref(), parent_id, said.span_id);
        if let Some(annotation) = &said.annotation
            && self.try_annotate(span, annotation).is_err()
        {
            // The bytes for open spans are used up.
            if let Some((_, record)) = self.spans.close(span) {
                self.open_bytes = self.open_bytes.saturating_sub(SPAN_BYTES + record.size());
            }
            self.counters.drop_spans(DropReason::OpenFull, 1);
            return Ok(Recorded { span: 0, dropped: Some(DropReason::OpenFull), ..recorded });
        }
        let failure =
            said.error.map(|[message, error_type, stack]| Failure { message, error_type, stack });
        let finished = self.finish(span, failure, Some(said.end_ns), None);
        if let Ok(finished) = finished {
            recorded.should_poll = finished.should_poll;
            recorded.process = finished.process;
            recorded.dropped = finished.dropped;
        }
        Ok(recorded)
    }

    /// Gives a span that has just started the ids that it has elsewhere.
    fn set_ids(&mut self, span: Handle, trace: Option<&TraceId>, parent_id: u64, span_id: u64) {
        let trace = trace.map(|id| {
            let trace = match &id.text {
                None => Trace::begun(id.number),
                Some(text) => Trace::continued(id.number, Some(text)),
            };
            if !self.sampler.has_rules() {
                let _ = trace.decision.set(Some(self.sampler.decide(&trace, &[])));
            }
            let _ = trace.root.set(span);
            Rc::new(trace)
        });
        let Some(slot) = self.spans.get_mut(span) else { return };
        if let Some(trace) = trace {
            slot.frame.trace = trace;
            slot.frame.parent_id = parent_id;
        }
        if span_id != 0 {
            slot.frame.span_id = span_id;
            if let Some(agent) = &slot.frame.as_agent {
                slot.frame.as_agent = Some(Rc::new(Agent { name: agent.name.clone(), span_id }));
            }
        }
    }
}

#[cold]
fn wrong_parent(error: SpanError) -> Error {
    let is = match error {
        SpanError::UnknownSpan => "an unknown span",
        SpanError::InvalidContext | SpanError::InvalidRemote => "not a remote context",
    };
    refused(&"parent", is, "a span of this instance, a remote context, or ids").into()
}
