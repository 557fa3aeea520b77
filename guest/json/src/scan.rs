//! Finding what must be escaped, sixteen bytes at a time.

use crate::append::{add, append, put};

/// The place of the first byte from `at` on that needs attention: a quote, a backslash or a control
/// character. The length of `bytes` if there is none.
#[inline(always)]
pub(super) fn plain_end(bytes: &[u8], at: usize) -> usize {
    plain_end_with(bytes, at, specials)
}

/// The same, with a function that finds the special bytes of a block, as bits from the lowest.
#[inline(always)]
fn plain_end_with(bytes: &[u8], mut at: usize, specials: impl Fn(&[u8; 16]) -> u32) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = specials(block);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    if at >= bytes.len() {
        return bytes.len();
    }
    match bytes.last_chunk() {
        // The last sixteen bytes once more, without those that were looked at.
        Some(block) => match specials(block) >> (at + 16 - bytes.len()) {
            0 => bytes.len(),
            found => at + found.trailing_zeros() as usize,
        },
        None => short_plain_end(bytes, at),
    }
}

/// The same in fewer than sixteen bytes.
fn short_plain_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let plain = match (rest.first_chunk(), rest.last_chunk()) {
        (Some(first), Some(last)) => portable::marks(*first) | portable::marks(*last) == 0,
        _ => false,
    };
    match plain {
        true => bytes.len(),
        false => at + rest.iter().position(|&b| is_special(b)).unwrap_or(rest.len()),
    }
}

/// The bytes of the block that need attention, as bits from the lowest.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
fn specials(block: &[u8; 16]) -> u32 {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_min, u8x16_splat, v128_load, v128_or};
    // SAFETY: the block is 16 bytes that may be read, and a load needs no alignment.
    let bytes = unsafe { v128_load(block.as_ptr().cast()) };
    let quote_or_backslash =
        v128_or(u8x16_eq(bytes, u8x16_splat(b'"')), u8x16_eq(bytes, u8x16_splat(b'\\')));
    // Processors compare bytes for order as signed ones only.
    let control = u8x16_eq(bytes, u8x16_min(bytes, u8x16_splat(0x1F)));
    u32::from(u8x16_bitmask(v128_or(quote_or_backslash, control)))
}

/// The bytes of the block that need attention, as bits from the lowest.
#[cfg(target_arch = "x86_64")]
#[inline]
fn specials(block: &[u8; 16]) -> u32 {
    use core::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };
    // SAFETY: the block is 16 bytes that may be read, and this load needs no alignment; every
    // x86-64 has these instructions.
    unsafe {
        let bytes = _mm_loadu_si128(block.as_ptr().cast());
        let equals = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
        let control = _mm_cmpeq_epi8(bytes, _mm_min_epu8(bytes, _mm_set1_epi8(0x1F)));
        let found = _mm_or_si128(_mm_or_si128(equals(b'"'), equals(b'\\')), control);
        _mm_movemask_epi8(found).cast_unsigned()
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
use portable::specials;

/// Eight bytes at a time as one number, on any machine. Built everywhere, so that the tests compare
/// it with the instructions of the machine that they run on.
mod portable {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;

    /// The bytes of the block that need attention, as bits from the lowest.
    #[cfg_attr(
        any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")),
        allow(dead_code, reason = "the tests call it on every machine")
    )]
    #[inline]
    pub(super) fn specials(block: &[u8; 16]) -> u32 {
        let (words, _) = block.as_chunks::<8>();
        words.iter().rev().fold(0, |bits, word| bits << 8 | gathered(marks(*word)))
    }

    /// The high bit of each byte that needs attention, the first byte being the lowest.
    ///
    /// No byte looks at another: a sum that carries, as the usual test for a zero byte has one,
    /// would mark further bytes after the first that are not special.
    #[inline]
    pub(super) fn marks(bytes: [u8; 8]) -> u64 {
        let word = u64::from_le_bytes(bytes);
        // The high bit where the byte is not zero.
        let some = |word: u64| ((word & LOW) + LOW) | word;
        let all_of = |byte: u8| u64::from_ne_bytes([byte; 8]);
        let plain =
            some(word & all_of(0xE0)) & some(word ^ all_of(b'"')) & some(word ^ all_of(b'\\'));
        !(plain | LOW)
    }

    /// The marks side by side. Each goes to a place of its own, so that no sum carries.
    fn gathered(marks: u64) -> u32 {
        ((marks >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    }
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Appends `text` as the inside of a JSON string, without quotes, with the shortest escapes
/// (RFC 8785 section 3.2.2.2).
pub fn write_escaped(out: &mut Vec<u8>, text: &[u8]) {
    let mut at = 0;
    loop {
        let end = plain_end(text, at);
        append(out, text.get(at..end).unwrap_or_default());
        let Some(&byte) = text.get(end) else { return };
        match byte {
            b'"' => put(out, "\\\""),
            b'\\' => put(out, "\\\\"),
            0x08 => put(out, "\\b"),
            b'\t' => put(out, "\\t"),
            b'\n' => put(out, "\\n"),
            0x0C => put(out, "\\f"),
            b'\r' => put(out, "\\r"),
            _ => {
                put(out, "\\u00");
                out.push(hex_digit(byte >> 4));
                out.push(hex_digit(byte & 15));
            }
        }
        at = end + 1;
    }
}

/// The lower-case digit of a value below 16.
#[inline(always)]
fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + (value - 10) }
}

