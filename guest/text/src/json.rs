//! JSON text that may be printed: what steers is escaped, and it is still the same JSON.

use std::borrow::Cow;

use crate::shown::{escape, steers};

/// JSON text with each character that steers as `\u` and its number.
///
/// Such a character is inside a string, where the escape means the same. Between values JSON has only
/// white space; a carriage return there becomes a space.
pub fn json(text: &str) -> Cow<'_, str> {
    let steers = |letter: char| steers(letter) && letter != '\n' && letter != '\t';
    if may_pass(text.as_bytes()) || !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    for letter in text.chars() {
        match letter {
            '\r' => out.push(' '),
            // Writing to a string never fails.
            letter if steers(letter) => escape(&mut out, letter).unwrap_or_default(),
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// The same for a text in bytes.
pub fn json_bytes(text: Vec<u8>) -> Vec<u8> {
    if may_pass(&text) {
        return text;
    }
    let escaped = match json(&String::from_utf8_lossy(&text)) {
        Cow::Borrowed(same) if same.len() == text.len() => None,
        other => Some(other.into_owned()),
    };
    escaped.map_or(text, String::into_bytes)
}

/// Whether no byte can belong to a character that steers. This is true for most JSON, which is long.
fn may_pass(text: &[u8]) -> bool {
    // Without an early end inside a piece the compiler compares many bytes at once.
    let plain = |piece: &[u8]| {
        let steers = |byte: &u8| *byte >= 0x7f || (*byte < 0x20 && *byte != b'\n');
        !piece.iter().fold(false, |found, byte| found | steers(byte))
    };
    text.chunks(256).all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_and_everything_else_stays() {
        let text = "{\r\n\t\"a\u{9b}\u{7f}\": [\"\u{202e}\\n\u{feff}é\", 1.50]\n}";
        let same = "{ \n\t\"a\\u009b\\u007f\": [\"\\u202e\\n\\ufeffé\", 1.50]\n}";
        assert_eq!(json(text), same);
        assert_eq!(json_bytes(text.as_bytes().to_vec()), same.as_bytes());
        for plain in ["{\"a\": \"é\"}", "[]", ""] {
            assert_eq!(json(plain), plain);
            assert_eq!(json_bytes(plain.as_bytes().to_vec()), plain.as_bytes());
        }
    }
}
