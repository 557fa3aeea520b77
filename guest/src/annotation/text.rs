//! What a value of any type counts as, where text, a name or a number is sent.

use super::{Field, Parser, Path};
use crate::error::Refused;
use crate::json::{Canonicalizer, Number, Reader, SyntaxError, Value, write_escaped};
use crate::notes::Notes;
use crate::span::{NAME_BYTES, cut_text};

/// The text that a JSON value counts for where a span takes text: its own, the digits of a number,
/// else its canonical JSON. `None` for what is nothing, and for what is no JSON; the second of the
/// pair says whether it was text or a number.
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
    /// A value's text, or its JSON.
    pub(super) fn decoded<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<String, SyntaxError> {
        let mut json = Vec::new();
        match value {
            Value::Text(text) => return Ok(text.decode()),
            Value::Number(Number::NonFinite(text) | Number::Integer(text)) => {
                return Ok(text.to_owned());
            }
            _ => self.canonicalizer.write(reader, value, &mut json)?,
        }
        Ok(String::from_utf8_lossy(&json).into_owned())
    }
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

    /// What made the span, kept as a tag.
    pub(super) fn integration<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        notes: &mut Notes,
    ) -> Result<(), Refused> {
        if matches!(value, Value::Null) {
            return Ok(());
        }
        self.check_text(&Path::of("integration"), value, "text")?;
        let out = notes.tags.begin_escaped(b"integration");
        out.push(b':');
        self.inside_text(value, reader, out)?;
        notes.tags.end();
        Ok(())
    }
}

/// What the languages have for nothing: `null`, `false`, 0, and what is empty.
pub(super) fn is_nothing(value: Value<'_>, mut at: Reader<'_>) -> Result<bool, SyntaxError> {
    Ok(match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(Number::Integer(digits)) => digits == "0",
        Value::Number(_) => false,
        Value::Text(text) => text.is_empty(),
        Value::Array => !at.element(true)?,
        Value::Object => at.member(true)?.is_none(),
    })
}

/// Whether it is text, or a number, which counts as its text wherever text is sent.
pub(super) fn is_text(value: Value<'_>) -> bool {
    matches!(value, Value::Text(_) | Value::Number(_))
}

/// Whether a field can name something: a text that is not empty, or a number.
pub(super) fn is_name(field: Option<Field<'_>>) -> bool {
    match field {
        Some((Value::Text(text), _)) => !text.is_empty(),
        Some((value, _)) => is_text(value),
        None => false,
    }
}

/// The finite number that a value is: a number, yes or no as 1 or 0, or a text that says a number and
/// nothing else, which `said` then holds.
#[inline]
pub(super) fn number_of<'n>(value: Value<'n>, said: &'n mut String) -> Option<Number<'n>> {
    match value {
        Value::Number(Number::NonFinite(_)) => None,
        Value::Number(number) => Some(number),
        Value::Bool(flag) => Some(Number::Integer(if flag { "1" } else { "0" })),
        Value::Text(text) => {
            *said = text.decode();
            number_in(said)
        }
        _ => None,
    }
}

/// The number that a text says, if it says nothing else.
fn number_in(text: &str) -> Option<Number<'_>> {
    let mut reader = Reader::new(text);
    match reader.value() {
        Ok(Value::Number(number @ (Number::Integer(_) | Number::Float(_)))) => {
            reader.end().ok().map(|()| number)
        }
        _ => None,
    }
}
