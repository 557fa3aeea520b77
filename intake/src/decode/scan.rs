//! The parts of a JSON text, found without reading what they hold: a large body is read part by part.
//!
//! The text must be JSON (`valid`). If it is not, parts end at any place, and reading them fails.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// Bytes of memory that a value takes, an object more, a member of it more, a text more.
const VALUE: usize = 72;
const OBJECT: usize = 250;
const MEMBER: usize = 150;
const TEXT: usize = 24;

/// Checks that it is JSON, at any depth.
pub(crate) fn valid(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<IgnoredAny>(text).map(drop)
}

/// About how many bytes of memory the value takes once it is read.
pub(crate) fn weight(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut weight = VALUE;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = text_end(bytes, at);
                weight += TEXT + end - at;
                at = end;
                continue;
            }
            b'{' => weight += OBJECT,
            b':' => weight += MEMBER,
            b',' | b'[' => weight += VALUE,
            _ => {}
        }
        at += 1;
    }
    weight
}

/// The items of a list; none of any other value.
pub(crate) fn items(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_start_matches(is_space);
    let mut rest = text.strip_prefix('[').unwrap_or_default();
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|it| is_space(it) || it == ',');
        if rest.is_empty() || rest.starts_with(']') {
            return None;
        }
        let (item, after) = rest.split_at(value_end(rest));
        rest = after;
        // Text that is not JSON may never reach the closing bracket.
        (!item.is_empty()).then_some(item)
    })
}

/// The members of an object, each name with its value; none of any other value.
pub(crate) fn members(text: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let text = text.trim_start_matches(is_space);
    let mut rest = text.strip_prefix('{').unwrap_or_default();
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|it| is_space(it) || it == ',');
        if !rest.starts_with('"') {
            return None;
        }
        let (name, after) = rest.split_at(text_end(rest.as_bytes(), 0));
        let after = after.trim_start_matches(|it| is_space(it) || it == ':');
        let (value, after) = after.split_at(value_end(after));
        rest = after;
        Some((own_text(name).unwrap_or_default(), value))
    })
}

/// The last member of that name, as JSON readers take it.
pub(crate) fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    members(text).filter(|(known, _)| known == name).last().map(|(_, value)| value)
}

/// The text of a JSON string; `None` for any other value.
pub(crate) fn own_text(value: &str) -> Option<Cow<'_, str>> {
    let plain = value.strip_prefix('"')?.strip_suffix('"')?;
    if plain.contains('\\') {
        return serde_json::from_str(value).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(plain))
}

/// Whether the value begins as a list does.
pub(crate) fn is_list(text: &str) -> bool {
    text.trim_start_matches(is_space).starts_with('[')
}

fn is_space(it: char) -> bool {
    matches!(it, ' ' | '\t' | '\r' | '\n')
}

/// Behind the text whose quote is at `at`.
fn text_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(step) = bytes.get(end..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        end += step;
        if bytes[end] == b'"' {
            return end + 1;
        }
        end += 2;
    }
    bytes.len()
}

/// Behind the value that the text begins with.
fn value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = text_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
            b'}' | b']' => depth -= 1,
            b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_whatever_stands_in_texts_and_between_values() {
        let text = " [ 1 ,\"a]\\\"\",\t{\"b\" : [\"}\",{}] , \"c\\u0064\":null},[]\n,-2.5e3,true] ";
        assert!(valid(text).is_ok());
        let parts: Vec<&str> = items(text).collect();
        let object = "{\"b\" : [\"}\",{}] , \"c\\u0064\":null}";
        assert_eq!(parts, ["1", "\"a]\\\"\"", object, "[]", "-2.5e3", "true"]);
        let found: Vec<(Cow<'_, str>, &str)> = members(object).collect();
        assert_eq!(found, [("b".into(), "[\"}\",{}]"), ("cd".into(), "null")]);
        assert_eq!(items("{}").chain(items("5")).chain(items("[ ]")).count(), 0);
        assert_eq!(members("[{\"a\":1}]").chain(members("{ }")).count(), 0);
        assert_eq!(member("{\"a\":1,\"b\":2,\"a\":3}", "a"), Some("3"));
    }

    #[test]
    fn what_is_no_json_ends_somewhere() {
        for text in ["[", "[\"", "[\"\\", "{\"a", "{\"a\":", "[1 2", "{]", "[}", "{\"a\"1}", "é[é"]
        {
            assert!(items(text).count() + members(text).count() < 5, "{text}");
            weight(text);
        }
    }

    #[test]
    fn a_long_text_weighs_its_length_and_many_values_weigh_what_they_take() {
        assert!(weight(&format!("\"{}\"", ",[{:".repeat(1_000))) < 5_000);
        assert!(weight(&format!("[{}0]", "0,".repeat(1_000))) > 70_000);
    }
}
