//! What the application's threads and the worker's thread share, under one lock.

#[cfg(unix)]
use crate::exit_signals::{self, Bell};
use crate::lock;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
pub(super) struct State {
    pub(super) running: bool,
    /// An instance said that there is something to do.
    pub(super) should_poll: bool,
    /// How often a flush was asked for, and up to which one all is settled.
    pub(super) asked: u64,
    pub(super) settled: u64,
    /// Nobody holds the tracer any more: what has finished is sent, then the thread ends.
    pub(super) orphaned: bool,
    pub(super) stop: bool,
    /// When the worker, if it sleeps, looks again by itself.
    pub(super) wakes: Option<Instant>,
    /// What is done before a signal ends the process, and what wakes the thread that does it.
    #[cfg(unix)]
    pub(super) plan: Option<exit_signals::Plan>,
    #[cfg(unix)]
    pub(super) bell: Option<Arc<Bell>>,
}

impl State {
    pub(super) fn is_over(&self) -> bool {
        self.stop || (self.orphaned && self.settled >= self.asked)
    }

    /// Asks for a flush; by its number it is found again.
    pub(super) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }
}

pub(super) type Shared = Arc<(Mutex<State>, Condvar)>;

/// Waits, at most so long, until a flush is settled; whether it is.
pub(super) fn settled(shared: &Shared, ticket: u64, timeout: Duration) -> bool {
    let (state, changed) = &**shared;
    let waits = |state: &mut State| state.settled < ticket && !state.stop;
    let waited = changed.wait_timeout_while(lock(state), timeout, waits);
    let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
    state.settled >= ticket
}
