//! MessagePack as JSON values, with depth and memory bounded by the bytes that came.
//!
//! Bytes that are no text become `{"base64": …}` in place, so that nothing of the event is lost; what
//! a nested reader wants of them it gets back by `nested`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmpv::{Utf8StringRef, ValueRef};
use serde_json::{Map, Number, Value};

/// How deep maps and arrays may nest: as deep as in JSON here.
const DEPTH: usize = 128;
const BYTES: &str = "base64";

/// The one value of a body.
pub(crate) fn read(body: &[u8]) -> Result<Value, String> {
    let mut rest = body;
    let value = rmpv::decode::read_value_ref_with_max_depth(&mut rest, DEPTH)
        .map_err(|error| format!("not MessagePack: {error}"))?;
    if !rest.is_empty() {
        return Err(format!("not MessagePack: {} bytes follow its end", rest.len()));
    }
    Ok(json(&value))
}

/// The value that the bytes which `read` made `value` of hold in MessagePack themselves.
pub(crate) fn nested(value: &Value) -> Option<Value> {
    let bytes = STANDARD.decode(value.get(BYTES)?.as_str()?).ok()?;
    read(&bytes).ok()
}

fn json(value: &ValueRef<'_>) -> Value {
    match value {
        ValueRef::Nil => Value::Null,
        ValueRef::Boolean(value) => Value::Bool(*value),
        ValueRef::Integer(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => Value::Null,
        },
        ValueRef::F32(number) => float(f64::from(*number)),
        ValueRef::F64(number) => float(*number),
        ValueRef::String(text) => Value::String(string(text)),
        ValueRef::Binary(bytes) | ValueRef::Ext(_, bytes) => {
            let mut members = Map::new();
            members.insert(BYTES.to_owned(), STANDARD.encode(bytes).into());
            Value::Object(members)
        }
        ValueRef::Array(items) => Value::Array(items.iter().map(json).collect()),
        ValueRef::Map(members) => {
            Value::Object(members.iter().map(|(key, value)| (key_of(key), json(value))).collect())
        }
    }
}

/// JSON has no word for infinity and what is no number.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn string(text: &Utf8StringRef<'_>) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

fn key_of(key: &ValueRef<'_>) -> String {
    match key {
        ValueRef::String(text) => string(text),
        other => json(other).to_string(),
    }
}
