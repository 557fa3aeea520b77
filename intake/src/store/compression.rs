//! How stored bytes are compressed: one zstd frame per span or request body.

use std::cell::RefCell;

use serde_json::Value;
use zstd::bulk::{Compressor, Decompressor};

/// Level 1 of zstd halves a typical event in 5 µs.
const LEVEL: i32 = 1;

/// The meta of a span and the event as received, in one zstd frame.
pub(crate) fn pack(meta: &Value, raw: &str) -> Vec<u8> {
    let mut text = meta.to_string();
    text.push('\n');
    text.push_str(raw);
    compress(text.as_bytes())
}

/// The inverse of `pack`: the meta and the event as received, both JSON text.
pub(crate) fn unpack(packed: &[u8]) -> (String, String) {
    let mut meta = String::from_utf8(decompress(packed)).unwrap_or_default();
    let raw = match meta.find('\n') {
        Some(end) => {
            let raw = meta[end + 1..].to_owned();
            meta.truncate(end);
            raw
        }
        None => String::new(),
    };
    (meta, raw)
}

/// One zstd frame.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    thread_local! {
        // One per thread, since a compressor's tables are larger than most events.
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        if compressor.is_none() {
            *compressor = Compressor::new(LEVEL).ok();
        }
        let packed = compressor.as_mut().and_then(|it| it.compress(bytes).ok());
        // zstd fails only when memory runs out. `decompress` also accepts uncompressed bytes.
        packed.unwrap_or_else(|| bytes.to_vec())
    })
}

/// The inverse of `compress`; bytes that are not a zstd frame come back unchanged.
pub(crate) fn decompress(packed: &[u8]) -> Vec<u8> {
    thread_local! {
        static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    let bytes = DECOMPRESSOR.with_borrow_mut(|decompressor| {
        if decompressor.is_none() {
            *decompressor = Decompressor::new().ok();
        }
        let length = Decompressor::upper_bound(packed)?;
        decompressor.as_mut()?.decompress(packed, length).ok()
    });
    bytes.unwrap_or_else(|| packed.to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_packed_span_comes_back_whole() {
        let meta = json!({"input": {"value": "a\nb"}});
        let raw = "{\"number\": 1.00, \"text\": \"x\"}";
        assert_eq!(unpack(&pack(&meta, raw)), (meta.to_string(), raw.to_owned()));
    }
}
