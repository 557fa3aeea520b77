//! Messages: what an llm span takes in and gives out.
//!
//! Datadog's own shape and what the OpenAI and Anthropic clients hold both pass: `content` may
//! be null or a list of parts, a tool call may be nested in `function` with its arguments as
//! JSON text, and a whole answer stands for the messages in it.

use super::content::Content;
use super::parser::{Parser, comma, key};
use super::path::Path;
use super::value::{Field, got, is_name, is_text, mark, present};
use crate::error::Refused;
use crate::span::Shape;
use witspan_json::{Reader, Value, add, append, put};

const ACCEPTED: &str = "text, a message, or a list of both";
const IN_CONTENT: &str = "It is sent as text in the content";

/// Appends what an object in a message says, whose opening was read; false, and what was written
/// is of no use, if it is not what it should be.
type EachPart<'p, 'a> =
    fn(&mut Parser<'p>, &Path<'_>, &mut Reader<'a>, &mut Vec<u8>) -> Result<bool, Refused>;

/// Members of messages that are read.
const READ: usize = 16;
/// Those, and members of providers' messages and answers that say nothing of their content.
const NAMES: [&str; READ + 21] = [
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
    "text",
    "audio",
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
    "cache_control",
    "created_at",
    "call_id",
    "arguments",
    "summary",
    "encrypted_content",
];

impl<'p> Parser<'p> {
    /// Appends a message.
    pub(super) fn message<'a>(
        &mut self,
        path: &Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if let Value::Text(_) = value {
            add(out, "{\"content\":");
            self.as_text(value, reader, out)?;
            add(out, ",\"role\":\"\"}");
            return Ok(());
        }
        let Value::Object = value else {
            let around = ["{\"content\":", ",\"role\":\"\"}"];
            return self.neither(path, value, reader, ACCEPTED, around, out);
        };
        let whole = *reader;
        let warned = self.warnings.len();
        let mut found = [None; READ];
        self.fields(reader, &NAMES, &mut found, Some(path))?;
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
            text,
            audio,
        ] = found;
        // Of an older completion, and of a spoken answer.
        let spoken = match present(audio) {
            Some((Value::Object, mut at)) => {
                let mut found = [None];
                self.fields(&mut at, &["transcript"], &mut found, None)?;
                found[0]
            }
            _ => None,
        };
        let text = text.filter(|(value, _)| matches!(value, Value::Text(_)));
        let content = present(content).or(text).or(present(spoken));
        if role.is_none() && content.is_none() {
            // A provider's whole answer, or an item of one.
            for list in [choices, output, inner] {
                let Some((value @ (Value::Array | Value::Object), mut at)) = list else { continue };
                // What else an answer holds is not meant to be sent.
                self.warnings.truncate(warned);
                return self.one_or_more(path.list(), Shape::Messages, value, &mut at, out);
            }
            // Nor what an item of one has beside that.
            let unknown = self.warnings.split_off(warned.min(self.warnings.len()));
            if self.item(path, whole, out)? {
                return Ok(());
            }
            self.warnings.extend(unknown);
        }
        let mut parts = Content::default();
        let is_tools = matches!(role, Some((Value::Text(role), _)) if role.is("tool"));
        let of_call = present(of_call).or(present(tool_id).filter(|_| is_tools));
        // The result of a call is sent as one, not twice.
        // So is OpenAI's older form, which names the function.
        let of_function = matches!(role, Some((Value::Text(role), _)) if role.is("function"))
            && present(name).is_some();
        let answers_call = (of_call.is_some() || of_function) && present(results).is_none();
        if !answers_call && present(name).is_some() {
            self.warn(path, format_args!("has `name`, which is not sent"));
        }
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
            add(&mut parts.results, "\"result\":\"");
            parts.results.append(&mut parts.text);
            add(&mut parts.results, "\",");
            self.text_member("tool_id", of_call, &mut parts.results)?;
            add(&mut parts.results, "\"type\":\"tool_result\"}");
        }
        let rest = &mut parts.rest;
        self.parts(path, "tool_calls", calls, &mut parts.calls, rest, Self::tool_call)?;
        self.parts(path, "tool_results", results, &mut parts.results, rest, Self::tool_result)?;
        self.parts(path, "function_call", function, &mut parts.calls, rest, Self::tool_call)?;
        self.parts(path, "image_parts", images, &mut parts.images, rest, Self::medium)?;
        self.parts(path, "audio_parts", sounds, &mut parts.sounds, rest, Self::medium)?;

        out.push(b'{');
        list_member("audio_parts", &parts.sounds, out);
        put(out, "\"content\":\"");
        let begun = out.len();
        match plain {
            Some((value, mut at)) => self.inside_text(value, &mut at, out)?,
            None => out.append(&mut parts.text),
        }
        if !parts.rest.is_empty() {
            put(out, if out.len() > begun { "\\n" } else { "" });
            out.append(&mut parts.rest);
        }
        put(out, "\",");
        list_member("image_parts", &parts.images, out);
        self.text_or_empty(path, "role", role, out)?;
        out.push(b',');
        list_member("tool_calls", &parts.calls, out);
        list_member("tool_results", &parts.results, out);
        out.pop();
        out.push(b'}');
        Ok(())
    }

    /// An item of an answer of OpenAI's responses: a call, the result of one, or reasoning, which
    /// may say nothing. False if it is none of these.
    fn item(
        &mut self,
        path: &Path<'_>,
        mut reader: Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Refused> {
        let mut whole = reader;
        let names = &["type", "call_id", "name", "arguments", "output", "summary", "input"];
        let given = self.given(&mut reader, names, None)?;
        let Some(kind) = given.text("type") else { return Ok(false) };
        if kind.is("reasoning") {
            let mut said = Content::default();
            self.content(path, given.get("summary"), &mut said)?;
            if !said.text.is_empty() {
                add(out, "{\"content\":\"");
                out.append(&mut said.text);
                add(out, "\",\"role\":\"assistant\"}");
            }
            return Ok(true);
        }
        let custom = kind.is("custom_tool_call");
        if custom || kind.is("function_call") {
            if !self.names_a_tool(path, given.get("name"))? {
                add(out, "{\"content\":");
                self.as_text(Value::Object, &mut whole, out)?;
                add(out, ",\"role\":\"assistant\"}");
                return Ok(true);
            }
            add(out, "{\"content\":\"\",\"role\":\"assistant\",\"tool_calls\":[{\"arguments\":");
            self.arguments(given.get(if custom { "input" } else { "arguments" }), out)?;
            out.push(b',');
            self.text_member("name", given.get("name"), out)?;
        } else if kind.is("function_call_output") || kind.is("custom_tool_call_output") {
            add(out, "{\"content\":\"\",\"role\":\"tool\",\"tool_results\":[{");
            self.text_member("result", given.get("output"), out)?;
        } else {
            return Ok(false);
        }
        self.text_member("tool_id", given.get("call_id"), out)?;
        add(out, "\"type\":\"");
        kind.write(out);
        add(out, "\"}]}");
        Ok(true)
    }

    /// Appends the objects of a list that is a member of a message, or the one that stands in its
    /// place. What is none goes to the `rest`, as its JSON.
    fn parts<'a>(
        &mut self,
        path: &Path<'_>,
        name: &str,
        list: Option<Field<'a>>,
        out: &mut Vec<u8>,
        rest: &mut Vec<u8>,
        each: EachPart<'p, 'a>,
    ) -> Result<(), Refused> {
        let Some((value, mut at)) = present(list) else { return Ok(()) };
        let path = path.member(name);
        if !matches!(value, Value::Array) {
            return self.part_of_message(&path, (value, at), out, rest, each);
        }
        let mut count = 0;
        while at.element(count == 0)? {
            let part = mark(&mut at)?;
            self.part_of_message(&path.element(count), part, out, rest, each)?;
            count += 1;
        }
        Ok(())
    }

    fn part_of_message<'a>(
        &mut self,
        path: &Path<'_>,
        (value, mut at): Field<'a>,
        out: &mut Vec<u8>,
        rest: &mut Vec<u8>,
        each: EachPart<'p, 'a>,
    ) -> Result<(), Refused> {
        if let Value::Object = value {
            let before = out.len();
            comma(out);
            if each(self, path, &mut at.clone(), out)? {
                return Ok(());
            }
            out.truncate(before);
        } else {
            self.unfit(path, value.describe(), "an object", IN_CONTENT)?;
        }
        if !rest.is_empty() {
            add(rest, "\\n");
        }
        Ok(self.inside_text(value, &mut at, rest)?)
    }

    fn tool_call(
        &mut self,
        path: &Path<'_>,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Refused> {
        self.tool_in(path, false, reader, out)
    }

    fn tool_result(
        &mut self,
        path: &Path<'_>,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Refused> {
        self.tool_in(path, true, reader, out)
    }

    /// Appends one tool call or tool result, whose opening was read; false for a call that names
    /// no tool.
    fn tool_in<'a>(
        &mut self,
        path: &Path<'_>,
        is_result: bool,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Refused> {
        let names = &["name", "arguments", "result", "tool_id", "id", "type", "function", "custom"];
        let mut found = [None; 8];
        self.fields(reader, names, &mut found, None)?;
        let [mut name, mut arguments, result, tool_id, id, kind, function, custom] = found;
        // OpenAI's: a function has arguments, a custom tool an input.
        for (inner, given) in [(function, "arguments"), (custom, "input")] {
            let Some((Value::Object, mut at)) = inner else { continue };
            let mut found = [None; 2];
            self.fields(&mut at, &["name", given], &mut found, None)?;
            name = name.or(found[0]);
            arguments = arguments.or(found[1]);
        }
        if !is_result && !self.names_a_tool(path, name)? {
            return Ok(false);
        }
        out.push(b'{');
        if is_result {
            self.text_member("name", name, out)?;
            key("result", out);
            match present(result) {
                Some((value, mut at)) => self.as_text(value, &mut at, out)?,
                None => add(out, "\"\""),
            }
            out.push(b',');
        } else {
            add(out, "\"arguments\":");
            self.arguments(arguments, out)?;
            out.push(b',');
            self.text_member("name", name, out)?;
        }
        self.text_member("tool_id", tool_id.or(id), out)?;
        self.text_member("type", kind, out)?;
        out.pop();
        out.push(b'}');
        Ok(true)
    }

    /// Whether a call has the name of a tool; if not, it becomes content.
    pub(super) fn names_a_tool(
        &mut self,
        path: &Path<'_>,
        name: Option<Field<'_>>,
    ) -> Result<bool, Refused> {
        let name = present(name);
        if !is_name(name) {
            self.unfit(&path.member("name"), got(name), "text", IN_CONTENT)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Appends an image or a sound; false for what is none.
    fn medium(
        &mut self,
        path: &Path<'_>,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Refused> {
        let names = &["attachment_key", "content", "mime_type"];
        let given = self.given(reader, names, Some(path))?;
        for name in names {
            if let Some((value, _)) = given.get(name)
                && !is_text(value)
            {
                self.unfit(&path.member(name), value.describe(), "text", IN_CONTENT)?;
                return Ok(false);
            }
        }
        if given.get("mime_type").is_none() {
            self.unfit(&path.member("mime_type"), "absent", "text", IN_CONTENT)?;
            return Ok(false);
        }
        let has_key = given.get("attachment_key").is_some();
        if has_key == given.get("content").is_some() {
            let got = if has_key { "an object with both" } else { "an object with neither" };
            self.unfit(path, got, "either `content` or `attachment_key`", IN_CONTENT)?;
            return Ok(false);
        }
        out.push(b'{');
        for name in names {
            self.text_member(name, given.get(name), out)?;
        }
        out.pop();
        out.push(b'}');
        Ok(true)
    }

    /// Appends a tool call's arguments: an object, also if it came as JSON text; what is no
    /// object goes under the key `value`.
    pub(super) fn arguments(
        &mut self,
        field: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let Some((value, mut at)) = present(field) else {
            add(out, "{}");
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
        add(out, "{\"value\":");
        self.canonicalizer.write(&mut at, value, out)?;
        out.push(b'}');
        Ok(())
    }
}

/// Appends `"name":[…],` unless the list is empty.
fn list_member(name: &str, list: &[u8], out: &mut Vec<u8>) {
    if !list.is_empty() {
        key(name, out);
        out.push(b'[');
        append(out, list);
        put(out, "],");
    }
}
