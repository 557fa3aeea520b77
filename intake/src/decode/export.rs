//! A request of OpenTelemetry's protocol over HTTP, in protobuf and in JSON: finds each span in it, and
//! reads one after the other.

use std::cell::RefCell;

use axum::http::HeaderMap;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::json::{bad, not_json};
use super::otlp::{attributes, hex, span};
use super::scan;
use super::taking::{Item, Taking, who};
use super::wire::{self, Broken};
use crate::model::Refusal;
use crate::words::plural;

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
    let no_request = || bad("", "not an OTLP request in protobuf: it ends too early");
    // The whole message is checked before any span is taken.
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
        return Err(bad("/resourceSpans", "not an OTLP request in JSON: expected a list"));
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
                taking.no_span(bad(format!("{place}/scopeSpans"), "expected a list"));
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
                    taking.no_span(bad(format!("{place}/spans"), "expected a list"));
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

/// The messages in the fields of that number, up to the first error.
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
                        let found = format!("{}; expected {length}", plural(id.len(), "byte"));
                        return Err(bad(format!("{pointer}/{name}"), found));
                    }
                }
                Ok(Some(span(wire, &self.resource.attributes, self.scope, self.app)))
            },
        )
    }
}
