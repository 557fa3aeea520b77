//! LLM spans inside APM traces, where ddtrace puts them since its fourth version.
//!
//! An APM span of a traced model call has the LLM event in `meta_struct._llmobs`: MessagePack within
//! MessagePack for the agent (`/v0.4/traces`), plain JSON for the agentless intake (`/v1/input`).
//! Ids, times and the error are those of the carrying span. Spans without it are no LLM spans: they
//! are counted by nobody and shown nowhere. Formats: dd-trace-py's encoders and the agent's.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::event::{Defaults, checked, span};
use super::json::{bad, envelope, not_json, read};
use super::msgpack;
use crate::model::{Decoded, Refusal, Source};
use crate::schema::Shape;

/// Where the event is in a span.
const EVENT: &str = "_llmobs";

/// The body of `/v0.3/traces` and `/v0.4/traces`: traces of spans, in MessagePack.
pub(crate) fn traces(body: &[u8]) -> Result<Decoded, Refusal> {
    let body = msgpack::read(body).map_err(|reason| bad("", reason))?;
    let Value::Array(traces) = body else {
        return Err(bad("", "an array of traces is wanted"));
    };
    let mut decoded = Decoded::default();
    for (outer, trace) in traces.into_iter().enumerate() {
        let Value::Array(spans) = trace else {
            return Err(bad(format!("/{outer}"), "an array of spans is wanted"));
        };
        for (inner, carrier) in spans.into_iter().enumerate() {
            let pointer = format!("/{outer}/{inner}");
            let Value::Object(carrier) = carrier else {
                return Err(bad(pointer, "a span is a map"));
            };
            take(carrier, &pointer, &mut decoded)?;
        }
    }
    Ok(decoded)
}

/// The body of `/v0.5/traces`: a table of texts, and traces of spans of twelve members. None of these is
/// `meta_struct`, so there is no LLM span in it; tracers that have any say it in `/v0.4/traces`.
pub(crate) fn without_llm(body: &[u8]) -> Result<Decoded, Refusal> {
    match msgpack::read(body).map_err(|reason| bad("", reason))?.as_array().map(Vec::as_slice) {
        Some([Value::Array(_), Value::Array(_)]) => Ok(Decoded::default()),
        _ => Err(bad("", "an array of a table of texts and of traces is wanted")),
    }
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    traces: Vec<InputTrace<'a>>,
}

#[derive(Deserialize)]
struct InputTrace<'a> {
    #[serde(borrow)]
    spans: Vec<&'a RawValue>,
}

/// The body of `/v1/input`: what ddtrace sends without an agent.
pub(crate) fn agentless(text: &str) -> Result<Decoded, Refusal> {
    let body: Input<'_> = match serde_json::from_str(text) {
        Ok(body) => body,
        // The suite knows no schema of this body; that of the nearest one tells JSON from none.
        Err(error) => {
            let _: Value = envelope(text, Shape::SdkBody)?;
            return Err(bad("", format!("an object with `traces` of `spans` is wanted: {error}")));
        }
    };
    let mut decoded = Decoded::default();
    for (outer, trace) in body.traces.iter().enumerate() {
        for (inner, carrier) in trace.spans.iter().enumerate() {
            // Most APM spans are no LLM spans; those are not worth reading.
            if !carrier.get().contains(EVENT) {
                continue;
            }
            let pointer = format!("/traces/{outer}/spans/{inner}");
            let (carrier, _) = read(carrier.get()).map_err(|error| not_json(&pointer, &error))?;
            if let Value::Object(carrier) = carrier {
                take(carrier, &pointer, &mut decoded)?;
            }
        }
    }
    Ok(decoded)
}

/// Adds the LLM span that `carrier` holds, if it holds one.
fn take(
    mut carrier: Map<String, Value>,
    pointer: &str,
    decoded: &mut Decoded,
) -> Result<(), Refusal> {
    let Some(Value::Object(structures)) = carrier.get_mut("meta_struct") else { return Ok(()) };
    let Some(held) = structures.remove(EVENT) else { return Ok(()) };
    // Within MessagePack the event is bytes, which the reader shows as an object of their own.
    let Value::Object(event) = msgpack::nested(&held).unwrap_or(held) else {
        return Err(bad(
            format!("{pointer}/meta_struct/{EVENT}"),
            "a map, or the MessagePack of one, is wanted",
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
    decoded.spans.push(made);
    Ok(())
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
    let value = super::event::as_text(value);
    Value::String(format!("{key}:{value}"))
}
