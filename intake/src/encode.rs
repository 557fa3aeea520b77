//! The model back to wire formats: for `--forward` to a receiver of another kind, and `export`.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span as Wire, Status as WireStatus,
};
use serde_json::{Map, Value, json};

use crate::model::{Kind, Span, Status};

/// A failed status in OTLP, and one that is well.
const FAILED: i32 = 2;

/// A span of the documented HTTP API, as `/api/intake/llm-obs/v1/trace/spans` takes it.
pub(crate) fn public(span: &Span) -> Value {
    let mut event = common(span);
    let mut meta = meta(span, false);
    meta.insert("kind".to_owned(), span.kind.name().into());
    event.insert("meta".to_owned(), Value::Object(meta));
    event.insert("ml_app".to_owned(), span.ml_app.as_str().into());
    if let Some(service) = &span.service {
        event.insert("service".to_owned(), service.as_str().into());
    }
    event.insert("tags".to_owned(), json!(span.tags));
    Value::Object(event)
}

/// A body of `/api/v2/llmobs`: what Datadog's own SDKs send, and agents relay.
pub(crate) fn sdk_body(spans: &[Span]) -> Value {
    spans
        .iter()
        .map(|span| {
            let mut event = common(span);
            let mut meta = meta(span, true);
            meta.insert("span".to_owned(), json!({ "kind": span.kind.name() }));
            event.insert("meta".to_owned(), Value::Object(meta));
            let mut tags = span.tags.clone();
            let known = [
                ("ml_app", Some(&span.ml_app)),
                ("service", span.service.as_ref()),
                ("env", span.env.as_ref()),
                ("version", span.version.as_ref()),
                ("language", span.language.as_ref()),
            ];
            for (key, value) in known {
                let Some(value) = value else { continue };
                if !tags
                    .iter()
                    .any(|tag| tag.strip_prefix(key).is_some_and(|tag| tag.starts_with(':')))
                {
                    tags.push(format!("{key}:{value}"));
                }
            }
            event.insert("tags".to_owned(), json!(tags));
            json!({
                "_dd.stage": "raw",
                "_dd.tracer_version": env!("CARGO_PKG_VERSION"),
                "event_type": "span",
                "spans": [event]
            })
        })
        .collect()
}

fn common(span: &Span) -> Map<String, Value> {
    let metrics: Map<String, Value> = span
        .metrics
        .iter()
        // The intake refuses dots there.
        .map(|(name, value)| (name.replace('.', "_"), number(*value)))
        .collect();
    let mut event = Map::new();
    event.insert("name".to_owned(), span.name.as_str().into());
    event.insert("span_id".to_owned(), span.span_id.as_str().into());
    event.insert("trace_id".to_owned(), span.trace_id.as_str().into());
    event.insert("parent_id".to_owned(), span.parent_id.as_deref().unwrap_or("undefined").into());
    event.insert("start_ns".to_owned(), span.start_ns.into());
    event.insert("duration".to_owned(), span.duration_ns.into());
    event.insert("status".to_owned(), span.status.name().into());
    event.insert("metrics".to_owned(), Value::Object(metrics));
    if let Some(session) = &span.session_id {
        event.insert("session_id".to_owned(), session.as_str().into());
    }
    if let Some(key) = &span.feedback_join_key {
        event.insert("feedback_join_key".to_owned(), key.as_str().into());
    }
    event
}

/// Whole numbers as integers, which some receivers ask for.
fn number(value: f64) -> Value {
    // Up to here every whole number has a double of its own.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        (value as i64).into()
    } else {
        value.into()
    }
}

fn meta(span: &Span, sdk: bool) -> Map<String, Value> {
    let mut meta = match &span.meta {
        Value::Object(meta) => meta.clone(),
        _ => Map::new(),
    };
    if let Some(links) = meta.shift_remove("links") {
        let metadata = meta.entry("metadata").or_insert_with(|| json!({}));
        metadata["_dd"]["span_links"] = links;
    }
    meta.shift_remove("collection_errors");
    for (name, value) in [("model_name", &span.model), ("model_provider", &span.provider)] {
        if let Some(value) = value {
            meta.insert(name.to_owned(), value.as_str().into());
        }
    }
    let prompt = meta.get_mut("input").and_then(|input| input.get_mut("prompt"));
    if let (true, Some(Value::Object(prompt))) = (sdk, prompt) {
        for name in ["context_variable_keys", "query_variable_keys"] {
            if let Some(keys) = prompt.shift_remove(name) {
                prompt.insert(format!("_dd_{name}"), keys);
            }
        }
    }
    meta
}

