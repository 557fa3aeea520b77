//! The table of spans while they are open, and for a while after.
//!
//! A finished span's frame stays readable until its slot is reused, and slots are reused in the
//! order in which they became free. So a task that outlives its parent still finds it, at a fixed
//! cost of memory and none of time. The record lies beside its slot: it is three times as long, and
//! few of the kept spans are open.

use super::{Frame, Record};
use crate::ids::Handle;
use crate::limits::KEPT_SPANS;
use std::collections::VecDeque;

/// Slots that are reserved from the beginning: for the finished spans that are kept, and for as
/// many open ones as most programs have. Memory that was never written costs nothing; growing step
/// by step would copy, and leave the former buffers unused.
const RESERVED: usize = KEPT_SPANS + 256;

#[derive(Debug)]
pub(crate) struct Slot {
    generation: u32,
    pub(crate) frame: Frame,
    /// While it is open.
    pub(crate) record: Option<Box<Record>>,
}

impl Slot {
    pub(crate) fn is_open(&self) -> bool {
        self.record.is_some()
    }
}

#[derive(Debug, Default)]
pub(crate) struct SpanTable {
    slots: Vec<Slot>,
    free: VecDeque<u32>,
    open: usize,
}

impl SpanTable {
    pub(crate) fn insert(&mut self, frame: Frame, record: Box<Record>) -> Handle {
        let record = Some(record);
        self.open += 1;
        if self.free.len() > KEPT_SPANS {
            let index = self.free.pop_front().unwrap_or(0);
            if let Some(slot) = self.slots.get_mut(index as usize) {
                slot.generation = slot.generation.wrapping_add(1);
                slot.frame = frame;
                slot.record = record;
                return handle(slot.generation, index);
            }
        }
        if self.slots.is_empty() {
            self.slots.reserve_exact(RESERVED);
        }
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX - 1);
        self.slots.push(Slot { generation: 0, frame, record });
        handle(0, index)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<&Slot> {
        let slot = self.slots.get(index(handle)?)?;
        (slot.generation == generation(handle)).then_some(slot)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(index(handle)?)?;
        (slot.generation == generation(handle)).then_some(slot)
    }

    /// Ends an open span: its frame, which stays, and its record.
    #[inline(always)]
    pub(crate) fn close(&mut self, handle: Handle) -> Option<(&Frame, Box<Record>)> {
        let index = index(handle)?;
        let slot = self.slots.get_mut(index)?;
        if slot.generation != generation(handle) {
            return None;
        }
        let record = slot.record.take()?;
        self.open -= 1;
        self.free.push_back(u32::try_from(index).unwrap_or(0));
        Some((&slot.frame, record))
    }

    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// The span itself if it is open, else its nearest open ancestor.
    pub(crate) fn nearest_open(&self, handle: Handle) -> Option<Handle> {
        let mut at = handle;
        loop {
            let slot = self.get(at)?;
            if slot.is_open() {
                return Some(at);
            }
            at = slot.frame.parent;
        }
    }
}

fn handle(generation: u32, index: u32) -> Handle {
    u64::from(generation) << 32 | (u64::from(index) + 1)
}

fn generation(handle: Handle) -> u32 {
    u32::try_from(handle >> 32).unwrap_or(0)
}

fn index(handle: Handle) -> Option<usize> {
    usize::try_from((handle & u64::from(u32::MAX)).checked_sub(1)?).ok()
}
