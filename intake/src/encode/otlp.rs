//! Spans in OpenTelemetry's protocol, with the attributes by which `decode::otlp` reads them back.

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
use serde_json::Value;
use witspan_semconv::attributes as names;
use witspan_semconv::{as_text, documents, events as event_names, kinds, messages, metrics};

use super::number;
use crate::model::{Kind, Span, Status};

/// A failed status in OTLP, and one that is well.
const FAILED: i32 = 2;
const UNSET: i32 = 0;

/// The spans as one OTLP request.
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
        (names::SERVICE, Some(service)),
        (names::VERSION, span.version.as_ref()),
        (names::ENVIRONMENT.written, span.env.as_ref()),
        (names::LANGUAGE, span.language.as_ref()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some(text(key, value?)))
    .collect()
}

fn wire(span: &Span) -> Wire {
    let end = span.start_ns.saturating_add(span.duration_ns).max(0) as u64;
    let mut attributes = attributes(span);
    attributes.extend(content(span));
    attributes.extend(prompt(span));
    attributes.extend(tags(span));
    Wire {
        trace_id: trace_bytes(&span.trace_id),
        span_id: span_bytes(&span.span_id),
        parent_span_id: span.parent_id.as_deref().map(span_bytes).unwrap_or_default(),
        name: span.name.clone(),
        kind: SpanKind::Internal as i32,
        start_time_unix_nano: span.start_ns.max(0) as u64,
        end_time_unix_nano: end,
        attributes,
        events: events(span, end),
        links: links(span),
        status: Some(status(span)),
        ..Wire::default()
    }
}

/// What the span is, and what it cost.
fn attributes(span: &Span) -> Vec<KeyValue> {
    let (kind, value) = kinds::written(span.kind.name());
    let mut out = vec![text(names::APP, &span.ml_app), text(kind, value)];
    for (attribute, value) in [
        (names::MODEL, &span.model),
        (names::PROVIDER, &span.provider),
        (names::SESSION, &span.session_id),
    ] {
        out.extend(value.as_ref().map(|value| text(attribute.written, value)));
    }
    for (name, value) in &span.metrics {
        let value = match number(*value).as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(*value),
        };
        out.push(pair(metrics::written(name).to_owned(), value));
    }
    out
}

/// What went in and came out, the tools, and the metadata.
fn content(span: &Span) -> Vec<KeyValue> {
    let mut out = Vec::new();
    let meta = &span.meta;
    let tool = span.kind == Kind::Tool;
    let (input, output) = if tool {
        (names::TOOL_ARGUMENTS, names::TOOL_RESULT)
    } else {
        (names::INPUT.written, names::OUTPUT.written)
    };
    for (side, said, other) in [
        (&meta["input"], names::INPUT_MESSAGES, input),
        (&meta["output"], names::OUTPUT_MESSAGES, output),
    ] {
        if let Some(list) = side["messages"].as_array() {
            let list: Value = list.iter().map(messages::write).collect();
            out.push(text(said.written, &list.to_string()));
        }
        if let Some(value) = side["value"].as_str() {
            out.push(text(other, value));
        }
    }
    if let Some(found) = meta["output"]["documents"].as_array() {
        let found: Value = found.iter().map(documents::write).collect();
        out.push(text(names::DOCUMENTS, &found.to_string()));
    }
    let embedded = meta["input"]["documents"].as_array().into_iter().flatten();
    for (number, document) in embedded.enumerate() {
        let words = document["text"].as_str().unwrap_or_default();
        out.push(text(&documents::embedded_name(number), words));
    }
    if tool {
        out.push(text(names::TOOL_NAME, &span.name));
    }
    if meta["tool_definitions"].is_array() {
        out.push(text(names::TOOL_DEFINITIONS, &meta["tool_definitions"].to_string()));
    }
    if meta["metadata"].is_object() {
        out.push(text(names::METADATA.written, &meta["metadata"].to_string()));
    }
    out
}

fn prompt(span: &Span) -> impl Iterator<Item = KeyValue> {
    let prompt = &span.meta["input"]["prompt"];
    names::PROMPT.iter().filter_map(|(name, attribute)| {
        let value = Some(&prompt[*name]).filter(|value| !value.is_null())?;
        Some(text(attribute.written, &as_text(value)))
    })
}

fn tags(span: &Span) -> impl Iterator<Item = KeyValue> {
    span.tags.iter().map(|tag| {
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        text(key, value)
    })
}

/// The error is an event at the span's end.
fn events(span: &Span, end: u64) -> Vec<Event> {
    if span.status != Status::Error || !span.meta["error"].is_object() {
        return Vec::new();
    }
    vec![Event {
        time_unix_nano: end,
        name: event_names::EXCEPTION.to_owned(),
        attributes: vec![
            text(event_names::EXCEPTION_TYPE, error(span, "type")),
            text(event_names::EXCEPTION_MESSAGE, error(span, "message")),
            text(event_names::EXCEPTION_STACK, error(span, "stack")),
        ],
        ..Event::default()
    }]
}

fn status(span: &Span) -> WireStatus {
    match span.status {
        Status::Error => WireStatus { code: FAILED, message: error(span, "message").to_owned() },
        Status::Ok => WireStatus { code: UNSET, message: String::new() },
    }
}

fn error<'a>(span: &'a Span, name: &str) -> &'a str {
    span.meta["error"][name].as_str().unwrap_or_default()
}

fn links(span: &Span) -> Vec<Link> {
    let links = span.meta["links"].as_array().into_iter().flatten();
    links
        .map(|link| Link {
            trace_id: trace_bytes(link["trace_id"].as_str().unwrap_or_default()),
            span_id: span_bytes(link["span_id"].as_str().unwrap_or_default()),
            attributes: object(&link["attributes"]),
            ..Link::default()
        })
        .collect()
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
