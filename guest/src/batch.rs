//! Batches: encoded events, put together into bodies that grow in place.

use std::collections::VecDeque;

/// A body in the making. It begins with its envelope, so that sending it copies nothing.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) body: Vec<u8>,
    pub(crate) spans: u32,
    /// The monotonic reading when its first span came, in ns.
    pub(crate) since: u64,
}

/// The outcome of adding an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is queued; `true` if the worker should poll now.
    Kept(bool),
    /// There was no room.
    Full,
}

/// A queue of batches: the open one, which grows, and the sealed ones, which can be sent.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    open: Batch,
    sealed: VecDeque<Batch>,
    sealed_bytes: usize,
    /// The bytes that the next batch will probably need: those of the last full one, and a few more.
    usual: usize,
    start: Vec<u8>,
    end: &'static [u8],
}

/// The bounds of a queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) batch_spans: u32,
    pub(crate) batch_bytes: usize,
    pub(crate) queue_bytes: usize,
}

impl Batches {
    /// A queue whose first batch will probably need `bytes` bytes. They are reserved at once: reserved
    /// memory that is never written costs nothing, and growing step by step does.
    pub(crate) fn expecting(bytes: usize) -> Batches {
        Batches { usual: bytes, ..Batches::default() }
    }

    pub(crate) fn set_envelope(&mut self, (start, end): (Vec<u8>, &'static [u8])) {
        self.start = start;
        self.end = end;
    }

    /// Adds the event that `write` appends; `write` returns false to take it back.
    pub(crate) fn push(
        &mut self,
        bounds: Bounds,
        now: u64,
        write: &mut dyn FnMut(&mut Vec<u8>) -> bool,
    ) -> Option<Pushed> {
        let was_empty = self.is_empty();
        let first = self.open.spans == 0;
        let before = self.open.body.len();
        if first {
            self.begin(bounds.batch_bytes);
            self.open.since = now;
        } else {
            self.open.body.push(b',');
        }
        let event = self.open.body.len();
        if !write(&mut self.open.body) {
            self.open.body.truncate(before);
            return None;
        }
        if self.bytes() > bounds.queue_bytes {
            self.open.body.truncate(before);
            return Some(Pushed::Full);
        }
        if !first && self.open.body.len() + self.end.len() > bounds.batch_bytes {
            // The event does not fit any more: it begins the next batch.
            let moved = self.open.body.get(event..).unwrap_or_default().to_vec();
            self.open.body.truncate(before);
            self.seal();
            self.begin(bounds.batch_bytes);
            self.open.body.extend_from_slice(&moved);
            self.open.since = now;
            self.open.spans = 1;
            return Some(Pushed::Kept(true));
        }
        self.open.spans += 1;
        let full =
            self.open.spans >= bounds.batch_spans || self.open.body.len() >= bounds.batch_bytes;
        if full {
            self.seal();
        }
        Some(Pushed::Kept(full || was_empty))
    }

    /// Begins a body, with room for as many bytes as the last one had. Growing step by step would
    /// copy it again and again, and leave its former buffers unused.
    fn begin(&mut self, batch_bytes: usize) {
        self.open.body.reserve_exact(self.usual.min(batch_bytes).max(self.start.len()));
        self.open.body.extend_from_slice(&self.start);
    }

    /// Seals the open batch, if it has any event.
    pub(crate) fn seal(&mut self) {
        if self.open.spans == 0 {
            return;
        }
        let mut batch = std::mem::take(&mut self.open);
        batch.body.extend_from_slice(self.end);
        self.usual = batch.body.len() + (batch.body.len() >> 5);
        // A sealed batch takes no more memory than it is counted for.
        batch.body.shrink_to_fit();
        self.sealed_bytes += batch.body.len();
        self.sealed.push_back(batch);
    }

    /// When the open batch began, if it has any event.
    pub(crate) fn growing_since(&self) -> Option<u64> {
        (self.open.spans > 0).then_some(self.open.since)
    }

    pub(crate) fn take_sealed(&mut self) -> Option<Batch> {
        let batch = self.sealed.pop_front()?;
        self.sealed_bytes = self.sealed_bytes.saturating_sub(batch.body.len());
        Some(batch)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.sealed_bytes + self.open.body.len()
    }

    fn is_empty(&self) -> bool {
        self.open.spans == 0 && self.sealed.is_empty()
    }
}
