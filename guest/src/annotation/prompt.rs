//! The prompt that a span's input was made from.

use super::{Field, Parser, mark, present};
use crate::error::Error;
use crate::json::{Number, Reader, Value};
use crate::members::Members;

impl Parser<'_> {
    /// Reads a prompt into `members`, by the names that the contract has.
    pub(super) fn prompt<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Error> {
        if !super::open_object("prompt", value, "an object")? {
            return Ok(());
        }
        let names = [
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
        let found = self.fields(reader, names, |parser, key, _| parser.not_sent("prompt", key))?;
        let [
            id,
            version,
            label,
            uuid,
            version_uuid,
            template,
            chat,
            variables,
            tags,
            context,
            rag_context,
            query,
            rag_query,
            context_keys,
            query_keys,
        ] = found.map(present);
        for (name, field) in [
            ("id", id),
            ("version", version),
            ("label", label),
            ("prompt_uuid", uuid),
            ("prompt_version_uuid", version_uuid),
        ] {
            let Some((value, mut at)) = field else { continue };
            if !matches!(
                value,
                Value::Text(_) | Value::Number(Number::Integer(_) | Number::Float(_))
            ) {
                return Err(Error::invalid(&format!("prompt.{name}"), value.describe(), "text"));
            }
            members.insert(put(name), |out| self.as_text(value, &mut at, out))?;
        }
        self.templates(template, chat, members)?;
        for (name, field) in [("variables", variables), ("tags", tags)] {
            let Some((value, mut at)) = field else { continue };
            let path = format!("prompt.{name}");
            super::open_object(&path, value, "an object")?;
            let texts = self.texts(&mut at)?;
            members.insert(put(name), |out| {
                texts.write_object(out);
                Ok::<(), Error>(())
            })?;
        }
        for (name, field) in [
            ("context_variables", context.or(rag_context).or(context_keys)),
            ("query_variables", query.or(rag_query).or(query_keys)),
        ] {
            let Some(field) = field else { continue };
            members.insert(put(name), |out| self.list_of_texts(name, field, out))?;
        }
        Ok(())
    }

    /// The text template, or the one of messages; not both.
    fn templates(
        &mut self,
        template: Option<Field<'_>>,
        chat: Option<Field<'_>>,
        members: &mut Members,
    ) -> Result<(), Error> {
        if template.is_some() && chat.is_some() {
            let both = "given `template` and `chat_template`";
            return Err(Error::invalid("prompt", both, "one of them"));
        }
        match template {
            Some((value @ Value::Text(_), mut at)) => {
                members.insert(put("template"), |out| self.as_text(value, &mut at, out))?;
            }
            // dd-trace-js has one name for both.
            Some((Value::Array, at)) => self.chat("prompt.template", at, members)?,
            Some((other, _)) => {
                let accepted = "text or a list of messages";
                return Err(Error::invalid("prompt.template", other.describe(), accepted));
            }
            None => {}
        }
        match chat {
            Some((Value::Array, at)) => self.chat("prompt.chat_template", at, members),
            Some((other, _)) => {
                let accepted = "a list of messages";
                Err(Error::invalid("prompt.chat_template", other.describe(), accepted))
            }
            None => Ok(()),
        }
    }

    fn chat(
        &mut self,
        field: &str,
        mut list: Reader<'_>,
        members: &mut Members,
    ) -> Result<(), Error> {
        let mut written = vec![b'['];
        let mut count = 0;
        while list.element(count == 0)? {
            if count > 0 {
                written.push(b',');
            }
            let path = format!("{field}[{count}]");
            count += 1;
            let (value, mut at) = mark(&mut list)?;
            super::open_object(&path, value, "an object").and_then(|given| match given {
                true => Ok(()),
                false => Err(Error::invalid(&path, "null", "an object")),
            })?;
            let names = ["content", "role", "name", "type"];
            let found =
                self.fields(&mut at, names, |parser, key, _| parser.not_sent(&path, key))?;
            let [content, role, name, kind] = found.map(present);
            for (name, field) in names.iter().zip(found) {
                if let Some((value, _)) = present(field)
                    && !matches!(value, Value::Text(_))
                {
                    return Err(Error::invalid(
                        &format!("{path}.{name}"),
                        value.describe(),
                        "text",
                    ));
                }
            }
            let placeholder =
                matches!(kind, Some((Value::Text(kind), _)) if kind.is("placeholder"));
            written.push(b'{');
            if placeholder {
                self.text_member("name", name, &mut written)?;
                written.extend_from_slice(b"\"type\":\"placeholder\"}");
            } else {
                match content {
                    Some(_) => self.text_member("content", content, &mut written)?,
                    None => written.extend_from_slice(b"\"content\":\"\","),
                }
                self.text_member("role", role, &mut written)?;
                written.pop();
                written.push(b'}');
            }
        }
        written.push(b']');
        members.set(b"chat_template", &written);
        Ok(())
    }

    /// Members of an object whose opening was read, each value as text.
    pub(super) fn texts(&mut self, reader: &mut Reader<'_>) -> Result<Members, Error> {
        let mut texts = Members::default();
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            texts.insert(|out| key.write(out), |out| self.as_text(value, reader, out))?;
        }
        Ok(texts)
    }

    fn list_of_texts(
        &mut self,
        name: &str,
        (value, mut at): Field<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let field = format!("prompt.{name}");
        let Value::Array = value else {
            return Err(Error::invalid(&field, value.describe(), "a list of texts"));
        };
        out.push(b'[');
        let mut count = 0;
        while at.element(count == 0)? {
            if count > 0 {
                out.push(b',');
            }
            match at.value()? {
                value @ Value::Text(_) => self.as_text(value, &mut at, out)?,
                other => {
                    let field = format!("{field}[{count}]");
                    return Err(Error::invalid(&field, other.describe(), "text"));
                }
            }
            count += 1;
        }
        out.push(b']');
        Ok(())
    }
}

/// Writes a key that needs no escape.
fn put(name: &str) -> impl FnOnce(&mut Vec<u8>) {
    move |out| out.extend_from_slice(name.as_bytes())
}
