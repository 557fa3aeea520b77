//! OpenTelemetry's protocol over HTTP, in protobuf and in JSON, to the model.
//!
//! Every span is taken, also one without attributes of generative AI: it may be the parent of others.
//! Span ids become decimal, as evaluations name them and as Datadog shows them.

use std::cell::RefCell;
use std::collections::HashSet;

use axum::http::HeaderMap;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::event::as_text;
use super::genai::{self, Attributes};
use super::json::{bad, not_json};
use super::messages::{list, parsed, tool};
use super::scan;
use super::sides::Sides;
use super::taking::{Item, Taking, who};
use super::wire::{self, Broken};
use crate::model::{Kind, Refusal, Source, Span, Status};

/// A failed status.
const ERROR: i32 = 2;
/// Bytes that a resource or a scope may take once it is read; it stays while its spans are.
const AROUND: usize = 16 * 1024 * 1024;
const TOO_MUCH: &str = "it is too large";

/// Bytes of memory that a part of a span takes while it is read, in each of its three forms.
const PART: usize = 600;
/// How deep values may nest; the reader of protobuf goes no deeper either.
const DEPTH: usize = 100;

/// The body of `/v1/traces` in protobuf.
pub(crate) fn protobuf(
    body: &[u8],
    headers: &HeaderMap,
    taking: &mut Taking<'_>,
) -> Result<(), Refusal> {
    let no_request = || bad("", "not an OTLP request in protobuf: it breaks off");
    // Whether it is one is known before anything of it is taken.
    for field in below(body, 1) {
        for inner in below(field.map_err(|Broken| no_request())?, 2) {
            let spans = inner.map_err(|Broken| no_request())?;
            below(spans, 2).try_for_each(|span| span.map(drop)).map_err(|Broken| no_request())?;
        }
    }
    let app = app(headers);
    for (outer, resource_spans) in below(body, 1).flatten().enumerate() {
        let place = format!("/resourceSpans/{outer}");
        let resource = Shared::new(last(resource_spans, 1).map(Around::<Resource>::protobuf));
        for (middle, scope_spans) in below(resource_spans, 2).flatten().enumerate() {
            let place = format!("{place}/scopeSpans/{middle}");
            let scope = last(scope_spans, 1).map(Around::<InstrumentationScope>::protobuf);
            let around = Spans::new(&place, &resource, &scope, app);
            for (inner, bytes) in below(scope_spans, 2).flatten().enumerate() {
                let weight = weight(bytes, Part::Span, 0);
                around.take(inner, bytes.len(), weight, taking, |pointer| {
                    Wire::decode(bytes).map_err(|error| bad(pointer, error.to_string()))
                })?;
            }
        }
    }
    Ok(())
}

/// The body of `/v1/traces` in JSON.
pub(crate) fn json(
    text: &str,
    headers: &HeaderMap,
    taking: &mut Taking<'_>,
) -> Result<(), Refusal> {
    scan::valid(text).map_err(|error| not_json("", &error))?;
    let list = |text, name: &str| scan::member(text, name).filter(|list| scan::is_list(list));
    let Some(all) = list(text, "resourceSpans") else {
        return Err(bad("/resourceSpans", "not an OTLP request in JSON: a list is wanted here"));
    };
    let app = app(headers);
    for (outer, resource_spans) in scan::items(all).enumerate() {
        let place = format!("/resourceSpans/{outer}");
        let resource = scan::member(resource_spans, "resource").map(Around::<Resource>::json);
        let resource = Shared::new(resource);
        let Some(all) = list(resource_spans, "scopeSpans") else {
            // It may have none.
            if scan::member(resource_spans, "scopeSpans").is_some_and(|it| it != "null")
                || !resource_spans.starts_with('{')
            {
                taking.no_span(bad(format!("{place}/scopeSpans"), "a list is wanted here"));
            }
            continue;
        };
        for (middle, scope_spans) in scan::items(all).enumerate() {
            let place = format!("{place}/scopeSpans/{middle}");
            let scope =
                scan::member(scope_spans, "scope").map(Around::<InstrumentationScope>::json);
            let Some(spans) = list(scope_spans, "spans") else {
                if scan::member(scope_spans, "spans").is_some_and(|it| it != "null")
                    || !scope_spans.starts_with('{')
                {
                    taking.no_span(bad(format!("{place}/spans"), "a list is wanted here"));
                }
                continue;
            };
            let around = Spans::new(&place, &resource, &scope, app);
            for (inner, span) in scan::items(spans).enumerate() {
                let weight = 3 * scan::weight(span);
                around.take(inner, span.len(), weight, taking, |pointer| {
                    serde_json::from_str(span).map_err(|error| bad(pointer, error.to_string()))
                })?;
            }
        }
    }
    Ok(())
}

fn app(headers: &HeaderMap) -> Option<&str> {
    headers.get("dd-ml-app").and_then(|value| value.to_str().ok())
}

