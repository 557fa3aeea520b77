//! A case of the conformance suite, driven through the component by another one: reads the job as
//! JSON, writes what came of it.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]

mod convert;
mod setup;

use anyhow::{Context, Result};
use convert::{KINDS, headers, refusal};
use std::collections::VecDeque;
use std::io::{Read, Write};
use witspan_cli_programs::{
    delivery, evaluations, processing, propagation, setup::make_plan, time, tracing, types,
};
use witspan_conformance::{
    Answer, Case, Counters, Deed, Failure, Format, Headers, Info, Job, KINDS as KIND_NAMES,
    PROCESSOR_NS, Parent, Refusal, Sent, Start, Subject, path_of, plan_input, processed, run,
    run_setup, settings_text,
};

struct Conformance;

impl wasip2::exports::cli::run::Guest for Conformance {
    fn run() -> Result<(), ()> {
        drive().map_err(|error| {
            let _ = write!(wasip2::cli::stderr::get_stderr(), "{error:#}");
        })
    }
}

fn drive() -> Result<()> {
    let mut job = Vec::new();
    wasip2::cli::stdin::get_stdin().read_to_end(&mut job)?;
    let found = match serde_json::from_slice(&job)? {
        Job::Program(case, format) => {
            serde_json::to_vec(&run(&case, &mut Component::new(&case, format)?)?)?
        }
        Job::Setup(case, at) => {
            serde_json::to_vec(&run_setup(&case, at, &mut setup::FreshComponent)?)?
        }
    };
    let mut out = wasip2::cli::stdout::get_stdout();
    out.write_all(&found)?;
    Ok(out.flush()?)
}

wasip2::cli::command::export!(Conformance);

/// The imported component, and what it has sent.
struct Component {
    deed: Deed,
    answers: VecDeque<Answer>,
    sent: Vec<Sent>,
    dispositions: Vec<String>,
}

impl Component {
    fn new(case: &Case, format: Format) -> Result<Self> {
        let plan = make_plan(&plan_input(format))?;
        tracing::configure(&settings_text(&plan, &case.settings)?)?;
        let (sent, dispositions) = Default::default();
        Ok(Component { deed: Deed::Off, answers: case.answers.clone().into(), sent, dispositions })
    }

    /// Sends a request until it is delivered or dropped, and waits between attempts as the core says.
    fn send(&mut self, request: delivery::Request) -> Result<()> {
        let headers = request.headers.into_iter();
        let sent = Sent {
            path: path_of(&request.url).to_owned(),
            headers: headers.map(|header| (header.name, header.value)).collect(),
            body: String::from_utf8(request.body)?,
        };
        loop {
            self.sent.push(sent.clone());
            let outcome = convert::outcome(self.answers.pop_front());
            let disposition = delivery::complete(request.id, &outcome)?;
            self.dispositions.push(convert::words(&disposition));
            match disposition {
                delivery::Disposition::Retry(ns) => time::advance(ns),
                _ => return Ok(()),
            }
        }
    }

    /// Runs the processor on the events that wait for it; gives the last one.
    fn process(&mut self) -> Result<Option<String>> {
        let mut seen = None;
        while let Some(event) = processing::take_event() {
            let outcome = match (processed(&self.deed, &event.span)?, &self.deed) {
                (Some(span), _) => processing::Outcome::Processed(span),
                (None, Deed::Drop) => processing::Outcome::Drop,
                (None, _) => processing::Outcome::Failed,
            };
            if self.deed == Deed::Late {
                time::advance(2 * PROCESSOR_NS);
            }
            processing::return_event(event.id, &outcome)?;
            seen = Some(event.span);
        }
        Ok(seen)
    }
}

impl Subject for Component {
    type Span = types::Span;

