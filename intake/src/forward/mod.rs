//! `--forward`: sends acknowledged requests on to a real receiver, at least once each.
//!
//! The requests are queued in the store (a transactional outbox), so they survive a restart. One thread
//! sends them, one at a time, in order. It retries while the receiver is unreachable; a request that the
//! receiver rejects is counted and skipped. Forwarding never delays or changes the answer to a tracer.

mod outgoing;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;

use crate::store::forward_queue::{self, Notifier, QueuedRequest, Reader};
use crate::store::{Store, now_ns, read};
pub(crate) use outgoing::Outgoing;
#[cfg(test)]
pub(crate) use outgoing::onward;
pub(crate) use target::Target;

/// The pause before the second attempt; it doubles before each further one, up to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(300);
/// After so many failed attempts of a request, later requests are tried as well, to find out whether this
/// request is at fault. It is dropped once `PASSED` of those succeed.
const PATIENT_TRIES: u32 = 6;
const PASSED: u32 = 3;
/// Failed attempts after which the error is logged: shorter outages are not worth a line.
const SAID_TRIES: u32 = 3;
/// Characters of an error that are kept.
const ERROR: usize = 500;

/// Forwards to one receiver.
pub(crate) struct Forward {
    inside: Arc<Inside>,
}

/// The status of forwarding, as `/api/ui/status` and `/api/ui/drops` show it. The counts are in the database,
/// so they include earlier runs.
#[derive(Serialize)]
pub(crate) struct Status {
    /// Where to, without a password.
    to: String,
    /// `agent`, `datadog` or `otlp`.
    kind: &'static str,
    /// Requests that the receiver accepted.
    delivered: i64,
    delivered_bytes: i64,
    /// Requests in the queue, and the age of the oldest.
    waiting: i64,
    oldest_waiting_s: Option<i64>,
    /// Queued requests for receivers that `--forward` named earlier.
    waiting_for_others: i64,
    /// Bytes of all queued requests, as they are stored.
    waiting_bytes: i64,
    /// Failed attempts of the next request; 0 if there were none.
    failed_tries: u32,
    /// Spans and evaluations that were lost on the way, by reason.
    lost: BTreeMap<String, i64>,
    last_error: Option<String>,
}

struct Inside {
    target: Target,
    /// `None` at the end, so that the store can be closed during an attempt.
    queue: Mutex<Option<Reader>>,
    notifier: Arc<Notifier>,
    trouble: Mutex<Trouble>,
    first_wait: Duration,
}

/// The current error.
#[derive(Default)]
struct Trouble {
    tries: u32,
    last_error: Option<String>,
}

/// The outcome of one attempt.
enum Outcome {
    Taken,
    /// The receiver is busy; it may have asked for a pause.
    Busy(String, Option<Duration>),
    /// It does not answer or fails; the cause may be the receiver, the key, the address, or the request.
    Failed(String, Option<Duration>),
    /// It does not know the path.
    Nowhere(String),
    /// It rejects the request.
    Refused(String),
}

/// The position of the sender in the queue.
#[derive(Default)]
struct Place {
    /// Everything up to this row is settled.
    done: i64,
    /// The last row that was accepted ahead of the first queued one, and how many were.
    ahead: i64,
    passed: u32,
    /// The receiver has accepted something since the start, so the address is right.
    known: bool,
}

impl Place {
    fn settled(&mut self, row: i64) {
        *self = Self { done: row.max(self.ahead), known: self.known, ..Self::default() };
    }
}

impl Forward {
    /// Starts the thread that sends. End it before the store.
    ///
    /// # Errors
    ///
    /// A sentence that says what the system did not give.
    pub(crate) fn start(target: Target, store: &Store) -> Result<Self, String> {
        Self::start_with(target, store, FIRST_WAIT)
    }

    fn start_with(target: Target, store: &Store, first_wait: Duration) -> Result<Self, String> {
        let queue = store.forward_queue(&target.name())?;
        let inside = Arc::new(Inside {
            target,
            notifier: queue.notifier(),
            queue: Mutex::new(Some(queue)),
            trouble: Mutex::default(),
            first_wait,
        });
        let sender = inside.clone();
        std::thread::Builder::new()
            .name("forward".to_owned())
            .spawn(move || sender.run())
            .map_err(|error| format!("cannot start a thread to forward with: {error}"))?;
        Ok(Self { inside })
    }

    /// Where to.
    pub(crate) fn target(&self) -> &Target {
        &self.inside.target
    }

    /// What has happened so far.
    pub(crate) fn status(
        &self,
        store: &Store,
        connection: &Connection,
    ) -> rusqlite::Result<Status> {
        let target = &self.inside.target;
        let known = read::forwarded(connection, &target.name())?;
        let (waiting, waiting_for_others, waiting_bytes) = store.waiting();
        // Read a moment before the counters: the queue may have become empty in between.
        let oldest_ms = known.oldest_ms.filter(|_| waiting > 0);
        let now_ms = now_ns() / 1_000_000;
        let trouble = self.inside.trouble();
        Ok(Status {
            to: target.shown(),
            kind: target.kind(),
            delivered: known.delivered,
            delivered_bytes: known.delivered_bytes,
            waiting,
            oldest_waiting_s: oldest_ms.map(|at_ms| (now_ms - at_ms).max(0) / 1_000),
            waiting_for_others,
            waiting_bytes,
            failed_tries: trouble.tries,
            lost: known.lost,
            last_error: trouble.last_error.clone(),
        })
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.inside.notifier.end();
        // The next intake sends a request that is under way again, since its outcome is no longer recorded.
        self.inside.queue().take();
    }
}

