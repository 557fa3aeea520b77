//! What the application's threads and the worker's thread share, under one lock.

#[cfg(unix)]
use crate::exit_signals::{self, Waker};
use crate::lock;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
pub(super) struct State {
    pub(super) running: bool,
    /// An instance reported that there is something to do.
    pub(super) should_poll: bool,
    /// How many flushes were asked for, and how many of these are settled.
    pub(super) asked: u64,
    pub(super) settled: u64,
    /// The last clone of the tracer was dropped: the finished spans are sent, then the thread ends.
    pub(super) orphaned: bool,
    pub(super) stop: bool,
    /// When the worker, if it sleeps, polls by itself.
    pub(super) wakes: Option<Instant>,
    /// How a signal ends the process, and what wakes the thread that delivers before.
    #[cfg(unix)]
    pub(super) plan: Option<exit_signals::Plan>,
    #[cfg(unix)]
    pub(super) waker: Option<Arc<Waker>>,
}

impl State {
    pub(super) fn is_over(&self) -> bool {
        self.stop || (self.orphaned && self.settled >= self.asked)
    }

    /// Asks for a flush. Returns its number.
    pub(super) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }
}

pub(super) type Shared = Arc<(Mutex<State>, Condvar)>;

/// Waits at most `timeout` until a flush is settled. Returns whether it is.
pub(super) fn settled(shared: &Shared, ticket: u64, timeout: Duration) -> bool {
    let (state, changed) = &**shared;
    let waits = |state: &mut State| state.settled < ticket && !state.stop;
    let waited = changed.wait_timeout_while(lock(state), timeout, waits);
    let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
    state.settled >= ticket
}