    fn start(&mut self, kind: usize, parent: Parent<'_, u64>, start: &Start) -> Result<u64> {
        let parent = match parent {
            Parent::Root => tracing::Parent::Root,
            Parent::Current(span) => tracing::Parent::Current(span),
            Parent::ChildOf(span) => tracing::Parent::ChildOf(span),
            Parent::Remote(place) => tracing::Parent::Remote(place.to_owned()),
        };
        let kind = *KINDS.get(kind).context("no such kind")?;
        let (name, options) = (start.name.as_deref(), convert::options(start));
        Ok(tracing::start_span(kind, &parent, name, Some(&options), None)?)
    }

    fn annotate(&mut self, span: u64, json: &str) -> Result<Refusal> {
        Ok(refusal(tracing::annotate(span, json))?.err())
    }

    fn context(&mut self, json: &str) -> Result<Refusal> {
        Ok(refusal(tracing::check_context(json))?.err())
    }

    fn advance(&mut self, ns: u64) {
        time::advance(ns);
    }

    fn finish(
        &mut self,
        span: u64,
        failure: Option<&Failure>,
        end_ns: Option<u64>,
    ) -> Result<(Option<u64>, Option<String>)> {
        let failure = failure.map(|failure| tracing::Failure {
            message: failure.message.clone(),
            error_type: failure.error_type.clone(),
            stack: failure.stack.clone(),
        });
        let finished = tracing::finish(span, failure.as_ref(), end_ns, None)?;
        Ok((finished.current, if finished.process { self.process()? } else { None }))
    }

    fn abandon(&mut self, span: u64) -> Result<()> {
        tracing::abandon(span)?;
        Ok(())
    }

    fn export(&mut self, span: u64) -> Result<(String, String)> {
        let context = tracing::export_span(span)?;
        Ok((context.span_id, context.trace_id))
    }

    fn record(&mut self, json: &str) -> Result<Result<u64, String>> {
        let recorded = refusal(tracing::record_span(json))?;
        if let Ok(recorded) = &recorded
            && recorded.process
        {
            self.process()?;
        }
        Ok(recorded.map(|recorded| recorded.span))
    }

    fn info(&mut self, span: u64) -> Result<Info> {
        let info = tracing::span_info(span)?;
        Ok(Info {
            kind: KIND_NAMES[KINDS.iter().position(|kind| *kind == info.kind).unwrap_or(0)]
                .to_owned(),
            name: info.name,
            span_id: info.span_id,
            trace_id: info.trace_id,
            parent_id: info.parent_id,
        })
    }

    fn inject(&mut self, span: u64, given: &Headers) -> Result<Headers> {
        let set = propagation::inject(span, &headers(given))?;
        Ok(set.into_iter().map(|header| (header.name, header.value)).collect())
    }

    fn extract(&mut self, given: &Headers) -> Result<Result<String, String>> {
        refusal(propagation::extract(&headers(given)))
    }

    fn evaluate(&mut self, json: &str, feedback: bool) -> Result<Refusal> {
        let submit = if feedback { evaluations::submit_feedback } else { evaluations::submit };
        Ok(refusal(submit(json))?.err())
    }

    fn processor(&mut self, does: &Deed) -> Result<()> {
        self.deed = does.clone();
        processing::set_processor((*does != Deed::Off).then_some(PROCESSOR_NS));
        Ok(())
    }

    fn poll(&mut self) -> Result<usize> {
        let before = self.sent.len();
        while let delivery::Action::Send(request) = delivery::poll(delivery::PollMode::Due) {
            self.send(request)?;
        }
        Ok(self.sent.len() - before)
    }

    fn flush(&mut self) -> Result<(Vec<Sent>, Option<Vec<String>>, Counters)> {
        loop {
            match delivery::poll(delivery::PollMode::Everything) {
                delivery::Action::Idle => break,
                delivery::Action::Wait(ns) => time::advance(ns),
                delivery::Action::Send(request) => self.send(request)?,
            }
        }
        Ok((
            self.sent.clone(),
            Some(self.dispositions.clone()),
            convert::counters(&delivery::statistics()),
        ))
    }
}
