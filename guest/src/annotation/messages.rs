//! Messages: the input and output of an llm span.
//!
//! Datadog's own shape and what the OpenAI and Anthropic clients hold both pass: `content` may
//! be null or a list of parts, a tool call may be nested in `function` with its arguments as
//! JSON text, and a whole answer counts as the messages in it.

use super::content::Content;
use super::parser::{Parser, comma, key};
use super::path::Path;
use super::value::present;
use crate::error::Refused;
use crate::span::Shape;
use witspan_json::{Reader, Value, add, append, put};

const ACCEPTED: &str = "text, a message, or a list of both";

/// How many of `NAMES` are read.
const READ: usize = 16;
/// The members that are read; then members of providers' messages and answers that are known and are
/// not sent.
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
        // `text` is that of an older completion, `audio` is a spoken answer.
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
                // Nobody expects the other members of an answer to be sent: no warnings.
                self.warnings.truncate(warned);
                return self.one_or_more(path.list(), Shape::Messages, value, &mut at, out);
            }
            // Nor those of an item.
            let unknown = self.warnings.split_off(warned.min(self.warnings.len()));
            if self.item(path, whole, out)? {
                return Ok(());
            }
            self.warnings.extend(unknown);
        }
        let mut parts = Content::default();
        let is_tools = matches!(role, Some((Value::Text(role), _)) if role.is("tool"));
        let of_call = present(of_call).or(present(tool_id).filter(|_| is_tools));
        // The result of a call becomes a tool result and is not content, too. The same goes for
        // OpenAI's older form, which names the function.
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

    /// Appends an item of OpenAI's responses: a call, the result of a call, or reasoning, of which
    /// nothing is appended if it has no text. False if it is none of these.
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
