//! The text index: the words of each span, and the translation of a typed search to a query.
//!
//! Spans are indexed after they are committed, when the writer is idle. So a burst is stored at full
//! speed and becomes searchable a moment later.

use std::fmt;

use rusqlite::{Connection, params};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::compression::unpack;
use super::numbers::set_number;

/// The most bytes of one span's text that are indexed.
const INDEXED_TEXT: usize = 256 * 1024;
/// The most bytes of a word.
const WORD: usize = 64;

/// Indexes up to `limit` spans after `from`, and adds their compressed size to `bytes`. Returns the last
/// span that was indexed, if any.
pub(crate) fn index_some(
    connection: &Connection,
    from: i64,
    limit: usize,
    bytes: &mut usize,
) -> rusqlite::Result<Option<i64>> {
    let mut read = connection.prepare_cached(
        "SELECT spans.id, name, model, packed FROM spans JOIN bodies USING (id)
         WHERE spans.id > ?1 ORDER BY spans.id LIMIT ?2",
    )?;
    let mut rows = read.query(params![from, limit as i64])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let model: Option<String> = row.get(2)?;
        let packed: Vec<u8> = row.get(3)?;
        *bytes = bytes.saturating_add(packed.len());
        let words = words(&row.get::<_, String>(1)?, model.as_deref(), &packed);
        connection
            .prepare_cached("INSERT OR REPLACE INTO search (rowid, words) VALUES (?1, ?2)")?
            .execute(params![id, words])?;
        last = Some(id);
    }
    if let Some(last) = last {
        set_number(connection, "indexed", last)?;
    }
    Ok(last)
}

/// Indexes one span again.
pub(crate) fn index_again(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    let row = connection
        .prepare_cached(
            "SELECT name, model, packed FROM spans JOIN bodies USING (id) WHERE id = ?1",
        )?
        .query_row([id], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get(2)?))
        });
    let (name, model, packed): (_, _, Vec<u8>) = row?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO search (rowid, words) VALUES (?1, ?2)")?
        .execute(params![id, words(&name, model.as_deref(), &packed)])?;
    Ok(())
}

/// The parts of a meta whose words are indexed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_definitions: Option<&'a RawValue>,
}

/// The words of a span, each once, because the index stores neither frequency nor position.
fn words(name: &str, model: Option<&str>, packed: &[u8]) -> String {
    let (meta, _) = unpack(packed);
    let mut text = String::new();
    push(&mut text, name);
    push(&mut text, model.unwrap_or_default());
    let parts: Parts<'_> = serde_json::from_str(&meta).unwrap_or_default();
    let parts = [parts.input, parts.output, parts.error, parts.metadata, parts.tool_definitions];
    for part in parts.into_iter().flatten() {
        // Stored values are valid JSON. If one is not, the words before the error are indexed.
        let _ = Words(&mut text).deserialize(&mut serde_json::Deserializer::from_str(part.get()));
    }
    text.make_ascii_lowercase();
    // Anything longer than a word is an image, a key or a hash.
    let mut words: Vec<&str> = split(&text).filter(|word| word.len() <= WORD).collect();
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Collects the texts and numbers of a JSON value while it is parsed, without building the value.
struct Words<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Words<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Words<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if self.0.len() <= INDEXED_TEXT {
            let end = text.floor_char_boundary(INDEXED_TEXT);
            push(self.0, &text[..end]);
        }
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.visit_str(&Value::from(number).to_string())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Words(&mut *self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_key::<IgnoredAny>()?.is_some() {
            members.next_value_seed(Words(&mut *self.0))?;
        }
        Ok(())
    }
}

/// Adds a text. Thai, Chinese, Japanese and Korean are split into single characters, because the
/// tokenizer would take a sentence without spaces for one word.
fn push(words: &mut String, text: &str) {
    words.push(' ');
    if text.is_ascii() {
        words.push_str(text);
        return;
    }
    for character in text.chars() {
        if is_unspaced(character) {
            words.push(' ');
            words.push(character);
            words.push(' ');
        } else {
            words.push(character);
        }
    }
}

fn is_unspaced(character: char) -> bool {
    matches!(u32::from(character),
        0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF
        | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// A typed search, as queries of the text index.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// Matches spans that contain every word.
    pub(crate) exact: String,
    /// The same with the last word as a prefix, if it may be unfinished. It must look at every word with
    /// this prefix, so it is only used when `exact` finds nothing.
    pub(crate) unfinished: Option<String>,
}

/// The queries for a typed text; `None` if it contains no word.
pub(crate) fn query(typed: &str) -> Option<Query> {
    let mut spaced = String::new();
    push(&mut spaced, typed);
    let words: Vec<String> = split(&spaced).map(|word| format!("\"{word}\"")).collect();
    let last = split(&spaced).last()?;
    let exact = words.join(" AND ");
    let unfinished = typed.ends_with(char::is_alphanumeric) && last.chars().count() >= 3;
    Some(Query { unfinished: unfinished.then(|| format!("{exact}*")), exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(typed: &str) -> String {
        query(typed).unwrap().exact
    }

    #[test]
    fn every_typed_word_must_be_there_and_the_last_may_be_unfinished() {
        let both = query("sky blu").unwrap();
        assert_eq!(both.exact, "\"sky\" AND \"blu\"");
        assert_eq!(both.unfinished.unwrap(), "\"sky\" AND \"blu\"*");
        assert_eq!(query("sky blue ").unwrap().unfinished, None);
        assert_eq!(exact("\"x\" OR (NEAR*"), "\"x\" AND \"OR\" AND \"NEAR\"");
        assert_eq!(exact("天空"), "\"天\" AND \"空\"");
        assert_eq!(query(" * \" "), None);
    }

    #[test]
    fn a_word_is_indexed_once_and_a_picture_not_at_all() {
        let meta = serde_json::json!({
            "input": {"value": "Sky sky 天空"}, "output": {"value": "A".repeat(1_000)}
        });
        let packed = crate::store::compression::pack(&meta, "{}");
        assert_eq!(words("ask", Some("gpt-4o"), &packed), "4o ask gpt sky 天 空");
    }
}
