//! Texts: the text that any value counts as, and the intent, which is a text by itself.

use super::parser::Parser;
use super::path::Path;
use super::value::{is_nothing, is_text};
use crate::error::Refused;
use crate::limits::{NAME_BYTES, cut_text};
use witspan_json::{Canonicalizer, Reader, Value, write_escaped};

/// The text that a JSON value counts as where a span takes text: the text itself, the digits of a
/// number, else the canonical JSON. The second of the pair says whether the value was text or a
/// number. `None` for `null`, `false`, 0, what is empty, and what is not JSON.
pub fn text_of(json: &str) -> Option<(String, bool)> {
    let mut reader = Reader::new(json);
    let value = reader.value().ok()?;
    if is_nothing(value, reader).ok()? {
        return None;
    }
    let mut canonicalizer = Canonicalizer::default();
    let text = Parser::new(&mut canonicalizer).decoded(value, &mut reader).ok()?;
    Some((text, is_text(value)))
}

impl Parser<'_> {
    /// What the user wants: a text that is cut like a name, escaped.
    pub(super) fn intent<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if matches!(value, Value::Null) {
            return Ok(());
        }
        self.check_text(&Path::of("intent"), value, "text")?;
        let mut text = self.decoded(value, reader)?;
        cut_text(&mut text, NAME_BYTES);
        out.clear();
        write_escaped(out, text.as_bytes());
        Ok(())
    }
}
