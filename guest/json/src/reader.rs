//! Reads JSON text piece by piece, without building a tree and without recursion of its own.

use crate::append::append;
use crate::scan::{plain_end, write_escaped};
use std::fmt;

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// The offset of the first wrong byte.
    pub offset: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid JSON at byte {}", self.offset)
    }
}

/// The beginning of a value: all of a scalar, or the opening of a container.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, or one of the three names for what is not finite.
    Number(Number<'a>),
    /// A string.
    Text(Text<'a>),
    /// `[` was read: continue with [`Reader::element`].
    Array,
    /// `{` was read: continue with [`Reader::member`].
    Object,
}

impl Value<'_> {
    /// What the value is, for an error text.
    pub fn describe(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::Array => "a list",
            Value::Object => "an object",
        }
    }
}

/// A number as it is written in the text.
#[derive(Debug, Clone, Copy)]
pub enum Number<'a> {
    /// Digits, perhaps with a sign; no leading zero.
    Integer(&'a str),
    /// With a fraction or exponent.
    Float(&'a str),
    /// `NaN`, `Infinity` or `-Infinity`.
    NonFinite(&'static str),
}

/// The inside of a string, between the quotes.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    raw: &'a [u8],
    /// Whether `raw` has an escape.
    escaped: bool,
    /// Whether every escape in `raw` is one that canonical form writes, too.
    canonical: bool,
}

impl<'a> Text<'a> {
    /// Appends it in canonical form, without quotes.
    #[inline(always)]
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.canonical {
            append(out, self.raw);
        } else {
            self.write_decoded(out);
        }
    }

    #[cold]
    #[inline(never)]
    fn write_decoded(&self, out: &mut Vec<u8>) {
        write_escaped(out, self.decode().as_bytes());
    }

    /// Appends it as it is escaped in the text, without quotes.
    pub fn write_as_given(&self, out: &mut Vec<u8>) {
        append(out, self.raw);
    }

    /// What the string says. A lone surrogate is U+FFFD.
    pub fn decode(&self) -> String {
        let mut out = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some(at) = rest.iter().position(|&b| b == b'\\') {
            append(&mut out, rest.get(..at).unwrap_or_default());
            rest = rest.get(at + 1..).unwrap_or_default();
            rest = decode_escape(rest, &mut out);
        }
        append(&mut out, rest);
        String::from_utf8(out)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    /// Whether it says `text`.
    #[inline]
    pub fn is(&self, text: &str) -> bool {
        // Most keys that are asked for differ in length or in the first byte.
        (self.raw.len() == text.len()
            && self.raw.first() == text.as_bytes().first()
            && same(self.raw, text.as_bytes()))
            || (self.escaped && self.says(text))
    }

    #[cold]
    #[inline(never)]
    fn says(&self, text: &str) -> bool {
        self.decode() == text
    }

    /// Whether it begins with `prefix`.
    pub fn starts_with(&self, prefix: &str) -> bool {
        match self.escaped {
            false => self.raw.starts_with(prefix.as_bytes()),
            true => self.decode().starts_with(prefix),
        }
    }

    /// The place in `names` of the name that it says, as [`Text::is_named`] compares them.
    pub fn which(&self, names: &[&str]) -> Option<usize> {
        // Nearly always it is exactly one of them.
        for (at, name) in names.iter().enumerate() {
            if self.raw.len() == name.len() && same(self.raw, name.as_bytes()) {
                return Some(at);
            }
        }
        names.iter().position(|name| self.is_named(name))
    }

    /// Whether it says `name`, which is in snake case, or the same name in camel case.
    pub fn is_named(&self, name: &str) -> bool {
        if self.is(name) {
            return true;
        }
        if self.raw.first() != name.as_bytes().first() {
            return false;
        }
        let mut rest = self.raw.iter();
        let mut upper = false;
        for byte in name.bytes() {
            if byte == b'_' {
                upper = true;
                continue;
            }
            let wanted = if upper { byte.to_ascii_uppercase() } else { byte };
            upper = false;
            if rest.next() != Some(&wanted) {
                return false;
            }
        }
        rest.next().is_none()
    }

    /// Whether it has only lower-case letters, digits and `_`.
    pub fn is_snake(&self) -> bool {
        self.raw.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// About how many bytes [`Text::write`] appends, to reserve them.
    pub fn raw_len(&self) -> usize {
        self.raw.len()
    }
}

/// Whether both are the same. They have the same length, and most are short.
#[inline(always)]
fn same(a: &[u8], b: &[u8]) -> bool {
    // A comparison by the library goes byte by byte inside a component.
    match a.len() {
        8..=16 => ends::<8>(a) == ends::<8>(b),
        4..=7 => ends::<4>(a) == ends::<4>(b),
        _ => a.iter().zip(b).all(|(x, y)| x == y),
    }
}

/// The first and the last `N` bytes.
#[inline]
fn ends<const N: usize>(bytes: &[u8]) -> (Option<[u8; N]>, Option<[u8; N]>) {
    (bytes.first_chunk().copied(), bytes.last_chunk().copied())
}

/// Decodes the escape whose backslash was just passed; returns what follows it.
fn decode_escape<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((&kind, after)) = rest.split_first() else { return rest };
    match kind {
        b'b' => out.push(0x08),
        b't' => out.push(b'\t'),
        b'n' => out.push(b'\n'),
        b'f' => out.push(0x0C),
        b'r' => out.push(b'\r'),
        b'u' => return decode_unicode(after, out),
        other => out.push(other),
    }
    after
}

fn decode_unicode<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (Some(first), after) = (hex4(rest), rest.get(4..).unwrap_or_default()) else {
        return rest;
    };
    let mut unit = [0; 4];
    if (0xD800..0xDC00).contains(&first) && after.starts_with(b"\\u") {
        let low = after.get(2..).unwrap_or_default();
        if let Some(second) = hex4(low).filter(|s| (0xDC00..0xE000).contains(s)) {
            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            append(out, character.encode_utf8(&mut unit).as_bytes());
            return low.get(4..).unwrap_or_default();
        }
    }
    let character = char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    append(out, character.encode_utf8(&mut unit).as_bytes());
    after
}

