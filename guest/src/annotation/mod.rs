//! Reads one annotation: checks every part, and writes each in the form that is sent.
//!
//! Everything is read into [`Notes`] of its own first, so that a call which fails anywhere
//! changes nothing. The rules per field are in `wit/tracing.wit`, at `annotate`.

mod documents;
mod messages;

use crate::error::Error;
use crate::json::{
    Canonicalizer, Number, Reader, SyntaxError, Text, Value, write_escaped, write_number,
};
use crate::members::Members;
use crate::span::{Notes, Shape, SpanKind};
use std::fmt;

/// Something that was accepted, but not as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The path of the field.
    pub field: String,
    /// One sentence for a person.
    pub message: String,
}

/// At most so many warnings are given for one call; the count in the statistics is of these.
const MAX_WARNINGS: usize = 16;

impl From<SyntaxError> for Error {
    fn from(error: SyntaxError) -> Self {
        Error::invalid("annotation", &error.to_string(), "a JSON object")
    }
}

/// What the reading of one annotation shares.
pub(crate) struct Parser<'p> {
    canonicalizer: &'p mut Canonicalizer,
    scratch: Vec<u8>,
    warnings: Vec<Warning>,
}

/// A value whose beginning was read, and the place to go on from.
type Field<'a> = (Value<'a>, Reader<'a>);

/// Where a message or document stands: `input`, or `input[2]`. Put into words only for an error.
#[derive(Clone, Copy)]
struct Path<'f> {
    field: &'f str,
    at: Option<usize>,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}[{at}]", self.field),
            None => f.write_str(self.field),
        }
    }
}

/// Reads `text`, an annotation of a span of this kind, into the empty `notes`.
pub(crate) fn parse(
    kind: SpanKind,
    text: &str,
    notes: &mut Notes,
    canonicalizer: &mut Canonicalizer,
) -> Result<Vec<Warning>, Error> {
    let mut parser = Parser { canonicalizer, scratch: Vec::new(), warnings: Vec::new() };
    let mut reader = Reader::new(text);
    let begun = reader.value()?;
    if !matches!(begun, Value::Object) {
        return Err(Error::invalid("annotation", begun.describe(), "a JSON object"));
    }
    let mut first = true;
    while let Some(key) = reader.member(first)? {
        first = false;
        let value = reader.value()?;
        if key.is("input") {
            parser.io("input", kind.input_shape(), value, &mut reader, &mut notes.input)?;
        } else if key.is("output") {
            parser.io("output", kind.output_shape(), value, &mut reader, &mut notes.output)?;
        } else if key.is("metadata") {
            parser.metadata(value, &mut reader, &mut notes.metadata)?;
        } else if key.is("metrics") {
            parser.metrics(value, &mut reader, &mut notes.metrics)?;
        } else if key.is("tags") {
            parser.tags(value, &mut reader, notes)?;
        } else {
            let accepted = "input, output, metadata, metrics or tags";
            return Err(Error::invalid(
                "annotation",
                &format!("given `{}`", key.decode()),
                accepted,
            ));
        }
    }
    reader.end()?;
    if parser.canonicalizer.take_cut() > 0 {
        parser.warn(
            "annotation",
            "has values nested deeper than 32 levels: those were cut".to_owned(),
        );
    }
    Ok(parser.warnings)
}

