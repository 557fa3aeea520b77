//! A span of the public API.

use serde_json::{Value, json};

use super::event::{common, meta};
use crate::model::Span;

/// A span of the documented HTTP API, as `/api/intake/llm-obs/v1/trace/spans` takes it.
pub(crate) fn public(span: &Span) -> Value {
    let mut event = common(span);
    let mut meta = meta(span);
    meta.insert("kind".to_owned(), span.kind.name().into());
    event.insert("meta".to_owned(), Value::Object(meta));
    event.insert("ml_app".to_owned(), span.ml_app.as_str().into());
    if let Some(service) = &span.service {
        event.insert("service".to_owned(), service.as_str().into());
    }
    event.insert("tags".to_owned(), json!(span.tags));
    Value::Object(event)
}
