//! What a stream gave, item by item, as one output: texts are joined, anything else makes a list.

use super::parser::{Parser, comma};
use super::path::Path;
use crate::error::Refused;
use crate::span::Shape;
use witspan_json::{Number, Reader, Value, add, write_string};
use witspan_setup::STREAM_ITEMS;

const ACCEPTED: &str = "an object with a list `items`";

impl Parser<'_> {
    /// Reads `{"items", "missing", "list"}` into the whole `output`. A stream that gave nothing
    /// leaves it as it is.
    pub(super) fn output_stream<'a>(
        &mut self,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let path = Path::of("output_stream");
        match value {
            Value::Null => return Ok(()),
            Value::Object => {}
            other => return Err(path.refused(other.describe(), ACCEPTED)),
        }
        let given = self.given(reader, &["items", "missing", "list"], Some(&path))?;
        let items = match given.get("items") {
            Some((Value::Array, at)) => at,
            Some((other, _)) => {
                return Err(path.member("items").refused(other.describe(), "a list"));
            }
            None => return Err(path.refused("an object without `items`", ACCEPTED)),
        };
        let missing = match given.get("missing") {
            None => 0,
            Some((value, _)) => {
                let count = match value {
                    Value::Number(Number::Integer(digits)) => digits.parse().ok(),
                    _ => None,
                };
                let wrong = || {
                    let accepted = "a whole number from 0";
                    path.member("missing").refused(value.describe(), accepted)
                };
                count.ok_or_else(wrong)?
            }
        };
        if missing == 0 && !items.clone().element(true)? {
            return Ok(());
        }
        let list = match given.get("list") {
            None => false,
            Some((Value::Bool(list), _)) => list,
            Some((other, _)) => {
                return Err(path.member("list").refused(other.describe(), "a boolean"));
            }
        };
        let text = if list { None } else { joined(items, missing)? };
        let json = match text {
            Some(text) => text,
            None => self.listed(items, missing)?,
        };
        let mut inner = Reader::new(&json);
        let begun = inner.value()?;
        self.io(&Path::of("output"), shape, begun, &mut inner, out)
    }

    fn listed(&mut self, mut items: Reader<'_>, mut missing: u64) -> Result<String, Refused> {
        let mut list = Vec::new();
        let mut count = 0;
        while items.element(count == 0)? {
            let value = items.value()?;
            if count < STREAM_ITEMS {
                comma(&mut list);
                self.canonicalizer.write(&mut items, value, &mut list)?;
            } else {
                items.skip(value)?;
                missing = missing.saturating_add(1);
            }
            count += 1;
        }
        if missing > 0 {
            comma(&mut list);
            write_string(&mut list, &more(missing));
        }
        Ok(format!("[{}]", String::from_utf8_lossy(&list)))
    }
}

/// The items joined to one JSON string; `None` if one of them is not text. They are joined as they
/// are escaped, so that two halves of a surrogate pair in two items become one character again.
fn joined(mut items: Reader<'_>, missing: u64) -> Result<Option<String>, Refused> {
    let mut text = vec![b'"'];
    let mut first = true;
    while items.element(first)? {
        first = false;
        match items.value()? {
            Value::Text(piece) => piece.write_as_given(&mut text),
            _ => return Ok(None),
        }
    }
    if missing > 0 {
        add(&mut text, &more(missing));
    }
    text.push(b'"');
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

/// What is sent at the end, in place of the items that were not kept.
fn more(missing: u64) -> String {
    format!("[{missing} more]")
}
