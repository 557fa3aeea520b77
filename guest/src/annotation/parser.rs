//! How the values of an annotation are read: one or a list, text or object, and what is said of
//! those that are neither.

use super::{MAX_TEXT, MAX_WARNINGS, Path, Warning, is_text};
use crate::error::{Refused, refused};
use crate::json::{Canonicalizer, Number, Reader, SyntaxError, Value, append, put, write_escaped};
use crate::span::Shape;
use std::fmt;

/// What the reading of one annotation shares.
pub(crate) struct Parser<'p> {
    pub(super) canonicalizer: &'p mut Canonicalizer,
    pub(super) scratch: Vec<u8>,
    pub(super) warnings: Vec<Warning>,
    /// What does not fit is refused, wherever it stands: a processor that gives back what it was
    /// not given has failed.
    pub(super) strict: bool,
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

    /// What stands here is `got`, where only `accepted` is, and that depends on the data of the
    /// application: a warning says so, and what was `done` with it.
    #[cold]
    #[inline(never)]
    pub(super) fn unfit(
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

    /// As [`Parser::unfit`]: it was left out.
    #[cold]
    #[inline(never)]
    pub(super) fn left_out(
        &mut self,
        path: &Path<'_>,
        got: &str,
        accepted: &str,
    ) -> Result<(), Refused> {
        self.unfit(path, got, accepted, LEFT_OUT)
    }

    /// The field, if it is text or a number, which counts as its text; anything else is left out.
    pub(super) fn text_field<'a>(
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

    /// Warns of what is sent as text though it is neither that nor a number.
    pub(super) fn check_text(
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
        let (mut count, mut left_out, mut any) = (0, 0, false);
        while reader.element(count == 0)? {
            let value = reader.value()?;
            // Three bytes may become ten times as many.
            if out.len() > MAX_TEXT {
                reader.skip(value)?;
                left_out += 1;
                continue;
            }
            let before = out.len();
            if any {
                out.push(b',');
            }
            let begun = out.len();
            self.one(&path.element(count), shape, value, reader, out)?;
            // One that says nothing is none.
            match out.len() == begun {
                true => out.truncate(before),
                false => any = true,
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

    /// Appends what is neither text nor an object in the place of a message or document: its JSON,
    /// between these. `null` says nothing, and nothing is appended.
    #[cold]
    pub(super) fn neither<'a>(
        &mut self,
        path: &Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        accepted: &str,
        [before, after]: [&str; 2],
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if matches!(value, Value::Null) {
            return self.left_out(path, value.describe(), accepted);
        }
        self.unfit(path, value.describe(), accepted, AS_TEXT)?;
        append(out, before.as_bytes());
        self.as_text(value, reader, out)?;
        append(out, after.as_bytes());
        Ok(())
    }

    /// Appends `"name":` and the text that a field holds, or an empty one. What is no text is sent
    /// as its JSON.
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
            Some((value, mut at)) => {
                self.check_text(&path.member(name), value, "text")?;
                self.as_text(value, &mut at, out)?;
            }
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

const LEFT_OUT: &str = "It was left out";
pub(super) const AS_TEXT: &str = "It is sent as text";

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
#[inline(always)]
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
