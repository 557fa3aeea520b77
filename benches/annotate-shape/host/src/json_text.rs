//! Writes JSON text into a buffer that is used again, piece by piece and without a tree.

use witspan_core::json::write_escaped;

/// The buffer.
#[derive(Default)]
pub struct JsonText {
    bytes: Vec<u8>,
}

impl JsonText {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// What was written since.
    pub fn as_str(&self) -> &str {
        // SAFETY: only whole texts and ASCII are written.
        unsafe { std::str::from_utf8_unchecked(&self.bytes) }
    }

    /// How much was written.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Text as it stands.
    pub fn raw(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        self.bytes.push(b'"');
        write_escaped(&mut self.bytes, text.as_bytes());
        self.bytes.push(b'"');
    }

    /// A key and its colon, after a comma if there must be one.
    pub fn key(&mut self, first: bool, key: &str) {
        if !first {
            self.bytes.push(b',');
        }
        self.string(key);
        self.bytes.push(b':');
    }

    /// A double.
    pub fn double(&mut self, value: f64) {
        self.raw(ryu_js::Buffer::new().format(value));
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        self.raw(itoa::Buffer::new().format(value));
    }
}
