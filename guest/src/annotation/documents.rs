//! Documents: what an embedding span takes in and a retrieval span gives out.

use super::{Parser, Path, present};
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
        let names = ["id", "name", "score", "text", "ranking", "metadata", "page_content"];
        let found = self.fields(reader, names, |parser, key, _| {
            parser.not_sent(&path.to_string(), key);
        })?;
        let [id, name, score, text, ranking, metadata, page] = found;
        // What LangChain calls the text of a document.
        let text = present(text).or(page);
        out.push(b'{');
        self.text_member("id", id, out)?;
        match present(metadata) {
            None => {}
            Some((value @ Value::Object, mut at)) => {
                out.extend_from_slice(b"\"metadata\":");
                self.canonicalizer.write(&mut at, value, out)?;
                out.push(b',');
            }
            Some((other, _)) => {
                let field = format!("{path}.metadata");
                return Err(Error::invalid(&field, other.describe(), "an object"));
            }
        }
        self.text_member("name", name, out)?;
        for (member, field) in [("ranking", ranking), ("score", score)] {
            match present(field) {
                None => {}
                Some((Value::Number(Number::NonFinite(word)), _)) => {
                    self.warn(&format!("{path}.{member}"), format!("is {word}: it was left out"));
                }
                Some((Value::Number(number), _)) => {
                    out.push(b'"');
                    out.extend_from_slice(member.as_bytes());
                    out.extend_from_slice(b"\":");
                    super::write_metric(out, number);
                    out.push(b',');
                }
                Some((other, _)) => {
                    let field = format!("{path}.{member}");
                    return Err(Error::invalid(&field, other.describe(), "a number"));
                }
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
