//! Delivery of the last spans before a signal ends the process.

use super::state::{Shared, settled};
use crate::exit_signals::Delivery;
use crate::lock;
use crate::notices::Topic;
use crate::pool::Pool;
use std::sync::{Arc, mpsc};
use std::thread::Builder;
use std::time::Duration;
use witspan_setup::Event;

/// The worker, as a signal needs it.
pub(super) struct FinalDelivery {
    pool: Arc<Pool>,
    shared: Shared,
}

impl FinalDelivery {
    pub(super) fn new(pool: Arc<Pool>, shared: Shared) -> FinalDelivery {
        FinalDelivery { pool, shared }
    }

    /// Asks for a flush. Returns the number by which it can be waited for.
    fn ask(&self) -> u64 {
        let (state, changed) = &*self.shared;
        let ticket = lock(state).ask();
        changed.notify_all();
        ticket
    }
}

impl Delivery for FinalDelivery {
    fn hurry(&self) {
        self.ask();
    }

    fn flush(&self, timeout: Duration) -> bool {
        settled(&self.shared, self.ask(), timeout)
    }

    fn tell(&self, timeout: Duration) -> bool {
        let pool = self.pool.clone();
        let (done, waits) = mpsc::channel();
        // A listener may wait for what a thread of the application holds.
        let tell = move || {
            let lost = pool.statistics().pending();
            if lost > 0 {
                pool.notices().tell(Topic::Signal, || Event::Interrupted(lost));
                pool.notices().deliver();
            }
            let _ = done.send(());
        };
        let start = || Builder::new().spawn(tell);
        crate::signals::blocked(start).is_ok() && waits.recv_timeout(timeout).is_ok()
    }
}
