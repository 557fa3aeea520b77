//! Forked processes. A child has none of its parent's threads, so nothing would send its spans, and
//! a lock that one of them held is held for ever. So what is left from the parent is never touched
//! there, nor dropped: [`PerProcess`] makes it anew at its first use.

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Differs between a process and its forks.
pub fn process() -> u32 {
    PROCESS.load(Ordering::Relaxed)
}

/// What the system calls around a fork. A thread that loads the component or makes an instance holds
/// locks of the engine, which a child could never take: a fork waits the moment that this takes.
#[cfg(unix)]
mod around {
    use super::PROCESS;
    use crate::lock;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, MutexGuard};

    static FORKS: Mutex<()> = Mutex::new(());
    static HELD: Held = Held(Cell::new(None));

    /// The lock, from before a fork until after it.
    struct Held(Cell<Option<MutexGuard<'static, ()>>>);

    // SAFETY: only the thread that has the lock touches it.
    unsafe impl Sync for Held {}

    /// Runs `act`, during which no other thread forks.
    pub(crate) fn held_off<T>(act: impl FnOnce() -> T) -> T {
        watch();
        let _guard = lock(&FORKS);
        act()
    }

    /// Has the system tell of forks. No lock: a fork in its midst would leave that held.
    pub(super) fn watch() {
        static WATCHED: AtomicBool = AtomicBool::new(false);
        if !WATCHED.swap(true, Ordering::AcqRel) {
            // SAFETY: the functions stay as long as the library, which is never unloaded. Without
            // memory the system refuses; then a fork is not noticed.
            unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
        }
    }

    unsafe extern "C" fn before() {
        HELD.0.set(Some(lock(&FORKS)));
    }

    unsafe extern "C" fn in_parent() {
        drop(HELD.0.take());
    }

    unsafe extern "C" fn in_child() {
        PROCESS.fetch_add(1, Ordering::Relaxed);
        drop(HELD.0.take());
    }
}

/// Elsewhere no process is forked.
#[cfg(not(unix))]
mod around {
    pub(crate) fn held_off<T>(act: impl FnOnce() -> T) -> T {
        act()
    }

    pub(super) fn watch() {}
}

pub(crate) use around::held_off;

/// A value that a forked process makes anew, at its first use. The parent's stays in memory, as it
/// was at the fork.
pub struct PerProcess<T> {
    here: AtomicPtr<Made<T>>,
    /// The process in which a thread makes the value. In a child it may name an ancestor, whose
    /// thread is not here.
    making: AtomicU32,
}

struct Made<T> {
    process: u32,
    value: T,
}

// SAFETY: it gives out references only, as a lock-free cell of a value that threads may share.
unsafe impl<T: Send + Sync> Sync for PerProcess<T> {}
// SAFETY: it owns the value.
unsafe impl<T: Send + Sync> Send for PerProcess<T> {}

impl<T> PerProcess<T> {
    /// The value for this process.
    pub fn new(value: T) -> Self {
        around::watch();
        let made = Box::new(Made { process: process(), value });
        PerProcess { here: AtomicPtr::new(Box::into_raw(made)), making: AtomicU32::new(0) }
    }

    /// The value of this process. In a fork `again` makes it, once, and must not panic.
    #[inline]
    pub fn get(&self, again: impl FnOnce() -> T) -> &T {
        // SAFETY: it is valid until `drop`, which has the only reference.
        let here = unsafe { &*self.here.load(Ordering::Acquire) };
        if here.process == process() { &here.value } else { self.renew(again) }
    }

    #[cold]
    fn renew(&self, again: impl FnOnce() -> T) -> &T {
        let mine = process();
        loop {
            // SAFETY: as in `get`.
            let here = unsafe { &*self.here.load(Ordering::Acquire) };
            if here.process == mine {
                return &here.value;
            }
            let making = self.making.load(Ordering::Acquire);
            let exchange = |now| {
                let (ok, not) = (Ordering::AcqRel, Ordering::Acquire);
                self.making.compare_exchange(making, now, ok, not).is_ok()
            };
            if making != mine && exchange(mine) {
                let made = Box::into_raw(Box::new(Made { process: mine, value: again() }));
                self.here.store(made, Ordering::Release);
                // SAFETY: as in `get`.
                return unsafe { &(*made).value };
            }
            sleep(Duration::from_millis(1));
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let here = *self.here.get_mut();
        // SAFETY: nobody else has a reference any more. What is the parent's is not dropped.
        unsafe {
            if (*here).process == process() {
                drop(Box::from_raw(here));
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::sync::Barrier;

    /// Ends a child with what its test came to: no other test may run there.
    fn in_a_child(test: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child only runs the test, and ends.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
                libc::_exit(i32::from(!good.unwrap_or(false)));
            }
            let mut status = 0;
            libc::waitpid(child, &raw mut status, 0);
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        }
    }

    #[test]
    fn a_child_makes_a_value_of_its_own_once() {
        let cell = PerProcess::new(String::from("the parent's"));
        let unused = || unreachable!("the value is there");
        assert_eq!(cell.get(unused), "the parent's");
        assert!(in_a_child(|| {
            let both = Barrier::new(2);
            let make = || {
                both.wait();
                std::ptr::from_ref(cell.get(|| String::from("the child's"))) as usize
            };
            let (one, other) = std::thread::scope(|scope| {
                let other = scope.spawn(make);
                (make(), other.join().unwrap())
            });
            one == other && cell.get(unused) == "the child's"
        }));
        assert_eq!(cell.get(unused), "the parent's");
    }

    #[test]
    fn a_fork_waits_for_an_instance_that_is_made() {
        let (made, began) = (AtomicU32::new(0), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                held_off(|| {
                    began.wait();
                    sleep(Duration::from_millis(200));
                    made.store(1, Ordering::SeqCst);
                });
            });
            began.wait();
            assert!(in_a_child(|| {
                let whole = made.load(Ordering::SeqCst) == 1;
                held_off(|| whole)
            }));
        });
    }
}
