//! Keeps the application's signals away from our thread.
//!
//! A signal to a process is delivered to any thread that does not block it. If that were ours, it
//! would not wake a sleeping thread of the application: Python runs handlers on its main thread,
//! once that is awake. A thread inherits the signal mask of the thread that starts it.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// Signals that are not blocked: those that a thread causes itself (such as the engine's traps),
/// and a profiler's.
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
