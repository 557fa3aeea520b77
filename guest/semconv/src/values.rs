//! Values of attributes: text, or JSON that may have been sent as its text.

use serde_json::Value;

/// The value's text if it is one, else its JSON.
#[must_use]
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The list that `value` is, or that its text holds.
#[must_use]
pub fn list(value: Value) -> Vec<Value> {
    match parsed(value) {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

/// The value that a JSON text holds; anything else as it is.
#[must_use]
pub fn parsed(value: Value) -> Value {
    if let Value::String(text) = &value
        && text.trim_start().starts_with(['{', '['])
        && let Ok(inner) = serde_json::from_str(text)
    {
        return inner;
    }
    value
}

pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, value| !value.is_null());
    }
    value
}
