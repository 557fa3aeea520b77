//! Where spans lie while they are open, and for a while after.
//!
//! A finished span's frame stays readable until its slot is taken again, and slots are taken
//! again in the order in which they became free: so a task that outlives its parent still finds
//! it, at a fixed cost of memory and none of time.

use crate::span::{Frame, Record};
use std::collections::VecDeque;

/// A span as a number: generation and place. 0 is the span that is not kept.
pub type Handle = u64;

/// How many finished spans can still be named as a parent, at least.
const KEPT: usize = 4096;

#[derive(Debug)]
pub(crate) struct Slot {
    generation: u32,
    pub(crate) open: bool,
    pub(crate) frame: Frame,
    pub(crate) record: Record,
}

#[derive(Debug, Default)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    free: VecDeque<u32>,
    open: usize,
}

impl Slots {
    pub(crate) fn insert(&mut self, frame: Frame, record: Record) -> Handle {
        self.open += 1;
        if self.free.len() > KEPT {
            let place = self.free.pop_front().unwrap_or(0);
            if let Some(slot) = self.slots.get_mut(place as usize) {
                slot.generation = slot.generation.wrapping_add(1);
                slot.open = true;
                slot.frame = frame;
                slot.record = record;
                return handle(slot.generation, place);
            }
        }
        let place = u32::try_from(self.slots.len()).unwrap_or(u32::MAX - 1);
        self.slots.push(Slot { generation: 0, open: true, frame, record });
        handle(0, place)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<&Slot> {
        let slot = self.slots.get(place(handle)?)?;
        (slot.generation == generation(handle)).then_some(slot)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(place(handle)?)?;
        (slot.generation == generation(handle)).then_some(slot)
    }

    /// Ends an open span; its record is the caller's to take, the frame stays.
    pub(crate) fn close(&mut self, handle: Handle) -> Option<&mut Slot> {
        let place = place(handle)?;
        let slot = self.slots.get_mut(place)?;
        if !slot.open || slot.generation != generation(handle) {
            return None;
        }
        slot.open = false;
        self.open -= 1;
        self.free.push_back(u32::try_from(place).unwrap_or(0));
        Some(slot)
    }

    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// The span itself if it is open, else its nearest open ancestor.
    pub(crate) fn nearest_open(&self, handle: Handle) -> Option<Handle> {
        let mut at = handle;
        loop {
            let slot = self.get(at)?;
            if slot.open {
                return Some(at);
            }
            at = slot.frame.parent;
        }
    }
}

fn handle(generation: u32, place: u32) -> Handle {
    u64::from(generation) << 32 | (u64::from(place) + 1)
}

fn generation(handle: Handle) -> u32 {
    u32::try_from(handle >> 32).unwrap_or(0)
}

fn place(handle: Handle) -> Option<usize> {
    usize::try_from((handle & u64::from(u32::MAX)).checked_sub(1)?).ok()
}
