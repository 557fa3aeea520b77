//! What functions are given: texts, kinds, options and headers.

use crate::outcome::invalid;
use std::borrow::Cow;
use std::ffi::c_char;
use std::slice;
use witspan::{Error, SpanKind, SpanOption};

/// A text: what is not UTF-8 becomes U+FFFD. NULL is empty, and so is a length that no memory has.
pub(crate) unsafe fn text<'a>(data: *const c_char, length: usize) -> Cow<'a, str> {
    if data.is_null() || isize::try_from(length).is_err() {
        return Cow::Borrowed("");
    }
    let bytes = slice::from_raw_parts(data.cast(), length);
    // Checked first, since that takes many bytes at a time, and the repair only one.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// A text of which NULL means that it is not given.
pub(crate) unsafe fn given<'a>(data: *const c_char, length: usize) -> Option<Cow<'a, str>> {
    (!data.is_null()).then(|| text(data, length))
}

/// A kind by its number.
pub(crate) fn kind(number: u32) -> Result<SpanKind, Error> {
    const KINDS: [SpanKind; 7] = [
        SpanKind::Llm,
        SpanKind::Workflow,
        SpanKind::Agent,
        SpanKind::Tool,
        SpanKind::Task,
        SpanKind::Embedding,
        SpanKind::Retrieval,
    ];
    let kind = KINDS.get(number as usize).copied();
    kind.ok_or_else(|| invalid("kind", number, "a kind from 0 to 6"))
}

/// `witspan_option`.
#[repr(C)]
pub(crate) struct RawOption {
    option: u64,
    text: *const c_char,
    number: u64,
}

/// Options with their texts, which were perhaps repaired.
#[derive(Default)]
pub(crate) struct Options<'a> {
    kept: Vec<(u64, Cow<'a, str>)>,
    start_ns: Option<u64>,
    pub(crate) remote: Option<Cow<'a, str>>,
}

impl<'a> Options<'a> {
    pub(crate) unsafe fn read(
        options: *const RawOption,
        count: usize,
    ) -> Result<Options<'a>, Error> {
        let mut read = Options::default();
        if options.is_null() {
            return Ok(read);
        }
        for RawOption { option, text: data, number } in slice::from_raw_parts(options, count) {
            let text = || text(*data, usize::try_from(*number).unwrap_or(usize::MAX));
            match option {
                5 => read.start_ns = Some(*number),
                7 => read.remote = Some(text()),
                1..=4 | 6 => read.kept.push((*option, text())),
                _ => return Err(invalid("option", option, "an option from 1 to 7")),
            }
        }
        Ok(read)
    }

    /// As the host takes them.
    pub(crate) fn lend(&self) -> Vec<SpanOption<'_>> {
        let texts = self.kept.iter().map(|(option, text)| match option {
            1 => SpanOption::SessionId(text),
            2 => SpanOption::MlApp(text),
            3 => SpanOption::ModelName(text),
            4 => SpanOption::ModelProvider(text),
            _ => SpanOption::Context(text),
        });
        texts.chain(self.start_ns.map(SpanOption::StartNs)).collect()
    }
}

/// Headers from lines as HTTP has them. One space after the colon belongs to the form, what follows to
/// the value.
pub(crate) fn headers(text: &str) -> Vec<(&str, &str)> {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name, value.strip_prefix(' ').unwrap_or(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_is_replaced_and_what_is_no_memory_is_empty() {
        let read = |bytes: &[u8]| {
            // SAFETY: the bytes are there.
            unsafe { text(bytes.as_ptr().cast(), bytes.len()) }.into_owned()
        };
        assert_eq!(read(b"a\xffb\xc3"), "a\u{fffd}b\u{fffd}");
        assert_eq!(read(b"\xed\xa0\x80"), "\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(read("naïve".as_bytes()), "naïve");
        // SAFETY: nothing of these is read.
        unsafe {
            assert_eq!(text(std::ptr::null(), 9), "");
            assert_eq!(text(c"x".as_ptr(), usize::MAX), "");
            assert_eq!(given(std::ptr::null(), 0), None);
            assert_eq!(given(c"".as_ptr(), 0).as_deref(), Some(""));
        }
    }

    #[test]
    fn headers_are_lines_and_a_value_keeps_its_spaces() {
        let text = "a: 1\r\nB:2\n\nnothing\nc:  x: y \r\nlast: ";
        let expected = [("a", "1"), ("B", "2"), ("c", " x: y "), ("last", "")];
        assert_eq!(headers(text), expected);
    }
}
