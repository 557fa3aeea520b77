//! The Rust host as a subject: the component, the worker, and a real HTTP receiver.

use super::{Receiver, config, counters};
use anyhow::{Result, bail, ensure};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use witspan::{Clock, Error, Processed, SpanKind, SpanOption, SpanRef, Tracer};
use witspan_conformance::{
    Case, Counters, Deed, Failure, Format, Headers, Info, KINDS as KIND_NAMES, PROCESSOR_NS,
    Parent, Refusal, START_NS, Sent, Start, Subject, processed,
};

/// Why this subject cannot poll: the suite's clock stands, and the worker's sleep is real.
pub(crate) const POLLS: &str = "the host's worker polls by itself, in real time";

const KINDS: [SpanKind; 7] = [
    SpanKind::Llm,
    SpanKind::Workflow,
    SpanKind::Agent,
    SpanKind::Tool,
    SpanKind::Task,
    SpanKind::Embedding,
    SpanKind::Retrieval,
];

pub(crate) struct Host {
    tracer: Tracer,
    clock: Clock,
    receiver: Receiver,
    /// The event that the processor was given last.
    seen: Arc<Mutex<Option<String>>>,
}

impl Host {
    /// A tracer started as a case says.
    pub(crate) fn new(case: &Case, format: Format) -> Result<Self> {
        let receiver = Receiver::start(&case.answers);
        let clock = Clock::fixed_without_waits(START_NS);
        let mut config = config(case, format)?;
        config.clock = clock.clone();
        config.set("override_origin", receiver.origin());
        Ok(Host { tracer: Tracer::start(config)?, clock, receiver, seen: Arc::default() })
    }
}

/// The text of a refusal; any other error is not expected.
fn refusal<T>(result: Result<T, Error>) -> Result<Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Error::InvalidArgument { message, .. }) => Ok(Err(message)),
        Err(Error::SpanFinished | Error::MemoryFull) => Ok(Err(String::new())),
        Err(error) => Err(error.into()),
    }
}

fn pairs(headers: &Headers) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

impl Subject for Host {
    type Span = SpanRef;

    fn start(&mut self, kind: usize, above: Parent<'_, SpanRef>, start: &Start) -> Result<SpanRef> {
        let options = [
            start.session_id.as_deref().map(SpanOption::SessionId),
            start.ml_app.as_deref().map(SpanOption::MlApp),
            start.model_name.as_deref().map(SpanOption::ModelName),
            start.model_provider.as_deref().map(SpanOption::ModelProvider),
            start.start_ns.map(SpanOption::StartNs),
        ];
        let contexts = start.contexts.iter().map(|context| SpanOption::Context(context));
        let options: Vec<_> = options.into_iter().flatten().chain(contexts).collect();
        let above = match above {
            Parent::Root => witspan::Parent::Root,
            Parent::Current(span) => witspan::Parent::Current(span),
            Parent::ChildOf(span) => witspan::Parent::ChildOf(span),
            Parent::Remote(place) => witspan::Parent::Remote(place),
        };
        Ok(self.tracer.start_span(KINDS[kind], above, start.name.as_deref(), &options)?)
    }

    fn annotate(&mut self, span: SpanRef, json: &str) -> Result<Refusal> {
        Ok(refusal(self.tracer.annotate(span, json))?.err())
    }

    fn context(&mut self, json: &str) -> Result<Refusal> {
        Ok(refusal(self.tracer.check_context(json))?.err())
    }

    fn advance(&mut self, ns: u64) {
        self.clock.advance(ns);
    }

    fn finish(
        &mut self,
        span: SpanRef,
        failure: Option<&Failure>,
        end_ns: Option<u64>,
    ) -> Result<(Option<SpanRef>, Option<String>)> {
        let failure = failure.map(|failure| witspan::Failure {
            message: &failure.message,
            error_type: &failure.error_type,
            stack: &failure.stack,
        });
        let current = self.tracer.finish(span, failure, end_ns);
        Ok((current, self.seen.lock().unwrap().take()))
    }

    fn abandon(&mut self, span: SpanRef) -> Result<()> {
        self.tracer.abandon(span);
        Ok(())
    }

    fn export(&mut self, span: SpanRef) -> Result<(String, String)> {
        let context = self.tracer.export_span(span)?;
        Ok((context.span_id, context.trace_id))
    }

    fn record(&mut self, json: &str) -> Result<Result<SpanRef, String>> {
        Ok(refusal(self.tracer.record_span(json))?.map(|(span, _)| span))
    }

    fn info(&mut self, span: SpanRef) -> Result<Info> {
        let info = self.tracer.span_info(span)?;
        Ok(Info {
            kind: KIND_NAMES[KINDS.iter().position(|kind| *kind == info.kind).unwrap_or(0)]
                .to_owned(),
            name: info.name,
            span_id: info.span_id,
            trace_id: info.trace_id,
            parent_id: info.parent_id,
        })
    }

    fn inject(&mut self, span: SpanRef, headers: &Headers) -> Result<Headers> {
        Ok(self.tracer.inject(span, &pairs(headers))?.into_iter().collect())
    }

    fn extract(&mut self, headers: &Headers) -> Result<Result<String, String>> {
        refusal(self.tracer.extract(&pairs(headers)))
    }

    fn evaluate(&mut self, json: &str, feedback: bool) -> Result<Refusal> {
        let submitted = match feedback {
            true => self.tracer.submit_feedback(json),
            false => self.tracer.submit_evaluation(json),
        };
        Ok(refusal(submitted)?.err())
    }

    fn processor(&mut self, does: &Deed) -> Result<()> {
        let (deed, clock, seen) = (does.clone(), self.clock.clone(), self.seen.clone());
        let run = move |event: &str| {
            *seen.lock().unwrap() = Some(event.to_owned());
            if deed == Deed::Late {
                clock.advance(2 * PROCESSOR_NS);
            }
            match (processed(&deed, event), &deed) {
                (Ok(Some(changed)), _) => Processed::Changed(changed),
                (Ok(None), Deed::Drop) => Processed::Drop,
                (other, _) => Processed::Failed(format!("{other:?}")),
            }
        };
        let limit = Duration::from_nanos(PROCESSOR_NS);
        self.tracer.set_processor((*does != Deed::Off).then_some((Box::new(run) as _, limit)));
        Ok(())
    }

    fn poll(&mut self) -> Result<usize> {
        bail!(POLLS)
    }

    fn flush(&mut self) -> Result<(Vec<Sent>, Option<Vec<String>>, Counters)> {
        let flushed = self.tracer.flush(Duration::from_secs(20));
        ensure!(flushed.settled, "the flush was not settled: {flushed:?}");
        Ok((self.receiver.sent()?, None, counters(&flushed.statistics)))
    }
}
