//! Finding what must be escaped, sixteen bytes at a time.

/// How many bytes from the start of `bytes` need no attention: no quote, backslash or control.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut plain = 0;
    for block in bytes.as_chunks::<16>().0 {
        if has_special(block) {
            break;
        }
        plain += 16;
    }
    // What is left, and most keys, are shorter: eight bytes at a time, by arithmetic on a word.
    let rest = bytes.get(plain..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            return plain + (found.trailing_zeros() >> 3) as usize;
        }
        plain += 8;
    }
    plain + tail.iter().position(|&b| is_special(b)).unwrap_or(tail.len())
}

/// Whether any byte of the block needs attention.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn has_special(block: &[u8; 16]) -> bool {
    use core::arch::wasm32::{u8x16_eq, u8x16_lt, u8x16_splat, v128_any_true, v128_load, v128_or};
    // SAFETY: the block is 16 bytes that may be read, and a load needs no alignment.
    let bytes = unsafe { v128_load(block.as_ptr().cast()) };
    let quote_or_backslash =
        v128_or(u8x16_eq(bytes, u8x16_splat(b'"')), u8x16_eq(bytes, u8x16_splat(b'\\')));
    v128_any_true(v128_or(quote_or_backslash, u8x16_lt(bytes, u8x16_splat(0x20))))
}

/// Whether any byte of the block needs attention. No branch, so that the compiler makes it a
/// few vector operations.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn has_special(block: &[u8; 16]) -> bool {
    block.iter().fold(false, |found, &byte| found | is_special(byte))
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

/// Up to so many bytes are copied word by word.
const SHORT: usize = 64;

/// Appends bytes. What is written is mostly short, and inside a component each block copy is a call
/// out of it, which costs more than to copy a few words.
#[inline(never)]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len();
    if length > SHORT {
        out.extend_from_slice(bytes);
        return;
    }
    out.reserve(length);
    let (from, to) = (bytes.as_ptr(), out.spare_capacity_mut().as_mut_ptr().cast::<u8>());
    // SAFETY: `length` bytes may be read at `from`, and were just reserved at `to`, which is memory
    // of another allocation. Every copy lies inside both: the last of a size ends at `length`, and
    // overlaps the one before.
    unsafe {
        if length >= 16 {
            let mut at = 0;
            while at + 16 < length {
                copy::<16>(from, to, at);
                at += 16;
            }
            copy::<16>(from, to, length - 16);
        } else if length >= 8 {
            copy::<8>(from, to, 0);
            copy::<8>(from, to, length - 8);
        } else if length >= 4 {
            copy::<4>(from, to, 0);
            copy::<4>(from, to, length - 4);
        } else {
            for at in 0..length {
                copy::<1>(from, to, at);
            }
        }
        out.set_len(out.len() + length);
    }
}

/// # Safety
/// `N` bytes from `at` on may be read at `from` and written at `to`.
unsafe fn copy<const N: usize>(from: *const u8, to: *mut u8, at: usize) {
    // SAFETY: promised by the caller; arrays of bytes need no alignment.
    unsafe { *to.add(at).cast::<[u8; N]>() = *from.add(at).cast::<[u8; N]>() }
}

/// Appends `text` as the inside of a JSON string, without quotes, with the shortest escapes
/// (RFC 8785 section 3.2.2.2).
pub fn write_escaped(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    loop {
        let plain = plain_prefix(rest);
        let (head, tail) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        append(out, head);
        let Some((&byte, after)) = tail.split_first() else { return };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0C => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(hex_digit(byte >> 4));
                out.push(hex_digit(byte & 15));
            }
        }
        rest = after;
    }
}

/// The lower-case digit of a value below 16.
fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + (value - 10) }
}

/// Appends `before` and a text as a JSON string.
pub fn put_string(out: &mut Vec<u8>, before: &str, text: &str) {
    append(out, before.as_bytes());
    write_string(out, text);
}

/// Appends `before` and an integer in decimal.
pub fn put_integer(out: &mut Vec<u8>, before: &str, value: u64) {
    append(out, before.as_bytes());
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
pub fn write_integer(out: &mut Vec<u8>, value: u64) {
    let mut buffer = itoa::Buffer::new();
    append(out, buffer.format(value).as_bytes());
}

/// Appends `text` as a JSON string.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}