impl Inside {
    fn queue(&self) -> MutexGuard<'_, Option<Reader>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the queued requests until the end.
    fn run(&self) {
        let http = self.target.http();
        let mut place = Place::default();
        loop {
            let seen = self.notifier.count();
            let go_on = match self.next(place.done) {
                None => false,
                Some(Ok(None)) => self.notifier.wait(seen),
                Some(Ok(Some((row, request)))) => {
                    let pause = self.send(&http, &mut place, row, &request);
                    pause.is_none_or(|pause| self.notifier.pause(pause))
                }
                Some(Err(error)) => {
                    let pause = self.fail(format!("the database cannot be read: {error}"), None);
                    self.notifier.pause(pause)
                }
            };
            if !go_on {
                return;
            }
        }
    }

    /// The first request after that row; `None` at the end.
    fn next(&self, after: i64) -> Option<rusqlite::Result<Option<(i64, QueuedRequest)>>> {
        self.queue().as_ref().map(|queue| queue.next(after))
    }

    /// Sends a request. Returns how long to wait before the next attempt.
    fn send(
        &self,
        http: &ureq::Agent,
        place: &mut Place,
        row: i64,
        request: &QueuedRequest,
    ) -> Option<Duration> {
        let body = request.body();
        let outcome = match self.target.send(http, request, &body) {
            Outcome::Nowhere(why) if place.known => Outcome::Refused(why),
            // Perhaps the address is wrong: with the right one, all queued requests may be accepted.
            Outcome::Nowhere(why) => Outcome::Failed(why, None),
            other => other,
        };
        let pause = match outcome {
            Outcome::Taken => {
                place.known = true;
                self.settle(row, forward_queue::Outcome::Delivered(body.len() as u64));
                None
            }
            Outcome::Refused(why) | Outcome::Nowhere(why) => {
                self.refuse(row, why);
                None
            }
            Outcome::Busy(why, asked) => Some(self.fail(why, asked)),
            Outcome::Failed(why, asked) => {
                let pause = self.fail(why.clone(), asked);
                let tries = self.trouble().tries;
                if tries <= PATIENT_TRIES || !self.send_another(http, place, row) {
                    Some(pause)
                } else if place.passed < PASSED {
                    // The receiver may have recovered just now, so the first request is tried before the next.
                    return None;
                } else {
                    self.refuse(row, why);
                    None
                }
            }
        };
        if pause.is_none() {
            place.settled(row);
            self.recover();
        } else if let Some(queue) = self.queue().as_ref() {
            queue.stop_sending();
        }
        pause
    }

    /// Whether the receiver accepts the next request instead of the first one in the queue.
    fn send_another(&self, http: &ureq::Agent, place: &mut Place, row: i64) -> bool {
        let Some(Ok(Some((next, request)))) = self.next(place.ahead.max(row)) else { return false };
        let body = request.body();
        let taken = matches!(self.target.send(http, &request, &body), Outcome::Taken);
        if taken {
            self.settle(next, forward_queue::Outcome::Delivered(body.len() as u64));
            place.known = true;
            place.ahead = next;
            place.passed += 1;
        }
        taken
    }

    fn settle(&self, row: i64, outcome: forward_queue::Outcome) {
        if let Some(queue) = self.queue().as_ref() {
            queue.settle(row, outcome);
        }
    }

    fn refuse(&self, row: i64, why: String) {
        let why = shortened(&why);
        self.trouble().last_error = Some(why.clone());
        self.settle(row, forward_queue::Outcome::Refused(why));
    }

    /// Records a failed attempt; returns the time until the next one.
    fn fail(&self, why: String, asked: Option<Duration>) -> Duration {
        let why = shortened(&why);
        let mut trouble = self.trouble();
        trouble.tries = trouble.tries.saturating_add(1);
        if trouble.tries == SAID_TRIES {
            crate::terminal::note!(
                "witspan intake: forwarding fails, requests stay in the forward queue: {why}"
            );
        }
        trouble.last_error = Some(why);
        match asked {
            Some(asked) => asked.clamp(self.first_wait, LONGEST_ASKED),
            None => {
                self.first_wait.saturating_mul(1 << (trouble.tries - 1).min(16)).min(LONGEST_WAIT)
            }
        }
    }

    /// Records that the receiver works again.
    fn recover(&self) {
        let mut trouble = self.trouble();
        if trouble.tries >= SAID_TRIES {
            crate::terminal::note!("witspan intake: {} answers again", self.target.shown());
        }
        trouble.tries = 0;
    }
}

fn shortened(why: &str) -> String {
    why.chars().take(ERROR).collect()
}
