//! What an agent is: its manifest, as far as it can be shown.

use super::{Field, Parser, mark, present};
use crate::error::Error;
use crate::json::{Number, Reader, Value};
use crate::members::Members;
use crate::notes::Extra;

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
    ) -> Result<(), Error> {
        if !super::open_object("agent", value, "an object")? {
            return Ok(());
        }
        let names = ["version", "name", "instructions", "model", "model_settings", "tools"];
        let found = self.fields(reader, names, |parser, key, _| parser.not_sent("agent", key))?;
        let [version, name, instructions, model, settings, tools] = found.map(present);
        if let Some((value, mut at)) = version {
            extra.agent_version.clear();
            self.inside_text(value, &mut at, &mut extra.agent_version)?;
        }
        for (member, field) in [("name", name), ("instructions", instructions), ("model", model)] {
            match field {
                None => {}
                Some((value @ Value::Text(_), mut at)) => {
                    let write = |out: &mut Vec<u8>| self.as_text(value, &mut at, out);
                    extra.agent.insert(|out| out.extend_from_slice(member.as_bytes()), write)?;
                }
                Some((other, _)) => {
                    let field = format!("agent.{member}");
                    return Err(Error::invalid(&field, other.describe(), "text"));
                }
            }
        }
        if let Some((value, mut at)) = settings {
            super::open_object("agent.model_settings", value, "an object")?;
            let kept = self.model_settings(&mut at)?;
            let mut written = Vec::new();
            kept.write_object(&mut written);
            extra.agent.set(b"model_settings", &written);
        }
        if let Some((value, mut at)) = tools {
            let Value::Array = value else {
                return Err(Error::invalid("agent.tools", value.describe(), "a list"));
            };
            let mut written = vec![b'['];
            let mut count = 0;
            while at.element(count == 0)? {
                if count > 0 {
                    written.push(b',');
                }
                let tool = mark(&mut at)?;
                self.agent_tool(&format!("agent.tools[{count}]"), tool, &mut written)?;
                count += 1;
            }
            written.push(b']');
            extra.agent.set(b"tools", &written);
        }
        Ok(())
    }

    fn model_settings(&mut self, reader: &mut Reader<'_>) -> Result<Members, Error> {
        let mut kept = Members::default();
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let (value, mut at) = mark(reader)?;
            if !SETTINGS.iter().any(|name| key.is_named(name)) || !is_flat(value, at)? {
                self.not_sent("agent.model_settings", key);
                continue;
            }
            let write = |out: &mut Vec<u8>| self.canonicalizer.write(&mut at, value, out);
            kept.insert(|out| key.write(out), write)?;
        }
        Ok(kept)
    }

    /// Appends a tool of an agent: its name, or an object.
    fn agent_tool(
        &mut self,
        path: &str,
        (value, mut at): Field<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.push(b'{');
        match value {
            Value::Text(_) => self.text_member("name", Some((value, at)), out)?,
            Value::Object => {
                let names = ["name", "description", "parameters"];
                let found =
                    self.fields(&mut at, names, |parser, key, _| parser.not_sent(path, key))?;
                let [name, description, parameters] = found.map(present);
                if !matches!(name, Some((Value::Text(_), _))) {
                    let got = name.map_or("absent", |(value, _)| value.describe());
                    return Err(Error::invalid(&format!("{path}.name"), got, "text"));
                }
                self.text_member("description", description, out)?;
                self.text_member("name", name, out)?;
                if let Some((value, mut at)) = parameters {
                    out.extend_from_slice(b"\"parameters\":");
                    if !matches!(value, Value::Object) || !self.flat_schema(at, out)? {
                        self.canonicalizer.write(&mut at, value, out)?;
                    }
                    out.push(b',');
                }
            }
            other => {
                let accepted = "a name or an object";
                return Err(Error::invalid(path, other.describe(), accepted));
            }
        }
        out.pop();
        out.push(b'}');
        Ok(())
    }

    /// Appends a JSON Schema of parameters as `{name: {"required", "type"}}`; false, with nothing
    /// written, if it is none.
    fn flat_schema(&mut self, mut reader: Reader<'_>, out: &mut Vec<u8>) -> Result<bool, Error> {
        let names = ["properties", "required"];
        let [properties, required] = self.fields(&mut reader, names, |_, _, _| ())?;
        let Some((Value::Object, mut at)) = properties else { return Ok(false) };
        let mut needed = Vec::new();
        if let Some((Value::Array, mut at)) = required {
            while at.element(needed.is_empty())? {
                let (value, _) = mark(&mut at)?;
                needed.push(match value {
                    Value::Text(text) => text.decode(),
                    _ => String::new(),
                });
            }
        }
        let mut flat = Members::default();
        let mut first = true;
        while let Some(key) = at.member(first)? {
            first = false;
            let (value, mut inside) = mark(&mut at)?;
            let kind = match value {
                Value::Object => self.fields(&mut inside, ["type"], |_, _, _| ())?[0],
                _ => None,
            };
            let mut written = vec![b'{'];
            if needed.iter().any(|name| key.is(name)) {
                written.extend_from_slice(b"\"required\":true,");
            }
            self.text_member("type", kind, &mut written)?;
            if written.last() == Some(&b',') {
                written.pop();
            }
            written.push(b'}');
            let mut name = Vec::new();
            key.write(&mut name);
            flat.set(&name, &written);
        }
        flat.write_object(out);
        Ok(true)
    }
}

/// Whether a setting is a scalar, a list of scalars, or an object of numbers, all finite.
fn is_flat(value: Value<'_>, mut reader: Reader<'_>) -> Result<bool, Error> {
    let scalar = |value: &Value<'_>| {
        !matches!(value, Value::Array | Value::Object | Value::Number(Number::NonFinite(_)))
    };
    let mut first = true;
    match value {
        Value::Array => {
            while reader.element(first)? {
                first = false;
                if !scalar(&mark(&mut reader)?.0) {
                    return Ok(false);
                }
            }
        }
        Value::Object => {
            while reader.member(first)?.is_some() {
                first = false;
                let (value, _) = mark(&mut reader)?;
                if !matches!(value, Value::Number(_)) || !scalar(&value) {
                    return Ok(false);
                }
            }
        }
        other => return Ok(scalar(&other)),
    }
    Ok(true)
}
