//! Finding what must be escaped, sixteen bytes at a time.

use crate::append::{append, put};

/// Where, from `at` on, the first byte is that needs attention: a quote, a backslash or a control.
/// The length of `bytes` if there is none.
#[inline]
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
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
        (Some(first), Some(last)) => {
            (special_bytes(u64::from_le_bytes(*first)) | special_bytes(u64::from_le_bytes(*last)))
                == 0
        }
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

/// The first byte of the block that needs attention, and perhaps later ones, as bits from the
/// lowest.
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline]
fn specials(block: &[u8; 16]) -> u32 {
    let (words, _) = block.as_chunks::<8>();
    let bit = |at: usize, word: u64| match special_bytes(word) {
        0 => 0,
        found => 1 << (at * 8 + (found.trailing_zeros() >> 3) as usize),
    };
    words.iter().enumerate().fold(0, |all, (at, word)| all | bit(at, u64::from_le_bytes(*word)))
}

/// The high bit of the first byte that is a quote, a backslash or a control, and perhaps of
/// later bytes; 0 if there is none.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
    let equals = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | equals(b'"') | equals(b'\\')
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

/// The 32 lower-case hexadecimal digits of a number.
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
