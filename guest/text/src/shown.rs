//! Text in one line, in which every character that steers is escaped as in JSON.

use std::fmt::{self, Display, Write};

/// A text, or any value that can be displayed, in one line without characters that steer.
///
/// Such characters become `\n`, `\t` or `\u001b`. Backslashes of the text stay as they are, so escaping
/// twice is the same as escaping once.
#[derive(Clone, Copy)]
pub struct Shown<T>(pub T);

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(out), "{}", self.0)
    }
}

/// Whether a character is one that steers: it moves the cursor, starts a command of the terminal, ends
/// a line, turns the direction of what follows, or is there and not seen.
pub fn steers(letter: char) -> bool {
    matches!(
        letter,
        // C0 with ESC, BEL, CR and LF; DEL; C1, where one character is as good as "ESC [".
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
            // Of no width: the soft hyphen, joiners, the mark at the beginning of a file.
            | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}'
            | '\u{feff}'
            // The direction of text, in its marks, embeddings, overrides and isolates.
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2065}'..='\u{206f}'
            // Ends of lines and paragraphs.
            | '\u{2028}' | '\u{2029}'
            // Annotations, musical formats, and tags that spell a text nobody sees.
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Writes a character as JSON escapes it.
pub(crate) fn escape(out: &mut impl Write, letter: char) -> fmt::Result {
    match letter {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        other => {
            other.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
        }
    }
}

struct Escaping<'a, W>(&'a mut W);

impl<W: Write> Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(steers) {
            let (plain, begin) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut letters = begin.chars();
            letters.next().map_or(Ok(()), |letter| escape(self.0, letter))?;
            rest = letters.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_as_in_json() {
        let hostile = "a\u{1b}]0;x\u{7}\r\nb\u{9b}2J\u{7f}\u{202e}\u{2028}\u{200d}\u{e0041}\t";
        let shown = Shown(hostile).to_string();
        assert_eq!(
            shown,
            "a\\u001b]0;x\\u0007\\r\\nb\\u009b2J\\u007f\\u202e\\u2028\\u200d\\udb40\\udc41\\t"
        );
        assert_eq!(Shown(&shown).to_string(), shown, "twice is no more");
    }

    #[test]
    fn no_control_or_format_character_is_left() {
        for letter in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let shown = Shown(letter).to_string();
            assert!(!shown.contains(steers), "{letter:?}");
            assert!(steers(letter) || !letter.is_control(), "{letter:?}");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in
            ["Größe 5 µs", "日本語", "مرحبا", "👍🏽", "C:\\new\\table", "a — “b” …", "e\u{301}"]
        {
            assert_eq!(Shown(text).to_string(), text);
        }
    }
}
