//! `--forward`: what the intake has acknowledged goes on to a real receiver.
//!
//! What is to go on waits in the store's outbox, where a restart finds it again. One thread sends it,
//! one request at a time, in order. A receiver that is away is waited for; what it refuses for good is
//! counted and skipped. Nothing here delays or changes the answer that a tracer gets.

mod outgoing;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;

use crate::store::{Bell, Fate, Outbox, Parcel, Store, now_ns, read};
pub(crate) use outgoing::onward;
pub(crate) use target::Target;

/// Before the second try; twice as long before each next one, up to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest that a receiver may ask to be left alone.
const LONGEST_ASKED: Duration = Duration::from_secs(300);
/// Tries after which it is asked whether it is this request, or all of them, that is not taken.
const PATIENT_TRIES: u32 = 6;
/// Tries after which the trouble is logged: shorter ones are nobody's business.
const SAID_TRIES: u32 = 3;
/// Characters of an error that are kept.
const ERROR: usize = 500;

/// Relays to one receiver.
pub(crate) struct Forward {
    inside: Arc<Inside>,
}

/// What has happened, as `/api/ui/status` and `/api/ui/drops` show it. Counts are of the database,
/// also of earlier runs.
#[derive(Serialize)]
pub(crate) struct Status {
    /// Where to, without a password.
    to: String,
    /// `agent`, `datadog` or `otlp`.
    kind: &'static str,
    /// Requests that the receiver took.
    delivered: i64,
    delivered_bytes: i64,
    /// Requests that wait, and since when the oldest does.
    waiting: i64,
    oldest_waiting_s: Option<i64>,
    /// Requests that wait for receivers that `--forward` named earlier.
    waiting_for_others: i64,
    /// Bytes of all that wait, as they are kept.
    waiting_bytes: i64,
    /// How often the next request was tried in vain; 0 while all goes well.
    failed_tries: u32,
    /// Spans and evaluations that were lost on the way, by reason.
    lost: BTreeMap<String, i64>,
    last_error: Option<String>,
}

struct Inside {
    target: Target,
    /// Taken away at the end, so that the store can be closed while a receiver is being tried.
    outbox: Mutex<Option<Outbox>>,
    bell: Arc<Bell>,
    trouble: Mutex<Trouble>,
    first_wait: Duration,
}

/// What stands in the way.
#[derive(Default)]
struct Trouble {
    tries: u32,
    last_error: Option<String>,
}

