//! The prompt that a span's input was made from.

use super::{Given, Parser, Path, mark, open_object};
use crate::error::Refused;
use crate::json::{Members, Number, Reader, Value, put};

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
            let Some((value, mut at)) = given.get(name) else { continue };
            if !matches!(
                value,
                Value::Text(_) | Value::Number(Number::Integer(_) | Number::Float(_))
            ) {
                return Err(path.member(name).refused(value.describe(), "text"));
            }
            self.as_text(value, &mut at, members.begin_escaped(name.as_bytes()))?;
            members.end();
        }
        self.templates(&path, &given, members)?;
        for name in ["variables", "tags"] {
            let Some((value, mut at)) = given.get(name) else { continue };
            open_object(&path.member(name), value, "an object")?;
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
            let Value::Array = value else {
                return Err(path.refused(value.describe(), "a list of texts"));
            };
            self.list_of_texts(&path, at, members.begin_escaped(name.as_bytes()))?;
            members.end();
        }
        Ok(())
    }

    /// The text template, or the one of messages; not both.
    fn templates(
        &mut self,
        path: &Path<'_>,
        given: &Given<'_>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        let (template, chat) = (given.get("template"), given.get("chat_template"));
        if template.is_some() && chat.is_some() {
            let both = "given `template` and `chat_template`";
            return Err(path.refused(both, "one of them"));
        }
        let template_path = path.member("template");
        match template {
            Some((value @ Value::Text(_), mut at)) => {
                self.as_text(value, &mut at, members.begin_escaped(b"template"))?;
                members.end();
            }
            // dd-trace-js has one name for both.
            Some((Value::Array, at)) => self.chat(&template_path, at, members)?,
            Some((other, _)) => {
                let accepted = "text or a list of messages";
                return Err(template_path.refused(other.describe(), accepted));
            }
            None => {}
        }
        let path = path.member("chat_template");
        match chat {
            Some((Value::Array, at)) => self.chat(&path, at, members),
            Some((other, _)) => Err(path.refused(other.describe(), "a list of messages")),
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
                return Err(path.refused(value.describe(), "an object"));
            };
            let given = self.given(&mut at, &names, Some(&path))?;
            given.check_texts(Some(&path), &names)?;
            out.push(b'{');
            let kind = given.get("type");
            if matches!(kind, Some((Value::Text(kind), _)) if kind.is("placeholder")) {
                self.text_member("name", given.get("name"), out)?;
                put(out, "\"type\":\"placeholder\"}");
            } else {
                match given.get("content") {
                    None => put(out, "\"content\":\"\","),
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
            match at.value()? {
                value @ Value::Text(_) => self.as_text(value, &mut at, out)?,
                other => return Err(path.element(count).refused(other.describe(), "text")),
            }
            count += 1;
        }
        out.push(b']');
        Ok(())
    }
}
