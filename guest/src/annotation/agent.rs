//! An agent's manifest: those of its members that can be shown.

use super::parser::{Parser, close};
use super::path::Path;
use super::value::{Field, got, is_name, mark};
use crate::error::Refused;
use crate::span::Extra;
use witspan_json::{Members, Number, Reader, SyntaxError, Value, add};

/// The settings of a model that are shown. Source: ddtrace 4.16.
const SETTINGS: [&str; 15] = [
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "parallel_tool_calls",
    "presence_penalty",
    "seed",
    "stop_sequences",
    "temperature",
    "timeout",
    "tool_choice",
    "top_k",
    "top_logprobs",
    "top_p",
    "stop",
];

impl Parser<'_> {
    /// Reads an agent into `extra.agent` and `extra.agent_version`.
    pub(super) fn agent<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        extra: &mut Extra,
    ) -> Result<(), Refused> {
        let path = Path::of("agent");
        match value {
            Value::Object => {}
            Value::Null => return Ok(()),
            other => {
                self.left_out(&path, other.describe(), "an object")?;
                return Ok(reader.skip(other)?);
            }
        }
        let names = &["version", "name", "instructions", "model", "model_settings", "tools"];
        let given = self.given(reader, names, Some(&path))?;
        if let Some((value, mut at)) = given.get("version") {
            extra.agent_version.clear();
            self.inside_text(value, &mut at, &mut extra.agent_version)?;
        }
        for name in ["name", "instructions", "model"] {
            if let Some((value, mut at)) = self.text_field(&path, name, given.get(name))? {
                self.as_text(value, &mut at, extra.agent.begin_escaped(name.as_bytes()))?;
                extra.agent.end();
            }
        }
        if let Some((value, mut at)) = given.get("model_settings") {
            let path = path.member("model_settings");
            if matches!(value, Value::Object) {
                let kept = self.model_settings(&path, &mut at)?;
                kept.write_object(extra.agent.begin_escaped(b"model_settings"));
                extra.agent.end();
            } else {
                self.left_out(&path, value.describe(), "an object")?;
            }
        }
        let list = path.member("tools");
        if let Some((value, mut at)) = given.get("tools")
            && self.list(&list, value, &mut at, "a list")?
        {
            let out = extra.agent.begin_escaped(b"tools");
            out.push(b'[');
            let begun = out.len();
            let mut count = 0;
            while at.element(count == 0)? {
                let tool = mark(&mut at)?;
                self.agent_tool(&list.element(count), tool, out)?;
                count += 1;
            }
            let kept = out.len() > begun;
            if kept {
                out.pop();
            }
            out.push(b']');
            if kept || count == 0 {
                extra.agent.end();
            }
        }
        Ok(())
    }

    fn model_settings(
        &mut self,
        path: &Path<'_>,
        reader: &mut Reader<'_>,
    ) -> Result<Members, Refused> {
        let mut kept = Members::default();
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let (value, mut at) = mark(reader)?;
            if !SETTINGS.iter().any(|name| key.is_named(name)) || !is_flat(value, at)? {
                self.not_sent(path, key);
                continue;
            }
            self.canonicalizer.write(&mut at, value, kept.begin(key))?;
            kept.end();
        }
        Ok(kept)
    }

    /// Appends a tool of an agent and a comma. The tool is a name or an object; an object without a
    /// name is left out.
    fn agent_tool(
        &mut self,
        path: &Path<'_>,
        (value, mut at): Field<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        match value {
            Value::Text(_) => {
                out.push(b'{');
                self.text_member("name", Some((value, at)), out)?;
            }
            Value::Object => {
                let names = &["name", "description", "parameters"];
                let given = self.given(&mut at, names, Some(path))?;
                let name = given.get("name");
                if !is_name(name) {
                    return self.left_out(&path.member("name"), got(name), "text");
                }
                let description = self.text_field(path, "description", given.get("description"))?;
                out.push(b'{');
                self.text_member("description", description, out)?;
                self.text_member("name", name, out)?;
                if let Some((value, mut at)) = given.get("parameters") {
                    add(out, "\"parameters\":");
                    if !matches!(value, Value::Object) || !self.flat_schema(at, out)? {
                        self.canonicalizer.write(&mut at, value, out)?;
                    }
                    out.push(b',');
                }
            }
            other => return self.left_out(path, other.describe(), "a name or an object"),
        }
        out.pop();
        add(out, "},");
        Ok(())
    }

    /// Appends a JSON Schema of parameters as `{name: {"required", "type"}}`; false, with nothing
    /// written, if the object is not such a schema.
    fn flat_schema(&mut self, mut reader: Reader<'_>, out: &mut Vec<u8>) -> Result<bool, Refused> {
        let given = self.given(&mut reader, &["properties", "required"], None)?;
        let Some((Value::Object, mut at)) = given.get("properties") else { return Ok(false) };
        let mut needed = Vec::new();
        if let Some((Value::Array, mut at)) = given.get("required") {
            let mut first = true;
            while at.element(first)? {
                first = false;
                if let (Value::Text(text), _) = mark(&mut at)? {
                    needed.push(text.decode());
                }
            }
        }
        let mut flat = Members::default();
        let mut first = true;
        while let Some(key) = at.member(first)? {
            first = false;
            let (value, mut inside) = mark(&mut at)?;
            let kind = match value {
                Value::Object => self.given(&mut inside, &["type"], None)?.get("type"),
                _ => None,
            };
            let written = flat.begin(key);
            written.push(b'{');
            if needed.iter().any(|name| key.is(name)) {
                add(written, "\"required\":true,");
            }
            self.text_member("type", kind, written)?;
            close(written);
            flat.end();
        }
        flat.write_object(out);
        Ok(true)
    }
}

/// Whether a setting is a scalar, a list of scalars, or an object of numbers, all finite.
fn is_flat(value: Value<'_>, mut reader: Reader<'_>) -> Result<bool, SyntaxError> {
    let scalar = |value: Value<'_>| {
        !matches!(value, Value::Array | Value::Object | Value::Number(Number::NonFinite(_)))
    };
    let mut first = true;
    let mut flat = true;
    match value {
        Value::Array => {
            while flat && reader.element(first)? {
                first = false;
                flat = scalar(mark(&mut reader)?.0);
            }
        }
        Value::Object => {
            while flat && reader.member(first)?.is_some() {
                first = false;
                let (value, _) = mark(&mut reader)?;
                flat = matches!(value, Value::Number(_)) && scalar(value);
            }
        }
        other => flat = scalar(other),
    }
    Ok(flat)
}
