//! Appending bytes that are mostly few.
//!
//! Inside a component each block copy is a call to the runtime, which costs more than to copy some
//! words. A function call for a handful of bytes costs more than the copy, too.

/// The most bytes that are copied block by block.
const SHORT: usize = 256;

/// Sixteen bytes that are read and written at once.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
type Block = core::arch::wasm32::v128;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
type Block = [u8; 16];

/// Appends bytes.
#[inline(never)]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len();
    if length > SHORT {
        out.extend_from_slice(bytes);
        return;
    }
    make_room(out, length);
    let (from, to) = (bytes.as_ptr(), out.spare_capacity_mut().as_mut_ptr().cast::<u8>());
    // SAFETY: `length` bytes may be read at `from`, and were just reserved at `to`, which is memory
    // of another allocation. Every copy lies inside both: the last of a size ends at `length`, and
    // overlaps the one before.
    unsafe {
        if length >= 16 {
            let mut at = 0;
            while at + 16 < length {
                copy::<Block>(from, to, at);
                at += 16;
            }
            copy::<Block>(from, to, length - 16);
        } else if length >= 8 {
            copy::<u64>(from, to, 0);
            copy::<u64>(from, to, length - 8);
        } else if length >= 4 {
            copy::<u32>(from, to, 0);
            copy::<u32>(from, to, length - 4);
        } else if length > 0 {
            copy::<u8>(from, to, 0);
            copy::<u8>(from, to, length >> 1);
            copy::<u8>(from, to, length - 1);
        }
        out.set_len(out.len() + length);
    }
}

/// Makes room for `length` more bytes. Nearly always there is room already.
#[inline(always)]
fn make_room(out: &mut Vec<u8>, length: usize) {
    #[cold]
    #[inline(never)]
    fn grow(out: &mut Vec<u8>, length: usize) {
        out.reserve(length);
    }
    if out.capacity() - out.len() < length {
        grow(out, length);
    }
}

/// # Safety
/// As many bytes as a `T` has may be read at `from`, and written at `to`, from `at` on.
#[inline(always)]
unsafe fn copy<T>(from: *const u8, to: *mut u8, at: usize) {
    // SAFETY: promised by the caller; neither needs alignment.
    unsafe { to.add(at).cast::<T>().write_unaligned(from.add(at).cast::<T>().read_unaligned()) }
}

/// Appends a short literal. The bytes become part of the code of the caller, so nothing is called for
/// them.
#[inline(always)]
pub fn put(out: &mut Vec<u8>, literal: &str) {
    let length = literal.len();
    make_room(out, length);
    let end = out.spare_capacity_mut().as_mut_ptr();
    // SAFETY: `length` bytes were just reserved there, in memory that does not overlap the literal.
    unsafe {
        core::ptr::copy_nonoverlapping(literal.as_ptr(), end.cast::<u8>(), length);
        out.set_len(out.len() + length);
    }
}

/// As [`put`], for what not every span has: a call, which is less code.
#[inline(never)]
pub fn add(out: &mut Vec<u8>, literal: &str) {
    append(out, literal.as_bytes());
}
