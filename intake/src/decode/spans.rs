//! The two bodies of spans alone: the public API's, and the one of Datadog's own SDKs.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{Defaults, from_text};
use super::json::{bad, envelope};
use crate::model::{Decoded, Refusal, Source};
use crate::schema::Shape;

#[derive(Deserialize)]
struct PublicBody<'a> {
    #[serde(borrow)]
    data: PublicData<'a>,
}

#[derive(Deserialize)]
struct PublicData<'a> {
    r#type: String,
    #[serde(borrow)]
    attributes: PublicAttributes<'a>,
}

#[derive(Deserialize)]
struct PublicAttributes<'a> {
    ml_app: String,
    #[serde(borrow)]
    spans: Vec<&'a RawValue>,
    session_id: Option<String>,
    feedback_join_key: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
}

/// The body of `/api/intake/llm-obs/v1/trace/spans`.
pub(crate) fn public(text: &str) -> Result<Decoded, Refusal> {
    let body: PublicBody<'_> = envelope(text, Shape::PublicBody)?;
    if body.data.r#type != "span" {
        return Err(bad("/data/type", "the type of this body is \"span\""));
    }
    let attributes = body.data.attributes;
    if attributes.ml_app.is_empty() {
        return Err(bad("/data/attributes/ml_app", "empty"));
    }
    let defaults = Defaults {
        ml_app: Some(attributes.ml_app),
        session_id: attributes.session_id,
        feedback_join_key: attributes.feedback_join_key,
        tags: attributes.tags,
    };
    let mut decoded = Decoded::default();
    for (number, event) in attributes.spans.iter().enumerate() {
        let pointer = format!("/data/attributes/spans/{number}");
        decoded.spans.push(from_text(event.get(), &pointer, Source::Public, &defaults)?);
    }
    Ok(decoded)
}

#[derive(Deserialize)]
struct SdkEnvelope<'a> {
    #[serde(borrow)]
    spans: Vec<&'a RawValue>,
}

/// The body of `/api/v2/llmobs`: an array of envelopes, or from older SDKs one alone.
pub(crate) fn sdk(text: &str) -> Result<Decoded, Refusal> {
    let alone = text.trim_start().starts_with('{');
    let envelopes: Vec<SdkEnvelope<'_>> =
        if alone { vec![envelope(text, Shape::SdkBody)?] } else { envelope(text, Shape::SdkBody)? };
    let mut decoded = Decoded::default();
    for (outer, each) in envelopes.iter().enumerate() {
        for (inner, event) in each.spans.iter().enumerate() {
            let above = if alone { String::new() } else { format!("/{outer}") };
            let pointer = format!("{above}/spans/{inner}");
            let span = from_text(event.get(), &pointer, Source::Sdk, &Defaults::default())?;
            decoded.spans.push(span);
        }
    }
    Ok(decoded)
}
