//! Definitions of the tools that a model may call, in Datadog's, OpenAI's or Anthropic's form.

use super::parser::Parser;
use super::path::Path;
use super::value::{Field, got, is_name, mark};
use crate::error::Refused;
use witspan_json::{Reader, Value, add};

/// Members of a definition that are known. Those after `function` are not sent.
const NAMES: [&str; 10] = [
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

impl Parser<'_> {
    /// Appends the list `[…]`; nothing if the value is absent or holds no definition.
    pub(super) fn tool_definitions<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        out.clear();
        let list = Path::of("tool_definitions");
        if !self.list(&list, value, reader, "a list")? {
            return Ok(());
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            let definition = mark(reader)?;
            let before = out.len();
            out.push(if before == 0 { b'[' } else { b',' });
            if !self.tool_definition(&list.element(count), definition, out)? {
                out.truncate(before);
            }
            count += 1;
        }
        if !out.is_empty() {
            out.push(b']');
        }
        Ok(())
    }

    /// Appends a definition; false, with nothing written, if the value is not one.
    fn tool_definition(
        &mut self,
        path: &Path<'_>,
        (value, mut at): Field<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Refused> {
        let Value::Object = value else {
            self.left_out(path, value.describe(), "an object")?;
            return Ok(false);
        };
        let given = self.given(&mut at, &NAMES, Some(path))?;
        let name = given.get("name");
        if let Some(function @ (Value::Object, _)) = given.get("function")
            && name.is_none()
        {
            return self.tool_definition(path, function, out);
        }
        if !is_name(name) {
            self.left_out(&path.member("name"), got(name), "text")?;
            return Ok(false);
        }
        let description = self.text_field(path, "description", given.get("description"))?;
        let version = self.text_field(path, "version", given.get("version"))?;
        out.push(b'{');
        self.text_member("description", description, out)?;
        self.text_member("name", name, out)?;
        match given.first(&["schema", "parameters", "input_schema"]) {
            None => {}
            Some((value @ Value::Object, mut at)) => {
                add(out, "\"schema\":");
                self.canonicalizer.write(&mut at, value, out)?;
                out.push(b',');
            }
            Some((other, _)) => {
                self.left_out(&path.member("schema"), other.describe(), "an object")?;
            }
        }
        self.text_member("version", version, out)?;
        out.pop();
        out.push(b'}');
        Ok(true)
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
