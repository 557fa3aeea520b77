//! LLM spans inside APM traces, where ddtrace puts them since its fourth version.
//!
//! An APM span of a traced model call has the LLM event in `meta_struct._llmobs`: MessagePack within
//! MessagePack for the agent (`/v0.4/traces`), plain JSON for the agentless intake (`/v1/input`).
//! Ids, times and the error are those of the carrying span. Spans without an event are not LLM spans: they are
//! neither counted nor shown. Formats: dd-trace-py's encoders and the agent's.

use std::cell::RefCell;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use witspan_semconv::as_text;

use super::event::{Defaults, checked, span};
use super::json::{bad, envelope, not_json, read};
use super::taking::{Item, Taking, who};
use super::{msgpack, scan};
use crate::model::{Refusal, Source, Span};
use crate::schema::Shape;

/// Where the event is in a span.
const EVENT: &str = "_llmobs";

/// The body of `/v0.3/traces` and `/v0.4/traces`: traces of spans, in MessagePack.
pub(crate) fn traces(body: &[u8], taking: &mut Taking<'_>) -> Result<(), Refusal> {
    msgpack::whole(body).map_err(|reason| bad("", reason))?;
    let mut at = 0;
    let Some(traces) = msgpack::array(body, &mut at) else {
        return Err(bad("", "expected an array of traces"));
    };
    for outer in 0..traces {
        let end = extent(body, at)?.end;
        match msgpack::array(body, &mut at) {
            Some(spans) => each(body, at, spans, outer, taking)?,
            None => taking.no_span(bad(format!("/{outer}"), "expected an array of spans")),
        }
        at = end;
    }
    Ok(())
}

fn extent(body: &[u8], at: usize) -> Result<msgpack::Extent, Refusal> {
    msgpack::extent(body, at).map_err(|reason| bad("", reason))
}

/// Takes each span of a trace.
fn each(
    body: &[u8],
    mut at: usize,
    spans: usize,
    outer: usize,
    taking: &mut Taking<'_>,
) -> Result<(), Refusal> {
    for inner in 0..spans {
        let pointer = format!("/{outer}/{inner}");
        let extent = extent(body, at)?;
        let carrier = &body[at..extent.end];
        at = extent.end;
        if !msgpack::is_map(carrier) {
            taking.no_span(bad(pointer, "expected a span, which is a map"));
            continue;
        }
        // Most APM spans are not LLM spans, and are not read.
        if memchr::memmem::find(carrier, EVENT.as_bytes()).is_none() {
            continue;
        }
        let item = Item { pointer: &pointer, length: carrier.len(), weight: extent.weight };
        let name = RefCell::default();
        taking.span(
            &item,
            || name.take(),
            || {
                let read = msgpack::read(carrier).map_err(|reason| bad(&pointer, reason))?;
                let Value::Object(carrier) = read else {
                    return Err(bad(&pointer, "expected a span, which is a map"));
                };
                name.replace(name_of(&carrier));
                held(carrier, &pointer)
            },
        )?;
    }
    Ok(())
}

/// The body of `/v0.5/traces`: a table of texts, and traces of spans of twelve members. None of these is
/// `meta_struct`, so it has no LLM spans; tracers send those to `/v0.4/traces`.
pub(crate) fn without_llm(body: &[u8]) -> Result<(), Refusal> {
    msgpack::whole(body).map_err(|reason| bad("", reason))?;
    let mut at = 0;
    let parts = msgpack::array(body, &mut at);
    let traces = extent(body, at).map_or(at, |texts| texts.end);
    match (parts, msgpack::array(body, &mut at), msgpack::array(body, &mut { traces })) {
        (Some(2), Some(_), Some(_)) => Ok(()),
        _ => Err(bad("", "expected an array of two: a table of strings, and traces")),
    }
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    traces: &'a RawValue,
}

