//! Links from a span to others whose output it took, or that took its own.

use super::{Parser, mark, present};
use crate::error::Error;
use crate::json::{Number, Reader, Value};

impl Parser<'_> {
    /// Appends links, with commas between them.
    pub(super) fn links<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        match value {
            Value::Null => return Ok(()),
            Value::Array => {}
            other => return Err(Error::invalid("links", other.describe(), "a list")),
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            let path = format!("links[{count}]");
            let (value, mut at) = mark(reader)?;
            let Value::Object = value else {
                return Err(Error::invalid(&path, value.describe(), "an object"));
            };
            let names = ["attributes", "span_id", "trace_id"];
            let found =
                self.fields(&mut at, names, |parser, key, _| parser.not_sent(&path, key))?;
            let [attributes, span, trace] = found.map(present);
            if count > 0 {
                out.push(b',');
            }
            count += 1;
            out.extend_from_slice(b"{\"attributes\":");
            match attributes {
                // What a link says unless it says otherwise: this span took what that one gave.
                None => out.extend_from_slice(b"{\"from\":\"output\",\"to\":\"input\"}"),
                Some((Value::Object, mut at)) => self.texts(&mut at)?.write_object(out),
                Some((other, _)) => {
                    let field = format!("{path}.attributes");
                    return Err(Error::invalid(&field, other.describe(), "an object"));
                }
            }
            out.push(b',');
            for (name, field) in [("span_id", span), ("trace_id", trace)] {
                let text = match field {
                    Some((Value::Text(text), _)) => !text.is_empty(),
                    Some((Value::Number(Number::Integer(_)), _)) => true,
                    _ => false,
                };
                if !text {
                    let got = field.map_or("absent", |(value, _)| match value {
                        Value::Text(_) => "empty",
                        other => other.describe(),
                    });
                    return Err(Error::invalid(&format!("{path}.{name}"), got, "text"));
                }
                self.text_member(name, field, out)?;
            }
            out.pop();
            out.push(b'}');
        }
        Ok(())
    }
}
