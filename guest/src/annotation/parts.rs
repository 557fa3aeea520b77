//! The parts of a message beside its text: tool calls, tool results, images and sounds.

use super::parser::{Parser, comma, key};
use super::path::Path;
use super::value::{Field, got, is_name, is_text, mark, present};
use crate::error::Refused;
use witspan_json::{Reader, Value, add};

const IN_CONTENT: &str = "It is sent as text in the content";

/// Appends one part, an object whose opening was read. False if the object is not such a part; then
/// the caller removes what was appended.
type EachPart<'p, 'a> =
    fn(&mut Parser<'p>, &Path<'_>, &mut Reader<'a>, &mut Vec<u8>) -> Result<bool, Refused>;

impl<'p> Parser<'p> {
    /// Appends the parts that a member of a message holds: a list of them, or one. What is not such a
    /// part goes to the `rest`, as its JSON.
    pub(super) fn parts<'a>(
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

    pub(super) fn tool_call(
        &mut self,
        path: &Path<'_>,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Refused> {
        self.tool_in(path, false, reader, out)
    }

    pub(super) fn tool_result(
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
        // OpenAI's form: a function has arguments, and a custom tool has an input.
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

    /// Appends an image or a sound; false for what is not one.
    pub(super) fn medium(
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

    /// Appends a tool call's arguments, an object or its JSON text. Anything else becomes the member
    /// `value` of an object.
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
