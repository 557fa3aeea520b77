//! What tracers say they lost: witspan's header, and ddtrace's and dd-trace's telemetry.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use serde_json::Value;
use witspan_semconv::as_text;

use super::json::{bad, not_json, read};
use super::scan;
use super::taking::Program;
use crate::memory;
use crate::model::{DropReport, Lost, Refusal, Taken};

/// The header that witspan's hosts add to a request once something was lost:
/// `client=ID;queue_full=3;evaluations.rejected=1`, counted since the tracer's start.
pub(crate) const HEADER: &str = "witspan-dropped";

/// The most reasons of one report. No tracer has so many, and each takes space.
const REASONS: usize = 64;
/// The longest text of a report that is kept.
const CHARACTERS: usize = 100;

/// Adds what the header reports. An invalid header is only a warning, so that its spans are not lost.
pub(crate) fn from_header(headers: &HeaderMap, program: Option<Program>, taken: &mut Taken) {
    let Some(header) = headers.get(HEADER) else { return };
    let mut client = None;
    let (mut spans, mut evaluations) = (Vec::new(), Vec::new());
    for part in header.to_str().unwrap_or_default().split(';').take(REASONS) {
        let Some((name, value)) = part.trim().split_once('=') else { continue };
        if name == "client" {
            client = Some(cut(value));
        } else if let Ok(count) = value.parse::<u64>() {
            match name.strip_prefix("evaluations.") {
                Some(reason) => evaluations.push((cut(reason), count)),
                None => spans.push((cut(name), count)),
            }
        }
    }
    let Some(client) = client else {
        taken.warnings.push(format!("the header {HEADER} was ignored, since it names no client"));
        return;
    };
    let (ml_app, language) =
        program.map_or((None, None), |program| (Some(program.app), program.language));
    for (what, counts) in [(Lost::Spans, spans), (Lost::Evaluations, evaluations)] {
        if !counts.is_empty() {
            taken.drops.push(DropReport {
                client: client.clone(),
                ml_app: ml_app.clone(),
                language: language.clone(),
                at_ms: now_ms(),
                what,
                counts,
                delta: false,
            });
        }
    }
}

/// The body of `/telemetry/proxy/api/v2/apmtelemetry`. Only the counters of lost events are
/// read; a body of another shape has none.
pub(crate) fn telemetry(text: &str) -> Result<Vec<DropReport>, Refusal> {
    let weight = scan::weight(text);
    if weight > memory::LARGEST {
        let reason = "the body holds too many values; send it in parts".to_owned();
        return Err(Refusal::TooLarge { reason });
    }
    let _room = memory::to_read(weight).map_err(|_| Refusal::Busy)?;
    let (body, _) = read(text).map_err(|error| not_json("", &error))?;
    if !body.is_object() {
        return Err(bad("", "expected an object"));
    }
    let application = &body["application"];
    let mut report = DropReport {
        client: cut(body["runtime_id"].as_str().unwrap_or("telemetry")),
        ml_app: application["service_name"].as_str().map(cut),
        language: application["language_name"].as_str().map(cut),
        at_ms: now_ms(),
        what: Lost::Spans,
        counts: Vec::new(),
        delta: true,
    };
    let mut drops = Vec::new();
    let batch = body["payload"].as_array();
    let messages: Vec<&Value> = match batch {
        Some(batch) => batch.iter().map(|each| &each["payload"]).collect(),
        None => vec![&body["payload"]],
    };
    for (what, metric) in
        [(Lost::Spans, "dropped_span_events"), (Lost::Evaluations, "dropped_eval_events")]
    {
        report.what = what;
        report.counts = counted(&messages, metric);
        if !report.counts.is_empty() {
            drops.push(report.clone());
        }
    }
    Ok(drops)
}

fn counted(messages: &[&Value], metric: &str) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    let series = messages.iter().flat_map(|message| {
        let namespace = message["namespace"].as_str();
        message["series"].as_array().into_iter().flatten().map(move |one| (namespace, one))
    });
    for (namespace, one) in series {
        let namespace = one["namespace"].as_str().or(namespace);
        if namespace != Some("mlobs") || one["metric"] != metric {
            continue;
        }
        let points = one["points"].as_array().into_iter().flatten();
        let count: f64 = points.filter_map(|point| point[1].as_f64()).sum();
        let mut tags = one["tags"].as_array().into_iter().flatten().map(as_text);
        let reason = tags.find_map(|tag| tag.strip_prefix("error:").map(str::to_owned));
        let reason = cut(reason.as_deref().unwrap_or("unknown"));
        if let Some((_, sum)) = counts.iter_mut().find(|(known, _)| *known == reason) {
            *sum = sum.saturating_add(count as u64);
        } else if counts.len() < REASONS && count > 0.0 {
            counts.push((reason, count as u64));
        }
    }
    counts
}

fn cut(text: &str) -> String {
    text.chars().take(CHARACTERS).collect()
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
