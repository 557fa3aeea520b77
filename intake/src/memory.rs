//! The memory of large requests: bounded while they are decoded, and returned to the system afterwards.
//!
//! A decoded JSON value takes many times the bytes of its text, and a C library keeps freed pages for later.
//! So large values are decoded one at a time, and their pages are returned afterwards.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that any request may take without waiting for another.
const SMALL: usize = 16 * 1024 * 1024;
/// Bytes that one span may take once it is read.
pub(crate) const LARGEST: usize = 256 * 1024 * 1024;

/// Held while a large body is decoded.
static READING: Mutex<()> = Mutex::new(());
/// Held while a large inflated body is in memory.
static HOLDING: Mutex<()> = Mutex::new(());

/// Room for something large, until it is dropped.
pub(crate) struct Room {
    _turn: Option<MutexGuard<'static, ()>>,
}

/// The system cannot provide that much memory now.
#[derive(Debug)]
pub(crate) struct Full;

/// Waits until so many bytes may be taken for what is read of one span.
pub(crate) fn to_read(bytes: usize) -> Result<Room, Full> {
    room(&READING, bytes)
}

/// Waits until so many bytes may be taken for a body that was inflated. Ask before `to_read`.
pub(crate) fn to_hold(bytes: usize) -> Result<Room, Full> {
    room(&HOLDING, bytes)
}

fn room(one: &'static Mutex<()>, bytes: usize) -> Result<Room, Full> {
    if bytes <= SMALL {
        return Ok(Room { _turn: None });
    }
    let turn = one.lock().unwrap_or_else(PoisonError::into_inner);
    // An allocation that fails ends the process; this one asks first.
    Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| Full)?;
    Ok(Room { _turn: Some(turn) })
}

/// Has the C library return what it keeps of freed memory to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    // SAFETY: takes no pointer and may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other C libraries return large blocks by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}

/// Has the C library keep less: called once, before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_little() {
    // Each arena keeps what was once needed in it, and each thread may have one. A block of a MiB or
    // more has pages of its own, which go when it does; without this the limit grows with use.
    // SAFETY: sets numbers, before any other thread could read them.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 4);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1024 * 1024);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_little() {}
