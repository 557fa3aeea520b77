//! The native core as a subject: no component, no host, no network.

use crate::{
    Answer, Case, Counters, Deed, Failure, Format, Headers, Info, PROCESSOR_NS, Parent, Refusal,
    Sent, Start, Subject, plan_input, settings_text,
};
mod convert;
mod send;
mod setup;

use anyhow::{Context, Result, anyhow};
use convert::{Fixed, counters, headers, refusal};
pub use setup::NativeSetup;
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use witspan_core as core;
use witspan_setup::{make_plan_text, read_settings};

/// A core with fixed time and entropy, and what it has sent.
pub struct Native {
    core: core::Core<Fixed>,
    passed: Rc<Cell<u64>>,
    deed: Deed,
    answers: VecDeque<Answer>,
    sent: Vec<Sent>,
    dispositions: Vec<String>,
    most_bytes: u64,
    bound: u64,
}

impl Native {
    /// A core configured as a case says.
    pub fn new(case: &Case, format: Format) -> Result<Self> {
        let passed = Rc::new(Cell::new(0));
        let mut core = core::Core::new(Fixed { passed: passed.clone(), drawn: 0 });
        let plan = make_plan_text(&plan_input(format)).map_err(|e| anyhow!("{}", e.message))?;
        let settings = read_settings(&settings_text(&plan, &case.settings)?)
            .map_err(|e| anyhow!("{}", e.message))?;
        let limits = settings.limits;
        core.configure(settings)?;
        Ok(Native {
            core,
            passed,
            deed: Deed::Off,
            answers: case.answers.iter().cloned().collect(),
            sent: Vec::new(),
            dispositions: Vec::new(),
            most_bytes: 0,
            bound: u64::from(limits.open_bytes) + u64::from(limits.queue_bytes),
        })
    }

    /// The core's counters.
    pub fn statistics(&self) -> core::Statistics {
        self.core.statistics()
    }

    /// The most bytes that the core held after any call.
    pub fn most_bytes(&self) -> u64 {
        self.most_bytes
    }

    /// The bytes that it may hold.
    pub fn bound(&self) -> u64 {
        self.bound
    }

    fn watch(&mut self) {
        self.most_bytes = self.most_bytes.max(self.core.statistics().bytes);
    }
}

impl Subject for Native {
    type Span = core::Handle;

    fn start(&mut self, kind: usize, parent: Parent<'_, u64>, start: &Start) -> Result<u64> {
        let options = [
            start.session_id.clone().map(core::SpanOption::SessionId),
            start.ml_app.clone().map(core::SpanOption::MlApp),
            start.model_name.clone().map(core::SpanOption::ModelName),
            start.model_provider.clone().map(core::SpanOption::ModelProvider),
            start.start_ns.map(core::SpanOption::StartNs),
        ];
        let contexts = start.contexts.iter().cloned().map(core::SpanOption::Context);
        let options = options.into_iter().flatten().chain(contexts).collect();
        let parent = match parent {
            Parent::Root => core::Parent::Root,
            Parent::Current(span) => core::Parent::Current(span),
            Parent::ChildOf(span) => core::Parent::ChildOf(span),
            Parent::Remote(place) => core::Parent::Remote(place.to_owned()),
        };
        let kind = *core::SpanKind::ALL.get(kind).context("no such kind")?;
        let started = self.core.start_span(kind, parent, start.name.clone(), options, None)?;
        self.watch();
        Ok(started)
    }

    fn annotate(&mut self, span: u64, json: &str) -> Result<Refusal> {
        let noted = self.core.annotate(span, json);
        self.watch();
        Ok(refusal(noted)?.err())
    }

    fn context(&mut self, json: &str) -> Result<Refusal> {
        Ok(refusal(self.core.check_context(json))?.err())
    }

    fn advance(&mut self, ns: u64) {
        self.passed.set(self.passed.get() + ns);
    }

    fn finish(
        &mut self,
        span: u64,
        failure: Option<&Failure>,
        end_ns: Option<u64>,
    ) -> Result<(Option<u64>, Option<String>)> {
        let failure = failure.map(|failure| core::Failure {
            message: failure.message.clone(),
            error_type: failure.error_type.clone(),
            stack: failure.stack.clone(),
        });
        let finished = self.core.finish(span, failure, end_ns, None)?;
        self.watch();
        Ok((finished.current, if finished.process { self.process()? } else { None }))
    }

    fn abandon(&mut self, span: u64) -> Result<()> {
        self.core.abandon(span)?;
        Ok(())
    }

    fn export(&mut self, span: u64) -> Result<(String, String)> {
        let context = self.core.export_span(span)?;
        Ok((context.span_id, context.trace_id))
    }

    fn record(&mut self, json: &str) -> Result<Result<u64, String>> {
        let recorded = refusal(self.core.record_span(json))?;
        self.watch();
        if let Ok(recorded) = &recorded
            && recorded.process
        {
            self.process()?;
        }
        Ok(recorded.map(|recorded| recorded.span))
    }

    fn info(&mut self, span: u64) -> Result<Info> {
        let info = self.core.span_info(span)?;
        Ok(Info {
            kind: info.kind.name().to_owned(),
            name: info.name,
            span_id: info.span_id,
            trace_id: info.trace_id,
            parent_id: info.parent_id,
        })
    }

    fn inject(&mut self, span: u64, given: &Headers) -> Result<Headers> {
        let set = self.core.inject(span, &headers(given))?;
        Ok(set.into_iter().map(|header| (header.name, header.value)).collect())
    }

    fn extract(&mut self, given: &Headers) -> Result<Result<String, String>> {
        refusal(self.core.extract(&headers(given)))
    }

    fn evaluate(&mut self, json: &str, feedback: bool) -> Result<Refusal> {
        Ok(refusal(match feedback {
            true => self.core.submit_feedback(json),
            false => self.core.submit_evaluation(json),
        })?
        .err())
    }

    fn processor(&mut self, does: &Deed) -> Result<()> {
        self.deed = does.clone();
        self.core.set_processor((*does != Deed::Off).then_some(PROCESSOR_NS));
        Ok(())
    }

    fn poll(&mut self) -> Result<usize> {
        let before = self.sent.len();
        while let core::Action::Send(request) = self.core.poll(core::PollMode::Due) {
            self.send(request)?;
        }
        Ok(self.sent.len() - before)
    }

    fn flush(&mut self) -> Result<(Vec<Sent>, Option<Vec<String>>, Counters)> {
        loop {
            match self.core.poll(core::PollMode::Everything) {
                core::Action::Idle => break,
                core::Action::Wait(ns) => self.advance(ns),
                core::Action::Send(request) => self.send(request)?,
            }
        }
        let counters = counters(&self.core.statistics());
        Ok((self.sent.clone(), Some(self.dispositions.clone()), counters))
    }
}
