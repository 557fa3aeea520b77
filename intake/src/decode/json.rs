//! JSON bodies: text of bounded depth, events kept as they came, and errors with the field they are in.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::scan;
use crate::memory;
use crate::model::Refusal;
use crate::schema::{Problem, Rule, Shape, problems};

/// Tags that an envelope may have: each of its spans gets them.
const FEW: usize = 1_000;

/// The body as text.
pub(crate) fn text(body: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(body)
        .map_err(|error| bad("", format!("the body is not UTF-8 at byte {}", error.valid_up_to())))
}

/// The envelope of a body, whose events stay text. If it does not match `shape`, the refusal names the field.
pub(crate) fn envelope<'a, T: Deserialize<'a>>(text: &'a str, shape: Shape) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| named(text, shape, &error.to_string()))
}

/// The refusal of a body that does not match `shape`. The body is read again as any JSON, which tells an invalid
/// field from invalid JSON, and says where it is.
pub(crate) fn named(text: &str, shape: Shape, otherwise: &str) -> Refusal {
    if let Err(error) = scan::valid(text) {
        return not_json("", &error);
    }
    let weight = scan::weight(text);
    let room = (weight <= memory::LARGEST).then(|| memory::to_read(weight));
    let Some(Ok(_room)) = room else {
        return bad("", format!("the body is not understood: {otherwise}"));
    };
    match read(text) {
        Ok((body, _)) => match problems(Rule::Intake, shape, &body).into_iter().next() {
            Some(problem) => refused("", problem),
            None => bad("", format!("the body is not understood: {otherwise}")),
        },
        Err(error) => not_json("", &error),
    }
}

/// The texts that an envelope has for all its spans; their number is limited, since each span gets them.
pub(crate) fn few<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = Vec<String>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(out, "an array of at most {FEW} strings")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = items.next_element()? {
                if texts.len() == FEW {
                    return Err(serde::de::Error::invalid_length(FEW + 1, &self));
                }
                texts.push(text);
            }
            Ok(texts)
        }
    }
    input.deserialize_seq(Few)
}

/// Any JSON value. Lone surrogates, which Python and JavaScript may send, become U+FFFD; the text with these
/// replacements is then returned as well.
pub(crate) fn read(text: &str) -> Result<(Value, Cow<'_, str>), serde_json::Error> {
    match serde_json::from_str(text) {
        Ok(value) => Ok((value, Cow::Borrowed(text))),
        Err(error) => match mended(text) {
            Some(mended) => Ok((serde_json::from_str(&mended)?, Cow::Owned(mended))),
            None => Err(error),
        },
    }
}

/// A refusal for text that is not JSON.
pub(crate) fn not_json(pointer: &str, error: &serde_json::Error) -> Refusal {
    bad(pointer, format!("not JSON: {error}"))
}

/// A refusal for a problem below `pointer`.
pub(crate) fn refused(pointer: &str, problem: Problem) -> Refusal {
    bad(format!("{pointer}{}", problem.pointer), problem.reason)
}

/// The refusal of a bad request.
pub(crate) fn bad(pointer: impl Into<String>, reason: impl Into<String>) -> Refusal {
    Refusal::BadRequest { pointer: pointer.into(), reason: reason.into() }
}

/// `text` with each lone half of a surrogate pair replaced; `None` if it has none.
fn mended(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(step) = bytes[at..].iter().position(|byte| *byte == b'\\') {
        let escape = at + step;
        match unit(bytes, escape) {
            None => at = (escape + 2).min(bytes.len()),
            Some(first @ 0xD800..=0xDFFF) => {
                let pair = first < 0xDC00
                    && unit(bytes, escape + 6).is_some_and(|next| (0xDC00..0xE000).contains(&next));
                if pair {
                    at = escape + 12;
                } else {
                    out.push_str(&text[copied..escape]);
                    out.push_str("\\ufffd");
                    at = escape + 6;
                    copied = at;
                }
            }
            Some(_) => at = escape + 6,
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// The number in the `\uXXXX` at `at`, if there is one.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_halves_of_a_pair_become_replacement_characters_and_pairs_stay() {
        let (value, text) = read(r#"["a\ud800b", "\ud83d\ude00", "\\ud800", "\udc00"]"#).unwrap();
        assert_eq!(value, serde_json::json!(["a\u{fffd}b", "😀", "\\ud800", "\u{fffd}"]));
        assert_eq!(text, r#"["a\ufffdb", "\ud83d\ude00", "\\ud800", "\ufffd"]"#);
    }

    #[test]
    fn what_is_deeper_than_a_hundred_levels_is_refused_and_not_followed() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&deep).is_err());
    }
}
