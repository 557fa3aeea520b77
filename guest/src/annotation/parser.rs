//! How the values of an annotation are read: one or a list, text or object, and what is said of
//! those that are neither.

use super::{MAX_TEXT, MAX_WARNINGS, Path, Warning};
use crate::error::{Refused, refused};
use crate::json::{Canonicalizer, Number, Reader, SyntaxError, Value, append, put, write_escaped};
use crate::span::Shape;
use std::fmt;

/// What the reading of one annotation shares.
pub(crate) struct Parser<'p> {
    pub(super) canonicalizer: &'p mut Canonicalizer,
    pub(super) scratch: Vec<u8>,
    pub(super) warnings: Vec<Warning>,
}

/// A value whose beginning was read, and the place to go on from.
pub(super) type Field<'a> = (Value<'a>, Reader<'a>);

impl Parser<'_> {
    #[cold]
    #[inline(never)]
    pub(super) fn warn(&mut self, path: &Path<'_>, what: fmt::Arguments<'_>) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning::of(path, what));
        }
    }

    /// The whole `input` or `output` object; empty for `null`.
    pub(super) fn io<'a>(
        &mut self,
        path: &Path<'_>,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        out.clear();
        if matches!(value, Value::Null) {
            return Ok(());
        }
        if shape == Shape::Value {
            if let Value::Text(text) = value {
                out.reserve(text.raw_len() + 16);
            }
            put(out, "{\"value\":");
            self.as_text(value, reader, out)?;
            out.push(b'}');
            return Ok(());
        }
        let messages = shape == Shape::Messages;
        append(out, if messages { b"{\"messages\":[" } else { b"{\"documents\":[" });
        let empty = out.len();
        self.one_or_more(path, shape, value, reader, out)?;
        // An empty list says nothing.
        if out.len() == empty {
            out.clear();
        } else {
            put(out, "]}");
        }
        Ok(())
    }

    /// Appends the message or document that a value is, or every element of a list, with commas.
    pub(super) fn one_or_more<'a>(
        &mut self,
        path: &Path<'_>,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if !matches!(value, Value::Array) {
            return self.one(path, shape, value, reader, out);
        }
        let (mut count, mut left_out) = (0, 0);
        while reader.element(count == 0)? {
            let value = reader.value()?;
            // Three bytes may become ten times as many.
            if out.len() > MAX_TEXT {
                reader.skip(value)?;
                left_out += 1;
                continue;
            }
            if count > 0 {
                out.push(b',');
            }
            let before = out.len();
            self.one(&path.element(count), shape, value, reader, out)?;
            if out.len() == before && count > 0 {
                out.pop();
            }
            count += 1;
        }
        if left_out > 0 {
            let what = format_args!("takes more than 8 MiB: {left_out} elements were left out");
            self.warn(path, what);
        }
        Ok(())
    }

    pub(super) fn one<'a>(
        &mut self,
        path: &Path<'_>,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        match shape {
            Shape::Messages => self.message(path, value, reader, out),
            _ => self.document(path, value, reader, out),
        }
    }

    /// Appends `"name":` and the text that a field holds, or an empty one.
    pub(super) fn text_or_empty(
        &mut self,
        path: &Path<'_>,
        name: &str,
        field: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        key(name, out);
        match present(field) {
            None => put(out, "\"\""),
            Some((value @ Value::Text(_), mut at)) => self.as_text(value, &mut at, out)?,
            Some((other, _)) => return Err(path.member(name).refused(other.describe(), "text")),
        }
        Ok(())
    }

    /// A value as a JSON string: text as it is, `null` as nothing, anything else as its JSON.
    pub(super) fn as_text<'a>(
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
    pub(super) fn inside_text<'a>(
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
}

/// Whether the value is an object (true) or absent (false).
pub(super) fn open_object(
    path: &Path<'_>,
    value: Value<'_>,
    accepted: &str,
) -> Result<bool, Refused> {
    match value {
        Value::Object => Ok(true),
        Value::Null => Ok(false),
        other => Err(path.refused(other.describe(), accepted)),
    }
}

/// Whether the value is a list (true) or absent (false).
pub(super) fn open_list(path: &Path<'_>, value: Value<'_>) -> Result<bool, Refused> {
    match value {
        Value::Array => Ok(true),
        Value::Null => Ok(false),
        other => Err(path.refused(other.describe(), "a list")),
    }
}

/// An object was given this member, and takes only others.
#[cold]
#[inline(never)]
pub(super) fn foreign(what: &str, given: &str, accepted: &str) -> Refused {
    refused(&what, &format!("given `{given}`"), accepted)
}

/// What a field is, for an error text.
pub(super) fn got(field: Option<Field<'_>>) -> &'static str {
    match field {
        None => "absent",
        Some((Value::Text(text), _)) if text.is_empty() => "empty",
        Some((value, _)) => value.describe(),
    }
}

/// Appends `"name":`.
pub(super) fn key(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    append(out, name.as_bytes());
    put(out, "\":");
}

/// Ends an object whose members each end with a comma.
pub(super) fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b'}');
}

/// Notes where a member's value is and passes over it.
pub(super) fn mark<'a>(reader: &mut Reader<'a>) -> Result<Field<'a>, SyntaxError> {
    let value = reader.value()?;
    let at = *reader;
    reader.skip(value)?;
    Ok((value, at))
}

/// The field, unless it is absent or `null`.
pub(super) fn present<'a>(field: Option<Field<'a>>) -> Option<Field<'a>> {
    field.filter(|(value, _)| !matches!(value, Value::Null))
}
