//! The native core as a subject: no component, no host, no network.

use crate::{
    Answer, Case, Counters, Deed, Failure, Format, Headers, PROCESSOR_NS, Parent, Refusal,
    START_NS, Sent, Start, Subject, processed,
};
use anyhow::{Context, Result, anyhow};
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use witspan_core as core;

/// Time that stands still, and entropy that counts.
struct Fixed {
    passed: Rc<Cell<u64>>,
    drawn: u64,
}

impl core::Platform for Fixed {
    fn wall_ns(&mut self) -> u64 {
        START_NS + self.passed.get()
    }

    fn monotonic_ns(&mut self) -> u64 {
        self.passed.get()
    }

    fn entropy(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// A core with fixed time and entropy, and what it has sent.
pub struct Native {
    core: core::Core<Fixed>,
    passed: Rc<Cell<u64>>,
    deed: Deed,
    answers: VecDeque<Answer>,
    sent: Vec<Sent>,
    verdicts: Vec<String>,
    most_bytes: u64,
    bound: u64,
}

impl Native {
    /// A core configured as a case says.
    pub fn new(case: &Case, format: Format) -> Result<Self> {
        let passed = Rc::new(Cell::new(0));
        let mut core = core::Core::new(Fixed { passed: passed.clone(), drawn: 0 });
        let (format, route) = match format {
            Format::PublicApi => (core::IntakeFormat::PublicApi, core::Route::Direct),
            Format::SdkIntake => (core::IntakeFormat::SdkIntake, core::Route::Agent),
        };
        let settings = &case.settings;
        core.configure(core::Settings {
            ml_app: settings.app().to_owned(),
            service: settings.service.clone(),
            env: settings.env.clone(),
            version: settings.version.clone(),
            tags: settings.tags.clone().into_iter().collect(),
            language: settings.language.clone().unwrap_or_else(|| "python".to_owned()),
            destination: Some(core::Destination { format, route }),
            limits: limits(&settings.limits)?,
            sampling: settings.sampling.clone().map_or_else(Default::default, |sampling| {
                core::Sampling { rate: sampling.rate, rules: sampling.rules, drop: sampling.drop }
            }),
        })?;
        let limits = limits(&settings.limits)?;
        Ok(Native {
            core,
            passed,
            deed: Deed::Off,
            answers: case.answers.iter().cloned().collect(),
            sent: Vec::new(),
            verdicts: Vec::new(),
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

    /// Sends a request until its fate is known, waiting as it is told.
    fn send(&mut self, request: core::Request) -> Result<()> {
        loop {
            self.sent.push(Sent {
                path: request.path.clone(),
                headers: request
                    .headers
                    .iter()
                    .map(|h| (h.name.clone(), h.value.clone()))
                    .collect(),
                body: String::from_utf8(request.body.clone()).map_err(|_| anyhow!("not UTF-8"))?,
            });
            let answer =
                self.answers.pop_front().unwrap_or(Answer { status: 202, headers: Headers::new() });
            let outcome = match answer.status {
                0 => core::Outcome::TransportError,
                status => {
                    let headers = headers(&answer.headers);
                    core::Outcome::Response(core::Response { status, headers })
                }
            };
            let verdict = self.core.complete(request.id, &outcome)?;
            self.verdicts.push(match verdict {
                core::Verdict::Delivered => "delivered".to_owned(),
                core::Verdict::Dropped(reason) => format!("dropped {}", reason.name()),
                core::Verdict::Retry(ns) => format!("retry {ns}"),
            });
            match verdict {
                core::Verdict::Retry(ns) => self.advance(ns),
                _ => return Ok(()),
            }
        }
    }

    /// Has the processor look at what waits for it; the last event.
    fn process(&mut self) -> Result<Option<String>> {
        let mut seen = None;
        while let Some(event) = self.core.take_event() {
            let outcome = match (processed(&self.deed, &event.span)?, &self.deed) {
                (Some(span), _) => core::Processed::Changed(span),
                (None, Deed::Drop) => core::Processed::Drop,
                (None, _) => core::Processed::Failed,
            };
            if self.deed == Deed::Late {
                self.advance(2 * PROCESSOR_NS);
            }
            self.core.return_event(event.id, outcome)?;
            seen = Some(event.span);
        }
        Ok(seen)
    }
}

fn headers(headers: &Headers) -> Vec<core::Header> {
    let header = |(name, value): (&String, &String)| core::Header {
        name: name.clone(),
        value: value.clone(),
    };
    headers.iter().map(header).collect()
}

fn limits(given: &std::collections::BTreeMap<String, u64>) -> Result<core::Limits> {
    let mut limits = core::Limits::default();
    for (name, value) in given {
        let small = u32::try_from(*value);
        match name.as_str() {
            "batch-spans" => limits.batch_spans = small?,
            "batch-bytes" => limits.batch_bytes = small?,
            "batch-age-ns" => limits.batch_age_ns = *value,
            "queue-bytes" => limits.queue_bytes = small?,
            "open-bytes" => limits.open_bytes = small?,
            "event-bytes" => limits.event_bytes = small?,
            "attempts" => limits.attempts = small?,
            "retry-budget-ns" => limits.retry_budget_ns = *value,
            other => return Err(anyhow!("no limit `{other}`")),
        }
    }
    Ok(limits)
}

/// The text of a refusal; any other error is not expected.
fn refusal<T>(result: Result<T, core::Error>) -> Result<Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(core::Error::InvalidArgument(detail)) => Ok(Err(detail.message)),
        Err(core::Error::SpanFinished(_) | core::Error::MemoryFull) => Ok(Err(String::new())),
        Err(error) => Err(error.into()),
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
        let counts = self.core.statistics();
        let mut counters = Counters::new();
        let mut count = |name: &str, value: u64| {
            if value > 0 {
                counters.insert(name.to_owned(), value);
            }
        };
        count("accepted", counts.accepted);
        count("open", counts.open);
        count("delivered", counts.delivered);
        count("annotations_rejected", counts.annotations_rejected);
        count("warnings", counts.warnings);
        count("cut", counts.cut);
        count("withheld", counts.withheld);
        count("evaluations accepted", counts.evaluations.accepted);
        count("evaluations delivered", counts.evaluations.delivered);
        count("evaluations_rejected", counts.evaluations_rejected);
        for (at, reason) in core::DropReason::ALL.into_iter().enumerate() {
            count(&format!("dropped {}", reason.name()), counts.dropped[at]);
            let evaluations = counts.evaluations.dropped[at];
            count(&format!("evaluations dropped {}", reason.name()), evaluations);
        }
        Ok((self.sent.clone(), Some(self.verdicts.clone()), counters))
    }
}