/// What became of one try.
enum Outcome {
    Taken,
    /// The receiver is not there or has no time; it may say for how long.
    Away(String, Option<Duration>),
    /// It answers and does not take this, which may be its own fault, that of the key or the address,
    /// or that of the request.
    Unwilling(String),
    /// It will never take this.
    Refused(String),
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
        let outbox = store.outbox(&target.name())?;
        let inside = Arc::new(Inside {
            target,
            bell: outbox.bell(),
            outbox: Mutex::new(Some(outbox)),
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
        let now_ms = now_ns() / 1_000_000;
        let trouble = self.inside.trouble();
        Ok(Status {
            to: target.shown(),
            kind: target.kind(),
            delivered: known.delivered,
            delivered_bytes: known.delivered_bytes,
            waiting,
            oldest_waiting_s: known.oldest_ms.map(|at_ms| (now_ms - at_ms).max(0) / 1_000),
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
        self.inside.bell.end();
        // What is on its way is sent again by the next intake: nobody is left to note its fate.
        self.inside.outbox().take();
    }
}

impl Inside {
    fn outbox(&self) -> MutexGuard<'_, Option<Outbox>> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what waits until the end.
    fn run(&self) {
        let http = target::http();
        // Everything up to this row is settled.
        let mut done = 0;
        loop {
            let rings = self.bell.rings();
            let go_on = match self.next(done) {
                None => false,
                Some(Ok(None)) => self.bell.wait(rings),
                Some(Ok(Some((row, parcel)))) => match self.send(&http, row, &parcel) {
                    Ok(last) => {
                        done = last;
                        true
                    }
                    Err(pause) => self.bell.pause(pause),
                },
                Some(Err(error)) => {
                    let pause = self.fail(format!("the database cannot be read: {error}"), None);
                    self.bell.pause(pause)
                }
            };
            if !go_on {
                return;
            }
        }
    }

    /// The first request after that row; `None` at the end.
    fn next(&self, after: i64) -> Option<rusqlite::Result<Option<(i64, Parcel)>>> {
        self.outbox().as_ref().map(|outbox| outbox.next(after))
    }

    /// Tries a request. Gives the last row that is settled now, or how long to wait before the next
    /// try.
    fn send(&self, http: &ureq::Agent, row: i64, parcel: &Parcel) -> Result<i64, Duration> {
        let body = parcel.body();
        let pause = match self.target.send(http, parcel, &body) {
            Outcome::Taken => {
                self.settle(row, Fate::Delivered(body.len() as u64));
                self.recover();
                return Ok(row);
            }
            Outcome::Refused(why) => {
                self.refuse(row, why);
                self.recover();
                return Ok(row);
            }
            Outcome::Away(why, asked) => self.fail(why, asked),
            Outcome::Unwilling(why) => {
                let tries = self.trouble().tries;
                if tries >= PATIENT_TRIES
                    && let Some(next) = self.send_next(http, row)
                {
                    // Others are taken now. It may be well again since the last try, too.
                    return self.send_last(http, row, parcel).map(|()| next);
                }
                self.fail(why, None)
            }
        };
        if let Some(outbox) = self.outbox().as_ref() {
            outbox.rest();
        }
        Err(pause)
    }

    /// Whether the receiver takes the request after that one; gives its row.
    fn send_next(&self, http: &ureq::Agent, row: i64) -> Option<i64> {
        let (next, parcel) = self.next(row)?.ok()??;
        let body = parcel.body();
        match self.target.send(http, &parcel, &body) {
            Outcome::Taken => {
                self.settle(next, Fate::Delivered(body.len() as u64));
                Some(next)
            }
            _ => None,
        }
    }

    /// Tries a request once more, now that the receiver takes others; it is refused if it is not
    /// taken. Fails with the time to wait if the receiver has gone away meanwhile.
    fn send_last(&self, http: &ureq::Agent, row: i64, parcel: &Parcel) -> Result<(), Duration> {
        let body = parcel.body();
        match self.target.send(http, parcel, &body) {
            Outcome::Taken => self.settle(row, Fate::Delivered(body.len() as u64)),
            Outcome::Unwilling(why) | Outcome::Refused(why) => self.refuse(row, why),
            Outcome::Away(why, asked) => return Err(self.fail(why, asked)),
        }
        self.recover();
        Ok(())
    }

    fn settle(&self, row: i64, fate: Fate) {
        if let Some(outbox) = self.outbox().as_ref() {
            outbox.settle(row, fate);
        }
    }

    fn refuse(&self, row: i64, why: String) {
        let why = shortened(&why);
        self.trouble().last_error = Some(why.clone());
        self.settle(row, Fate::Refused(why));
    }

    /// Notes a try in vain; gives the time until the next one.
    fn fail(&self, why: String, asked: Option<Duration>) -> Duration {
        let why = shortened(&why);
        let mut trouble = self.trouble();
        trouble.tries = trouble.tries.saturating_add(1);
        if trouble.tries == SAID_TRIES {
            eprintln!("witspan intake: what is to be forwarded waits in the database: {why}");
        }
        trouble.last_error = Some(why);
        match asked {
            Some(asked) => asked.clamp(self.first_wait, LONGEST_ASKED),
            None => {
                self.first_wait.saturating_mul(1 << (trouble.tries - 1).min(16)).min(LONGEST_WAIT)
            }
        }
    }

    /// Notes that the receiver does as it should.
    fn recover(&self) {
        let mut trouble = self.trouble();
        if trouble.tries >= SAID_TRIES {
            eprintln!("witspan intake: {} answers again", self.target.shown());
        }
        trouble.tries = 0;
    }
}

fn shortened(why: &str) -> String {
    why.chars().take(ERROR).collect()
}
