//! The application's processor, as a function of C.

use crate::input::text;
use crate::outcome::guarded;
use std::ffi::{CString, c_char, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;
use witspan::{Processed, Tracer};

/// `witspan_processor`.
pub(crate) type Callback =
    unsafe extern "C" fn(*mut c_void, *const c_char, usize, *mut Reply) -> i32;

/// `witspan_reply`: the text that a processor gives.
#[derive(Default)]
pub(crate) struct Reply(Option<String>);

/// A processor as it was set.
#[derive(Clone, Copy)]
pub(crate) struct Set {
    callback: Option<Callback>,
    user_data: *mut c_void,
    limit: Duration,
}

// SAFETY: the header says that any thread calls the function.
unsafe impl Send for Set {}
// SAFETY: the same.
unsafe impl Sync for Set {}

impl Set {
    pub(crate) fn new(callback: Option<Callback>, user_data: *mut c_void, limit_ns: u64) -> Set {
        Set { callback, user_data, limit: Duration::from_nanos(limit_ns) }
    }

    pub(crate) fn apply(self, tracer: &Tracer) {
        let processor = self.callback.map(|callback| {
            let run = move |event: &str| self.run(callback, event);
            (Box::new(run) as witspan::Processor, self.limit)
        });
        tracer.set_processor(processor);
    }

    fn run(self, callback: Callback, event: &str) -> Processed {
        // JSON has no NUL.
        let Ok(given) = CString::new(event) else { return Processed::Failed(String::new()) };
        let mut reply = Reply::default();
        // SAFETY: the application's promise; event and reply live until it returns.
        let said = unsafe { callback(self.user_data, given.as_ptr(), event.len(), &raw mut reply) };
        let text = reply.0;
        match said {
            0 => Processed::Changed(event.to_owned()),
            1 => Processed::Changed(text.unwrap_or_default()),
            2 => Processed::Drop,
            3 => Processed::Failed(text.unwrap_or_else(|| "it failed".to_owned())),
            _ => Processed::Failed(format!("it returned {said}")),
        }
    }
}

/// The processors that a tracer was given, the last one first. None is freed before the tracer: a
/// forked process may read it at any time, and no lock could be taken there.
#[derive(Default)]
pub(crate) struct History(AtomicPtr<Entry>);

struct Entry {
    set: Set,
    before: *mut Entry,
}

impl History {
    pub(crate) fn push(&self, set: Set) {
        let entry = Box::into_raw(Box::new(Entry { set, before: null_mut() }));
        let mut before = self.0.load(Ordering::Acquire);
        loop {
            // SAFETY: nobody else has it yet.
            unsafe { (*entry).before = before };
            match self.0.compare_exchange(before, entry, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    pub(crate) fn last(&self) -> Option<Set> {
        // SAFETY: it is valid until `drop`.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }.map(|entry| entry.set)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        let mut next = *self.0.get_mut();
        while !next.is_null() {
            // SAFETY: each was boxed by `push`, and nobody else has it any more.
            next = unsafe { Box::from_raw(next) }.before;
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_reply_set(reply: *mut Reply, given: *const c_char, length: usize) {
    if let Some(reply) = reply.as_mut() {
        guarded((), || reply.0 = Some(text(given, length).into_owned()));
    }
}
