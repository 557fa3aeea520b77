//! What was acknowledged here and must still go on: the table `outbox`, as the relay sees it.
//!
//! Rows come with the spans they were made of, in one transaction, and go once the receiver has
//! them; so neither a kill nor an outage loses any. The writer alone changes the table (`ledger`);
//! the relay reads it on a connection of its own, and tells the writer what became of each row.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::Shared;
use super::compression::{compress, decompress};
use super::writer::Job;

/// A page of the file, and what a row takes besides its texts.
const PAGE: usize = 8_192;
const ROW: usize = 120;

/// Where a store's spans go on to.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    /// The kind and the address; never a key or a password.
    pub(crate) receiver: String,
    /// Bytes of the file that may wait, for whatever receiver.
    pub(crate) keep: u64,
}

/// A request as the receiver will get it.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// The path at the receiver.
    pub(crate) place: String,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(String, String)>,
    /// Spans and evaluations in it.
    pub(crate) items: u64,
    pub(super) packed: Vec<u8>,
}

impl Parcel {
    pub(crate) fn new(
        place: &str,
        content_type: &str,
        headers: Vec<(String, String)>,
        items: u64,
        body: &[u8],
    ) -> Self {
        let (place, content_type) = (place.to_owned(), content_type.to_owned());
        Self { place, content_type, headers, items, packed: compress(body) }
    }

    /// The body, inflated.
    pub(crate) fn body(&self) -> Vec<u8> {
        decompress(&self.packed)
    }

    /// About what it takes of the file: what is longer than half a page has one for itself.
    pub(super) fn bytes(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let row = ROW + self.place.len() + self.content_type.len() + headers + self.packed.len();
        if (PAGE / 2..PAGE).contains(&row) { PAGE } else { row }
    }
}

/// What a request that is kept is to the receiver.
#[derive(Debug)]
pub(crate) enum Onward {
    /// More than one where it was written anew and is too long for one.
    Parcels(Vec<Parcel>),
    /// The receiver has no form for it: the reason, and how many spans and evaluations.
    Lost(&'static str, u64),
}

impl Onward {
    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Parcels(parcels) => parcels.iter().map(Parcel::bytes).sum(),
            Self::Lost(..) => 0,
        }
    }
}

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Fate {
    /// The receiver has it; so many bytes of body.
    Delivered(u64),
    /// It will never take it, and says why.
    Refused(String),
}

/// What waits, as the writer counts it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Rows for the receiver of now.
    pub(crate) waiting: i64,
    /// Rows for receivers of earlier.
    pub(crate) others: i64,
    /// Bytes of all.
    pub(crate) bytes: i64,
}

/// What the relay and the status see of the writer.
#[derive(Default)]
pub(crate) struct Board {
    waiting: AtomicI64,
    others: AtomicI64,
    bytes: AtomicI64,
    /// The row that is being sent, which is not the one to delete for room; 0 if none is.
    sending: AtomicI64,
    pub(crate) bell: Arc<Bell>,
}

impl Board {
    /// Shows new counts, and wakes the relay.
    pub(crate) fn post(&self, tally: Tally) {
        self.waiting.store(tally.waiting, Ordering::Relaxed);
        self.others.store(tally.others, Ordering::Relaxed);
        self.bytes.store(tally.bytes, Ordering::Relaxed);
        if tally.waiting > 0 {
            self.bell.ring();
        }
    }

    /// The row that is being sent.
    pub(super) fn sending(&self) -> i64 {
        self.sending.load(Ordering::Relaxed)
    }

    pub(crate) fn tally(&self) -> Tally {
        Tally {
            waiting: self.waiting.load(Ordering::Relaxed),
            others: self.others.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// Wakes the relay when rows have come, and when it must end.
#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<(u64, bool)>,
    rung: Condvar,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, (u64, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.lock().0 += 1;
        self.rung.notify_all();
    }

    /// Ends every wait, now and later.
    pub(crate) fn end(&self) {
        self.lock().1 = true;
        self.rung.notify_all();
    }

    /// How often it rang.
    pub(crate) fn rings(&self) -> u64 {
        self.lock().0
    }

    /// Waits until it has rung more often than that. False if it is the end.
    pub(crate) fn wait(&self, rings: u64) -> bool {
        let silent = |state: &mut (u64, bool)| state.0 == rings && !state.1;
        let state = self.rung.wait_while(self.lock(), silent);
        !state.unwrap_or_else(PoisonError::into_inner).1
    }

    /// Waits so long, however often it rings. False if it is the end.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let state = self.rung.wait_timeout_while(self.lock(), time, |state| !state.1);
        !state.unwrap_or_else(PoisonError::into_inner).0.1
    }
}

/// The relay's side: what waits, one after the other, and a word about each.
pub(crate) struct Outbox {
    pub(super) connection: Connection,
    pub(super) jobs: Sender<Job>,
    pub(super) shared: Arc<Shared>,
    pub(super) receiver: String,
}

impl Outbox {
    /// The first row after that one, with its number; it is not deleted for room while it is sent.
    pub(crate) fn next(&self, after: i64) -> rusqlite::Result<Option<(i64, Parcel)>> {
        let sending = &self.shared.outbox.sending;
        let first = self
            .connection
            .prepare_cached("SELECT min(id) FROM outbox WHERE receiver = ?1 AND id > ?2")?
            .query_row(params![self.receiver, after], |row| row.get::<_, Option<i64>>(0))?;
        let Some(first) = first else { return Ok(None) };
        sending.store(first, Ordering::Relaxed);
        let parcel = self
            .connection
            .prepare_cached(
                "SELECT place, content_type, headers, items, packed FROM outbox WHERE id = ?1",
            )?
            .query_row([first], |row| {
                let headers: String = row.get(2)?;
                Ok(Parcel {
                    place: row.get(0)?,
                    content_type: row.get(1)?,
                    headers: serde_json::from_str(&headers).unwrap_or_default(),
                    items: row.get::<_, i64>(3)?.unsigned_abs(),
                    packed: row.get(4)?,
                })
            })
            .optional()?;
        // It went in between, with all that was before it.
        let Some(parcel) = parcel else { return self.next(first) };
        Ok(Some((first, parcel)))
    }

    /// What rings when there is more, and at the end.
    pub(crate) fn bell(&self) -> Arc<Bell> {
        self.shared.outbox.bell.clone()
    }

    /// Says that no row is being sent.
    pub(crate) fn rest(&self) {
        self.shared.outbox.sending.store(0, Ordering::Relaxed);
    }

    /// Says what became of a row.
    pub(crate) fn settle(&self, row: i64, fate: Fate) {
        // Without a writer the row stays, and is sent again by the next intake.
        let _ = self.jobs.send(Job::Settle { row, fate });
    }
}