fn hex4(bytes: &[u8]) -> Option<u32> {
    let mut code = 0;
    for &byte in bytes.get(..4)? {
        code = code << 4 | char::from(byte).to_digit(16)?;
    }
    Some(code)
}

/// A place in JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Reader { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn error<T>(&self) -> Result<T, SyntaxError> {
        Err(SyntaxError { offset: self.at })
    }

    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at).copied() {
            // Outside of texts, white space is lower than every other byte of JSON.
            Some(0..=b' ') => self.peek_after_space(),
            byte => byte,
        }
    }

    #[inline(never)]
    fn peek_after_space(&mut self) -> Option<u8> {
        loop {
            let byte = self.text.as_bytes().get(self.at).copied();
            match byte {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                _ => return byte,
            }
        }
    }

    fn take(&mut self, literal: &str) -> Result<(), SyntaxError> {
        if self.rest().starts_with(literal.as_bytes()) {
            self.at += literal.len();
            Ok(())
        } else {
            self.error()
        }
    }

    /// Reads a scalar, or the opening of a container.
    pub fn value(&mut self) -> Result<Value<'a>, SyntaxError> {
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.text_after_quote().map(Value::Text)
            }
            Some(b'{') => {
                self.at += 1;
                Ok(Value::Object)
            }
            Some(b'[') => {
                self.at += 1;
                Ok(Value::Array)
            }
            Some(b't') => self.take("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.take("false").map(|()| Value::Bool(false)),
            Some(b'n') => self.take("null").map(|()| Value::Null),
            Some(b'N') => self.take("NaN").map(|()| Value::Number(Number::NonFinite("NaN"))),
            Some(b'I') => {
                self.take("Infinity").map(|()| Value::Number(Number::NonFinite("Infinity")))
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => self.error(),
        }
    }

    /// The next member's key after [`Value::Object`]; its value must be read next. `first` is
    /// true for the first call of each object.
    pub fn member(&mut self, first: bool) -> Result<Option<Text<'a>>, SyntaxError> {
        let begins = match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.peek()
            }
            begins if first => begins,
            _ => return self.error(),
        };
        if begins != Some(b'"') {
            return self.error();
        }
        self.at += 1;
        let key = self.text_after_quote()?;
        if self.peek() != Some(b':') {
            return self.error();
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether another element follows after [`Value::Array`]; it must be read next. `first` is
    /// true for the first call of each array.
    pub fn element(&mut self, first: bool) -> Result<bool, SyntaxError> {
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                // `[1,]` is not JSON.
                if self.peek() == Some(b']') { self.error() } else { Ok(true) }
            }
            Some(_) if first => Ok(true),
            _ => self.error(),
        }
    }

    /// Skips the rest of a value whose beginning was read.
    pub fn skip(&mut self, begun: Value<'a>) -> Result<(), SyntaxError> {
        // Whether each open container is an object; there may be any number of them.
        let mut open: Vec<bool> = Vec::new();
        match begun {
            Value::Array => open.push(false),
            Value::Object => open.push(true),
            _ => return Ok(()),
        }
        let mut first = true;
        while let Some(&object) = open.last() {
            let more = if object { self.member(first)?.is_some() } else { self.element(first)? };
            first = false;
            if !more {
                open.pop();
                continue;
            }
            match self.value()? {
                Value::Array => {
                    open.push(false);
                    first = true;
                }
                Value::Object => {
                    open.push(true);
                    first = true;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Fails unless only white space is left.
    pub fn end(&mut self) -> Result<(), SyntaxError> {
        if self.peek().is_none() { Ok(()) } else { self.error() }
    }

    #[inline(always)]
    fn text_after_quote(&mut self) -> Result<Text<'a>, SyntaxError> {
        let start = self.at;
        let end = plain_end(self.text.as_bytes(), start);
        let raw = self.text.as_bytes().get(start..end).unwrap_or_default();
        self.at = end + 1;
        match self.text.as_bytes().get(end) {
            // Most texts, and nearly all keys, end here.
            Some(b'"') => Ok(Text { raw, escaped: false, canonical: true }),
            _ => self.text_with_escapes(start, end),
        }
    }

    /// Reads the rest of a text from its first byte that needs attention.
    #[inline(never)]
    fn text_with_escapes(&mut self, start: usize, from: usize) -> Result<Text<'a>, SyntaxError> {
        self.at = from;
        let (mut escaped, mut canonical) = (false, true);
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    let after = self.rest().get(1..).unwrap_or_default();
                    match after.first() {
                        Some(b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r') => self.at += 2,
                        Some(b'/') => {
                            canonical = false;
                            self.at += 2;
                        }
                        Some(b'u') if hex4(after.get(1..).unwrap_or_default()).is_some() => {
                            canonical = false;
                            self.at += 6;
                        }
                        _ => return self.error(),
                    }
                }
                _ => return self.error(),
            }
            self.at = plain_end(self.text.as_bytes(), self.at);
        }
        let raw = self.text.as_bytes().get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok(Text { raw, escaped, canonical })
    }

    #[inline(always)]
    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn number(&mut self) -> Result<Number<'a>, SyntaxError> {
        let start = self.at;
        if self.rest().first() == Some(&b'-') {
            self.at += 1;
            if self.rest().first() == Some(&b'I') {
                return self.take("Infinity").map(|()| Number::NonFinite("-Infinity"));
            }
        }
        let zero = self.rest().first() == Some(&b'0');
        match self.digits() {
            0 => return self.error(),
            1 => {}
            _ if zero => return self.error(),
            _ => {}
        }
        let mut integer = true;
        if self.rest().first() == Some(&b'.') {
            self.at += 1;
            integer = false;
            if self.digits() == 0 {
                return self.error();
            }
        }
        if let Some(b'e' | b'E') = self.rest().first() {
            self.at += 1;
            integer = false;
            if let Some(b'+' | b'-') = self.rest().first() {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.error();
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(if integer { Number::Integer(text) } else { Number::Float(text) })
    }
}
