//! Evaluations and feedback: the second version of the body, and the first, which Java still sends.
//!
//! The first has the span's ids beside the value. They are moved to their place in the second, so that both are
//! then decoded alike.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::event::whole;
use super::json::{bad, envelope, few, named, not_json, read, refused};
use super::scan;
use super::taking::{Item, Taking, who};
use crate::model::{Evaluation, Refusal, Scope};
use crate::schema::{Shape, check};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    r#type: String,
    #[serde(borrow)]
    attributes: Attributes<'a>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    metrics: &'a RawValue,
    #[serde(default, deserialize_with = "few")]
    tags: Vec<String>,
}

/// The body of `/api/intake/llm-obs/v1|v2/eval-metric`.
pub(crate) fn metrics(text: &str, taking: &mut Taking<'_>) -> Result<(), Refusal> {
    let body: Body<'_> = envelope(text, Shape::EvaluationBody)?;
    if body.data.r#type != "evaluation_metric" {
        return Err(bad("/data/type", "expected \"evaluation_metric\""));
    }
    let Attributes { metrics, tags } = body.data.attributes;
    if !scan::is_list(metrics.get()) {
        return Err(named(text, Shape::EvaluationBody, "`metrics` must be a list"));
    }
    let shared: usize = tags.iter().map(String::len).sum();
    for (number, metric) in scan::items(metrics.get()).enumerate() {
        let pointer = format!("/data/attributes/metrics/{number}");
        let item =
            Item { pointer: &pointer, length: metric.len() + shared, weight: scan::weight(metric) };
        let label = || scan::own_text(scan::member(metric, "label")?);
        taking.evaluation(
            &item,
            || who([("label", label().as_deref())]),
            || {
                let (mut value, raw) = read(metric).map_err(|error| not_json(&pointer, &error))?;
                let raw = raw.into_owned();
                if let Value::Object(members) = &mut value {
                    normalise(members);
                }
                check(Shape::Evaluation, &value).map_err(|problem| refused(&pointer, problem))?;
                Ok(evaluation(&value, &tags, raw))
            },
        )?;
    }
    Ok(())
}

/// Brings what SDKs send to the form of the schema.
pub(crate) fn normalise(metric: &mut Map<String, Value>) {
    metric.retain(|_, value| !value.is_null());
    // dd-trace-js takes a number as a label.
    if let Some(label @ Value::Number(_)) = metric.get_mut("label") {
        *label = Value::String(label.to_string());
    }
    // ddtrace takes a boolean as a score.
    if let Some(score @ Value::Bool(_)) = metric.get_mut("score_value") {
        *score = json!(u8::from(*score == true));
    }
    let feedback = metric.get("event_kind").is_some_and(|kind| kind == "feedback");
    if !feedback && !metric.contains_key("join_on") && metric.contains_key("span_id") {
        let ids = [metric.remove("span_id"), metric.remove("trace_id")];
        let [span_id, trace_id] = ids.map(|id| match id {
            Some(Value::Number(number)) => Value::String(number.to_string()),
            other => other.unwrap_or_default(),
        });
        metric.insert(
            "join_on".to_owned(),
            json!({ "span": { "span_id": span_id, "trace_id": trace_id } }),
        );
    }
}

fn evaluation(metric: &Value, tags: &[String], raw: String) -> Evaluation {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let some = |value: &Value| Some(value.clone()).filter(|value| !value.is_null());
    let feedback = metric["event_kind"] == "feedback";
    let span = &metric["join_on"]["span"];
    let tag = &metric["join_on"]["tag"];
    let session_id = text(&metric["session_id"]);
    let join_key = text(&metric["feedback_join_key"]);
    let span_id = text(&span["span_id"]).or_else(|| text(&metric["span_id"]));
    let scope = match metric["eval_scope"].as_str() {
        Some("trace") => Scope::Trace,
        Some("session") => Scope::Session,
        Some("external") => Scope::External,
        // The target of feedback says what it is about.
        None if feedback && session_id.is_some() => Scope::Session,
        None if feedback && join_key.is_some() => Scope::External,
        None if feedback && span_id.is_none() => Scope::Trace,
        _ => Scope::Span,
    };
    let metric_type = text(&metric["metric_type"]).unwrap_or_default();
    let own = metric["tags"].as_array().into_iter().flatten().filter_map(text);
    Evaluation {
        id: text(&metric["id"]).unwrap_or_else(fresh_id),
        feedback,
        scope,
        trace_id: text(&span["trace_id"]).or_else(|| text(&metric["trace_id"])),
        span_id,
        session_id,
        join_tag: text(&tag["key"]).zip(text(&tag["value"])),
        join_key,
        ml_app: text(&metric["ml_app"]).unwrap_or_default(),
        label: text(&metric["label"]).unwrap_or_default(),
        value: metric[format!("{metric_type}_value")].clone(),
        metric_type,
        assessment: text(&metric["assessment"]),
        reasoning: text(&metric["reasoning"]),
        status: text(&metric["status"]),
        error: some(&metric["error"]),
        submitter: some(&metric["submitter"]),
        tags: own.chain(tags.iter().cloned()).collect(),
        timestamp_ms: whole(Some(&metric["timestamp_ms"])),
        metadata: some(&metric["metadata"]).or_else(|| some(&metric["eval_metric_metadata"])),
        raw,
    }
}

/// An id that no other evaluation has: unique, not secret.
fn fresh_id() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let mut hasher = DefaultHasher::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    now.hash(&mut hasher);
    std::process::id().hash(&mut hasher);
    let count = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{:016x}", now as u64, hasher.finish().wrapping_add(count))
}
