//! A body of the SDKs' own intake.

use serde_json::{Map, Value, json};

use super::event::{common, meta};
use crate::model::Span;

/// A body of `/api/v2/llmobs`: what Datadog's own SDKs send, and agents relay.
pub(crate) fn sdk_body(spans: &[Span]) -> Value {
    spans
        .iter()
        .map(|span| {
            let mut event = common(span);
            let mut meta = meta(span);
            private_names(&mut meta);
            meta.insert("span".to_owned(), json!({ "kind": span.kind.name() }));
            event.insert("meta".to_owned(), Value::Object(meta));
            event.insert("tags".to_owned(), json!(tags(span)));
            json!({
                "_dd.stage": "raw",
                "_dd.tracer_version": env!("CARGO_PKG_VERSION"),
                "event_type": "span",
                "spans": [event]
            })
        })
        .collect()
}

/// The SDKs have a prefix where the public API has none.
fn private_names(meta: &mut Map<String, Value>) {
    let prompt = meta.get_mut("input").and_then(|input| input.get_mut("prompt"));
    let Some(Value::Object(prompt)) = prompt else { return };
    for name in ["context_variable_keys", "query_variable_keys"] {
        if let Some(keys) = prompt.shift_remove(name) {
            prompt.insert(format!("_dd_{name}"), keys);
        }
    }
}

/// The span's tags, with those by which the SDKs name the app and its service.
fn tags(span: &Span) -> Vec<String> {
    let mut tags = span.tags.clone();
    let known = [
        ("ml_app", Some(&span.ml_app)),
        ("service", span.service.as_ref()),
        ("env", span.env.as_ref()),
        ("version", span.version.as_ref()),
        ("language", span.language.as_ref()),
    ];
    for (key, value) in known {
        let Some(value) = value else { continue };
        let is_it = |tag: &String| tag.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        if !tags.iter().any(is_it) {
            tags.push(format!("{key}:{value}"));
        }
    }
    tags
}
