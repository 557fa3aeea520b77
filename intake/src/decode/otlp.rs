//! A span of OpenTelemetry to the model.
//!
//! Every span is taken, also one without attributes of generative AI: it may be the parent of others.
//! Span ids become decimal, as evaluations name them and as Datadog shows them.

use std::collections::HashSet;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use serde_json::{Map, Value, json};
use witspan_semconv::attributes as names;
use witspan_semconv::{as_text, events, kinds, list, metrics, parsed, tools};

use super::attributes::Attributes;
use super::sides::Sides;
use crate::model::{Kind, Source, Span, Status};

/// A failed status.
const ERROR: i32 = 2;

pub(super) fn span(
    wire: Wire,
    resource: &Map<String, Value>,
    scope: &str,
    app: Option<&str>,
) -> Span {
    let raw = raw(&wire, resource, scope);
    let mut own = Attributes(attributes(&wire.attributes));
    let mut others = Vec::new();
    for event in &wire.events {
        if events::DETAILS.contains(&event.name.as_str()) {
            own.0.extend(attributes(&event.attributes));
        } else {
            others.push(event);
        }
    }
    let mut shared = Attributes(resource.clone());
    let kind = kind(&mut own);
    let failed = wire.status.as_ref().is_some_and(|status| status.code == ERROR);
    let mut meta = Map::new();
    if failed {
        let said = wire.status.as_ref().map(|status| status.message.as_str()).unwrap_or_default();
        meta.insert("error".to_owned(), error(said, &others, own.0.get(names::ERROR_TYPE)));
    }
    let metrics = numbers(&mut own);
    let model = own.text(names::MODEL.read);
    let provider = own.text(names::PROVIDER.read).map(|name| name.to_lowercase());
    let session_id = own.text(names::SESSION.read).or_else(|| shared.text(names::SESSION.read));
    let sides = Sides::new(&kind, &mut own, &others);
    for (name, side) in [("input", sides.input), ("output", sides.output)] {
        if !side.is_empty() {
            meta.insert(name.to_owned(), Value::Object(side));
        }
    }
    let mut defined = own.first(&[names::TOOL_DEFINITIONS]);
    for prefix in names::TOOLS_BELOW {
        let below = own.below(prefix);
        defined = defined.or(below);
    }
    let defined: Vec<Value> =
        defined.map(list).unwrap_or_default().iter().map(tools::read).collect();
    if !defined.is_empty() {
        meta.insert("tool_definitions".to_owned(), defined.into());
    }
    let mut metadata = metadata(&mut own);
    if !sides.finish_reasons.is_empty() {
        metadata.entry(names::FINISH_REASONS).or_insert(sides.finish_reasons.into());
    }
    if !metadata.is_empty() {
        meta.insert("metadata".to_owned(), Value::Object(metadata));
    }
    let links: Vec<Value> = (wire.links.iter())
        .map(|link| {
            json!({
                "trace_id": hex(&link.trace_id),
                "span_id": decimal(&link.span_id),
                "attributes": attributes(&link.attributes),
            })
        })
        .collect();
    if !links.is_empty() {
        meta.insert("links".to_owned(), links.into());
    }
    let service = shared.0.get(names::SERVICE).map(as_text);
    let ml_app = app.map(str::to_owned).or_else(|| own.text(&[names::APP]));
    let ml_app = ml_app.or_else(|| shared.text(&[names::APP, names::SERVICE])).unwrap_or_default();
    let env = shared.text(names::ENVIRONMENT.read);
    let version = shared.text(&[names::VERSION]);
    let language = shared.text(&[names::LANGUAGE]);
    let start = wire.start_time_unix_nano;
    Span {
        trace_id: hex(&wire.trace_id),
        span_id: decimal(&wire.span_id),
        parent_id: Some(wire.parent_span_id)
            .filter(|id| id.iter().any(|byte| *byte != 0))
            .map(|id| decimal(&id)),
        name: wire.name,
        kind,
        start_ns: clamped(start),
        duration_ns: clamped(wire.end_time_unix_nano.saturating_sub(start)),
        status: if failed { Status::Error } else { Status::Ok },
        ml_app,
        service,
        env,
        version,
        session_id,
        model,
        provider,
        language,
        feedback_join_key: None,
        tags: tags(own.0.into_iter().chain(shared.0)),
        metrics,
        meta: Value::Object(meta),
        source: Source::Otlp,
        raw,
    }
}

