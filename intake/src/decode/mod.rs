//! Bytes of each wire format to the model.
//!
//! One file for each format: `spans` (the public API and the SDKs' own intake), `evaluations`, `apm`,
//! `export` (OpenTelemetry's), `drops`. `event` knows the dialects of an LLM event, `otlp` a span of
//! OpenTelemetry; `sides` finds its input and output among its attributes. The meaning of attributes is in the
//! crate witspan-semconv.
//! Each span is found in the body (`scan`, `msgpack`, `wire`), read, and handed on before the next one.
//! `taking` drops an invalid span alone.

mod apm;
mod attributes;
mod drops;
mod evaluations;
mod event;
mod export;
mod json;
mod msgpack;
mod otlp;
mod scan;
mod sides;
mod spans;
mod taking;
#[cfg(test)]
mod tests;
mod wire;

use std::borrow::Cow;

use axum::http::HeaderMap;
use serde_json::Value;

use crate::endpoints::Route;
use crate::memory;
#[cfg(test)]
use crate::model::Decoded;
use crate::model::{Keep, Refusal, Taken};
use crate::schema::{Rule, Shape};
use taking::Taking;

/// Decodes the inflated body of a request: each span and evaluation goes to `keep`.
pub(crate) fn take(
    route: Route,
    content_type: &str,
    headers: &HeaderMap,
    body: &[u8],
    keep: &mut dyn Keep,
) -> Result<Taken, Refusal> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut taking = Taking::new(keep);
    match route {
        Route::PublicSpans => spans::public(&text(&kind, body)?, &mut taking)?,
        Route::SdkSpans => spans::sdk(&text(&kind, body)?, &mut taking)?,
        Route::EvalV1 | Route::EvalV2 => evaluations::metrics(&text(&kind, body)?, &mut taking)?,
        Route::ApmTraces | Route::ApmTracesV5 if body.is_empty() => {}
        Route::ApmTraces => apm::traces(body, &mut taking)?,
        Route::ApmTracesV5 => apm::without_llm(body)?,
        Route::ApmAgentless => apm::agentless(json::text(body)?, &mut taking)?,
        Route::OtlpTraces => match kind.as_str() {
            "application/x-protobuf" | "application/protobuf" => {
                export::protobuf(body, headers, &mut taking)?;
            }
            "application/json" => export::json(json::text(body)?, headers, &mut taking)?,
            _ => {
                let accepted = "`application/x-protobuf` or `application/json`";
                let reason = format!("the content type `{kind}` is not {accepted}");
                return Err(Refusal::Unsupported { reason });
            }
        },
        Route::Telemetry => taking.taken.drops = drops::telemetry(json::text(body)?)?,
    };
    let (mut taken, program) = taking.end()?;
    drops::from_header(headers, program, &mut taken);
    Ok(taken)
}

/// The same for tests, all in memory.
#[cfg(test)]
pub(crate) fn request(
    route: Route,
    content_type: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Decoded, Refusal> {
    let mut decoded = Decoded::default();
    let taken = take(route, content_type, headers, body, &mut decoded)?;
    decoded.drops = taken.drops;
    decoded.warnings = taken.warnings;
    decoded.left_out = taken.left_out;
    Ok(decoded)
}

/// A JSON body; the Java SDK sends the same in MessagePack.
fn text<'a>(kind: &str, body: &'a [u8]) -> Result<Cow<'a, str>, Refusal> {
    if kind.ends_with("msgpack") {
        let weight = msgpack::whole(body).map_err(|reason| json::bad("", reason))?.weight;
        let _room = memory::to_read(weight.min(memory::LARGEST)).map_err(|_| Refusal::Busy)?;
        let value = msgpack::read(body).map_err(|reason| json::bad("", reason))?;
        return Ok(Cow::Owned(value.to_string()));
    }
    json::text(body).map(Cow::Borrowed)
}

/// Brings a value of `shape` to the form of the schema, if `rule` accepts dialects, and returns its number of
/// events. An SDK's body that is a single envelope becomes a list.
pub(crate) fn dialect(value: &mut Value, shape: Shape, rule: Rule) -> usize {
    let lenient = rule == Rule::Intake;
    if lenient && shape == Shape::SdkBody && value.is_object() {
        *value = Value::Array(vec![value.take()]);
    }
    let mut events: Vec<&mut Value> = match shape {
        Shape::PublicSpan | Shape::SdkSpan | Shape::Evaluation => vec![value],
        Shape::PublicBody => inside(value.pointer_mut("/data/attributes/spans")),
        Shape::EvaluationBody => inside(value.pointer_mut("/data/attributes/metrics")),
        Shape::SdkBody => {
            let envelopes = inside(Some(value));
            envelopes.into_iter().flat_map(|each| inside(each.get_mut("spans"))).collect()
        }
    };
    for members in events.iter_mut().filter(|_| lenient).filter_map(|each| each.as_object_mut()) {
        match shape {
            Shape::Evaluation | Shape::EvaluationBody => evaluations::normalise(members),
            Shape::PublicSpan | Shape::PublicBody => event::normalise(members, true),
            Shape::SdkSpan | Shape::SdkBody => event::normalise(members, false),
        }
    }
    events.len()
}

fn inside(list: Option<&mut Value>) -> Vec<&mut Value> {
    match list {
        Some(Value::Array(items)) => items.iter_mut().collect(),
        _ => Vec::new(),
    }
}
