//! What the events of the public API and of the SDKs share.

use serde_json::{Map, Value, json};

use super::number;
use crate::model::Span;

/// The members that both formats have in the same place.
pub(super) fn common(span: &Span) -> Map<String, Value> {
    let metrics: Map<String, Value> = span
        .metrics
        .iter()
        // The intake refuses dots there.
        .map(|(name, value)| (name.replace('.', "_"), number(*value)))
        .collect();
    let mut event = Map::new();
    event.insert("name".to_owned(), span.name.as_str().into());
    event.insert("span_id".to_owned(), span.span_id.as_str().into());
    event.insert("trace_id".to_owned(), span.trace_id.as_str().into());
    event.insert("parent_id".to_owned(), span.parent_id.as_deref().unwrap_or("undefined").into());
    event.insert("start_ns".to_owned(), span.start_ns.into());
    event.insert("duration".to_owned(), span.duration_ns.into());
    event.insert("status".to_owned(), span.status.name().into());
    event.insert("metrics".to_owned(), Value::Object(metrics));
    if let Some(session) = &span.session_id {
        event.insert("session_id".to_owned(), session.as_str().into());
    }
    if let Some(key) = &span.feedback_join_key {
        event.insert("feedback_join_key".to_owned(), key.as_str().into());
    }
    event
}

/// The content, but for the kind, which each format has in a place of its own.
pub(super) fn meta(span: &Span) -> Map<String, Value> {
    let mut meta = match &span.meta {
        Value::Object(meta) => meta.clone(),
        _ => Map::new(),
    };
    if let Some(links) = meta.shift_remove("links") {
        let metadata = meta.entry("metadata").or_insert_with(|| json!({}));
        metadata["_dd"]["span_links"] = links;
    }
    meta.shift_remove("collection_errors");
    for (name, value) in [("model_name", &span.model), ("model_provider", &span.provider)] {
        if let Some(value) = value {
            meta.insert(name.to_owned(), value.as_str().into());
        }
    }
    meta
}
