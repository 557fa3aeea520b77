//! The parser: its state while it reads one text, its warnings, and any value as text.

use super::path::Path;
use super::value::{Field, is_text, present};
use crate::error::{Refused, Warning, not_json, refused};
use crate::limits::{MAX_TEXT, MAX_WARNINGS};
use std::fmt;
use witspan_json::{
    Canonicalizer, Number, Reader, SyntaxError, Text, Value, append, put, write_escaped,
};

/// The state while one annotation, context, event or evaluation is read.
pub(crate) struct Parser<'p> {
    pub(crate) canonicalizer: &'p mut Canonicalizer,
    pub(crate) scratch: Vec<u8>,
    pub(crate) warnings: Vec<Warning>,
    /// A value that does not fit is an error, not a warning: a processor that returns such an event
    /// has failed.
    pub(crate) strict: bool,
}

/// Reads one member's value.
type EachMember<'e> = dyn for<'p, 'a, 'r> FnMut(
        &mut Parser<'p>,
        Text<'a>,
        Value<'a>,
        &'r mut Reader<'a>,
    ) -> Result<(), Refused>
    + 'e;

impl<'p> Parser<'p> {
    pub(crate) fn new(canonicalizer: &'p mut Canonicalizer) -> Self {
        Parser { canonicalizer, scratch: Vec::new(), warnings: Vec::new(), strict: false }
    }

    /// Reads a whole JSON object, called `name` in errors; `each` reads a member's value.
    pub(crate) fn whole(
        &mut self,
        name: &str,
        text: &str,
        each: &mut EachMember<'_>,
    ) -> Result<(), Refused> {
        if text.len() > MAX_TEXT {
            return Err(refused(&name, &format!("{} bytes long", text.len()), "up to 8 MiB"));
        }
        let not_json = |error| not_json(name, error);
        let mut reader = Reader::new(text);
        let begun = reader.value().map_err(not_json)?;
        if !matches!(begun, Value::Object) {
            return Err(Path::of(name).refused(begun.describe(), "a JSON object"));
        }
        let mut first = true;
        while let Some(key) = reader.member(first).map_err(not_json)? {
            first = false;
            let value = reader.value().map_err(not_json)?;
            each(self, key, value, &mut reader)?;
        }
        reader.end().map_err(not_json)?;
        if self.canonicalizer.take_cut() > 0 {
            let path = Path::of(name);
            self.warn(
                &path,
                format_args!("has values nested deeper than 32 levels: those were cut"),
            );
        }
        Ok(())
    }
}

impl Parser<'_> {
    #[cold]
    #[inline(never)]
    pub(crate) fn warn(&mut self, path: &Path<'_>, what: fmt::Arguments<'_>) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning::of(path, what));
        }
    }

    /// Warns that the value here is `got`, that only `accepted` is accepted, and what was `done` with
    /// the value. For mistakes that depend on the application's data; others are errors.
    #[cold]
    #[inline(never)]
    pub(crate) fn unfit(
        &mut self,
        path: &Path<'_>,
        got: &str,
        accepted: &str,
        done: &str,
    ) -> Result<(), Refused> {
        if self.strict {
            return Err(path.refused(got, accepted));
        }
        self.warn(path, format_args!("is {got}; accepted: {accepted}. {done}"));
        Ok(())
    }

    /// As [`Parser::unfit`], for a value that was left out.
    #[cold]
    #[inline(never)]
    pub(crate) fn left_out(
        &mut self,
        path: &Path<'_>,
        got: &str,
        accepted: &str,
    ) -> Result<(), Refused> {
        self.unfit(path, got, accepted, LEFT_OUT)
    }

    /// The field, if it is text, or a number, which counts as its text. Anything else is left out.
    pub(crate) fn text_field<'a>(
        &mut self,
        path: &Path<'_>,
        name: &str,
        field: Option<Field<'a>>,
    ) -> Result<Option<Field<'a>>, Refused> {
        match present(field) {
            None => Ok(None),
            Some(field) if is_text(field.0) => Ok(Some(field)),
            Some((other, _)) => {
                self.left_out(&path.member(name), other.describe(), "text")?;
                Ok(None)
            }
        }
    }

    /// Warns if a value that is sent as text is neither text nor a number.
    pub(crate) fn check_text(
        &mut self,
        path: &Path<'_>,
        value: Value<'_>,
        accepted: &str,
    ) -> Result<(), Refused> {
        match is_text(value) {
            true => Ok(()),
            false => self.unfit(path, value.describe(), accepted, AS_TEXT),
        }
    }

    /// Appends `"name":` and the text that a field holds, or an empty one. What is not text is sent
    /// as its JSON.
    pub(crate) fn text_or_empty(
        &mut self,
        path: &Path<'_>,
        name: &str,
        field: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        key(name, out);
        match present(field) {
            None => put(out, "\"\""),
            Some((value, mut at)) => {
                self.check_text(&path.member(name), value, "text")?;
                self.as_text(value, &mut at, out)?;
            }
        }
        Ok(())
    }

    /// Appends `"name":"text",` if the field is there.
    pub(crate) fn text_member(
        &mut self,
        name: &str,
        field: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if let Some((value, mut at)) = present(field) {
            key(name, out);
            self.as_text(value, &mut at, out)?;
            out.push(b',');
        }
        Ok(())
    }

    /// A value as a JSON string: text as it is, `null` as nothing, anything else as its JSON.
    pub(crate) fn as_text<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), SyntaxError> {
        out.push(b'"');
        self.inside_text(value, reader, out)?;
        out.push(b'"');
        Ok(())
    }

    /// The inside of [`Parser::as_text`].
    pub(crate) fn inside_text<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), SyntaxError> {
        match value {
            Value::Text(text) => text.write(out),
            Value::Number(Number::NonFinite(name)) => append(out, name.as_bytes()),
            Value::Number(Number::Integer(digits)) => append(out, digits.as_bytes()),
            _ => {
                let mut json = std::mem::take(&mut self.scratch);
                json.clear();
                let written = self.canonicalizer.write(reader, value, &mut json);
                out.reserve(json.len() + (json.len() >> 3));
                write_escaped(out, &json);
                self.scratch = json;
                written?;
            }
        }
        Ok(())
    }

    /// A value's text, or its JSON.
    pub(crate) fn decoded<'a>(
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

const LEFT_OUT: &str = "It was left out";
pub(crate) const AS_TEXT: &str = "It is sent as text";
pub(crate) const VALUE_OF_AN_OBJECT: &str = "It is sent in an object, as `value`";

/// Appends `"name":`.
pub(crate) fn key(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    append(out, name.as_bytes());
    put(out, "\":");
}

/// Ends an object whose members each end with a comma.
pub(crate) fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b'}');
}

/// Puts a comma after what is there.
pub(crate) fn comma(list: &mut Vec<u8>) {
    if !list.is_empty() {
        list.push(b',');
    }
}
