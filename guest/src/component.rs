//! The glue: exports one [`Core`] as the component that `wit/` describes. Nothing is decided here.

// Generated code, which the lints of the core are not for.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::indexing_slicing, clippy::unwrap_used)]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "core", generate_all });
}

use crate::{Core, Handle, Platform};
use bindings::exports::witspan::llmobs::{delivery, tracing, types};
use bindings::wasi::clocks::{monotonic_clock, wall_clock};
use bindings::wasi::random::random;
use std::cell::RefCell;

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

impl tracing::Guest for Component {
    fn configure(settings: types::Settings) -> Result<(), types::Error> {
        Ok(with(|core| core.configure(settings.into()))?)
    }

    fn start_span(
        kind: types::SpanKind,
        parent: tracing::Parent,
        name: Option<String>,
        options: Vec<tracing::SpanOption>,
    ) -> Result<Handle, types::Error> {
        let options = options.into_iter().map(Into::into).collect();
        Ok(with(|core| core.start_span(kind.into(), parent.into(), name, options))?)
    }

    fn annotate(span: Handle, annotation: String) -> Result<Vec<tracing::Warning>, types::Error> {
        let warnings = with(|core| core.annotate(span, &annotation))?;
        Ok(warnings
            .into_iter()
            .map(|warning| tracing::Warning { field: warning.field, message: warning.message })
            .collect())
    }

    fn finish(
        span: Handle,
        failure: Option<tracing::Failure>,
        end_ns: Option<u64>,
    ) -> Result<tracing::Finished, types::Error> {
        let failure = failure.map(|failure| crate::Failure {
            message: failure.message,
            error_type: failure.error_type,
            stack: failure.stack,
        });
        let finished = with(|core| core.finish(span, failure, end_ns))?;
        Ok(tracing::Finished {
            current: finished.current,
            attention: finished.attention,
            dropped: finished.dropped.map(Into::into),
        })
    }

    fn abandon(span: Handle) -> Result<bool, types::Error> {
        Ok(with(|core| core.abandon(span))?)
    }

    fn export_span(span: Handle) -> Result<tracing::SpanContext, types::Error> {
        let context = with(|core| core.export_span(span))?;
        Ok(tracing::SpanContext { span_id: context.span_id, trace_id: context.trace_id })
    }
}