/// The spans as one OTLP request, with the attributes that `decode::genai` reads.
pub(crate) fn otlp(spans: &[Span]) -> ExportTraceServiceRequest {
    // One resource for each service, app and environment, in the order in which they come.
    let mut groups: Vec<(Vec<KeyValue>, Vec<Wire>)> = Vec::new();
    for span in spans {
        let of = resource(span);
        match groups.iter_mut().find(|(known, _)| *known == of) {
            Some((_, wires)) => wires.push(wire(span)),
            None => groups.push((of, vec![wire(span)])),
        }
    }
    let resource_spans = groups
        .into_iter()
        .map(|(attributes, spans)| ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "witspan".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        })
        .collect();
    ExportTraceServiceRequest { resource_spans }
}

fn resource(span: &Span) -> Vec<KeyValue> {
    let service = span.service.as_ref().unwrap_or(&span.ml_app);
    [
        ("service.name", Some(service)),
        ("service.version", span.version.as_ref()),
        ("deployment.environment.name", span.env.as_ref()),
        ("telemetry.sdk.language", span.language.as_ref()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some(text(key, value?)))
    .collect()
}

fn wire(span: &Span) -> Wire {
    let mut attributes = vec![text("gen_ai.application.name", &span.ml_app)];
    let operation = match &span.kind {
        Kind::Llm => Some("chat"),
        Kind::Embedding => Some("embeddings"),
        Kind::Tool => Some("execute_tool"),
        Kind::Agent => Some("invoke_agent"),
        Kind::Retrieval => Some("retrieval"),
        Kind::Workflow | Kind::Task | Kind::Other(_) => None,
    };
    match (operation, &span.kind) {
        (Some(operation), _) => attributes.push(text("gen_ai.operation.name", operation)),
        // The conventions have no word for these; OpenLLMetry has.
        (None, kind) => attributes.push(text("traceloop.span.kind", kind.name())),
    }
    for (key, value) in [
        ("gen_ai.request.model", &span.model),
        ("gen_ai.provider.name", &span.provider),
        ("gen_ai.conversation.id", &span.session_id),
    ] {
        attributes.extend(value.as_ref().map(|value| text(key, value)));
    }
    for (name, value) in &span.metrics {
        let key = witspan_semconv::metrics::written(name).to_owned();
        let value = match number(*value) {
            Value::Number(whole) if whole.is_i64() => {
                Any::IntValue(whole.as_i64().unwrap_or_default())
            }
            _ => Any::DoubleValue(*value),
        };
        attributes.push(pair(key, value));
    }
    let tool = span.kind == Kind::Tool;
    for (side, messages, other) in [
        (
            "input",
            "gen_ai.input.messages",
            if tool { "gen_ai.tool.call.arguments" } else { "input.value" },
        ),
        (
            "output",
            "gen_ai.output.messages",
            if tool { "gen_ai.tool.call.result" } else { "output.value" },
        ),
    ] {
        let content = &span.meta[side];
        if let Some(list) = content["messages"].as_array() {
            let list: Value = list.iter().map(parts).collect();
            attributes.push(text(messages, &list.to_string()));
        }
        if let Some(value) = content["value"].as_str() {
            attributes.push(text(other, value));
        }
    }
    if let Some(documents) = span.meta["output"]["documents"].as_array() {
        let documents: Value = documents.iter().map(|document| {
            json!({ "content": document["text"], "id": document["id"], "name": document["name"], "score": document["score"] })
        }).collect();
        attributes.push(text("gen_ai.retrieval.documents", &documents.to_string()));
    }
    for (number, document) in
        span.meta["input"]["documents"].as_array().into_iter().flatten().enumerate()
    {
        let words = document["text"].as_str().unwrap_or_default();
        attributes.push(text(&format!("embedding.embeddings.{number}.embedding.text"), words));
    }
    if tool {
        attributes.push(text("gen_ai.tool.name", &span.name));
    }
    if let Some(tools) = span.meta["tool_definitions"].as_array() {
        attributes.push(text("gen_ai.tool.definitions", &Value::from(tools.clone()).to_string()));
    }
    if span.meta["metadata"].is_object() {
        attributes.push(text("_dd.ml_obs.metadata", &span.meta["metadata"].to_string()));
    }
    let prompt = &span.meta["input"]["prompt"];
    for (name, key) in [
        ("id", "gen_ai.prompt.name"),
        ("version", "llm.prompt_template.version"),
        ("template", "llm.prompt_template.template"),
        ("variables", "llm.prompt_template.variables"),
    ] {
        match &prompt[name] {
            Value::Null => {}
            Value::String(value) => attributes.push(text(key, value)),
            other => attributes.push(text(key, &other.to_string())),
        }
    }
    for tag in &span.tags {
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        attributes.push(text(key, value));
    }
    let failed = span.status == Status::Error;
    let error = &span.meta["error"];
    let of = |name: &str| error[name].as_str().unwrap_or_default();
    let end = span.start_ns.saturating_add(span.duration_ns);
    let events = if failed && error.is_object() {
        vec![Event {
            time_unix_nano: end.max(0) as u64,
            name: "exception".to_owned(),
            attributes: vec![
                text("exception.type", of("type")),
                text("exception.message", of("message")),
                text("exception.stacktrace", of("stack")),
            ],
            ..Event::default()
        }]
    } else {
        Vec::new()
    };
    let links = span.meta["links"].as_array().into_iter().flatten();
    Wire {
        trace_id: trace_bytes(&span.trace_id),
        span_id: span_bytes(&span.span_id),
        parent_span_id: span.parent_id.as_deref().map(span_bytes).unwrap_or_default(),
        name: span.name.clone(),
        kind: SpanKind::Internal as i32,
        start_time_unix_nano: span.start_ns.max(0) as u64,
        end_time_unix_nano: end.max(0) as u64,
        attributes,
        events,
        links: links
            .map(|link| Link {
                trace_id: trace_bytes(link["trace_id"].as_str().unwrap_or_default()),
                span_id: span_bytes(link["span_id"].as_str().unwrap_or_default()),
                attributes: object(&link["attributes"]),
                ..Link::default()
            })
            .collect(),
        status: Some(WireStatus {
            code: if failed { FAILED } else { 0 },
            message: if failed { of("message").to_owned() } else { String::new() },
        }),
        ..Wire::default()
    }
}

/// A message in the conventions' parts.
fn parts(message: &Value) -> Value {
    let mut parts = Vec::new();
    if let Some(content) = message["content"].as_str().filter(|content| !content.is_empty()) {
        parts.push(json!({ "type": "text", "content": content }));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        parts.push(json!({
            "type": "tool_call", "id": call["tool_id"], "name": call["name"],
            "arguments": call["arguments"]
        }));
    }
    for result in message["tool_results"].as_array().into_iter().flatten() {
        parts.push(json!({
            "type": "tool_call_response", "id": result["tool_id"], "name": result["name"],
            "response": result["result"]
        }));
    }
    for (list, modality) in [("image_parts", "image"), ("audio_parts", "audio")] {
        for part in message[list].as_array().into_iter().flatten() {
            let (kind, place) = match &part["content"] {
                Value::Null => ("file", ("file_id", &part["attachment_key"])),
                content => ("blob", ("content", content)),
            };
            parts.push(json!({
                "type": kind, "modality": modality, "mime_type": part["mime_type"], place.0: place.1
            }));
        }
    }
    json!({ "role": message["role"], "parts": parts })
}

fn text(key: &str, value: &str) -> KeyValue {
    pair(key.to_owned(), Any::StringValue(value.to_owned()))
}

fn pair(key: String, value: Any) -> KeyValue {
    KeyValue { key, value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn object(value: &Value) -> Vec<KeyValue> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, value)| pair(key.clone(), any(value))).collect()
}

