//! The two bodies of spans alone: the public API's, and the one of Datadog's own SDKs.

use serde::Deserialize;
use serde_json::value::RawValue;
use witspan_semconv::as_text;

use super::event::{Defaults, from_text, who};
use super::json::{bad, envelope, few, named, not_json, read};
use super::scan;
use super::taking::{Item, Taking};
use crate::model::{Refusal, Source};
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
    spans: &'a RawValue,
    session_id: Option<String>,
    feedback_join_key: Option<String>,
    #[serde(default, deserialize_with = "few")]
    tags: Vec<String>,
}

/// The body of `/api/intake/llm-obs/v1/trace/spans`.
pub(crate) fn public(text: &str, taking: &mut Taking<'_>) -> Result<(), Refusal> {
    let body: PublicBody<'_> = envelope(text, Shape::PublicBody)?;
    if body.data.r#type != "span" {
        return Err(bad("/data/type", "expected \"span\""));
    }
    let attributes = body.data.attributes;
    if attributes.ml_app.is_empty() {
        return Err(bad("/data/attributes/ml_app", "empty"));
    }
    if !scan::is_list(attributes.spans.get()) {
        return Err(named(text, Shape::PublicBody, "`spans` must be a list"));
    }
    let defaults = Defaults {
        ml_app: Some(attributes.ml_app),
        session_id: attributes.session_id,
        feedback_join_key: attributes.feedback_join_key,
        tags: attributes.tags,
    };
    each(attributes.spans.get(), "/data/attributes/spans", Source::Public, &defaults, taking)
}

/// The body of `/api/v2/llmobs`: an array of envelopes, or from older SDKs one alone.
pub(crate) fn sdk(text: &str, taking: &mut Taking<'_>) -> Result<(), Refusal> {
    if text.trim_start().starts_with('{') {
        return match parts(text) {
            Some((spans, defaults)) => each(spans, "/spans", Source::Sdk, &defaults, taking),
            None => Err(named(text, Shape::SdkBody, "expected an object with `spans`")),
        };
    }
    scan::valid(text).map_err(|error| not_json("", &error))?;
    if !scan::is_list(text) {
        return Err(named(text, Shape::SdkBody, "expected an array"));
    }
    for (number, envelope) in scan::items(text).enumerate() {
        let pointer = format!("/{number}");
        match parts(envelope) {
            Some((spans, defaults)) => {
                each(spans, &format!("{pointer}/spans"), Source::Sdk, &defaults, taking)?;
            }
            // The schema says what is wrong with a list of it alone.
            None => taking.no_span(match named(&format!("[{envelope}]"), Shape::SdkBody, "") {
                Refusal::BadRequest { pointer: inner, reason } => {
                    let inner = inner.strip_prefix("/0").unwrap_or_default();
                    bad(format!("{pointer}{inner}"), reason)
                }
                other => other,
            }),
        }
    }
    Ok(())
}

/// The spans of an envelope, and what it says for all of them. Invalid members beside the spans are ignored: no
/// SDK sends them, and the spans are valid without them.
fn parts(envelope: &str) -> Option<(&str, Defaults)> {
    let mut defaults = Defaults::default();
    let mut spans = None;
    for (name, value) in scan::members(envelope) {
        match &*name {
            "spans" => spans = Some(value),
            "ml_app" => {
                let said = read(value).ok().map(|(value, _)| value);
                let said = said.filter(|said| said.is_string() || said.is_number());
                defaults.ml_app = said.map(|said| as_text(&said)).filter(|said| !said.is_empty());
            }
            "tags" => {
                let tags = few(&mut serde_json::Deserializer::from_str(value));
                defaults.tags = tags.unwrap_or_default();
            }
            _ => {}
        }
    }
    let spans = spans.filter(|spans| scan::is_list(spans) && scan::valid(spans).is_ok())?;
    Some((spans, defaults))
}

/// Takes each span of a list.
fn each(
    spans: &str,
    pointer: &str,
    source: Source,
    defaults: &Defaults,
    taking: &mut Taking<'_>,
) -> Result<(), Refusal> {
    let shared: usize = defaults.tags.iter().map(String::len).sum();
    for (number, event) in scan::items(spans).enumerate() {
        let pointer = format!("{pointer}/{number}");
        let item =
            Item { pointer: &pointer, length: event.len() + shared, weight: scan::weight(event) };
        let make = || from_text(event, &pointer, source, defaults).map(Some);
        taking.span(&item, || who(event), make)?;
    }
    Ok(())
}
