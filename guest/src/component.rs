//! The glue: exports one [`Core`] as the component that `wit/` describes. Nothing is decided here.

// Generated code, which the lints of the core are not for.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::indexing_slicing, clippy::unwrap_used)]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "core",
        // What the world imports is generated already. Nothing here polls: the texts of the clocks
        // speak of it, and the component's imports are only what is called.
        with: {
            "wasi:clocks/monotonic-clock@0.2.12": wasi::clocks::monotonic_clock,
            "wasi:clocks/wall-clock@0.2.12": wasi::clocks::wall_clock,
            "wasi:io/poll@0.2.12": wasi::io::poll,
            "wasi:random/random@0.2.12": wasi::random::random,
        },
    });
}

mod convert;

use crate::{Core, Handle, Platform};
use bindings::exports::witspan::llmobs::{
    delivery, evaluations, processing, propagation, setup, tracing, types,
};
use std::cell::RefCell;
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::random::random;

struct Wasi;

impl Platform for Wasi {
    fn wall_ns(&mut self) -> u64 {
        let now = wall_clock::now();
        now.seconds.wrapping_mul(1_000_000_000).wrapping_add(u64::from(now.nanoseconds))
    }

    fn monotonic_ns(&mut self) -> u64 {
        monotonic_clock::now()
    }

    fn entropy(&mut self) -> u64 {
        random::get_random_u64()
    }
}

thread_local! {
    // An instance is single-threaded and no call is made from inside another.
    static CORE: RefCell<Option<Core<Wasi>>> = const { RefCell::new(None) };
}

fn with<T>(use_core: impl FnOnce(&mut Core<Wasi>) -> T) -> T {
    CORE.with_borrow_mut(|core| use_core(core.get_or_insert_with(|| Core::new(Wasi))))
}

struct Component;

impl setup::Guest for Component {
    fn variables() -> String {
        witspan_setup::variables_text()
    }

    fn names() -> String {
        witspan_setup::names_text()
    }

    fn make_plan(input: String) -> Result<String, types::Error> {
        Ok(witspan_setup::make_plan_text(&input).map_err(crate::Error::from)?)
    }

    fn diagnose(event: String) -> setup::Diagnostic {
        let said = witspan_setup::diagnose_text(&event);
        let level = match said.level {
            witspan_setup::Level::Warning => setup::Level::Warning,
            witspan_setup::Level::Error => setup::Level::Error,
        };
        setup::Diagnostic { level, code: said.code.to_owned(), message: said.message }
    }

    fn loss_header(counters: String) -> Option<String> {
        witspan_setup::loss_header_text(&counters)
    }
}

impl tracing::Guest for Component {
    fn configure(settings: String) -> Result<Vec<types::Warning>, types::Error> {
        let settings = witspan_setup::read_settings(&settings).map_err(crate::Error::from)?;
        Ok(all(with(|core| core.configure(settings))?))
    }

    fn start_span(
        kind: types::SpanKind,
        parent: tracing::Parent,
        name: Option<String>,
        options: Option<Vec<tracing::SpanOption>>,
        now_ns: Option<u64>,
    ) -> Result<Handle, types::SpanError> {
        let options = all(options.unwrap_or_default());
        Ok(with(|core| core.start_span(kind.into(), parent.into(), name, options, now_ns))?)
    }

    fn annotate(span: Handle, annotation: String) -> Result<Vec<types::Warning>, types::Error> {
        Ok(all(with(|core| core.annotate(span, &annotation))?))
    }

    fn check_context(context: String) -> Result<Vec<types::Warning>, types::Error> {
        Ok(all(with(|core| core.check_context(&context))?))
    }

    fn finish(
        span: Handle,
        failure: Option<tracing::Failure>,
        end_ns: Option<u64>,
        now_ns: Option<u64>,
    ) -> Result<tracing::Finished, types::SpanError> {
        let failure = failure.map(Into::into);
        Ok(with(|core| core.finish(span, failure, end_ns, now_ns))?.into())
    }

    fn abandon(span: Handle) -> Result<bool, types::SpanError> {
        Ok(with(|core| core.abandon(span))?)
    }

    fn export_span(span: Handle) -> Result<tracing::SpanContext, types::SpanError> {
        let context = with(|core| core.export_span(span))?;
        Ok(tracing::SpanContext { span_id: context.span_id, trace_id: context.trace_id })
    }

