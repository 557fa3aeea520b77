//! An object whose members are merged by key: metadata, metrics and tags.

use crate::append::{append, put};
use crate::canonical::compare_keys;
use crate::reader::Text;
use std::cmp::Ordering;

#[derive(Debug, Clone, Copy)]
struct Range {
    start: u32,
    key_end: u32,
    end: u32,
}

/// Members in canonical form, in one buffer, with an index in key order.
///
/// A member is the escaped key directly followed by its value; the caller adds what is between the two
/// on the wire. The bytes of replaced members stay until the span is gone. They count in its size, so
/// the bound holds.
#[derive(Debug, Default, Clone)]
pub struct Members {
    bytes: Vec<u8>,
    index: Vec<Range>,
    /// Where the key of the member that was begun last starts, and where its value does.
    begun: (usize, usize),
}

impl Members {
    /// Begins a member: its value is to be appended to the buffer, then [`Members::end`] follows.
    /// A member that is begun and not ended does not count.
    pub fn begin(&mut self, key: Text<'_>) -> &mut Vec<u8> {
        let start = self.bytes.len();
        key.write(&mut self.bytes);
        self.begun = (start, self.bytes.len());
        &mut self.bytes
    }

    /// As [`Members::begin`], with an escaped key.
    pub fn begin_escaped(&mut self, key: &[u8]) -> &mut Vec<u8> {
        let start = self.bytes.len();
        append(&mut self.bytes, key);
        self.begun = (start, self.bytes.len());
        &mut self.bytes
    }

    /// Ends the member that was begun: it replaces one of the same key.
    pub fn end(&mut self) {
        let (start, key_end) = self.begun;
        self.file(start, key_end);
    }

    /// Puts the member at the end of the buffer into the index.
    fn file(&mut self, start: usize, key_end: usize) {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let range =
            Range { start: small(start), key_end: small(key_end), end: small(self.bytes.len()) };
        let key = self.bytes.get(start..key_end).unwrap_or_default();
        // Keys mostly come in order; then no search is needed.
        let last =
            self.index.last().map(|last| compare_keys(self.slice(last.start, last.key_end), key));
        if matches!(last, None | Some(Ordering::Less)) {
            self.index.push(range);
            return;
        }
        match self.search(key) {
            Ok(at) => {
                if let Some(old) = self.index.get_mut(at) {
                    *old = range;
                }
            }
            Err(at) => self.index.insert(at, range),
        }
    }

    #[inline(always)]
    fn slice(&self, start: u32, end: u32) -> &[u8] {
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Merges `newer`, whose members win.
    pub fn merge(&mut self, newer: &Members) {
        if self.index.is_empty() {
            if !newer.is_empty() {
                self.clone_from(newer);
            }
            return;
        }
        for (key, value) in newer.iter() {
            self.set(key, value);
        }
    }

    /// Frees the memory of its buffers that it does not use.
    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.index.shrink_to_fit();
    }

    /// The value of a member by its escaped key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let at = self.find(key)?;
        self.index.get(at).map(|r| self.slice(r.key_end, r.end))
    }

    /// Whether there is a member of this escaped key. Quicker than [`Members::get`] where there are
    /// few, which mostly differ in length.
    pub fn has(&self, key: &[u8]) -> bool {
        let mut ranges = self.index.iter();
        ranges.any(|r| {
            (r.key_end - r.start) as usize == key.len() && self.slice(r.start, r.key_end) == key
        })
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &[u8]) {
        if let Some(at) = self.find(key) {
            self.index.remove(at);
        }
    }

    /// Keeps the members for whose escaped keys `keep` is true.
    pub fn retain(&mut self, keep: &mut dyn FnMut(&[u8]) -> bool) {
        let bytes = &self.bytes;
        self.index
            .retain(|r| keep(bytes.get(r.start as usize..r.key_end as usize).unwrap_or_default()));
    }

    fn find(&self, key: &[u8]) -> Option<usize> {
        self.search(key).ok()
    }

    #[inline(never)]
    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        self.index.binary_search_by(|r| compare_keys(self.slice(r.start, r.key_end), key))
    }

    /// Sets a member whose key and value are in wire form.
    pub fn set(&mut self, key: &[u8], value: &[u8]) {
        append(self.begin_escaped(key), value);
        self.end();
    }

    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.index.clear();
    }

    /// Keys (escaped) and values, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index.iter().map(|r| (self.slice(r.start, r.key_end), self.slice(r.key_end, r.end)))
    }

    /// Members whole, with the length of their keys, in key order.
    pub fn iter_whole(&self) -> impl Iterator<Item = Tag<'_>> {
        self.index.iter().map(|r| ((r.key_end - r.start) as usize, self.slice(r.start, r.end)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Bytes that they take.
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.bytes.len() + size_of_val(self.index.as_slice())
    }

    /// Appends the members as a JSON object.
    pub fn write_object(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (n, (key, value)) in self.iter().enumerate() {
            match n {
                0 => put(out, "\""),
                _ => put(out, ",\""),
            }
            append(out, key);
            put(out, "\":");
            append(out, value);
        }
        out.push(b'}');
    }
}

/// One tag, `key:value`: the length of its escaped key, and the whole escaped text.
pub type Tag<'a> = (usize, &'a [u8]);

/// Appends tags as a JSON list, in order of their whole text.
pub fn write_tag_list(tags: &mut [Tag<'_>], out: &mut Vec<u8>) {
    crate::sort::sort_by(tags, |a, b| match (a.1.first(), b.1.first()) {
        // Most differ there, and need no call.
        (Some(x), Some(y)) if x != y => x.cmp(y),
        _ => a.1.cmp(b.1),
    });
    out.push(b'[');
    for (n, (_, text)) in tags.iter().enumerate() {
        match n {
            0 => put(out, "\""),
            _ => put(out, ",\""),
        }
        append(out, text);
        out.push(b'"');
    }
    out.push(b']');
}
