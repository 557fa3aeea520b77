//! Keeps the application's signals away from our thread.
//!
//! A signal to a process goes to any of its threads that does not block it. Were it ours, a thread
//! of the application that sleeps would not wake: Python runs a handler on its main thread, and only
//! once that comes back. A thread has the mask of the one that starts it.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// Signals that stay: what a thread causes itself (the engine's traps among it), and a profiler's.
const OWN: [libc::c_int; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
    libc::SIGPROF,
];

/// Runs `start` with signals blocked, so that the threads it starts never take one.
pub(crate) fn blocked<T>(start: impl FnOnce() -> T) -> T {
    let mut mask = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: `sigfillset` fills the set, which the others then change and read; `before` is read
    // only where the call that fills it succeeded.
    unsafe {
        libc::sigfillset(mask.as_mut_ptr());
        for signal in OWN {
            libc::sigdelset(mask.as_mut_ptr(), signal);
        }
        let done = libc::pthread_sigmask(libc::SIG_BLOCK, mask.as_ptr(), before.as_mut_ptr()) == 0;
        let started = start();
        if done {
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut());
        }
        started
    }
}