fn any(value: &Value) -> Any {
    match value {
        Value::Null => Any::StringValue(String::new()),
        Value::Bool(value) => Any::BoolValue(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Any::StringValue(text.clone()),
        Value::Array(items) => Any::ArrayValue(ArrayValue {
            values: items.iter().map(|item| AnyValue { value: Some(any(item)) }).collect(),
        }),
        Value::Object(_) => Any::KvlistValue(KeyValueList { values: object(value) }),
    }
}

/// The 16 bytes of a trace's id: of 32 hexadecimal digits, of a decimal number, or of a text that is
/// neither, by its hash, so that spans of one trace stay together.
fn trace_bytes(id: &str) -> Vec<u8> {
    let hex = (id.len() == 32).then(|| u128::from_str_radix(id, 16).ok()).flatten();
    let number = hex.or_else(|| id.parse().ok()).filter(|number| *number != 0);
    number.unwrap_or_else(|| (u128::from(hash(id)) << 64) | 1).to_be_bytes().to_vec()
}

/// The 8 bytes of a span's id, in the same way.
fn span_bytes(id: &str) -> Vec<u8> {
    let number: Option<u64> = id.parse().ok();
    let hex = || (id.len() == 16).then(|| u64::from_str_radix(id, 16).ok()).flatten();
    let number = number.or_else(hex).filter(|number| *number != 0);
    number.unwrap_or_else(|| hash(id) | 1).to_be_bytes().to_vec()
}

/// FNV-1a: the same in every process, which ids of one trace need.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
