//! Writes canonical JSON from a [`Reader`], ordering the keys of each object as it goes.

use crate::reader::{Number, Reader, SyntaxError, Text, Value};
use crate::{MAX_DEPTH, append, put, write_escaped};
use std::cmp::Ordering;

/// The text in place of a container that is nested too deeply.
pub fn too_deep_text() -> &'static str {
    "[nested deeper than 32 levels]"
}

/// Where one member of an object lies in the output.
#[derive(Debug, Clone, Copy)]
struct MemberRange {
    start: usize,
    key_end: usize,
    end: usize,
}

/// Buffers that are used again from value to value.
#[derive(Debug, Default)]
pub struct Canonicalizer {
    members: Vec<MemberRange>,
    scratch: Vec<u8>,
    cut: usize,
}

impl Canonicalizer {
    /// Appends the canonical form of a value whose beginning was read.
    pub fn write<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        begun: Value<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), SyntaxError> {
        self.write_at(reader, begun, out, 0)
    }

    /// How many containers were replaced as too deep since the last call.
    pub fn take_cut(&mut self) -> usize {
        std::mem::take(&mut self.cut)
    }

    fn write_at<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        begun: Value<'a>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), SyntaxError> {
        match begun {
            Value::Null => put(out, "null"),
            Value::Bool(true) => put(out, "true"),
            Value::Bool(false) => put(out, "false"),
            Value::Number(number) => write_number(out, number),
            Value::Text(text) => write_text(out, text),
            Value::Array | Value::Object if depth >= MAX_DEPTH => {
                reader.skip(begun)?;
                self.cut += 1;
                out.push(b'"');
                append(out, too_deep_text().as_bytes());
                out.push(b'"');
            }
            Value::Array => {
                out.push(b'[');
                let mut first = true;
                while reader.element(first)? {
                    if !first {
                        out.push(b',');
                    }
                    first = false;
                    let value = reader.value()?;
                    self.write_at(reader, value, out, depth + 1)?;
                }
                out.push(b']');
            }
            Value::Object => self.write_object(reader, out, depth)?,
        }
        Ok(())
    }

    fn write_object<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), SyntaxError> {
        out.push(b'{');
        let base = self.members.len();
        let body = out.len();
        let mut ordered = true;
        let mut previous: Option<MemberRange> = None;
        while let Some(key) = reader.member(previous.is_none())? {
            if previous.is_some() {
                out.push(b',');
            }
            let start = out.len();
            write_text(out, key);
            let key_end = out.len();
            out.push(b':');
            let value = reader.value()?;
            if let Err(error) = self.write_at(reader, value, out, depth + 1) {
                self.members.truncate(base);
                return Err(error);
            }
            let member = MemberRange { start, key_end, end: out.len() };
            if let Some(last) = previous {
                let order = compare_keys(key_text(out, last), key_text(out, member));
                ordered &= order == Ordering::Less;
            }
            self.members.push(member);
            previous = Some(member);
        }
        if !ordered {
            self.reorder(out, base, body);
        }
        self.members.truncate(base);
        out.push(b'}');
        Ok(())
    }

    /// Puts the members written since `body` into order; of equal keys the last one stays.
    fn reorder(&mut self, out: &mut Vec<u8>, base: usize, body: usize) {
        let members = self.members.get_mut(base..).unwrap_or_default();
        // Stable, so that of equal keys the one written last comes last.
        crate::sort::sort_by(members, |a, b| compare_keys(key_text(out, *a), key_text(out, *b)));
        self.scratch.clear();
        for (index, member) in members.iter().enumerate() {
            let repeated = members.get(index + 1).is_some_and(|next| {
                compare_keys(key_text(out, *member), key_text(out, *next)) == Ordering::Equal
            });
            if repeated {
                continue;
            }
            if !self.scratch.is_empty() {
                self.scratch.push(b',');
            }
            append(&mut self.scratch, out.get(member.start..member.end).unwrap_or_default());
        }
        out.truncate(body);
        append(out, &self.scratch);
    }
}

fn key_text(out: &[u8], member: MemberRange) -> &[u8] {
    out.get(member.start + 1..member.key_end.saturating_sub(1)).unwrap_or_default()
}

fn write_text(out: &mut Vec<u8>, text: Text<'_>) {
    out.reserve(text.raw_len() + 2);
    out.push(b'"');
    text.write(out);
    out.push(b'"');
}

/// Appends a number in canonical form; the crate says what becomes of one that is not a plain double.
pub fn write_number(out: &mut Vec<u8>, number: Number<'_>) {
    match number {
        // Fifteen digits are exact in a double, so they are copied.
        Number::Integer(text) if text.len() <= 15 && text != "-0" => {
            append(out, text.as_bytes());
        }
        Number::Integer(text) => {
            let value: f64 = text.parse().unwrap_or(f64::NAN);
            let mut buffer = ryu_js::Buffer::new();
            let printed = buffer.format(value);
            if printed == text || text == "-0" {
                append(out, printed.as_bytes());
            } else {
                out.push(b'"');
                append(out, text.as_bytes());
                out.push(b'"');
            }
        }
        Number::Float(text) if is_shortest(text.as_bytes()) => append(out, text.as_bytes()),
        Number::Float(text) => {
            let value: f64 = text.parse().unwrap_or(f64::NAN);
            if value.is_finite() {
                write_double(out, value);
            } else {
                // Beyond the largest double: the text is all that can be kept.
                out.push(b'"');
                write_escaped(out, text.as_bytes());
                out.push(b'"');
            }
        }
        Number::NonFinite(name) => {
            out.push(b'"');
            append(out, name.as_bytes());
            out.push(b'"');
        }
    }
}

/// Whether a number with a fraction is written as ECMAScript would write its double. Up to fifteen
/// digits identify a double, so these digits are the shortest that do, unless they end with a zero.
fn is_shortest(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    // Below 0.000001 there is an exponent; 15 digits and the point.
    let not_small = !digits.starts_with(b"0.00000");
    plain && not_small && digits.len() <= 16 && digits.last() != Some(&b'0')
}

/// Appends a finite double as ECMAScript's `Number::toString` does (RFC 8785 section 3.2.2.3).
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    let mut buffer = ryu_js::Buffer::new();
    append(out, buffer.format_finite(value).as_bytes());
}

/// The order of two escaped keys in canonical form: by UTF-16 code units (RFC 8785 section
/// 3.2.3).
pub fn compare_keys(a: &[u8], b: &[u8]) -> Ordering {
    // Bytes decide, unless an escape or a character beyond ASCII comes before they differ.
    for (x, y) in a.iter().zip(b) {
        if *x == b'\\' || *y == b'\\' || (*x >= 0x80 && *y >= 0x80 && x != y) {
            return units(a).cmp(&units(b));
        }
        if x != y {
            return x.cmp(y);
        }
    }
    a.len().cmp(&b.len())
}

fn units(key: &[u8]) -> Vec<u16> {
    let quoted = format!("\"{}\"", String::from_utf8_lossy(key));
    match Reader::new(&quoted).value() {
        Ok(Value::Text(text)) => text.decode().encode_utf16().collect(),
        _ => Vec::new(),
    }
}
