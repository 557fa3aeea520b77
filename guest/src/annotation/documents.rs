//! Documents: what an embedding span takes in and a retrieval span gives out.

use super::{Field, Parser, Path, mark, present};
use crate::error::Error;
use crate::json::{Number, Reader, Value};

const ACCEPTED: &str = "text, a document, or a list of both";

impl Parser<'_> {
    /// Appends `{"documents":[…]}`.
    pub(super) fn documents<'a>(
        &mut self,
        field: &str,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.extend_from_slice(b"{\"documents\":[");
        self.one_or_more(field, value, reader, out, Self::document)?;
        out.extend_from_slice(b"]}");
        Ok(())
    }

    fn document<'a>(
        &mut self,
        path: Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if let Value::Text(_) = value {
            out.extend_from_slice(b"{\"text\":");
            self.as_text(value, reader, out)?;
            out.push(b'}');
            return Ok(());
        }
        let Value::Object = value else {
            return Err(Error::invalid(&path.to_string(), value.describe(), ACCEPTED));
        };
        let (mut id, mut name, mut score, mut text) = (None, None, None, None);
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let field: Option<Field<'a>> = Some(mark(reader)?);
            if key.is("id") {
                id = field;
            } else if key.is("name") {
                name = field;
            } else if key.is("score") {
                score = field;
            } else if key.is("text") {
                text = field;
            } else if present(field).is_some() {
                self.warn(&path.to_string(), format!("has `{}`, which is not sent", key.decode()));
            }
        }
        out.push(b'{');
        for (member, field) in [("id", id), ("name", name)] {
            let Some((value, mut at)) = present(field) else { continue };
            out.push(b'"');
            out.extend_from_slice(member.as_bytes());
            out.extend_from_slice(b"\":");
            self.as_text(value, &mut at, out)?;
            out.push(b',');
        }
        match present(score) {
            None => {}
            Some((Value::Number(Number::NonFinite(word)), _)) => {
                self.warn(&format!("{path}.score"), format!("is {word}: it was left out"));
            }
            Some((Value::Number(number), _)) => {
                out.extend_from_slice(b"\"score\":");
                super::write_metric(out, number);
                out.push(b',');
            }
            Some((other, _)) => {
                return Err(Error::invalid(&format!("{path}.score"), other.describe(), "a number"));
            }
        }
        out.extend_from_slice(b"\"text\":");
        match present(text) {
            None => out.extend_from_slice(b"\"\""),
            Some((value @ Value::Text(_), mut at)) => self.as_text(value, &mut at, out)?,
            Some((other, _)) => {
                return Err(Error::invalid(&format!("{path}.text"), other.describe(), "text"));
            }
        }
        out.push(b'}');
        Ok(())
    }
}