/// Appends `before` and a text as a JSON string.
#[inline(always)]
pub fn put_string(out: &mut Vec<u8>, before: &str, text: &str) {
    put(out, before);
    write_string(out, text);
}

/// Appends `before` and an integer in decimal.
#[inline(always)]
pub fn put_integer(out: &mut Vec<u8>, before: &str, value: u64) {
    put(out, before);
    write_integer(out, value);
}

/// As [`put_string`], for what not every span has.
#[inline(never)]
pub fn add_string(out: &mut Vec<u8>, before: &str, text: &str) {
    add(out, before);
    write_string(out, text);
}

/// The 32 lower-case hexadecimal digits of a number.
#[inline(always)]
pub fn hexadecimal(number: u128) -> [u8; 32] {
    let mut text = [0; 32];
    for (digits, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(number.to_be_bytes()) {
        *digits = [byte >> 4, byte & 15].map(hex_digit);
    }
    text
}

/// Appends an integer in decimal.
#[inline(never)]
pub fn write_integer(out: &mut Vec<u8>, value: u64) {
    let mut buffer = itoa::Buffer::new();
    append(out, buffer.format(value).as_bytes());
}

/// Appends `text` as a JSON string.
#[inline(never)]
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(block: &[u8]) -> u32 {
        block.iter().rev().fold(0, |bits, byte| bits << 1 | u32::from(is_special(*byte)))
    }

    /// Checks one block, with the machine's own instructions and without them.
    #[track_caller]
    fn check(block: [u8; 16]) {
        let expected = expected(&block);
        assert_eq!(specials(&block), expected, "{block:02x?}");
        assert_eq!(portable::specials(&block), expected, "{block:02x?}, portable");
    }

    /// Numbers that are the same in every run.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 29)
    }

    #[test]
    fn every_byte_is_found_in_every_place_beside_every_other() {
        for at in 0..16 {
            for byte in 0..=255 {
                for others in 0..=255 {
                    let mut block = [others; 16];
                    block[at] = byte;
                    check(block);
                }
            }
        }
    }

    #[test]
    fn any_pattern_of_special_bytes_is_found_whatever_is_between() {
        // Neighbours of the special ones, and what differs from them in one bit.
        let plain = b" !#[]\x7f\x80\xa2\xdc\x5d\x23\x9f\xffa0";
        let special = b"\"\\\x00\x01\x1f\n";
        let mut state = 0;
        for pattern in 0..1_u32 << 16 {
            for _ in 0..4 {
                let block = std::array::from_fn(|at| {
                    let of: &[u8] = if pattern >> at & 1 == 1 { special } else { plain };
                    of[random(&mut state) as usize % of.len()]
                });
                check(block);
                assert_eq!(expected(&block), pattern);
            }
        }
    }

    #[test]
    fn the_first_special_byte_is_found_at_any_length_and_from_any_place() {
        let mut state = 1;
        for length in 0..70 {
            for one in 0..=length {
                for other in one..=length {
                    let mut bytes = vec![b'a'; length];
                    for at in [one, other] {
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte = b"\"\\\x1f"[random(&mut state) as usize % 3];
                        }
                    }
                    for from in 0..=length {
                        let found = bytes[from..].iter().position(|byte| is_special(*byte));
                        let expected = found.map_or(length, |at| from + at);
                        assert_eq!(plain_end_with(&bytes, from, specials), expected);
                        assert_eq!(plain_end_with(&bytes, from, portable::specials), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn escaped_texts_are_read_back() {
        let mut state = 2;
        for length in 0..200 {
            for _ in 0..50 {
                let text: String =
                    (0..length).map(|_| char::from(random(&mut state) as u8 & 0x7F)).collect();
                let mut out = Vec::new();
                write_string(&mut out, &text);
                let read: String = serde_json::from_slice(&out).unwrap();
                assert_eq!(read, text);
            }
        }
    }
}
