//! The suite's values as the contract's, and back.

use anyhow::{Result, bail};
use witspan_cli_programs::tracing::SpanOption;
use witspan_cli_programs::{delivery, types};
use witspan_conformance::{Answer, Counters, Format, Headers, Settings, Start};

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

pub(crate) fn settings(given: &Settings, format: Format) -> Result<types::Settings> {
    let (format, route) = match format {
        Format::PublicApi => (types::IntakeFormat::PublicApi, types::Route::Direct),
        Format::SdkIntake => (types::IntakeFormat::SdkIntake, types::Route::Agent),
    };
    let tags = given.tags.clone().into_iter();
    Ok(types::Settings {
        ml_app: given.app().to_owned(),
        service: given.service.clone(),
        env: given.env.clone(),
        version: given.version.clone(),
        tags: tags.map(|(key, value)| types::Tag { key, value }).collect(),
        language: given.language.clone().unwrap_or_else(|| "python".to_owned()),
        destination: Some(types::Destination { format, route }),
        limits: limits(&given.limits)?,
        sampling: given.sampling.clone().map(|sampling| types::Sampling {
            rate: sampling.rate,
            rules: sampling.rules,
            drop: sampling.drop,
        }),
    })
}

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
fn name(reason: types::DropReason) -> String {
    let mut name = String::new();
    for letter in format!("{reason:?}").trim_start_matches("DropReason::").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn limits(given: &Counters) -> Result<Option<types::Limits>> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut limits = types::Limits {
        batch_spans: 500,
        batch_bytes: 4_000_000,
        batch_age_ns: 1_000_000_000,
        queue_bytes: 32 << 20,
        open_bytes: 64 << 20,
        event_bytes: 5_000_000,
        attempts: 8,
        retry_budget_ns: 60_000_000_000,
    };
    for (name, &value) in given {
        let small = u32::try_from(value);
        match name.as_str() {
            "batch-spans" => limits.batch_spans = small?,
            "batch-bytes" => limits.batch_bytes = small?,
            "batch-age-ns" => limits.batch_age_ns = value,
            "queue-bytes" => limits.queue_bytes = small?,
            "open-bytes" => limits.open_bytes = small?,
            "event-bytes" => limits.event_bytes = small?,
            "attempts" => limits.attempts = small?,
            "retry-budget-ns" => limits.retry_budget_ns = value,
            other => bail!("no limit `{other}`"),
        }
    }
    Ok(Some(limits))
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
