//! Messages: what an llm span takes in and gives out.
//!
//! Datadog's own shape and what the OpenAI and Anthropic clients hold both pass: `content` may
//! be null or a list of parts, a tool call may be nested in `function` with its arguments as
//! JSON text, and a whole answer stands for the messages in it.

use super::content::{Content, comma};
use super::{Field, Parser, Path, mark, present};
use crate::error::Error;
use crate::json::{Reader, Value};

const ACCEPTED: &str = "text, a message, or a list of both";

/// Members of providers' messages and answers that say nothing of their content.
const KNOWN: [&str; 18] = [
    "id",
    "type",
    "object",
    "model",
    "usage",
    "status",
    "index",
    "created",
    "logprobs",
    "finish_reason",
    "stop_reason",
    "stop_sequence",
    "annotations",
    "system_fingerprint",
    "service_tier",
    "audio",
    "cache_control",
    "created_at",
];

impl Parser<'_> {
    /// Appends `{"messages":[…]}`.
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
        let whole = *reader;
        let names = [
            "role",
            "content",
            "tool_calls",
            "tool_results",
            "tool_call_id",
            "tool_id",
            "name",
            "image_parts",
            "audio_parts",
            "function_call",
            "refusal",
            "choices",
            "message",
            "output",
        ];
        let found = self.fields(reader, names, |parser, key, _| {
            if !KNOWN.iter().any(|known| key.is_named(known)) {
                parser.not_sent(&path.to_string(), key);
            }
        })?;
        let [
            role,
            content,
            calls,
            results,
            of_call,
            tool_id,
            name,
            images,
            sounds,
            function,
            refusal,
            choices,
            inner,
            output,
        ] = found;
        if role.is_none() && content.is_none() {
            // A provider's whole answer, or an item of one.
            for list in [choices, output, inner] {
                let Some((value @ (Value::Array | Value::Object), mut at)) = list else { continue };
                return self.one_or_more(path.field, value, &mut at, out, Self::message);
            }
            if self.item(whole, out)? {
                return Ok(());
            }
        }
        let mut parts = Content::default();
        let is_tools = matches!(role, Some((Value::Text(role), _)) if role.is("tool"));
        let of_call = present(of_call).or(present(tool_id).filter(|_| is_tools));
        // The result of a call is sent as one, not twice.
        let answers_call = of_call.is_some() && present(results).is_none();
        let plain = match present(content) {
            Some((value @ Value::Text(_), at)) if !answers_call => Some((value, at)),
            _ => {
                self.content(path, content, &mut parts)?;
                None
            }
        };
        if let Some((Value::Text(text), _)) = refusal
            && plain.is_none()
            && parts.text.is_empty()
        {
            text.write(&mut parts.text);
        }
        if answers_call {
            comma(&mut parts.results);
            parts.results.push(b'{');
            self.text_member("name", name, &mut parts.results)?;
            parts.results.extend_from_slice(b"\"result\":\"");
            parts.results.append(&mut parts.text);
            parts.results.extend_from_slice(b"\",");
            self.text_member("tool_id", of_call, &mut parts.results)?;
            parts.results.extend_from_slice(b"\"type\":\"tool_result\"}");
        }
        self.tools(path, "tool_calls", calls, &mut parts.calls)?;
        self.tools(path, "tool_results", results, &mut parts.results)?;
        if let Some((Value::Object, mut at)) = function {
            comma(&mut parts.calls);
            self.tool_in(&format!("{path}.function_call"), false, &mut at, &mut parts.calls)?;
        }
        self.media(path, "image_parts", images, &mut parts.images)?;
        self.media(path, "audio_parts", sounds, &mut parts.sounds)?;

        out.push(b'{');
        list_member("audio_parts", &parts.sounds, out);
        out.extend_from_slice(b"\"content\":\"");
        match plain {
            Some((value, mut at)) => self.inside_text(value, &mut at, out)?,
            None => out.append(&mut parts.text),
        }
        out.extend_from_slice(b"\",");
        list_member("image_parts", &parts.images, out);
        out.extend_from_slice(b"\"role\":");
        match present(role) {
            None => out.extend_from_slice(b"\"\""),
            Some((value @ Value::Text(_), mut at)) => self.as_text(value, &mut at, out)?,
            Some((other, _)) => {
                return Err(Error::invalid(&format!("{path}.role"), other.describe(), "text"));
            }
        }
        out.push(b',');
        list_member("tool_calls", &parts.calls, out);
        list_member("tool_results", &parts.results, out);
        out.pop();
        out.push(b'}');
        Ok(())
    }

    /// An item of an answer of OpenAI's responses: a call, or the result of one. False if it is
    /// neither.
    fn item(&mut self, mut reader: Reader<'_>, out: &mut Vec<u8>) -> Result<bool, Error> {
        let names = ["type", "call_id", "name", "arguments", "output"];
        let [kind, id, name, arguments, output] = self.fields(&mut reader, names, |_, _, _| ())?;
        let Some((Value::Text(kind), _)) = kind else { return Ok(false) };
        if kind.is("function_call") {
            out.extend_from_slice(
                b"{\"content\":\"\",\"role\":\"assistant\",\"tool_calls\":[{\"arguments\":",
            );
            self.arguments(arguments, out)?;
            out.push(b',');
            self.text_member("name", name, out)?;
            self.text_member("tool_id", id, out)?;
            out.extend_from_slice(b"\"type\":\"function_call\"}]}");
        } else if kind.is("function_call_output") {
            out.extend_from_slice(b"{\"content\":\"\",\"role\":\"tool\",\"tool_results\":[{");
            self.text_member("result", output, out)?;
            self.text_member("tool_id", id, out)?;
            out.extend_from_slice(b"\"type\":\"function_call_output\"}]}");
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Appends the tool calls, or the tool results, of a message.
    fn tools(
        &mut self,
        path: Path<'_>,
        name: &str,
        list: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Some((value, mut at)) = present(list) else { return Ok(()) };
        let field = format!("{path}.{name}");
        let Value::Array = value else {
            return Err(Error::invalid(&field, value.describe(), "a list"));
        };
        let mut count = 0;
        while at.element(count == 0)? {
            comma(out);
            let path = format!("{field}[{count}]");
            match at.value()? {
                Value::Object => self.tool_in(&path, name == "tool_results", &mut at, out)?,
                other => return Err(Error::invalid(&path, other.describe(), "an object")),
            }
            count += 1;
        }
        Ok(())
    }

    /// Appends one tool call or tool result, whose opening was read.
    fn tool_in<'a>(
        &mut self,
        path: &str,
        is_result: bool,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let names = ["name", "arguments", "result", "tool_id", "id", "type", "function"];
        let [mut name, mut arguments, result, tool_id, id, kind, function] =
            self.fields(reader, names, |_, _, _| ())?;
        if let Some((Value::Object, mut at)) = function {
            let nested = self.fields(&mut at, ["name", "arguments"], |_, _, _| ())?;
            name = name.or(nested[0]);
            arguments = arguments.or(nested[1]);
        }
        out.push(b'{');
        if is_result {
            self.text_member("name", name, out)?;
            out.extend_from_slice(b"\"result\":");
            match present(result) {
                Some((value, mut at)) => self.as_text(value, &mut at, out)?,
                None => out.extend_from_slice(b"\"\""),
            }
        } else {
            out.extend_from_slice(b"\"arguments\":");
            self.arguments(arguments, out)?;
            out.extend_from_slice(b",\"name\":");
            match present(name) {
                Some((value @ Value::Text(text), mut at)) if !text.is_empty() => {
                    self.as_text(value, &mut at, out)?;
                }
                other => {
                    let got = match other {
                        Some((Value::Text(_), _)) => "empty",
                        Some((value, _)) => value.describe(),
                        None => "absent",
                    };
                    return Err(Error::invalid(&format!("{path}.name"), got, "text"));
                }
            }
        }
        out.push(b',');
        self.text_member("tool_id", tool_id.or(id), out)?;
        self.text_member("type", kind, out)?;
        out.pop();
        out.push(b'}');
        Ok(())
    }

    /// Appends the images or sounds of a message.
    fn media(
        &mut self,
        path: Path<'_>,
        name: &str,
        list: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Some((value, mut at)) = present(list) else { return Ok(()) };
        let field = format!("{path}.{name}");
        let Value::Array = value else {
            return Err(Error::invalid(&field, value.describe(), "a list"));
        };
        let mut count = 0;
        while at.element(count == 0)? {
            let path = format!("{field}[{count}]");
            count += 1;
            let (Value::Object, mut part) = mark(&mut at)? else {
                return Err(Error::invalid(&path, "not an object", "an object"));
            };
            let names = ["attachment_key", "content", "mime_type"];
            let found =
                self.fields(&mut part, names, |parser, key, _| parser.not_sent(&path, key))?;
            for (name, member) in names.into_iter().zip(found) {
                if let Some((value, _)) = present(member)
                    && !matches!(value, Value::Text(_))
                {
                    return Err(Error::invalid(
                        &format!("{path}.{name}"),
                        value.describe(),
                        "text",
                    ));
                }
            }
            let [key, content, mime] = found.map(present);
            if mime.is_none() {
                return Err(Error::invalid(&format!("{path}.mime_type"), "absent", "text"));
            }
            if key.is_some() == content.is_some() {
                let given = if key.is_some() { "given both" } else { "given neither" };
                let accepted = "either `content` or `attachment_key`";
                return Err(Error::invalid(&path, given, accepted));
            }
            comma(out);
            out.push(b'{');
            for (name, member) in names.into_iter().zip([key, content, mime]) {
                self.text_member(name, member, out)?;
            }
            out.pop();
            out.push(b'}');
        }
        Ok(())
    }

    /// Appends `"name":"text",` if the field is there.
    pub(super) fn text_member(
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
    pub(super) fn arguments(
        &mut self,
        field: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
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

/// Appends `"name":[…],` unless the list is empty.
fn list_member(name: &str, list: &[u8], out: &mut Vec<u8>) {
    if !list.is_empty() {
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":[");
        out.extend_from_slice(list);
        out.extend_from_slice(b"],");
    }
}
