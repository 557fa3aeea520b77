//! What can still be done for the last spans when a signal ends the process.

use crate::lock;
use crate::notices::Topic;
use crate::pool::Pool;
use crate::worker::{Shared, settled};
use std::sync::{Arc, mpsc};
use std::thread::Builder;
use std::time::Duration;
use witspan_setup::Event;

/// The worker, as a signal needs it. It waits for nothing that the application may
/// hold: whatever that is doing, it ends in time.
pub(crate) struct Last {
    pool: Arc<Pool>,
    shared: Shared,
}

impl Last {
    pub(crate) fn new(pool: Arc<Pool>, shared: Shared) -> Last {
        Last { pool, shared }
    }

    /// Has everything sent that has finished.
    pub(crate) fn hurry(&self) -> u64 {
        let (board, changed) = &*self.shared;
        let ticket = lock(board).ask();
        changed.notify_all();
        ticket
    }

    /// The same, and waits for that at most so long. Whether all of it was settled.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        settled(&self.shared, self.hurry(), timeout)
    }

    /// Tells how much is lost, if that takes no longer; whether it did not.
    pub(crate) fn tell(&self, timeout: Duration) -> bool {
        let pool = self.pool.clone();
        let (told, heard) = mpsc::channel();
        // A listener may wait for what a thread of the application holds.
        let tell = move || {
            let lost = pool.statistics().pending();
            if lost > 0 {
                pool.notices().tell(Topic::Signal, || Event::Interrupted(lost));
                pool.notices().deliver();
            }
            let _ = told.send(());
        };
        let start = || Builder::new().spawn(tell);
        crate::signals::blocked(start).is_ok() && heard.recv_timeout(timeout).is_ok()
    }
}
