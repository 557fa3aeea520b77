//! The native core as a subject: no component, no host, no network.

use crate::{Counters, Failure, Format, START_NS, Sent, Settings, Start, Subject};
use anyhow::{Result, anyhow, bail};
use std::cell::Cell;
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

/// A core with fixed time and entropy.
pub struct Native {
    core: core::Core<Fixed>,
    passed: Rc<Cell<u64>>,
}

impl Native {
    /// A core configured as a case says.
    pub fn new(settings: &Settings, format: Format) -> Result<Self> {
        let passed = Rc::new(Cell::new(0));
        let mut core = core::Core::new(Fixed { passed: passed.clone(), drawn: 0 });
        let destination = match format {
            Format::PublicApi => core::Destination {
                format: core::IntakeFormat::PublicApi,
                route: core::Route::Direct,
            },
            Format::SdkIntake => core::Destination {
                format: core::IntakeFormat::SdkIntake,
                route: core::Route::Agent,
            },
        };
        core.configure(core::Settings {
            ml_app: settings.app().to_owned(),
            service: settings.service.clone(),
            env: settings.env.clone(),
            version: settings.version.clone(),
            tags: settings.tags.clone().into_iter().collect(),
            language: "python".to_owned(),
            destination: Some(destination),
            limits: core::Limits::default(),
        })?;
        Ok(Native { core, passed })
    }
}

impl Subject for Native {
    type Span = core::Handle;

    fn start(&mut self, kind: usize, start: &Start<'_>, current: Option<u64>) -> Result<u64> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let options = [
            own(start.session_id).map(core::SpanOption::SessionId),
            own(start.ml_app).map(core::SpanOption::MlApp),
            own(start.model_name).map(core::SpanOption::ModelName),
            own(start.model_provider).map(core::SpanOption::ModelProvider),
        ];
        let parent = current.map_or(core::Parent::Root, core::Parent::Current);
        let options = options.into_iter().flatten().collect();
        Ok(self.core.start_span(core::SpanKind::ALL[kind], parent, own(start.name), options)?)
    }

    fn annotate(&mut self, span: u64, json: &str) -> Result<Option<String>> {
        match self.core.annotate(span, json) {
            Ok(_) => Ok(None),
            Err(core::Error::InvalidArgument(detail)) => Ok(Some(detail.message)),
            Err(core::Error::SpanFinished(_)) => Ok(Some(String::new())),
            Err(error) => Err(error.into()),
        }
    }

    fn advance(&mut self, ns: u64) {
        self.passed.set(self.passed.get() + ns);
    }

    fn finish(&mut self, span: u64, failure: Option<&Failure>) -> Result<Option<u64>> {
        let failure = failure.map(|failure| core::Failure {
            message: failure.message.clone(),
            error_type: failure.error_type.clone(),
            stack: failure.stack.clone(),
        });
        Ok(self.core.finish(span, failure, None)?.current)
    }

    fn abandon(&mut self, span: u64) -> Result<()> {
        self.core.abandon(span)?;
        Ok(())
    }

    fn export(&mut self, span: u64) -> Result<(String, String)> {
        let context = self.core.export_span(span)?;
        Ok((context.span_id, context.trace_id))
    }

    fn flush(&mut self) -> Result<(Vec<Sent>, Counters)> {
        let mut sent = Vec::new();
        loop {
            match self.core.poll(core::PollMode::Everything) {
                core::Action::Idle => break,
                core::Action::Wait(ns) => bail!("asked to wait {ns} ns during a flush"),
                core::Action::Send(request) => {
                    let response = core::Response { status: 202, headers: Vec::new() };
                    self.core.complete(request.id, &core::Outcome::Response(response))?;
                    sent.push(Sent {
                        path: request.path,
                        headers: request.headers.into_iter().map(|h| (h.name, h.value)).collect(),
                        body: String::from_utf8(request.body).map_err(|_| anyhow!("not UTF-8"))?,
                    });
                }
            }
        }
        let statistics = self.core.statistics();
        let mut counters = Counters::from([
            ("accepted".to_owned(), statistics.accepted),
            ("open".to_owned(), statistics.open),
            ("delivered".to_owned(), statistics.delivered),
            ("annotations_rejected".to_owned(), statistics.annotations_rejected),
            ("warnings".to_owned(), statistics.warnings),
        ]);
        for reason in core::DropReason::ALL {
            counters.insert(format!("dropped {}", reason.name()), statistics.dropped_for(reason));
        }
        counters.retain(|_, count| *count > 0);
        Ok((sent, counters))
    }
}
