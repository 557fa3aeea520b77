//! The suite's values as the contract's, and back.

use anyhow::Result;
use witspan_cli_programs::tracing::SpanOption;
use witspan_cli_programs::{delivery, types};
use witspan_conformance::{Answer, Counters, Headers, Start};

/// Kinds in the order of the suite.
pub(crate) const KINDS: [types::SpanKind; 7] = [
    types::SpanKind::Llm,
    types::SpanKind::Workflow,
    types::SpanKind::Agent,
    types::SpanKind::Tool,
    types::SpanKind::Task,
    types::SpanKind::Embedding,
    types::SpanKind::Retrieval,
];

pub(crate) fn options(start: &Start) -> Vec<SpanOption> {
    let options = [
        start.session_id.clone().map(SpanOption::SessionId),
        start.ml_app.clone().map(SpanOption::MlApp),
        start.model_name.clone().map(SpanOption::ModelName),
        start.model_provider.clone().map(SpanOption::ModelProvider),
        start.start_ns.map(SpanOption::StartNs),
    ];
    let contexts = start.contexts.iter().cloned().map(SpanOption::Context);
    options.into_iter().flatten().chain(contexts).collect()
}

/// What the receiver says: 202, once the case's answers are used up.
pub(crate) fn outcome(answer: Option<Answer>) -> delivery::Outcome {
    let answer = answer.unwrap_or(Answer { status: 202, headers: Headers::new() });
    match answer.status {
        0 => delivery::Outcome::TransportError,
        status => {
            let headers = headers(&answer.headers);
            delivery::Outcome::Response(delivery::Response { status, headers })
        }
    }
}

/// A disposition in the suite's words.
pub(crate) fn words(disposition: &delivery::Disposition) -> String {
    match disposition {
        delivery::Disposition::Delivered => "delivered".to_owned(),
        delivery::Disposition::Dropped(reason) => format!("dropped {}", name(*reason)),
        delivery::Disposition::Retry(ns) => format!("retry {ns}"),
    }
}

pub(crate) fn headers(given: &Headers) -> Vec<types::Header> {
    let header = |(name, value): (&String, &String)| types::Header {
        name: name.clone(),
        value: value.clone(),
    };
    given.iter().map(header).collect()
}

/// A reason by its name in the contract, which the bindings keep only in Rust's spelling.
pub(crate) fn name(reason: types::DropReason) -> String {
    let mut name = String::new();
    for letter in format!("{reason:?}").trim_start_matches("DropReason::").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The text of a refusal; any other error is not expected.
pub(crate) fn refusal<T>(result: Result<T, types::Error>) -> Result<Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(types::Error::InvalidArgument(detail)) => Ok(Err(detail.message)),
        Err(types::Error::SpanFinished(_) | types::Error::MemoryFull) => Ok(Err(String::new())),
        Err(error) => Err(error.into()),
    }
}

/// The counters that a case states: those that are not zero.
pub(crate) fn counters(counts: &delivery::Counters) -> Counters {
    let named = [
        ("accepted", counts.accepted),
        ("open", counts.open),
        ("delivered", counts.delivered),
        ("annotations_rejected", counts.annotations_rejected),
        ("warnings", counts.warnings),
        ("cut", counts.cut),
        ("content_dropped", counts.content_dropped),
        ("evaluations accepted", counts.evaluations.accepted),
        ("evaluations delivered", counts.evaluations.delivered),
        ("evaluations_rejected", counts.evaluations_rejected),
    ];
    let named = named.into_iter().map(|(name, count)| (name.to_owned(), count));
    let dropped = |before, drops: &[delivery::DropCount]| {
        let line =
            |drop: &delivery::DropCount| (format!("{before}{}", name(drop.reason)), drop.count);
        drops.iter().map(line).collect::<Vec<_>>()
    };
    let spans = dropped("dropped ", &counts.dropped);
    let evaluations = dropped("evaluations dropped ", &counts.evaluations.dropped);
    named.chain(spans).chain(evaluations).filter(|(_, count)| *count > 0).collect()
}
