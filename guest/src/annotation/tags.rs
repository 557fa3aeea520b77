//! Tags: an object of texts, merged by key; and the members that are about tags: the keys by which
//! costs are broken down, and the integration that made the span.

use super::fields::open_object;
use super::parser::Parser;
use super::path::Path;
use crate::error::Refused;
use crate::limits::{NAME_BYTES, cut_text};
use crate::span::{Annotations, Keys};
use std::rc::Rc;
use witspan_json::{Reader, Value};

impl Parser<'_> {
    pub(super) fn tags<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        annotations: &mut Annotations,
    ) -> Result<(), Refused> {
        if !open_object(&Path::of("tags"), value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            if key.is("session_id") {
                let mut session = Vec::new();
                if !matches!(value, Value::Null) {
                    self.as_text(value, &mut reader.clone(), &mut session)?;
                }
                annotations.session = session_of(&session);
                if annotations.session.is_none() {
                    // `null` and an empty text name no session.
                    reader.skip(value)?;
                    continue;
                }
            }
            if key.starts_with("witspan.") {
                let path = Path::of("tags");
                self.warn(
                    &path,
                    format_args!("has `{}`, a reserved name: it was left out", key.decode()),
                );
                reader.skip(value)?;
                continue;
            }
            let out = annotations.tags.begin(key);
            out.push(b':');
            self.inside_text(value, reader, out)?;
            annotations.tags.end();
        }
        Ok(())
    }

    /// Keys of tags, in the given order.
    pub(super) fn cost_tags<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        keys: &mut Keys,
    ) -> Result<(), Refused> {
        let list = Path::of("cost_tags");
        if !self.list(&list, value, reader, "a list of keys of tags")? {
            return Ok(());
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            match reader.value()? {
                Value::Text(text) => {
                    let mut key = Vec::with_capacity(text.raw_len());
                    text.write(&mut key);
                    keys.add(&key);
                }
                other => {
                    self.left_out(&list.element(count), other.describe(), "text")?;
                    reader.skip(other)?;
                }
            }
            count += 1;
        }
        Ok(())
    }

    /// The integration that made the span, kept as a tag.
    pub(super) fn integration<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        annotations: &mut Annotations,
    ) -> Result<(), Refused> {
        if matches!(value, Value::Null) {
            return Ok(());
        }
        self.check_text(&Path::of("integration"), value, "text")?;
        let out = annotations.tags.begin_escaped(b"integration");
        out.push(b':');
        self.inside_text(value, reader, out)?;
        annotations.tags.end();
        Ok(())
    }
}

/// The session that a JSON string says; `None` for an empty one.
fn session_of(quoted: &[u8]) -> Option<Rc<str>> {
    let quoted = String::from_utf8_lossy(quoted);
    match Reader::new(&quoted).value() {
        Ok(Value::Text(text)) if !text.is_empty() => {
            let mut session = text.decode();
            cut_text(&mut session, NAME_BYTES);
            Some(session.into())
        }
        _ => None,
    }
}
