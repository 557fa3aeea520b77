//! Wakes the forwarding thread when requests are queued, and when it must end.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A counter of notifications that a thread can wait on, and a flag that ends all waiting.
#[derive(Default)]
pub(crate) struct Notifier {
    state: Mutex<(u64, bool)>,
    changed: Condvar,
}

impl Notifier {
    fn lock(&self) -> MutexGuard<'_, (u64, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notify(&self) {
        self.lock().0 += 1;
        self.changed.notify_all();
    }

    /// Ends every wait, current and future.
    pub(crate) fn end(&self) {
        self.lock().1 = true;
        self.changed.notify_all();
    }

    /// Notifications so far.
    pub(crate) fn count(&self) -> u64 {
        self.lock().0
    }

    /// Waits for a notification after the first `seen`. False if the thread must end.
    pub(crate) fn wait(&self, seen: u64) -> bool {
        let silent = |state: &mut (u64, bool)| state.0 == seen && !state.1;
        let state = self.changed.wait_while(self.lock(), silent);
        !state.unwrap_or_else(PoisonError::into_inner).1
    }

    /// Waits for this time, whatever the notifications. False if the thread must end.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let state = self.changed.wait_timeout_while(self.lock(), time, |state| !state.1);
        !state.unwrap_or_else(PoisonError::into_inner).0.1
    }
}