impl delivery::Guest for Component {
    fn set_destination(destination: types::Destination) -> Result<(), types::Error> {
        Ok(with(|core| core.set_destination(destination.into()))?)
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

    fn complete(id: u64, outcome: delivery::Outcome) -> Result<delivery::Verdict, types::Error> {
        Ok(match with(|core| core.complete(id, &outcome.into()))? {
            crate::Verdict::Delivered => delivery::Verdict::Delivered,
            crate::Verdict::Retry(ns) => delivery::Verdict::Retry(ns),
            crate::Verdict::Dropped(reason) => delivery::Verdict::Dropped(reason.into()),
        })
    }

    fn statistics() -> delivery::Counters {
        let counts = with(|core| core.statistics());
        let dropped = crate::DropReason::ALL
            .into_iter()
            .map(|reason| delivery::DropCount {
                reason: reason.into(),
                spans: counts.dropped_for(reason),
            })
            .filter(|count| count.spans > 0)
            .collect();
        delivery::Counters {
            accepted: counts.accepted,
            open: counts.open,
            queued: counts.queued,
            in_flight: counts.in_flight,
            delivered: counts.delivered,
            dropped,
            annotations_rejected: counts.annotations_rejected,
            warnings: counts.warnings,
            bytes: counts.bytes,
        }
    }
}

/// Two enums of the same cases, one of the contract and one of the core.
macro_rules! same_cases {
    ($contract:ty, $core:ty, [$($case:ident),+]) => {
        impl From<$contract> for $core {
            fn from(value: $contract) -> Self {
                match value { $(<$contract>::$case => <$core>::$case),+ }
            }
        }
        impl From<$core> for $contract {
            fn from(value: $core) -> Self {
                match value { $(<$core>::$case => <$contract>::$case),+ }
            }
        }
    };
}

same_cases!(
    types::SpanKind,
    crate::SpanKind,
    [Llm, Workflow, Agent, Tool, Task, Embedding, Retrieval]
);
same_cases!(types::IntakeFormat, crate::IntakeFormat, [PublicApi, SdkIntake]);
same_cases!(types::Route, crate::Route, [Direct, Agent]);
same_cases!(delivery::IntakeHost, crate::IntakeHost, [Api, LlmobsIntake]);
same_cases!(
    types::DropReason,
    crate::DropReason,
    [
        QueueFull,
        OpenFull,
        Unfinished,
        Rejected,
        RetriesExhausted,
        NoApiKey,
        Shutdown,
        TooLarge,
        Trap
    ]
);

impl From<types::Destination> for crate::Destination {
    fn from(value: types::Destination) -> Self {
        crate::Destination { format: value.format.into(), route: value.route.into() }
    }
}

impl From<types::Settings> for crate::Settings {
    fn from(value: types::Settings) -> Self {
        crate::Settings {
            ml_app: value.ml_app,
            service: value.service,
            env: value.env,
            version: value.version,
            tags: value.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            language: value.language,
            destination: value.destination.map(Into::into),
            limits: value.limits.map(Into::into).unwrap_or_default(),
        }
    }
}

impl From<types::Limits> for crate::Limits {
    fn from(value: types::Limits) -> Self {
        crate::Limits {
            batch_spans: value.batch_spans,
            batch_bytes: value.batch_bytes,
            batch_age_ns: value.batch_age_ns,
            queue_bytes: value.queue_bytes,
            open_bytes: value.open_bytes,
            event_bytes: value.event_bytes,
            attempts: value.attempts,
            retry_budget_ns: value.retry_budget_ns,
        }
    }
}

impl From<tracing::Parent> for crate::Parent {
    fn from(value: tracing::Parent) -> Self {
        match value {
            tracing::Parent::Root => crate::Parent::Root,
            tracing::Parent::Current(span) => crate::Parent::Current(span),
            tracing::Parent::ChildOf(span) => crate::Parent::ChildOf(span),
        }
    }
}

impl From<tracing::SpanOption> for crate::SpanOption {
    fn from(value: tracing::SpanOption) -> Self {
        match value {
            tracing::SpanOption::SessionId(text) => crate::SpanOption::SessionId(text),
            tracing::SpanOption::MlApp(text) => crate::SpanOption::MlApp(text),
            tracing::SpanOption::ModelName(text) => crate::SpanOption::ModelName(text),
            tracing::SpanOption::ModelProvider(text) => crate::SpanOption::ModelProvider(text),
            tracing::SpanOption::StartNs(at) => crate::SpanOption::StartNs(at),
        }
    }
}

impl From<crate::Request> for delivery::Request {
    fn from(value: crate::Request) -> Self {
        let header =
            |header: crate::Header| delivery::Header { name: header.name, value: header.value };
        delivery::Request {
            id: value.id,
            host: value.host.into(),
            path: value.path,
            headers: value.headers.into_iter().map(header).collect(),
            body: value.body,
            spans: value.spans,
        }
    }
}

impl From<delivery::Outcome> for crate::Outcome {
    fn from(value: delivery::Outcome) -> Self {
        let header =
            |header: delivery::Header| crate::Header { name: header.name, value: header.value };
        match value {
            delivery::Outcome::Response(response) => crate::Outcome::Response(crate::Response {
                status: response.status,
                headers: response.headers.into_iter().map(header).collect(),
            }),
            delivery::Outcome::TransportError => crate::Outcome::TransportError,
            delivery::Outcome::NotSent(reason) => crate::Outcome::NotSent(reason.into()),
        }
    }
}

impl From<crate::Error> for types::Error {
    fn from(value: crate::Error) -> Self {
        match value {
            crate::Error::InvalidArgument(detail) => {
                types::Error::InvalidArgument(types::InvalidArgument {
                    field: detail.field,
                    message: detail.message,
                })
            }
            crate::Error::UnknownSpan(span) => types::Error::UnknownSpan(span),
            crate::Error::SpanFinished(span) => types::Error::SpanFinished(span),
            crate::Error::MemoryFull => types::Error::MemoryFull,
            crate::Error::AlreadyConfigured => types::Error::AlreadyConfigured,
            crate::Error::UnknownRequest(id) => types::Error::UnknownRequest(id),
        }
    }
}

bindings::export!(Component with_types_in bindings);
