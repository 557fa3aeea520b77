//! The prompt that a span's input was made from.

use super::fields::{Given, open_object};
use super::parser::{AS_TEXT, Parser};
use super::path::Path;
use super::value::{is_text, mark};
use crate::error::Refused;
use witspan_json::{Members, Reader, Value, add};

const NAMES: [&str; 15] = [
    "id",
    "version",
    "label",
    "prompt_uuid",
    "prompt_version_uuid",
    "template",
    "chat_template",
    "variables",
    "tags",
    "context_variables",
    "rag_context_variables",
    "query_variables",
    "rag_query_variables",
    "context_variable_keys",
    "query_variable_keys",
];

fn is_empty(value: Value<'_>) -> bool {
    matches!(value, Value::Text(text) if text.is_empty())
}

impl Parser<'_> {
    /// Reads a prompt into `members`, by the names that the contract has.
    pub(super) fn prompt<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        let path = Path::of("prompt");
        if !open_object(&path, value, "an object")? {
            return Ok(());
        }
        let given = self.given(reader, &NAMES, Some(&path))?;
        for name in ["id", "version", "label", "prompt_uuid", "prompt_version_uuid"] {
            let field = self.text_field(&path, name, given.get(name))?;
            let Some((value, mut at)) = field else { continue };
            self.as_text(value, &mut at, members.begin_escaped(name.as_bytes()))?;
            members.end();
        }
        self.templates(&path, &given, members)?;
        for name in ["variables", "tags"] {
            let Some((value, mut at)) = given.get(name) else { continue };
            if !matches!(value, Value::Object) {
                self.left_out(&path.member(name), value.describe(), "an object")?;
                continue;
            }
            let texts = self.texts(&mut at)?;
            texts.write_object(members.begin_escaped(name.as_bytes()));
            members.end();
        }
        for names in [
            ["context_variables", "rag_context_variables", "context_variable_keys"],
            ["query_variables", "rag_query_variables", "query_variable_keys"],
        ] {
            let Some((value, at)) = given.first(&names) else { continue };
            let name = names[0];
            let path = path.member(name);
            let mut at = at;
            if !self.list(&path, value, &mut at, "a list of texts")? {
                continue;
            }
            self.list_of_texts(&path, at, members.begin_escaped(name.as_bytes()))?;
            members.end();
        }
        Ok(())
    }

    /// The template: a text or a list of messages. If both are given, the list counts.
    fn templates(
        &mut self,
        path: &Path<'_>,
        given: &Given<'_>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        let template = given.get("template");
        let template_path = path.member("template");
        let path = path.member("chat_template");
        match given.get("chat_template") {
            Some((Value::Array, at)) => {
                // A client that uses only one of them sends an empty text for the other.
                if template.is_some_and(|(value, _)| !is_empty(value)) {
                    let both = "given together with `chat_template`";
                    self.left_out(&template_path, both, "one of the two")?;
                }
                return self.chat(&path, at, members);
            }
            Some((other, _)) if !is_empty(other) => {
                self.left_out(&path, other.describe(), "a list of messages")?;
            }
            _ => {}
        }
        match template {
            // dd-trace-js has one name for both.
            Some((Value::Array, at)) => self.chat(&template_path, at, members),
            Some((value, mut at)) if is_text(value) => {
                self.as_text(value, &mut at, members.begin_escaped(b"template"))?;
                members.end();
                Ok(())
            }
            Some((other, _)) => {
                let accepted = "text or a list of messages";
                self.left_out(&template_path, other.describe(), accepted)
            }
            None => Ok(()),
        }
    }

    fn chat(
        &mut self,
        list: &Path<'_>,
        mut reader: Reader<'_>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        let names = ["content", "role", "name", "type"];
        let out = members.begin_escaped(b"chat_template");
        out.push(b'[');
        let mut count = 0;
        while reader.element(count == 0)? {
            let path = list.element(count);
            count += 1;
            let (value, mut at) = mark(&mut reader)?;
            let Value::Object = value else {
                self.unfit(&path, value.describe(), "an object", AS_TEXT)?;
                add(out, "{\"content\":");
                self.as_text(value, &mut at, out)?;
                add(out, ",\"role\":\"\"},");
                continue;
            };
            let given = self.given(&mut at, &names, Some(&path))?;
            out.push(b'{');
            let kind = given.get("type");
            if matches!(kind, Some((Value::Text(kind), _)) if kind.is("placeholder")) {
                self.text_member("name", given.get("name"), out)?;
                add(out, "\"type\":\"placeholder\"}");
            } else {
                match given.get("content") {
                    None => add(out, "\"content\":\"\","),
                    content => self.text_member("content", content, out)?,
                }
                self.text_member("role", given.get("role"), out)?;
                out.pop();
                out.push(b'}');
            }
            out.push(b',');
        }
        if count > 0 {
            out.pop();
        }
        out.push(b']');
        members.end();
        Ok(())
    }

    /// Members of an object whose opening was read, each value as text.
    pub(super) fn texts(&mut self, reader: &mut Reader<'_>) -> Result<Members, Refused> {
        let mut texts = Members::default();
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            self.as_text(value, reader, texts.begin(key))?;
            texts.end();
        }
        Ok(texts)
    }

    fn list_of_texts(
        &mut self,
        path: &Path<'_>,
        mut at: Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        out.push(b'[');
        let mut count = 0;
        while at.element(count == 0)? {
            if count > 0 {
                out.push(b',');
            }
            let value = at.value()?;
            self.check_text(&path.element(count), value, "text")?;
            self.as_text(value, &mut at, out)?;
            count += 1;
        }
        out.push(b']');
        Ok(())
    }
}
