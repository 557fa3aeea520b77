//! Bytes of each wire format to the model.
//!
//! One file for each format: `spans` (the public API and the SDKs' own intake), `evaluations`, `apm`,
//! `otlp`, `drops`. `event` knows the dialects of an LLM event, `genai` what attributes of
//! OpenTelemetry mean. A request is taken whole or not at all.

mod apm;
mod drops;
mod evaluations;
mod event;
mod genai;
mod json;
mod messages;
mod msgpack;
mod otlp;
mod spans;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use axum::http::HeaderMap;

use crate::model::{Decoded, Refusal};

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
    content_type: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Decoded, Refusal> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut decoded = match route {
        Route::PublicSpans => spans::public(&text(&kind, body)?)?,
        Route::SdkSpans => spans::sdk(&text(&kind, body)?)?,
        Route::EvalV1 | Route::EvalV2 => evaluations::metrics(&text(&kind, body)?)?,
        Route::ApmTraces if body.is_empty() => Decoded::default(),
        Route::ApmTraces => apm::traces(body)?,
        // This version has no room for the structures in which LLM events ride.
        Route::ApmTracesV05 => Decoded::default(),
        Route::ApmAgentless => apm::agentless(json::text(body)?)?,
        Route::OtlpTraces => match kind.as_str() {
            "application/x-protobuf" | "application/protobuf" => otlp::protobuf(body, headers)?,
            "application/json" => otlp::json(json::text(body)?, headers)?,
            _ => {
                let accepted = "`application/x-protobuf` or `application/json`";
                let reason = format!("the content type `{kind}` is not {accepted}");
                return Err(Refusal::Unsupported { reason });
            }
        },
        Route::Telemetry => drops::telemetry(json::text(body)?)?,
    };
    drops::from_header(headers, &mut decoded);
    Ok(decoded)
}

/// A JSON body; the Java SDK sends the same in MessagePack.
fn text<'a>(kind: &str, body: &'a [u8]) -> Result<Cow<'a, str>, Refusal> {
    if kind.ends_with("msgpack") {
        let value = msgpack::read(body).map_err(|reason| json::bad("", reason))?;
        return Ok(Cow::Owned(value.to_string()));
    }
    json::text(body).map(Cow::Borrowed)
}