    fn record_span(span: String) -> Result<tracing::Recorded, types::Error> {
        let recorded = with(|core| core.record_span(&span))?;
        Ok(tracing::Recorded {
            span: recorded.span,
            should_poll: recorded.should_poll,
            process: recorded.process,
            dropped: recorded.dropped.map(Into::into),
            warnings: all(recorded.warnings),
        })
    }

    fn span_info(span: Handle) -> Result<tracing::SpanDetails, types::SpanError> {
        let info = with(|core| core.span_info(span))?;
        Ok(tracing::SpanDetails {
            kind: info.kind.into(),
            name: info.name,
            span_id: info.span_id,
            trace_id: info.trace_id,
            parent_id: info.parent_id,
        })
    }

    fn times(span: Handle) -> Result<tracing::SpanTimes, types::SpanError> {
        let times = with(|core| core.times(span))?;
        Ok(tracing::SpanTimes { start_ns: times.start_ns, duration_ns: times.duration_ns })
    }
}

impl propagation::Guest for Component {
    fn inject(
        span: Handle,
        headers: Vec<types::Header>,
    ) -> Result<Vec<types::Header>, types::SpanError> {
        Ok(all(with(|core| core.inject(span, &all(headers)))?))
    }

    fn extract(headers: Vec<types::Header>) -> Result<String, types::Error> {
        Ok(with(|core| core.extract(&all(headers)))?)
    }

    fn remote_of(span: Handle) -> Result<String, types::SpanError> {
        Ok(with(|core| core.remote_of(span))?)
    }
}

impl evaluations::Guest for Component {
    fn submit(evaluation: String) -> Result<evaluations::Submitted, types::Error> {
        Ok(with(|core| core.submit_evaluation(&evaluation))?.into())
    }

    fn submit_feedback(feedback: String) -> Result<evaluations::Submitted, types::Error> {
        Ok(with(|core| core.submit_feedback(&feedback))?.into())
    }
}

impl processing::Guest for Component {
    fn set_processor(limit_ns: Option<u64>) {
        with(|core| core.set_processor(limit_ns));
    }

    fn take_event() -> Option<processing::Event> {
        let event = with(|core| core.take_event())?;
        Some(processing::Event { id: event.id, span: event.span })
    }

    fn return_event(
        id: u64,
        outcome: processing::Outcome,
    ) -> Result<processing::Returned, types::Error> {
        let outcome = match outcome {
            processing::Outcome::Processed(text) => crate::Processed::Changed(text),
            processing::Outcome::Drop => crate::Processed::Drop,
            processing::Outcome::Failed => crate::Processed::Failed,
        };
        let returned = with(|core| core.return_event(id, outcome))?;
        Ok(processing::Returned {
            should_poll: returned.should_poll,
            content_dropped: returned.content_dropped,
            dropped: returned.dropped.map(Into::into),
        })
    }
}

impl delivery::Guest for Component {
    fn set_targets(targets: String) -> Result<(), types::Error> {
        let targets = witspan_setup::read_targets(&targets).map_err(crate::Error::from)?;
        Ok(with(|core| core.set_targets(targets))?)
    }

    fn poll(mode: delivery::PollMode) -> delivery::Action {
        let mode = match mode {
            delivery::PollMode::Due => crate::PollMode::Due,
            delivery::PollMode::Everything => crate::PollMode::Everything,
        };
        match with(|core| core.poll(mode)) {
            crate::Action::Send(request) => delivery::Action::Send(request.into()),
            crate::Action::Wait(ns) => delivery::Action::Wait(ns),
            crate::Action::Idle => delivery::Action::Idle,
        }
    }

    fn complete(
        id: u64,
        outcome: delivery::Outcome,
    ) -> Result<delivery::Disposition, types::Error> {
        Ok(match with(|core| core.complete(id, &outcome.into()))? {
            crate::Disposition::Delivered => delivery::Disposition::Delivered,
            crate::Disposition::Retry(ns) => delivery::Disposition::Retry(ns),
            crate::Disposition::Dropped(reason) => delivery::Disposition::Dropped(reason.into()),
        })
    }

    fn statistics() -> delivery::Counters {
        with(|core| core.statistics()).into()
    }
}

/// Converts each.
fn all<A: Into<B>, B>(values: Vec<A>) -> Vec<B> {
    values.into_iter().map(Into::into).collect()
}

bindings::export!(Component with_types_in bindings);
