//! Documents: what an embedding span takes in and a retrieval span gives out.

use super::{Parser, Path, present};
use crate::error::Refused;
use crate::json::{Number, Reader, Value, put};

const ACCEPTED: &str = "text, a document, or a list of both";

impl Parser<'_> {
    /// Appends a document.
    pub(super) fn document<'a>(
        &mut self,
        path: &Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if let Value::Text(_) = value {
            put(out, "{\"text\":");
            self.as_text(value, reader, out)?;
            out.push(b'}');
            return Ok(());
        }
        let Value::Object = value else {
            return Err(path.refused(value.describe(), ACCEPTED));
        };
        // `type` is LangChain's, and says nothing.
        let names = &["id", "name", "score", "text", "ranking", "metadata", "page_content", "type"];
        let mut found = [None; 7];
        self.fields(reader, names, &mut found, Some(path))?;
        let [id, name, score, text, ranking, metadata, page] = found;
        // What LangChain calls the text of a document.
        let text = present(text).or(page);
        out.push(b'{');
        self.text_member("id", id, out)?;
        match present(metadata) {
            None => {}
            Some((value @ Value::Object, mut at)) => {
                put(out, "\"metadata\":");
                self.canonicalizer.write(&mut at, value, out)?;
                out.push(b',');
            }
            Some((other, _)) => {
                return Err(path.member("metadata").refused(other.describe(), "an object"));
            }
        }
        self.text_member("name", name, out)?;
        for (member, field) in [("ranking", ranking), ("score", score)] {
            match present(field) {
                None => {}
                Some((Value::Number(Number::NonFinite(word)), _)) => {
                    self.warn(&path.member(member), format_args!("is {word}: it was left out"));
                }
                Some((Value::Number(Number::Float(_)), _)) if member == "ranking" => {
                    return Err(path.member(member).refused("no whole number", "a whole number"));
                }
                Some((Value::Number(number), _)) => {
                    super::key(member, out);
                    super::write_metric(out, number);
                    out.push(b',');
                }
                Some((other, _)) => {
                    return Err(path.member(member).refused(other.describe(), "a number"));
                }
            }
        }
        self.text_or_empty(path, "text", text, out)?;
        out.push(b'}');
        Ok(())
    }
}