/// The messages in the fields of that number, up to where the message breaks.
fn below(message: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], Broken>> {
    wire::fields(message).filter_map(move |field| match field {
        Ok(field) if field.number == number => Some(field.bytes.ok_or(Broken)),
        Ok(_) => None,
        Err(Broken) => Some(Err(Broken)),
    })
}

fn last(message: &[u8], number: u32) -> Option<&[u8]> {
    below(message, number).flatten().last()
}

/// A part of a span in protobuf whose size in memory is not that of its bytes.
#[derive(Clone, Copy)]
enum Part {
    Span,
    Event,
    Link,
    Attribute,
    Value,
    List,
    Map,
    Resource,
}

/// About how many bytes of memory it takes once it is read.
fn weight(message: &[u8], part: Part, depth: usize) -> usize {
    let mut sum = PART + 3 * message.len();
    if depth > DEPTH {
        return sum;
    }
    for field in wire::fields(message).flatten() {
        let inner = match (part, field.number) {
            (Part::Span, 9) | (Part::Event, 3) | (Part::Link, 4) | (Part::Map, 1) => {
                Part::Attribute
            }
            (Part::Resource, 1) => Part::Attribute,
            (Part::Span, 11) => Part::Event,
            (Part::Span, 13) => Part::Link,
            (Part::Attribute, 2) | (Part::List, 1) => Part::Value,
            (Part::Value, 5) => Part::List,
            (Part::Value, 6) => Part::Map,
            _ => continue,
        };
        // Its bytes are counted already.
        let bytes = field.bytes.unwrap_or_default();
        sum = sum.saturating_add(weight(bytes, inner, depth + 1) - 3 * bytes.len());
    }
    sum
}

/// What is said around spans, or what is wrong with it.
type Around<T> = Result<T, String>;

trait Read: Sized {
    /// Reads it from protobuf.
    fn protobuf(bytes: &[u8]) -> Self;
    /// Reads it from JSON.
    fn json(text: &str) -> Self;
}

impl<T: Message + Default + DeserializeOwned> Read for Around<T> {
    fn protobuf(bytes: &[u8]) -> Self {
        if weight(bytes, Part::Resource, 0) > AROUND {
            return Err(TOO_MUCH.to_owned());
        }
        T::decode(bytes).map_err(|error| error.to_string())
    }

    fn json(text: &str) -> Self {
        if scan::weight(text) > AROUND {
            return Err(TOO_MUCH.to_owned());
        }
        let read: Option<T> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(read.unwrap_or_default())
    }
}

/// What a resource says, which is kept with each of its spans.
struct Shared {
    attributes: Map<String, Value>,
    length: usize,
    wrong: Option<String>,
}

impl Shared {
    fn new(resource: Option<Around<Resource>>) -> Self {
        let (resource, wrong) = match resource.unwrap_or_else(|| Ok(Resource::default())) {
            Ok(resource) => (resource, None),
            Err(reason) => (Resource::default(), Some(reason)),
        };
        let length = resource.encoded_len();
        Self { attributes: attributes(&resource.attributes), length, wrong }
    }
}

/// The spans of one scope, and what is said for all of them.
struct Spans<'a> {
    place: &'a str,
    resource: &'a Shared,
    scope: &'a str,
    app: Option<&'a str>,
    /// What is wrong around all of them.
    wrong: Option<(&'static str, &'a str)>,
}

impl<'a> Spans<'a> {
    fn new(
        place: &'a str,
        resource: &'a Shared,
        scope: &'a Option<Around<InstrumentationScope>>,
        app: Option<&'a str>,
    ) -> Self {
        let (scope, wrong) = match scope {
            Some(Ok(scope)) => (scope.name.as_str(), None),
            Some(Err(reason)) => ("", Some(("scope", reason.as_str()))),
            None => ("", None),
        };
        let wrong = resource.wrong.as_deref().map(|reason| ("resource", reason)).or(wrong);
        Self { place, resource, scope, app, wrong }
    }

    /// Takes the span that `read` reads.
    fn take(
        &self,
        number: usize,
        length: usize,
        weight: usize,
        taking: &mut Taking<'_>,
        read: impl FnOnce(&str) -> Result<Wire, Refusal>,
    ) -> Result<(), Refusal> {
        let pointer = format!("{}/spans/{number}", self.place);
        let length = length + self.resource.length;
        let item = Item { pointer: &pointer, length, weight };
        let name = RefCell::default();
        taking.span(
            &item,
            || name.take(),
            || {
                if let Some((what, reason)) = self.wrong {
                    return Err(bad(format!("{pointer}/{what}"), reason));
                }
                let wire = read(&pointer)?;
                let (span_id, trace_id) = (hex(&wire.span_id), hex(&wire.trace_id));
                name.replace(who([
                    ("span", Some(wire.name.as_str())),
                    ("span_id", Some(&span_id)),
                    ("trace_id", Some(&trace_id)),
                ]));
                for (name, id, length) in
                    [("traceId", &wire.trace_id, 16), ("spanId", &wire.span_id, 8)]
                {
                    if id.len() != length {
                        let found = format!("{} bytes where {length} are wanted", id.len());
                        return Err(bad(format!("{pointer}/{name}"), found));
                    }
                }
                Ok(Some(span(wire, &self.resource.attributes, self.scope, self.app)))
            },
        )
    }
}

