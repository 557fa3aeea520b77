//! From each of the three shapes to the same canonical bytes, one buffer a field.
//!
//! Messages are read by their members, as the project's core reads them; everything else that
//! comes as JSON text goes through the project's canonicalizer.

use crate::bindings::exports::bench::shapes::annotate::{Message, Records, Texts};
use crate::json::{
    Canonicalizer, Reader, SyntaxError, Text, Value, compare_keys, write_double, write_escaped,
};

/// The members of an annotation, in canonical order.
const FIELDS: [&str; 5] = ["input", "metadata", "metrics", "output", "tags"];

/// What the last annotation left, and what is used again.
#[derive(Default)]
pub(crate) struct Keeper {
    fields: [Vec<u8>; 5],
    canonicalizer: Canonicalizer,
}

impl Keeper {
    /// (a)
    pub(crate) fn records(&mut self, given: Records) -> Result<u32, String> {
        self.clear();
        let [input, metadata, metrics, output, tags] = &mut self.fields;
        messages(given.input, input);
        messages(given.output, output);
        let mut failed = None;
        pairs(
            given.metadata,
            metadata,
            |member| &member.key,
            |member, out| {
                let mut reader = Reader::new(&member.json);
                let written = value(&mut self.canonicalizer, &mut reader, out);
                failed = failed.or(written.and_then(|()| reader.end()).err());
            },
        );
        pairs(
            given.metrics,
            metrics,
            |metric| &metric.key,
            |metric, out| {
                write_double(out, metric.value);
            },
        );
        pairs(given.tags, tags, |tag| &tag.key, |tag, out| quoted(out, &tag.value));
        failed.map_or_else(|| Ok(self.length()), |error| Err(error.to_string()))
    }

    /// (b)
    pub(crate) fn texts(&mut self, given: &Texts) -> Result<u32, String> {
        self.clear();
        let texts = [&given.input, &given.metadata, &given.metrics, &given.output, &given.tags];
        for (place, text) in texts.into_iter().enumerate() {
            if let Some(text) = text {
                let mut reader = Reader::new(text);
                let read = self.field(place, &mut reader).and_then(|()| reader.end());
                read.map_err(|error| error.to_string())?;
            }
        }
        Ok(self.length())
    }

    /// (c)
    pub(crate) fn text(&mut self, given: &str) -> Result<u32, String> {
        self.clear();
        self.object(given).map_err(|error| error.to_string())?;
        Ok(self.length())
    }

    fn object(&mut self, given: &str) -> Result<(), SyntaxError> {
        let mut reader = Reader::new(given);
        if !matches!(reader.value()?, Value::Object) {
            return Err(SyntaxError { offset: 0 });
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let place = FIELDS.iter().position(|field| key.is(field));
            self.field(place.ok_or(SyntaxError { offset: 0 })?, &mut reader)?;
        }
        reader.end()
    }

    /// One field of (b) or (c).
    fn field(&mut self, place: usize, reader: &mut Reader<'_>) -> Result<(), SyntaxError> {
        let out = &mut self.fields[place];
        if matches!(FIELDS[place], "input" | "output") {
            return message_texts(reader, out);
        }
        value(&mut self.canonicalizer, reader, out)
    }

    fn clear(&mut self) {
        self.fields.iter_mut().for_each(Vec::clear);
    }

    fn length(&self) -> u32 {
        self.fields.iter().map(|field| field.len() as u32).sum()
    }

    /// The whole annotation, canonical.
    pub(crate) fn kept(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        for (name, field) in FIELDS.into_iter().zip(&self.fields) {
            if !field.is_empty() {
                if out.len() > 1 {
                    out.push(b',');
                }
                out.extend_from_slice(format!("\"{name}\":").as_bytes());
                out.extend_from_slice(field);
            }
        }
        out.push(b'}');
        out
    }
}

fn value(
    canonicalizer: &mut Canonicalizer,
    reader: &mut Reader<'_>,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    let begun = reader.value()?;
    canonicalizer.write(reader, begun, out)
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}

/// Typed messages.
fn messages(given: Option<Vec<Message>>, out: &mut Vec<u8>) {
    let Some(given) = given else { return };
    out.push(b'[');
    for (index, message) in given.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"content\":" } else { b",{\"content\":" });
        quoted(out, &message.content);
        out.extend_from_slice(b",\"role\":");
        quoted(out, &message.role);
        out.push(b'}');
    }
    out.push(b']');
}

/// Typed pairs, in canonical order; of equal keys the last one stays.
fn pairs<T>(
    given: Option<Vec<T>>,
    out: &mut Vec<u8>,
    key: impl Fn(&T) -> &str,
    mut write: impl FnMut(&T, &mut Vec<u8>),
) {
    let Some(mut given) = given else { return };
    given.sort_by(|a, b| compare_keys(key(a).as_bytes(), key(b).as_bytes()));
    out.push(b'{');
    let mut written = false;
    for (index, pair) in given.iter().enumerate() {
        if given.get(index + 1).is_some_and(|next| key(next) == key(pair)) {
            continue;
        }
        if std::mem::replace(&mut written, true) {
            out.push(b',');
        }
        quoted(out, key(pair));
        out.push(b':');
        write(pair, out);
    }
    out.push(b'}');
}

/// Messages as JSON text.
fn message_texts(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    let refused = Err(SyntaxError { offset: 0 });
    if !matches!(reader.value()?, Value::Array) {
        return refused;
    }
    out.push(b'[');
    let mut first = true;
    while reader.element(first)? {
        if !std::mem::replace(&mut first, false) {
            out.push(b',');
        }
        let Value::Object = reader.value()? else { return refused };
        let (mut content, mut role) = (None, None);
        let mut first_member = true;
        while let Some(key) = reader.member(first_member)? {
            first_member = false;
            let Value::Text(text) = reader.value()? else { return refused };
            if key.is("content") {
                content = Some(text);
            } else if key.is("role") {
                role = Some(text);
            } else {
                return refused;
            }
        }
        let (Some(content), Some(role)) = (content, role) else { return refused };
        out.extend_from_slice(b"{\"content\":");
        copied(out, content);
        out.extend_from_slice(b",\"role\":");
        copied(out, role);
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

fn copied(out: &mut Vec<u8>, text: Text<'_>) {
    out.reserve(text.raw_len() + 2);
    out.push(b'"');
    text.write(out);
    out.push(b'"');
}
