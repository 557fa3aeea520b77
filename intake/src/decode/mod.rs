//! Bytes of each wire format to the model.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use crate::model::{Decoded, Kind, Refusal, Source, Span, Status};

/// What a path of the intake takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/api/intake/llm-obs/v1/trace/spans`
    PublicSpans,
    /// `/api/v2/llmobs`
    SdkSpans,
    /// `/api/intake/llm-obs/v1/eval-metric`
    EvalV1,
    /// `/api/intake/llm-obs/v2/eval-metric`
    EvalV2,
    /// `/v0.3/traces`, `/v0.4/traces`
    ApmTraces,
    /// `/v0.5/traces`
    ApmTracesV05,
    /// `/v1/input`
    ApmAgentless,
    /// `/v1/traces`
    OtlpTraces,
    /// `/telemetry/proxy/api/v2/apmtelemetry`
    Telemetry,
}

/// Decodes the inflated body of a request.
pub(crate) fn request(
    route: Route,
    _content_type: &str,
    _headers: &HeaderMap,
    body: &[u8],
) -> Result<Decoded, Refusal> {
    if route != Route::SdkSpans {
        return Ok(Decoded::default());
    }
    let bad = |reason: String| Refusal::BadRequest { pointer: String::new(), reason };
    let body: Value = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
    let mut decoded = Decoded::default();
    for envelope in body.as_array().into_iter().flatten() {
        for event in envelope["spans"].as_array().into_iter().flatten() {
            decoded.spans.push(span(event));
        }
    }
    Ok(decoded)
}

fn span(event: &Value) -> Span {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let tags: Vec<String> =
        event["tags"].as_array().into_iter().flatten().filter_map(text).collect();
    let tag = |key: &str| {
        tags.iter().find_map(|tag| Some(tag.strip_prefix(key)?.strip_prefix(':')?.to_owned()))
    };
    let wire = &event["meta"];
    let mut meta = Map::new();
    for key in ["input", "output", "metadata", "tool_definitions"] {
        if !wire[key].is_null() {
            meta.insert(key.to_owned(), wire[key].clone());
        }
    }
    Span {
        trace_id: text(&event["trace_id"]).unwrap_or_default(),
        span_id: text(&event["span_id"]).unwrap_or_default(),
        parent_id: text(&event["parent_id"]).filter(|id| id != "undefined"),
        name: text(&event["name"]).unwrap_or_default(),
        kind: Kind::named(wire["span.kind"].as_str().unwrap_or_default()),
        start_ns: event["start_ns"].as_i64().unwrap_or_default(),
        duration_ns: event["duration"].as_i64().unwrap_or_default(),
        status: if event["status"] == "error" { Status::Error } else { Status::Ok },
        ml_app: tag("ml_app").unwrap_or_default(),
        service: tag("service"),
        env: tag("env"),
        version: tag("version"),
        session_id: text(&event["session_id"]),
        model: text(&wire["model_name"]),
        provider: text(&wire["model_provider"]),
        language: tag("language"),
        feedback_join_key: None,
        metrics: (event["metrics"].as_object().into_iter().flatten())
            .filter_map(|(key, value)| Some((key.clone(), value.as_f64()?)))
            .collect(),
        tags,
        meta: Value::Object(meta),
        source: Source::Sdk,
        raw: event.to_string(),
    }
}
