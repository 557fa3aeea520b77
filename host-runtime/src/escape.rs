//! Escaping of JSON strings, for bindings that write their language's values into an annotation.

/// Appends `text` to `out` as the inside of a JSON string, without quotes.
pub fn write_escaped(out: &mut String, text: &str) {
    // SAFETY: the core appends the text's own characters and ASCII escapes, so `out` stays UTF-8.
    witspan_json::write_escaped(unsafe { out.as_mut_vec() }, text.as_bytes());
}
