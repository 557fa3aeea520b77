//! MessagePack as JSON values, with depth and memory bounded by the bytes that came.
//!
//! Bytes that are not text become `{"base64": …}` in place, so that nothing of the event is lost. `nested` returns
//! the value that such bytes encode.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmpv::{Utf8StringRef, ValueRef};
use serde_json::{Map, Number, Value};

use crate::memory;
use crate::words::plural;

/// How deep maps and arrays may nest: as deep as in JSON here.
const DEPTH: usize = 128;
const BYTES: &str = "base64";

/// About how many bytes of memory a value takes while it is read, beside its own.
const EACH: usize = 250;

/// The one value of a body, with room for it.
pub(crate) fn read(body: &[u8]) -> Result<Value, String> {
    let value = whole(body)?;
    if value.weight > memory::LARGEST {
        let most = memory::LARGEST / EACH;
        return Err(format!("the body holds more than {most} values; send it in parts"));
    }
    let mut rest = body;
    let value = rmpv::decode::read_value_ref_with_max_depth(&mut rest, DEPTH)
        .map_err(|error| format!("not MessagePack: {error}"))?;
    Ok(json(&value))
}

/// The value that bytes encode in MessagePack, where `read` has turned them into `value`.
pub(crate) fn nested(value: &Value) -> Option<Value> {
    let bytes = STANDARD.decode(value.get(BYTES)?.as_str()?).ok()?;
    read(&bytes).ok()
}

/// Where a value ends, and about how many bytes of memory it takes once it is read.
pub(crate) struct Extent {
    pub(crate) end: usize,
    pub(crate) weight: usize,
}

/// The extent of the one value of a body.
pub(crate) fn whole(body: &[u8]) -> Result<Extent, String> {
    let extent = extent(body, 0)?;
    match body.len() - extent.end {
        0 => Ok(extent),
        more => Err(format!("not MessagePack: {} after its end", plural(more, "byte"))),
    }
}

/// The length of the array that begins at `at`, which then is at its first item; `None` for another value.
pub(crate) fn array(body: &[u8], at: &mut usize) -> Option<usize> {
    let marker = *body.get(*at)?;
    let (bytes, length) = match marker {
        0x90..=0x9f => (0, usize::from(marker & 0x0f)),
        0xdc => (2, number(body, *at, 2)),
        0xdd => (4, number(body, *at, 4)),
        _ => return None,
    };
    *at += 1 + bytes;
    Some(length)
}

/// Whether the value is a map.
pub(crate) fn is_map(value: &[u8]) -> bool {
    matches!(value.first(), Some(0x80..=0x8f | 0xde | 0xdf))
}

/// The extent of the value that begins at `at`. Walks over it without making it.
pub(crate) fn extent(body: &[u8], at: usize) -> Result<Extent, String> {
    walk(body, at, true)
}

fn number(body: &[u8], at: usize, bytes: usize) -> usize {
    let part = body.get(at + 1..at + 1 + bytes).unwrap_or_default();
    part.iter().fold(0_usize, |number, byte| (number << 8) | usize::from(*byte))
}

/// Bytes may be MessagePack themselves, and are walked over, too, if they are not `inside` such.
fn walk(body: &[u8], begin: usize, outside: bool) -> Result<Extent, String> {
    let (mut at, mut left, mut seen) = (begin, 1_usize, 0_usize);
    let mut within = 0_usize;
    while left > 0 {
        let Some(marker) = body.get(at) else {
            return Err("not MessagePack: it ends within a value".to_owned());
        };
        let length = |bytes| number(body, at, bytes);
        // The bytes that belong to this value alone, and the values inside it.
        let (bytes, inside) = match marker {
            0x80..=0x8f => (0, 2 * usize::from(marker & 0x0f)),
            0x90..=0x9f => (0, usize::from(marker & 0x0f)),
            0xa0..=0xbf => (usize::from(marker & 0x1f), 0),
            0xc4 | 0xd9 => (1 + length(1), 0),
            0xc5 | 0xda => (2 + length(2), 0),
            0xc6 | 0xdb => (4 + length(4), 0),
            0xc7 => (2 + length(1), 0),
            0xc8 => (3 + length(2), 0),
            0xc9 => (5 + length(4), 0),
            0xcc | 0xd0 => (1, 0),
            0xcd | 0xd1 | 0xd4 => (2, 0),
            0xca | 0xce | 0xd2 => (4, 0),
            0xcb | 0xcf | 0xd3 => (8, 0),
            0xd5 => (3, 0),
            0xd6 => (5, 0),
            0xd7 => (9, 0),
            0xd8 => (17, 0),
            0xdc => (2, length(2)),
            0xdd => (4, length(4)),
            0xde => (2, 2 * length(2)),
            0xdf => (4, length(4).saturating_mul(2)),
            _ => (0, 0),
        };
        if outside && let 0xc4..=0xc6 = marker {
            let head = 1 + (1 << (marker - 0xc4));
            let held = body.get(at + head..at + 1 + bytes).unwrap_or_default();
            within = within.saturating_add(walk(held, 0, false).map_or(0, |held| held.weight));
        }
        at += 1 + bytes;
        left = (left - 1).saturating_add(inside);
        seen += 1;
    }
    if at > body.len() {
        return Err("not MessagePack: it ends within a value".to_owned());
    }
    // Bytes become text by four for three, and are made again from that.
    let weight = seen.saturating_mul(EACH).saturating_add(3 * (at - begin)).saturating_add(within);
    Ok(Extent { end: at, weight })
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

/// JSON has no form of infinity and NaN.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_very_many_small_values_is_refused_before_they_take_memory() {
        let mut body = vec![0xdd];
        body.extend(4_000_000_u32.to_be_bytes());
        body.resize(5 + 4_000_000, 0xc0);
        assert!(read(&body).expect_err("too many").contains("more than"));
        body[1..5].copy_from_slice(&1_000_000_u32.to_be_bytes());
        body.truncate(5 + 1_000_000);
        assert_eq!(read(&body).expect("not too many").as_array().map(Vec::len), Some(1_000_000));
    }

    #[test]
    fn every_kind_of_value_is_walked_over_by_its_own_length() {
        // A text, bytes, numbers of each size, an extension, a map and a list, then what is too much.
        let body = b"\x98\xa3abc\xc4\x02\x01\x02\xcc\x01\xcd\x00\x01\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xd4\x01\x02\x81\xa1k\xd9\x01v\x91\xff";
        let value = read(body).expect("it is whole");
        assert_eq!(value[0], "abc");
        assert_eq!(value[4], 1.0);
        assert_eq!(value[6]["k"], "v");
        assert_eq!(value[7][0], -1);
    }
}
