//! Messages: what an llm span takes in and gives out.
//!
//! Datadog's own shape and what the OpenAI and Anthropic clients hold both pass: `content` may
//! be null or a list of parts, a tool call may be nested in `function` with its arguments as
//! JSON text.

use super::{Field, Parser, Path, mark, present};
use crate::error::Error;
use crate::json::{Reader, Value};

const ACCEPTED: &str = "text, a message, or a list of both";

#[derive(Default)]
struct Message<'a> {
    role: Option<Field<'a>>,
    content: Option<Field<'a>>,
    tool_calls: Option<Field<'a>>,
    tool_results: Option<Field<'a>>,
    /// OpenAI's: the message is the result of this call.
    tool_call_id: Option<Field<'a>>,
    name: Option<Field<'a>>,
}

#[derive(Default)]
struct Tool<'a> {
    name: Option<Field<'a>>,
    arguments: Option<Field<'a>>,
    result: Option<Field<'a>>,
    tool_id: Option<Field<'a>>,
    kind: Option<Field<'a>>,
    function: Option<Field<'a>>,
}

impl Parser<'_> {
    /// Appends `{"messages":[…]}`; nothing for an empty list.
    pub(super) fn messages<'a>(
        &mut self,
        field: &str,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.extend_from_slice(b"{\"messages\":[");
        self.one_or_more(field, value, reader, out, Self::message)?;
        out.extend_from_slice(b"]}");
        Ok(())
    }

    fn message<'a>(
        &mut self,
        path: Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if let Value::Text(_) = value {
            out.extend_from_slice(b"{\"content\":");
            self.as_text(value, reader, out)?;
            out.extend_from_slice(b",\"role\":\"\"}");
            return Ok(());
        }
        let Value::Object = value else {
            return Err(Error::invalid(&path.to_string(), value.describe(), ACCEPTED));
        };
        let mut message = Message::default();
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let place = if key.is("content") {
                &mut message.content
            } else if key.is("role") {
                &mut message.role
            } else if key.is("tool_calls") {
                &mut message.tool_calls
            } else if key.is("tool_results") {
                &mut message.tool_results
            } else if key.is("tool_call_id") {
                &mut message.tool_call_id
            } else if key.is("name") {
                &mut message.name
            } else {
                let (value, _) = mark(reader)?;
                if !matches!(value, Value::Null) {
                    self.warn(
                        &path.to_string(),
                        format!("has `{}`, which is not sent", key.decode()),
                    );
                }
                continue;
            };
            *place = Some(mark(reader)?);
        }
        let answers_call =
            present(message.tool_call_id).is_some() && message.tool_results.is_none();
        out.extend_from_slice(b"{\"content\":");
        // The result of a call is sent as one, not twice.
        self.content(path, if answers_call { None } else { message.content }, out)?;
        out.extend_from_slice(b",\"role\":");
        match present(message.role) {
            None => out.extend_from_slice(b"\"\""),
            Some((value @ Value::Text(_), mut at)) => self.as_text(value, &mut at, out)?,
            Some((other, _)) => {
                return Err(Error::invalid(&format!("{}.role", path), other.describe(), "text"));
            }
        }
        if answers_call {
            out.extend_from_slice(b",\"tool_results\":[{");
            self.text_member("name", message.name, out)?;
            out.extend_from_slice(b"\"result\":");
            self.content(path, message.content, out)?;
            out.push(b',');
            self.text_member("tool_id", message.tool_call_id, out)?;
            out.extend_from_slice(b"\"type\":\"tool_result\"}]");
        }
        let lists = [("tool_calls", message.tool_calls), ("tool_results", message.tool_results)];
        for (name, list) in lists {
            let Some((value, mut at)) = present(list) else { continue };
            let field = format!("{}.{name}", path);
            let Value::Array = value else {
                return Err(Error::invalid(&field, value.describe(), "a list"));
            };
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":[");
            let mut count = 0;
            while at.element(count == 0)? {
                if count > 0 {
                    out.push(b',');
                }
                self.tool(&format!("{field}[{count}]"), name == "tool_results", &mut at, out)?;
                count += 1;
            }
            out.push(b']');
        }
        out.push(b'}');
        Ok(())
    }

    /// Appends the text of a message: null is empty, parts are joined by line breaks.
    fn content<'a>(
        &mut self,
        path: Path<'_>,
        content: Option<Field<'a>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Some((value, mut at)) = present(content) else {
            out.extend_from_slice(b"\"\"");
            return Ok(());
        };
        match value {
            Value::Text(_) => self.as_text(value, &mut at, out)?,
            Value::Array => {
                out.push(b'"');
                let mut first = true;
                while at.element(first)? {
                    if !first {
                        out.extend_from_slice(b"\\n");
                    }
                    first = false;
                    let (part, after) = mark(&mut at)?;
                    let (value, mut after) = match part {
                        Value::Object => text_of_part(after)?.unwrap_or((part, after)),
                        _ => (part, after),
                    };
                    self.inside_text(value, &mut after, out)?;
                }
                out.push(b'"');
            }
            other => {
                let accepted = "text, null, or a list of content parts";
                let field = format!("{}.content", path);
                return Err(Error::invalid(&field, other.describe(), accepted));
            }
        }
        Ok(())
    }

    /// Appends one tool call or tool result.
    fn tool<'a>(
        &mut self,
        path: &str,
        is_result: bool,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let value = reader.value()?;
        let Value::Object = value else {
            return Err(Error::invalid(path, value.describe(), "an object"));
        };
        let mut tool = Tool::default();
        read_tool(reader, &mut tool)?;
        if let Some((Value::Object, mut at)) = tool.function.take() {
            read_tool(&mut at, &mut tool)?;
        }
        out.push(b'{');
        if is_result {
            self.text_member("name", tool.name, out)?;
            out.extend_from_slice(b"\"result\":");
            match present(tool.result) {
                Some((value, mut at)) => self.as_text(value, &mut at, out)?,
                None => out.extend_from_slice(b"\"\""),
            }
        } else {
            out.extend_from_slice(b"\"arguments\":");
            self.arguments(tool.arguments, out)?;
            out.extend_from_slice(b",\"name\":");
            match present(tool.name) {
                Some((value @ Value::Text(_), mut at)) => self.as_text(value, &mut at, out)?,
                other => {
                    let got = other.map_or("absent", |(value, _)| value.describe());
                    return Err(Error::invalid(&format!("{path}.name"), got, "text"));
                }
            }
        }
        out.push(b',');
        self.text_member("tool_id", tool.tool_id, out)?;
        self.text_member("type", tool.kind, out)?;
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b'}');
        Ok(())
    }

    /// Appends `"name":"text",` if the field is there.
    fn text_member(
        &mut self,
        name: &str,
        field: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if let Some((value, mut at)) = present(field) {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            self.as_text(value, &mut at, out)?;
            out.push(b',');
        }
        Ok(())
    }

    /// Appends a tool call's arguments: an object, also if it came as JSON text; what is no
    /// object goes under the key `value`.
    fn arguments(&mut self, field: Option<Field<'_>>, out: &mut Vec<u8>) -> Result<(), Error> {
        let Some((value, mut at)) = present(field) else {
            out.extend_from_slice(b"{}");
            return Ok(());
        };
        if let Value::Object = value {
            self.canonicalizer.write(&mut at, value, out)?;
            return Ok(());
        }
        if let Value::Text(text) = value {
            let json = text.decode();
            let start = out.len();
            let mut inner = Reader::new(&json);
            let parsed = inner.value().and_then(|begun| {
                self.canonicalizer.write(&mut inner, begun, out)?;
                inner.end()
            });
            if parsed.is_ok() && out.get(start) == Some(&b'{') {
                return Ok(());
            }
            out.truncate(start);
        }
        out.extend_from_slice(b"{\"value\":");
        self.canonicalizer.write(&mut at, value, out)?;
        out.push(b'}');
        Ok(())
    }
}

fn read_tool<'a>(reader: &mut Reader<'a>, tool: &mut Tool<'a>) -> Result<(), Error> {
    let mut first = true;
    while let Some(key) = reader.member(first)? {
        first = false;
        let field = Some(mark(reader)?);
        if key.is("name") {
            tool.name = field;
        } else if key.is("arguments") {
            tool.arguments = field;
        } else if key.is("result") {
            tool.result = field;
        } else if key.is("tool_id") || key.is("id") {
            tool.tool_id = field;
        } else if key.is("type") {
            tool.kind = field;
        } else if key.is("function") {
            tool.function = field;
        }
    }
    Ok(())
}

/// The text of a content part such as `{"type":"text","text":"…"}`.
fn text_of_part<'a>(mut reader: Reader<'a>) -> Result<Option<Field<'a>>, Error> {
    let mut first = true;
    let mut found = None;
    while let Some(key) = reader.member(first)? {
        first = false;
        let field = mark(&mut reader)?;
        if key.is("text") && matches!(field.0, Value::Text(_)) {
            found = Some(field);
        }
    }
    Ok(found)
}
