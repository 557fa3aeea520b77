//! An object whose members are merged by key: metadata, metrics and tags.

use crate::json::compare_keys;
use std::cmp::Ordering;

#[derive(Debug, Clone, Copy)]
struct Range {
    start: u32,
    key_end: u32,
    end: u32,
}

/// Members in canonical form, in one buffer, with an index in key order.
///
/// A member is the escaped key directly followed by its value; what stands between the two on
/// the wire is the reader's to add. Bytes of replaced members stay until the span is gone: they
/// count for its size, so the bound holds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Members {
    bytes: Vec<u8>,
    index: Vec<Range>,
}

impl Members {
    /// Appends a member: `write` appends its value to the buffer, in which the key lies already.
    pub(crate) fn insert<E>(
        &mut self,
        key: impl FnOnce(&mut Vec<u8>),
        value: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        key(&mut self.bytes);
        let key_end = self.bytes.len();
        if let Err(error) = value(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.file(start, key_end);
        Ok(())
    }

    /// Puts the member that ends the buffer into the index.
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
        let found =
            self.index.binary_search_by(|r| compare_keys(self.slice(r.start, r.key_end), key));
        match found {
            Ok(at) => {
                if let Some(old) = self.index.get_mut(at) {
                    *old = range;
                }
            }
            Err(at) => self.index.insert(at, range),
        }
    }

    fn slice(&self, start: u32, end: u32) -> &[u8] {
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Merges `newer`, whose members win.
    pub(crate) fn merge(&mut self, newer: &Members) {
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

    /// The value of a member by its escaped key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let at = self.find(key)?;
        self.index.get(at).map(|r| self.slice(r.key_end, r.end))
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        if let Some(at) = self.find(key) {
            self.index.remove(at);
        }
    }

    /// Keeps the members whose escaped keys `keep` says.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        let bytes = &self.bytes;
        self.index
            .retain(|r| keep(bytes.get(r.start as usize..r.key_end as usize).unwrap_or_default()));
    }

    fn find(&self, key: &[u8]) -> Option<usize> {
        self.index.binary_search_by(|r| compare_keys(self.slice(r.start, r.key_end), key)).ok()
    }

    /// Sets a member whose key and value are in wire form.
    pub(crate) fn set(&mut self, key: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.file(start, key_end);
    }

    /// Empties it and keeps its buffers.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.index.clear();
    }

    /// Keys (escaped) and values, in key order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index.iter().map(|r| (self.slice(r.start, r.key_end), self.slice(r.key_end, r.end)))
    }

    /// Members whole, with the length of their keys, in key order.
    pub(crate) fn iter_whole(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.index.iter().map(|r| ((r.key_end - r.start) as usize, self.slice(r.start, r.end)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the members as a JSON object.
    pub(crate) fn write_object(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (n, (key, value)) in self.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(key);
            out.extend_from_slice(b"\":");
            out.extend_from_slice(value);
        }
        out.push(b'}');
    }
}
