//! Definitions of the tools that a model may call, in Datadog's, OpenAI's or Anthropic's form.

use super::{Field, Parser, mark, present};
use crate::error::Error;
use crate::json::{Reader, Value};

impl Parser<'_> {
    /// Appends the list `[…]`; nothing if it is empty or absent.
    pub(super) fn tool_definitions<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.clear();
        match value {
            Value::Null => return Ok(()),
            Value::Array => {}
            other => {
                return Err(Error::invalid("tool_definitions", other.describe(), "a list"));
            }
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            out.push(if count == 0 { b'[' } else { b',' });
            let path = format!("tool_definitions[{count}]");
            count += 1;
            let definition = mark(reader)?;
            self.tool_definition(&path, definition, out)?;
        }
        if count > 0 {
            out.push(b']');
        }
        Ok(())
    }

    fn tool_definition(
        &mut self,
        path: &str,
        (value, mut at): Field<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Value::Object = value else {
            return Err(Error::invalid(path, value.describe(), "an object"));
        };
        let names = [
            "name",
            "description",
            "schema",
            "parameters",
            "input_schema",
            "version",
            "function",
            "type",
            "strict",
            "cache_control",
        ];
        let found = self.fields(&mut at, names, |parser, key, _| parser.not_sent(path, key))?;
        let [name, description, schema, parameters, input_schema, version, function, ..] =
            found.map(present);
        if let Some(function @ (Value::Object, _)) = function
            && name.is_none()
        {
            return self.tool_definition(path, function, out);
        }
        for (member, field) in [("name", name), ("description", description), ("version", version)]
        {
            let got = match field {
                Some((Value::Text(text), _)) if member != "name" || !text.is_empty() => continue,
                Some((Value::Text(_), _)) => "empty",
                None if member != "name" => continue,
                None => "absent",
                Some((other, _)) => other.describe(),
            };
            return Err(Error::invalid(&format!("{path}.{member}"), got, "text"));
        }
        out.push(b'{');
        self.text_member("description", description, out)?;
        self.text_member("name", name, out)?;
        match schema.or(parameters).or(input_schema) {
            None => {}
            Some((value @ Value::Object, mut at)) => {
                out.extend_from_slice(b"\"schema\":");
                self.canonicalizer.write(&mut at, value, out)?;
                out.push(b',');
            }
            Some((other, _)) => {
                let field = format!("{path}.schema");
                return Err(Error::invalid(&field, other.describe(), "an object"));
            }
        }
        self.text_member("version", version, out)?;
        out.pop();
        out.push(b'}');
        Ok(())
    }
}

/// The version of the tool of this name in a list of definitions in wire form, as JSON.
pub(crate) fn version_of(definitions: &[u8], tool: &str) -> Option<String> {
    let text = std::str::from_utf8(definitions).ok()?;
    let mut reader = Reader::new(text);
    let Value::Array = reader.value().ok()? else { return None };
    let mut first = true;
    while reader.element(first).ok()? {
        first = false;
        let (_, mut at) = mark(&mut reader).ok()?;
        let (mut name, mut version, mut begun) = (None, None, true);
        while let Some(key) = at.member(begun).ok()? {
            begun = false;
            let (value, _) = mark(&mut at).ok()?;
            if let Value::Text(text) = value {
                if key.is("name") {
                    name = Some(text);
                } else if key.is("version") {
                    version = Some(text);
                }
            }
        }
        if name.is_some_and(|name| name.is(tool)) {
            return version.map(|version| version.decode());
        }
    }
    None
}