fn span(wire: Wire, resource: &Map<String, Value>, scope: &str, app: Option<&str>) -> Span {
    let raw = raw(&wire, resource, scope);
    let mut own = Attributes(attributes(&wire.attributes));
    let mut events = Vec::new();
    for event in &wire.events {
        if genai::DETAILS_EVENTS.contains(&event.name.as_str()) {
            own.0.extend(attributes(&event.attributes));
        } else {
            events.push(event);
        }
    }
    let mut shared = Attributes(resource.clone());
    let kind = kind(&mut own);
    let failed = wire.status.as_ref().is_some_and(|status| status.code == ERROR);
    let mut meta = Map::new();
    if failed {
        let said = wire.status.as_ref().map(|status| status.message.as_str()).unwrap_or_default();
        meta.insert("error".to_owned(), error(said, &events, own.0.get("error.type")));
    }
    let metrics = metrics(&mut own);
    let model = own.text(genai::MODEL);
    let provider = own.text(genai::PROVIDER).map(|name| name.to_lowercase());
    let session_id = own.text(genai::SESSION).or_else(|| shared.text(genai::SESSION));
    let sides = Sides::new(&kind, &mut own, &events);
    for (name, side) in [("input", sides.input), ("output", sides.output)] {
        if !side.is_empty() {
            meta.insert(name.to_owned(), Value::Object(side));
        }
    }
    let mut tools = own.first(&[genai::TOOL_DEFINITIONS]);
    for prefix in genai::TOOLS_BELOW {
        let below = own.below(prefix);
        tools = tools.or(below);
    }
    let tools: Vec<Value> = tools.map(list).unwrap_or_default().iter().map(tool).collect();
    if !tools.is_empty() {
        meta.insert("tool_definitions".to_owned(), tools.into());
    }
    let mut metadata = metadata(&mut own);
    if !sides.finish_reasons.is_empty() {
        metadata.entry(genai::FINISH_REASONS).or_insert(sides.finish_reasons.into());
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
    let service = shared.0.get("service.name").map(as_text);
    let ml_app = app.map(str::to_owned).or_else(|| own.text(&genai::APP[..1]));
    let ml_app = ml_app.or_else(|| shared.text(genai::APP)).unwrap_or_default();
    let env = shared.text(genai::ENVIRONMENT);
    let version = shared.text(&["service.version"]);
    let language = shared.text(&["telemetry.sdk.language"]);
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
    for (attribute, kinds) in genai::KINDS {
        let Some(Value::String(value)) = own.0.shift_remove(*attribute) else { continue };
        let named = kinds.iter().find(|(name, _)| *name == value).map(|(_, kind)| *kind);
        found = found.or(named);
    }
    Kind::named(found.unwrap_or("workflow"))
}

fn metrics(own: &mut Attributes) -> Vec<(String, f64)> {
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
    for (attribute, name) in genai::METRICS {
        let Some(value) = own.0.shift_remove(*attribute) else { continue };
        add((*name).to_owned(), &value);
    }
    for (attribute, end) in genai::METRICS_INSIDE {
        let Some(Value::Object(members)) = own.0.shift_remove(*attribute).map(parsed) else {
            continue;
        };
        for (name, value) in members {
            add(if name.ends_with(end) { name } else { format!("{name}{end}") }, &value);
        }
    }
    for prefix in genai::METRICS_BELOW {
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
    for name in genai::METADATA {
        let Some(value) = own.0.shift_remove(*name) else { continue };
        match parsed(value) {
            Value::Object(members) => out.extend(members),
            other => {
                out.insert((*name).to_owned(), other);
            }
        }
    }
    for prefix in genai::METADATA_BELOW {
        let names: Vec<String> =
            own.0.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        for name in names {
            let value = own.0.shift_remove(&name).unwrap_or_default();
            out.insert(name[prefix.len()..].to_owned(), value);
        }
    }
    out
}

fn error(said: &str, events: &[&Event], kind: Option<&Value>) -> Value {
    let exception = events.iter().rev().find(|event| event.name == "exception");
    let exception = exception.map(|event| attributes(&event.attributes)).unwrap_or_default();
    let of = |name: &str| exception.get(name).map(as_text).filter(|text| !text.is_empty());
    json!({
        "message": of("exception.message").unwrap_or_else(|| said.to_owned()),
        "type": of("exception.type").or_else(|| kind.map(as_text)).unwrap_or_default(),
        "stack": of("exception.stacktrace").unwrap_or_default(),
    })
}

fn tags(rest: impl Iterator<Item = (String, Value)>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (name, value) in rest {
        if genai::SILENT.contains(&name.as_str()) {
            continue;
        }
        let tag = format!("{name}:{}", as_text(&value));
        let tag: String = tag.chars().take(genai::TAG_CHARACTERS).collect();
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decimal(bytes: &[u8]) -> String {
    bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)).to_string()
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
