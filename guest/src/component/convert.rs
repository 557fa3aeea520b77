//! Values of the contract to values of the core, and back: the same fields under the same names.

use super::all;
use super::bindings::exports::witspan::llmobs::{delivery, evaluations, tracing, types};

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
same_cases!(delivery::CredentialForm, witspan_setup::CredentialForm, [Plain, Basic]);
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
        Trap,
        NotSampled,
        Processor,
        NoReceiver
    ]
);

impl From<tracing::Parent> for crate::Parent {
    fn from(value: tracing::Parent) -> Self {
        match value {
            tracing::Parent::Root => crate::Parent::Root,
            tracing::Parent::Current(span) => crate::Parent::Current(span),
            tracing::Parent::ChildOf(span) => crate::Parent::ChildOf(span),
            tracing::Parent::Remote(place) => crate::Parent::Remote(place),
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
            tracing::SpanOption::Context(text) => crate::SpanOption::Context(text),
            tracing::SpanOption::Target(id) => crate::SpanOption::Target(id),
        }
    }
}

impl From<types::Header> for crate::Header {
    fn from(value: types::Header) -> Self {
        crate::Header { name: value.name, value: value.value }
    }
}

impl From<crate::Header> for types::Header {
    fn from(value: crate::Header) -> Self {
        types::Header { name: value.name, value: value.value }
    }
}

impl From<crate::Warning> for types::Warning {
    fn from(value: crate::Warning) -> Self {
        types::Warning { field: value.field, message: value.message }
    }
}

impl From<tracing::Failure> for crate::Failure {
    fn from(value: tracing::Failure) -> Self {
        crate::Failure { message: value.message, error_type: value.error_type, stack: value.stack }
    }
}

impl From<crate::Finished> for tracing::Finished {
    fn from(value: crate::Finished) -> Self {
        tracing::Finished {
            current: value.current,
            should_poll: value.should_poll,
            process: value.process,
            dropped: value.dropped.map(Into::into),
        }
    }
}

impl From<crate::Submitted> for evaluations::Submitted {
    fn from(value: crate::Submitted) -> Self {
        evaluations::Submitted {
            should_poll: value.should_poll,
            dropped: value.dropped.map(Into::into),
            warnings: all(value.warnings),
        }
    }
}

impl From<crate::Credential> for delivery::Credential {
    fn from(value: crate::Credential) -> Self {
        delivery::Credential { header: value.header, secret: value.secret, form: value.form.into() }
    }
}

impl From<crate::Request> for delivery::Request {
    fn from(value: crate::Request) -> Self {
        delivery::Request {
            id: value.id,
            target: value.target,
            url: value.url,
            socket: value.socket,
            headers: all(value.headers),
            credentials: all(value.credentials),
            body: value.body,
            spans: value.spans,
            evaluations: value.evaluations,
        }
    }
}

impl From<delivery::Outcome> for crate::Outcome {
    fn from(value: delivery::Outcome) -> Self {
        match value {
            delivery::Outcome::Response(response) => crate::Outcome::Response(crate::Response {
                status: response.status,
                headers: all(response.headers),
            }),
            delivery::Outcome::TransportError => crate::Outcome::TransportError,
            delivery::Outcome::NotSent(reason) => crate::Outcome::NotSent(reason.into()),
        }
    }
}

fn drop_counts(dropped: &[u64]) -> Vec<delivery::DropCount> {
    let counts = crate::DropReason::ALL.into_iter().zip(dropped);
    let counts = counts.filter(|(_, count)| **count > 0);
    counts
        .map(|(reason, count)| delivery::DropCount { reason: reason.into(), count: *count })
        .collect()
}

impl From<crate::Statistics> for delivery::Counters {
    fn from(value: crate::Statistics) -> Self {
        delivery::Counters {
            accepted: value.accepted,
            open: value.open,
            queued: value.queued,
            in_flight: value.in_flight,
            delivered: value.delivered,
            dropped: drop_counts(&value.dropped),
            annotations_rejected: value.annotations_rejected,
            warnings: value.warnings,
            cut: value.cut,
            content_dropped: value.content_dropped,
            evaluations: delivery::EvaluationCounters {
                accepted: value.evaluations.accepted,
                queued: value.evaluations.queued,
                in_flight: value.evaluations.in_flight,
                delivered: value.evaluations.delivered,
                dropped: drop_counts(&value.evaluations.dropped),
            },
            evaluations_rejected: value.evaluations_rejected,
            bytes: value.bytes,
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
            crate::Error::UnknownEvent(id) => types::Error::UnknownEvent(id),
        }
    }
}

impl From<crate::SpanError> for types::SpanError {
    fn from(value: crate::SpanError) -> Self {
        match value {
            crate::SpanError::UnknownSpan => types::SpanError::UnknownSpan,
            crate::SpanError::InvalidContext => types::SpanError::InvalidContext,
            crate::SpanError::InvalidRemote => types::SpanError::InvalidRemote,
        }
    }
}