impl Parser<'_> {
    fn warn(&mut self, field: &str, what: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings
                .push(Warning { field: field.to_owned(), message: format!("`{field}` {what}") });
        }
    }

    /// The whole `input` or `output` object; empty for `null`.
    fn io<'a>(
        &mut self,
        field: &str,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.clear();
        if matches!(value, Value::Null) {
            return Ok(());
        }
        match shape {
            Shape::Messages => self.messages(field, value, reader, out)?,
            Shape::Documents => self.documents(field, value, reader, out)?,
            Shape::Value => {
                if let Value::Text(text) = value {
                    out.reserve(text.raw_len() + 16);
                }
                out.extend_from_slice(b"{\"value\":");
                self.as_text(value, reader, out)?;
                out.push(b'}');
            }
        }
        Ok(())
    }

    /// Appends what `each` makes of a value, or of every element of a list, with commas.
    fn one_or_more<'a>(
        &mut self,
        field: &str,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
        each: impl Fn(
            &mut Self,
            Path<'_>,
            Value<'a>,
            &mut Reader<'a>,
            &mut Vec<u8>,
        ) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !matches!(value, Value::Array) {
            return each(self, Path { field, at: None }, value, reader, out);
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            if count > 0 {
                out.push(b',');
            }
            let value = reader.value()?;
            each(self, Path { field, at: Some(count) }, value, reader, out)?;
            count += 1;
        }
        Ok(())
    }

    /// A value as a JSON string: text as it is, `null` as nothing, anything else as its JSON.
    fn as_text<'a>(
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
    fn inside_text<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), SyntaxError> {
        match value {
            Value::Text(text) => text.write(out),
            Value::Number(Number::NonFinite(name)) => out.extend_from_slice(name.as_bytes()),
            Value::Number(Number::Integer(digits)) => out.extend_from_slice(digits.as_bytes()),
            _ => {
                let mut json = std::mem::take(&mut self.scratch);
                json.clear();
                let written = self.canonicalizer.write(reader, value, &mut json);
                write_escaped(out, &json);
                self.scratch = json;
                written?;
            }
        }
        Ok(())
    }

    fn metadata<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Error> {
        if !open_object("metadata", value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            members
                .insert(|out| key.write(out), |out| self.canonicalizer.write(reader, value, out))?;
        }
        Ok(())
    }

    fn metrics<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Error> {
        if !open_object("metrics", value, "an object of numbers")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            let number = match value {
                Value::Number(Number::NonFinite(name)) => {
                    let field = format!("metrics.{}", key.decode());
                    self.warn(&field, format!("is {name}, which no intake takes: it was left out"));
                    continue;
                }
                Value::Number(number) => number,
                Value::Bool(flag) => Number::Integer(if flag { "1" } else { "0" }),
                other => {
                    let field = format!("metrics.{}", key.decode());
                    return Err(Error::invalid(&field, other.describe(), "a number"));
                }
            };
            let key = self.metric_key(key);
            members.insert(
                |out| write_escaped(out, key.as_bytes()),
                |out| {
                    write_metric(out, number);
                    Ok::<(), Error>(())
                },
            )?;
        }
        Ok(())
    }

    /// The intake refuses a whole batch for a metric key with a dot, so it becomes `_`.
    fn metric_key(&mut self, key: Text<'_>) -> String {
        let name = key.decode();
        if !name.contains('.') {
            return name;
        }
        let replaced = name.replace('.', "_");
        self.warn(
            &format!("metrics.{name}"),
            format!("has a dot in its name: it is sent as `{replaced}`"),
        );
        replaced
    }

    fn tags<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        notes: &mut Notes,
    ) -> Result<(), Error> {
        if !open_object("tags", value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            if key.is("session_id") {
                let mut session = Vec::new();
                let mut at = *reader;
                self.as_text(value, &mut at, &mut session)?;
                notes.session = session_of(&session);
            }
            notes.tags.insert(
                |out| key.write(out),
                |out| {
                    out.push(b':');
                    self.inside_text(value, reader, out)
                },
            )?;
        }
        Ok(())
    }
}

/// Reads back a JSON string as a session; an empty one is none.
fn session_of(quoted: &[u8]) -> Option<std::sync::Arc<str>> {
    let quoted = String::from_utf8_lossy(quoted);
    match Reader::new(&quoted).value() {
        Ok(Value::Text(text)) if !text.is_empty() => Some(text.decode().into()),
        _ => None,
    }
}

/// Whether the value is an object (true) or absent (false).
fn open_object(field: &str, value: Value<'_>, accepted: &str) -> Result<bool, Error> {
    match value {
        Value::Object => Ok(true),
        Value::Null => Ok(false),
        other => Err(Error::invalid(field, other.describe(), accepted)),
    }
}

/// A metric is a number on the wire whatever its size.
fn write_metric(out: &mut Vec<u8>, number: Number<'_>) {
    let start = out.len();
    write_number(out, number);
    if out.get(start) == Some(&b'"') {
        out.truncate(start);
        let (Number::Integer(text) | Number::Float(text)) = number else { return };
        let value: f64 = text.parse().unwrap_or(0.0);
        crate::json::write_double(out, value.clamp(f64::MIN, f64::MAX));
    }
}

/// Notes where a member's value is and passes over it.
fn mark<'a>(reader: &mut Reader<'a>) -> Result<Field<'a>, SyntaxError> {
    let value = reader.value()?;
    let at = *reader;
    reader.skip(value)?;
    Ok((value, at))
}

/// The field, unless it is absent or `null`.
fn present<'a>(field: Option<Field<'a>>) -> Option<Field<'a>> {
    field.filter(|(value, _)| !matches!(value, Value::Null))
}