/// The body of `/v1/input`: what ddtrace sends without an agent.
pub(crate) fn agentless(text: &str, taking: &mut Taking<'_>) -> Result<(), Refusal> {
    let wanted = "expected an object with `traces`, each with `spans`";
    let body: Input<'_> = match serde_json::from_str(text) {
        Ok(body) => body,
        // The suite has no schema of this body. The most similar one serves to report invalid JSON.
        Err(error) => {
            let _: &RawValue = envelope(text, Shape::SdkBody)?;
            return Err(bad("", format!("{wanted}: {error}")));
        }
    };
    if !scan::is_list(body.traces.get()) {
        return Err(bad("/traces", wanted));
    }
    for (outer, trace) in scan::items(body.traces.get()).enumerate() {
        let pointer = format!("/traces/{outer}/spans");
        let Some(spans) = scan::member(trace, "spans").filter(|spans| scan::is_list(spans)) else {
            taking.no_span(bad(pointer, "expected an array of spans"));
            continue;
        };
        for (inner, carrier) in scan::items(spans).enumerate() {
            if memchr::memmem::find(carrier.as_bytes(), EVENT.as_bytes()).is_none() {
                continue;
            }
            let pointer = format!("{pointer}/{inner}");
            let item =
                Item { pointer: &pointer, length: carrier.len(), weight: scan::weight(carrier) };
            let name = || super::event::who(carrier);
            taking.span(&item, name, || {
                let (carrier, _) = read(carrier).map_err(|error| not_json(&pointer, &error))?;
                match carrier {
                    Value::Object(carrier) => held(carrier, &pointer),
                    _ => Ok(None),
                }
            })?;
        }
    }
    Ok(())
}

fn name_of(carrier: &Map<String, Value>) -> String {
    let [name, span] = ["name", "span_id"].map(|name| carrier.get(name).map(as_text));
    who([("span", name.as_deref()), ("span_id", span.as_deref())])
}

/// The LLM span that `carrier` holds, if it holds one.
fn held(mut carrier: Map<String, Value>, pointer: &str) -> Result<Option<Span>, Refusal> {
    let Some(Value::Object(structures)) = carrier.get_mut("meta_struct") else { return Ok(None) };
    let Some(held) = structures.remove(EVENT) else { return Ok(None) };
    // Within MessagePack the event is bytes, which the reader shows as an object of their own.
    let Value::Object(event) = msgpack::nested(&held).unwrap_or(held) else {
        return Err(bad(
            format!("{pointer}/meta_struct/{EVENT}"),
            "expected a map, or the MessagePack of one",
        ));
    };
    let mut event = Value::Object(completed(event, &carrier));
    let raw = event.to_string();
    let place = format!("{pointer}/meta_struct/{EVENT}");
    checked(&mut event, &place, Source::Apm)?;
    let mut made = span(event, Source::Apm, &Defaults::default(), raw);
    if made.service.is_none() {
        made.service = carrier.get("service").and_then(Value::as_str).map(str::to_owned);
    }
    Ok(Some(made))
}

/// The event with what the carrying span knows.
fn completed(mut event: Map<String, Value>, carrier: &Map<String, Value>) -> Map<String, Value> {
    // The agentless form has ids in 16 hexadecimal digits; the event's own parent is decimal.
    let id = match carrier.get("span_id") {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(hex)) => {
            u64::from_str_radix(hex, 16).map_or_else(|_| hex.clone(), |number| number.to_string())
        }
        _ => String::new(),
    };
    event.insert("span_id".to_owned(), Value::String(id));
    for (name, from) in [("start_ns", "start"), ("duration", "duration")] {
        if let Some(value) = carrier.get(from) {
            event.insert(name.to_owned(), value.clone());
        }
    }
    event.entry("name").or_insert_with(|| carrier.get("name").cloned().unwrap_or_default());
    event.entry("parent_id").or_insert_with(|| "undefined".into());
    let failed = carrier.get("error").is_some_and(|error| error != 0 && error != false);
    event.insert("status".to_owned(), if failed { "error" } else { "ok" }.into());
    if let Some(Value::Object(tags)) = event.get_mut("tags") {
        let listed = std::mem::take(tags).into_iter().flat_map(|(key, value)| match value {
            Value::Array(several) => several.iter().map(|one| tag(&key, one)).collect(),
            one => vec![tag(&key, &one)],
        });
        let listed: Vec<Value> = listed.collect();
        event.insert("tags".to_owned(), Value::Array(listed));
    }
    let Some(Value::Object(meta)) = event.get_mut("meta") else { return event };
    if failed && !meta.contains_key("error") {
        let of = |name: &str| {
            let value = carrier.get("meta").and_then(|meta| meta.get(name));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        let message =
            if of("error.message").is_empty() { of("error.msg") } else { of("error.message") };
        meta.insert(
            "error".to_owned(),
            json!({ "message": message, "type": of("error.type"), "stack": of("error.stack") }),
        );
    }
    event
}

fn tag(key: &str, value: &Value) -> Value {
    let value = as_text(value);
    Value::String(format!("{key}:{value}"))
}
