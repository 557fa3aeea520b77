//! Writes JSON objects and lists, in the order of the calls.

use witspan_json::{write_double, write_integer, write_string};

/// An object or a list in the making.
pub(crate) struct Writer {
    out: Vec<u8>,
    /// Whether the next value is the first in its object or list.
    first: bool,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Writer { out: Vec::new(), first: true }
    }

    fn separate(&mut self) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
    }

    fn nested(&mut self, open: u8, close: u8, write: &mut dyn FnMut(&mut Self)) {
        self.out.push(open);
        self.first = true;
        write(self);
        self.out.push(close);
        self.first = false;
    }

    /// A member's name; its value follows.
    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        self.separate();
        write_string(&mut self.out, name);
        self.out.push(b':');
        self.first = true;
        self
    }

    pub(crate) fn object(&mut self, write: &mut dyn FnMut(&mut Self)) {
        self.separate();
        self.nested(b'{', b'}', write);
    }

    pub(crate) fn list(&mut self, write: &mut dyn FnMut(&mut Self)) {
        self.separate();
        self.nested(b'[', b']', write);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.separate();
        write_string(&mut self.out, text);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.separate();
        write_integer(&mut self.out, number);
    }

    pub(crate) fn double(&mut self, number: f64) {
        self.separate();
        write_double(&mut self.out, number);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.separate();
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// An object of texts.
    pub(crate) fn texts(&mut self, texts: &[(String, String)]) {
        self.object(&mut |json| {
            for (key, value) in texts {
                json.name(key).text(value);
            }
        });
    }

    pub(crate) fn finish(self) -> String {
        // It is written from texts alone.
        String::from_utf8(self.out).unwrap_or_default()
    }
}
