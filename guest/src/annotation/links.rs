//! Links between a span and others: one's output is the other's input.

use super::parser::Parser;
use super::path::Path;
use super::value::got;
use crate::error::Refused;
use witspan_json::{Number, Reader, Value, add};

impl Parser<'_> {
    /// Appends links, with commas between them.
    pub(super) fn links<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        self.objects(&Path::of("links"), value, reader, out, Self::link)
    }

    fn link(
        &mut self,
        path: &Path<'_>,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let given = self.given(reader, &["attributes", "span_id", "trace_id"], Some(path))?;
        add(out, "{\"attributes\":");
        match given.get("attributes") {
            // The default: the output of the linked span is the input of this one.
            None => add(out, "{\"from\":\"output\",\"to\":\"input\"}"),
            Some((Value::Object, mut at)) => self.texts(&mut at)?.write_object(out),
            Some((other, _)) => {
                let path = path.member("attributes");
                return Err(path.refused(other.describe(), "an object"));
            }
        }
        out.push(b',');
        for name in ["span_id", "trace_id"] {
            let field = given.get(name);
            match field {
                Some((Value::Text(text), _)) if !text.is_empty() => {}
                Some((Value::Number(Number::Integer(_)), _)) => {}
                _ => return Err(path.member(name).refused(got(field), "text")),
            }
            self.text_member(name, field, out)?;
        }
        out.pop();
        out.push(b'}');
        Ok(())
    }
}
