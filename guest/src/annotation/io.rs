//! Input and output: one or a list of what the kind of the span takes.

use super::parser::{AS_TEXT, Parser};
use super::path::Path;
use crate::error::Refused;
use crate::limits::MAX_TEXT;
use crate::span::Shape;
use witspan_json::{Reader, Value, append, put};
use witspan_setup::counted;

impl Parser<'_> {
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
        // An empty list counts as absent.
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
            // An element of three bytes (`"",`) becomes about 25, so the output has a bound of its own.
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
            // An element that says nothing is not sent.
            match out.len() == begun {
                true => out.truncate(before),
                false => any = true,
            }
            count += 1;
        }
        if left_out > 0 {
            let left_out = counted(left_out, "element");
            self.warn(path, format_args!("takes more than 8 MiB; left out: {left_out}"));
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

    /// Appends a value that is given as a message or document and is neither text nor an object: its
    /// JSON as text, between `before` and `after`. For `null` nothing is appended.
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
}