fn kind(own: &mut Attributes) -> Kind {
    let mut found = None;
    for (attribute, values) in kinds::KINDS {
        let Some(Value::String(value)) = own.0.shift_remove(*attribute) else { continue };
        found = found.or(kinds::read(values, &value));
    }
    Kind::named(found.unwrap_or("workflow"))
}

fn numbers(own: &mut Attributes) -> Vec<(String, f64)> {
    let mut out: Vec<(String, f64)> = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |name: String, value: &Value| {
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        if let Some(number) = number
            && seen.insert(name.clone())
        {
            out.push((name, number));
        }
    };
    for (name, attribute) in metrics::METRICS {
        for each in attribute.read {
            let Some(value) = own.0.shift_remove(*each) else { continue };
            add((*name).to_owned(), &value);
        }
    }
    for (attribute, end) in metrics::INSIDE {
        let Some(Value::Object(members)) = own.0.shift_remove(*attribute).map(parsed) else {
            continue;
        };
        for (name, value) in members {
            add(if name.ends_with(end) { name } else { format!("{name}{end}") }, &value);
        }
    }
    for prefix in metrics::BELOW {
        own.0.retain(|attribute, value| match attribute.strip_prefix(prefix) {
            Some(name) if value.is_number() => {
                add(name.replace('.', "_"), value);
                false
            }
            _ => true,
        });
    }
    out
}

fn metadata(own: &mut Attributes) -> Map<String, Value> {
    let mut out = Map::new();
    for name in names::METADATA.read {
        let Some(value) = own.0.shift_remove(*name) else { continue };
        match parsed(value) {
            Value::Object(members) => out.extend(members),
            other => {
                out.insert((*name).to_owned(), other);
            }
        }
    }
    for prefix in names::METADATA_BELOW {
        let below: Vec<String> =
            own.0.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        for name in below {
            let value = own.0.shift_remove(&name).unwrap_or_default();
            out.insert(name[prefix.len()..].to_owned(), value);
        }
    }
    out
}

fn error(said: &str, all: &[&Event], kind: Option<&Value>) -> Value {
    let exception = all.iter().rev().find(|event| event.name == events::EXCEPTION);
    let exception = exception.map(|event| attributes(&event.attributes)).unwrap_or_default();
    let of = |name: &str| exception.get(name).map(as_text).filter(|text| !text.is_empty());
    json!({
        "message": of(events::EXCEPTION_MESSAGE).unwrap_or_else(|| said.to_owned()),
        "type": of(events::EXCEPTION_TYPE).or_else(|| kind.map(as_text)).unwrap_or_default(),
        "stack": of(events::EXCEPTION_STACK).unwrap_or_default(),
    })
}

fn tags(rest: impl Iterator<Item = (String, Value)>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (name, value) in rest {
        if names::SILENT.contains(&name.as_str()) {
            continue;
        }
        let tag = format!("{name}:{}", as_text(&value));
        let tag: String = tag.chars().take(names::TAG_CHARACTERS).collect();
        if seen.insert(tag.clone()) {
            out.push(tag);
        }
    }
    out
}

/// The event as OTLP's JSON has it, with what is around it.
fn raw(wire: &Wire, resource: &Map<String, Value>, scope: &str) -> String {
    // The fields of a span have no value that JSON cannot hold but a float, which becomes null.
    let span = serde_json::to_string(wire).unwrap_or_default();
    let resource = serde_json::to_string(resource).unwrap_or_default();
    let scope = Value::from(scope);
    format!("{{\"resource\":{resource},\"scope\":{scope},\"span\":{span}}}")
}

pub(super) fn attributes(wire: &[KeyValue]) -> Map<String, Value> {
    wire.iter()
        .map(|each| (each.key.clone(), each.value.as_ref().map(any).unwrap_or_default()))
        .collect()
}

fn any(value: &AnyValue) -> Value {
    match &value.value {
        None => Value::Null,
        Some(Any::StringValue(text)) => Value::String(text.clone()),
        Some(Any::BoolValue(value)) => Value::Bool(*value),
        Some(Any::IntValue(number)) => (*number).into(),
        Some(Any::DoubleValue(number)) => (*number).into(),
        Some(Any::ArrayValue(array)) => Value::Array(array.values.iter().map(any).collect()),
        Some(Any::KvlistValue(list)) => Value::Object(attributes(&list.values)),
        Some(other) => serde_json::to_value(other).unwrap_or_default(),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decimal(bytes: &[u8]) -> String {
    bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)).to_string()
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
