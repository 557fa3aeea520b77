//! `--forward`: what the intake has acknowledged goes on to a real receiver.
//!
//! One thread sends, one request at a time. What waits is bounded by bytes; what finds no room, is
//! refused, or fails too often is counted by reason and logged once a reason. Nothing here delays or
//! changes the answer that a tracer gets.

mod outgoing;
mod target;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

pub(crate) use outgoing::Outgoing;
pub(crate) use target::Target;

/// What may wait, bytes. Bodies that wait are in memory alone: they are in the database already.
const ROOM: usize = 64 << 20;
/// How often one request is tried.
const ATTEMPTS: u32 = 6;
/// Before the second try; twice as long before each next one.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that a receiver may ask to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Relays to one receiver.
pub(crate) struct Forward {
    shared: Arc<Shared>,
    target: Arc<Target>,
}

/// What has happened, as `/api/ui/status` and `/api/ui/drops` show it.
#[derive(Clone, Serialize)]
pub(crate) struct Status {
    /// Where to, without a password.
    to: String,
    /// `agent`, `datadog` or `otlp`.
    kind: &'static str,
    /// Requests that the receiver took.
    delivered: u64,
    delivered_bytes: u64,
    /// Requests and bytes that wait.
    waiting: usize,
    waiting_bytes: usize,
    /// Spans and evaluations that were lost on the way, by reason.
    lost: BTreeMap<&'static str, u64>,
    last_error: Option<String>,
}

struct Shared {
    room: usize,
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    /// Bytes of the request that is being sent.
    sending: usize,
    delivered: u64,
    delivered_bytes: u64,
    lost: BTreeMap<&'static str, u64>,
    last_error: Option<String>,
    ended: bool,
}

impl Forward {
    /// Starts the thread that sends.
    pub(crate) fn start(target: Target) -> Self {
        Self::with_room(target, ROOM, FIRST_WAIT)
    }

    fn with_room(target: Target, room: usize, first_wait: Duration) -> Self {
        let shared =
            Arc::new(Shared { room, state: Mutex::new(State::default()), more: Condvar::new() });
        let target = Arc::new(target);
        let (inside, to) = (shared.clone(), target.clone());
        let sender = move || {
            while let Some(outgoing) = inside.next() {
                inside.deliver(&to, outgoing, first_wait);
            }
        };
        let started = std::thread::Builder::new().name("forward".to_owned()).spawn(sender);
        if let Err(error) = started {
            shared.lock().ended = true;
            shared.lose("no_thread", 0, Some(error.to_string()));
        }
        Self { shared, target }
    }

    /// Where to.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Takes a request that was acknowledged here. Never blocks for longer than a counter takes.
    pub(crate) fn offer(&self, outgoing: Outgoing) {
        if outgoing.body.is_empty() && outgoing.lost.is_none() {
            return;
        }
        if let Some((reason, count)) = outgoing.lost {
            self.shared.lose(reason, count, None);
            return;
        }
        let mut state = self.shared.lock();
        let bytes = outgoing.body.len();
        if state.ended {
            drop(state);
            self.shared.lose("no_thread", outgoing.items, None);
        } else if state.bytes + state.sending + bytes > self.shared.room {
            drop(state);
            self.shared.lose("queue_full", outgoing.items, None);
        } else {
            state.bytes += bytes;
            state.queue.push_back(outgoing);
            drop(state);
            self.shared.more.notify_one();
        }
    }

    /// What has happened so far.
    pub(crate) fn status(&self) -> Status {
        let state = self.shared.lock();
        Status {
            to: self.target.shown(),
            kind: self.target.kind(),
            delivered: state.delivered,
            delivered_bytes: state.delivered_bytes,
            waiting: state.queue.len() + usize::from(state.sending > 0),
            waiting_bytes: state.bytes + state.sending,
            lost: state.lost.clone(),
            last_error: state.last_error.clone(),
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.more.notify_all();
    }
}

/// What became of one try.
enum Outcome {
    Taken,
    /// It may be taken later; after so long, if the receiver said.
    Later(String, Option<Duration>),
    /// It will never be taken.
    Refused(String),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request; `None` once this has ended.
    fn next(&self) -> Option<Outgoing> {
        let mut state = self.lock();
        loop {
            if state.ended {
                return None;
            }
            if let Some(outgoing) = state.queue.pop_front() {
                state.bytes -= outgoing.body.len();
                state.sending = outgoing.body.len();
                return Some(outgoing);
            }
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn deliver(&self, target: &Target, outgoing: Outgoing, first_wait: Duration) {
        let items = outgoing.items;
        let mut wait = first_wait;
        let mut lost = None;
        for attempt in 1..=ATTEMPTS {
            match target.send(&outgoing, PATIENCE) {
                Outcome::Taken => {
                    let mut state = self.lock();
                    state.delivered += 1;
                    state.delivered_bytes += outgoing.body.len() as u64;
                    lost = None;
                    break;
                }
                Outcome::Refused(reason) => {
                    lost = Some(("refused", reason));
                    break;
                }
                Outcome::Later(reason, asked) => {
                    lost = Some(("not_delivered", reason.clone()));
                    self.lock().last_error = Some(reason);
                    if attempt < ATTEMPTS {
                        self.sleep(asked.unwrap_or(wait).min(LONGEST_WAIT));
                        wait *= 2;
                    }
                }
            }
        }
        self.lock().sending = 0;
        if let Some((reason, why)) = lost {
            self.lose(reason, items, Some(why));
        }
    }

    /// Waits, but no longer than this lasts.
    fn sleep(&self, wait: Duration) {
        let state = self.lock();
        let ended = |state: &mut State| !state.ended;
        drop(self.more.wait_timeout_while(state, wait, ended));
    }

    fn lose(&self, reason: &'static str, items: u64, why: Option<String>) {
        let mut state = self.lock();
        let first = !state.lost.contains_key(reason);
        *state.lost.entry(reason).or_default() += items;
        if let Some(why) = &why {
            state.last_error = Some(why.chars().take(500).collect());
        }
        drop(state);
        if first {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            eprintln!(
                "witspan intake: {items} spans or evaluations were kept here and not forwarded \
                 ({reason}{why}); more of these are counted, see /drops"
            );
        }
    }
}
