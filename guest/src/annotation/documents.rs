//! Documents: the input of an embedding span and the output of a retrieval span.

use super::metrics::write_metric;
use super::parser::{Parser, VALUE_OF_AN_OBJECT, key};
use super::path::Path;
use super::value::{number_of, present};
use crate::error::Refused;
use witspan_json::{Number, Reader, Value, put};

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
            return self.neither(path, value, reader, ACCEPTED, ["{\"text\":", "}"], out);
        };
        // `type` is LangChain's, and is not sent.
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
            Some((value, mut at)) => {
                let path = path.member("metadata");
                self.unfit(&path, value.describe(), "an object", VALUE_OF_AN_OBJECT)?;
                put(out, "\"metadata\":{\"value\":");
                self.canonicalizer.write(&mut at, value, out)?;
                put(out, "},");
            }
        }
        self.text_member("name", name, out)?;
        for (member, field) in [("ranking", ranking), ("score", score)] {
            let Some((value, _)) = present(field) else { continue };
            let path = path.member(member);
            if let Value::Number(Number::NonFinite(word)) = value {
                self.warn(&path, format_args!("is {word}: it was left out"));
                continue;
            }
            let mut said = String::new();
            let number = number_of(value, &mut said);
            match number {
                None => self.left_out(&path, value.describe(), "a number")?,
                Some(Number::Float(_)) if member == "ranking" => {
                    self.left_out(&path, "a number with a fraction", "a whole number")?;
                }
                Some(number) => {
                    key(member, out);
                    write_metric(out, number);
                    out.push(b',');
                }
            }
        }
        self.text_or_empty(path, "text", text, out)?;
        out.push(b'}');
        Ok(())
    }
}
