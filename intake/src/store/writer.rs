//! The only thread that writes. Requests that arrive during a commit share the next transaction, so
//! that one commit serves all of them. Each is answered once it is committed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};

use super::batch::{Batch, Cache, Counters};
use super::numbers::set_number;
use super::prepare::Prepared;
use super::retention::Retention;
use super::shared::Shared;
use super::write_queue::{Done, Job, NotKept};
use super::{drops, evaluations, forward_queue, retention, search_index};
use crate::memory;

/// The most spans of one transaction: a bound on its memory and on how long its last request waits.
const BATCH_SPANS: usize = 4_000;
/// Spans indexed in one transaction, normally and when many are left to index: one large segment of the
/// index needs less merging than many small ones.
const INDEX_SPANS: usize = 500;
const INDEX_MANY: usize = 2_000;
/// The pause without requests after which spans are indexed.
const QUIET: Duration = Duration::from_millis(50);
/// Spans that may be missing in the text index before indexing delays requests.
const INDEX_LAG: i64 = 1_000_000;
/// Memory is returned to the system after this many bytes, at most this often.
const FREED: usize = 4 * 1024 * 1024;
const GIVE_BACK_EVERY: Duration = Duration::from_secs(1);
/// How often retention is applied.
const RETENTION_EVERY: Duration = Duration::from_secs(5);

type Group = Vec<(Prepared, usize, Done)>;

pub(crate) struct Writer {
    connection: Connection,
    shared: Arc<Shared>,
    retention: Retention,
    counters: Counters,
    cache: Cache,
    forward_queue: forward_queue::Writer,
    /// Bytes written or indexed since memory was last returned to the system, and the time of that.
    freed: usize,
    gave_back: Instant,
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        shared: Arc<Shared>,
        retention: Retention,
        target: Option<forward_queue::Target>,
    ) -> rusqlite::Result<Self> {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let kept = |name: &str| {
            connection
                .query_row("SELECT value FROM numbers WHERE name = ?1", [name], |row| row.get(0))
                .optional()
                .map(Option::unwrap_or_default)
        };
        let (forward_queue, queued) = forward_queue::Writer::open(&connection, target)?;
        let counters = Counters {
            queue: queued,
            next_span: number("SELECT coalesce(max(id), 0) + 1 FROM spans")?
                .max(kept("indexed")? + 1),
            next_trace: number("SELECT coalesce(max(id), 0) + 1 FROM traces")?,
            seq: kept("seq")?,
            indexed: kept("indexed")?,
            waiting: number(
                "SELECT count(*) FROM evaluations WHERE trace_id IS NULL AND join_key IS NOT NULL",
            )?,
            spans: number("SELECT count(*) FROM spans")?,
            traces: number("SELECT count(*) FROM traces")?,
        };
        let cache = Cache::default();
        let (freed, gave_back) = (0, Instant::now());
        let mut writer = Self {
            connection,
            shared,
            retention,
            counters,
            cache,
            forward_queue,
            freed,
            gave_back,
        };
        writer.make_room();
        writer.publish(&[]);
        Ok(writer)
    }

    /// Shrinks the forward queue if `--forward-keep` is smaller than in the last run. If this fails, the
    /// next request does it.
    fn make_room(&mut self) {
        if !self.forward_queue.is_overfull(&self.counters.queue) {
            return;
        }
        let mut queue = self.counters.queue;
        let delta = self.transaction(|writer| {
            let nothing = std::iter::empty();
            writer.forward_queue.write(
                &writer.connection,
                &mut queue,
                nothing,
                &writer.shared.forward_queue,
            )
        });
        match delta {
            Ok(delta) => {
                self.forward_queue.written(delta);
                self.counters.queue = queue;
            }
            Err(error) => {
                crate::terminal::note!(
                    "witspan intake: could not shrink the forward queue: {error}"
                )
            }
        }
    }

    /// Runs until every sender is dropped.
    pub(crate) fn run(mut self, jobs: Receiver<Job>) {
        let mut looked = Instant::now();
        let mut quiet = QUIET;
        loop {
            let patience = if self.behind() > 0 { quiet } else { Duration::from_secs(1) };
            match jobs.recv_timeout(patience) {
                Ok(first) => {
                    self.work(first, &jobs);
                    quiet = QUIET;
                    if self.behind() > INDEX_LAG {
                        self.index(BATCH_SPANS);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    // Retries outcomes of the forward queue that no transaction has handled.
                    self.write(Vec::new());
                    let many = self.behind() > 10 * INDEX_MANY as i64;
                    self.index(if many { INDEX_MANY } else { INDEX_SPANS });
                    quiet = Duration::ZERO;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.freed > FREED && self.gave_back.elapsed() >= GIVE_BACK_EVERY {
                memory::give_back();
                (self.freed, self.gave_back) = (0, Instant::now());
            }
            if looked.elapsed() >= RETENTION_EVERY {
                // Deletion goes in steps. If this one deleted something, there may be more.
                if !self.retain() {
                    looked = Instant::now();
                }
            }
        }
        let _ = self.connection.execute_batch("PRAGMA optimize");
    }

    fn behind(&self) -> i64 {
        self.counters.next_span - 1 - self.counters.indexed
    }

    fn work(&mut self, first: Job, jobs: &Receiver<Job>) {
        let mut group = Vec::new();
        let mut spans = 0;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Write { prepared, size, done } => {
                    spans += prepared.spans.len();
                    group.push((prepared, size, done));
                }
                Job::Clear { done } => {
                    self.write(std::mem::take(&mut group));
                    let _ = done.send(self.clear().map_err(|error| not_kept(&error)));
                }
                Job::Settle { row, outcome } => self.forward_queue.settle(row, outcome),
            }
            if spans < BATCH_SPANS {
                next = jobs.try_recv().ok();
            }
        }
        self.write(group);
    }

    fn write(&mut self, group: Group) {
        if group.is_empty() && !self.forward_queue.has_settled() {
            return;
        }
        let together = self.write_together(&group);
        if together.is_ok() || group.len() < 2 {
            for each in group {
                self.answer(each, together.clone());
            }
            return;
        }
        // One request that can never be stored must not fail the others, so each gets a transaction of
        // its own. A failure of the database itself, such as a full disk, fails the rest as well.
        let mut broken = None;
        for each in group {
            let outcome = match &broken {
                Some(reason) => Err(NotKept::Failed(String::clone(reason))),
                None => self.write_together(std::slice::from_ref(&each)),
            };
            if let Err(NotKept::Failed(reason)) = &outcome {
                broken.get_or_insert_with(|| reason.clone());
            }
            self.answer(each, outcome);
        }
    }

    fn answer(&mut self, (_, size, done): (Prepared, usize, Done), outcome: Result<(), NotKept>) {
        self.freed = self.freed.saturating_add(size);
        self.shared.write_queue.leave(size);
        let _ = done.send(outcome);
    }

    /// Writes all these requests in one transaction, which is rolled back if anything fails.
    fn write_together(&mut self, group: &[(Prepared, usize, Done)]) -> Result<(), NotKept> {
        let before = self.counters.clone();
        let outcome = self.transaction(|writer| {
            let mut batch = Batch::new(&writer.connection, &mut writer.counters, &mut writer.cache);
            for (prepared, _, _) in group {
                for span in &prepared.spans {
                    batch.add_span(span)?;
                }
                for evaluation in &prepared.evaluations {
                    evaluations::add(&mut batch, evaluation)?;
                }
                for report in &prepared.drops {
                    drops::add(batch.connection, report)?;
                }
            }
            let forwarding =
                group.iter().filter_map(|(prepared, _, _)| prepared.forwarding.as_deref());
            let queue = &mut batch.counters.queue;
            let delta = writer.forward_queue.write(
                batch.connection,
                queue,
                forwarding,
                &writer.shared.forward_queue,
            )?;
            let again = std::mem::take(&mut batch.reindex);
            let changed = batch.finish()?;
            for id in again {
                search_index::index_again(&writer.connection, id)?;
            }
            Ok((changed, delta))
        });
        match outcome {
            Ok((changed, delta)) => {
                self.forward_queue.written(delta);
                self.publish(&changed);
                Ok(())
            }
            Err(error) => {
                self.counters = before;
                self.forget();
                Err(not_kept(&error))
            }
        }
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        // A panic fails this transaction only: the thread must keep running.
        let worked = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERNAL);
            let reason = "the writer failed, please report it".to_owned();
            Err(rusqlite::Error::SqliteFailure(failure, Some(reason)))
        });
        match worked.and_then(|done| {
            self.connection.execute_batch("COMMIT")?;
            Ok(done)
        }) {
            Ok(done) => Ok(done),
            Err(error) => {
                // Fails if the error has caused a rollback already.
                let _ = self.connection.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }

    fn index(&mut self, limit: usize) {
        if self.behind() <= 0 {
            return;
        }
        let from = self.counters.indexed;
        let end = self.counters.next_span - 1;
        let done = self.transaction(|writer| {
            let last =
                search_index::index_some(&writer.connection, from, limit, &mut writer.freed)?;
            if last.is_none() {
                set_number(&writer.connection, "indexed", end)?;
            }
            Ok(last.unwrap_or(end))
        });
        match done {
            Ok(last) => self.counters.indexed = last,
            Err(error) => {
                crate::terminal::note!("witspan: the text index was not written: {error}");
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        self.shared.behind.store(self.behind(), Ordering::Relaxed);
    }

    /// One step of retention; true if something was deleted.
    fn retain(&mut self) -> bool {
        let retention = self.retention;
        let mut queue = self.counters.queue;
        let deleted = self.transaction(|writer| {
            let delta = writer.forward_queue.age(&writer.connection, &mut queue, retention.age)?;
            let waiting = queue.bytes.unsigned_abs();
            Ok((retention::step(&writer.connection, retention, waiting)?, delta))
        });
        match deleted {
            Ok((deleted, delta)) => {
                self.forward_queue.log(delta);
                self.counters.queue = queue;
                self.shared.forward_queue.publish(queue);
                if deleted.traces > 0 {
                    self.forget();
                    self.counters.spans -= deleted.spans;
                    self.counters.traces -= deleted.traces;
                    self.publish(&[]);
                }
                retention::shrink(&self.connection);
                deleted.traces > 0 || deleted.evaluations > 0
            }
            Err(error) => {
                crate::terminal::note!("witspan: old traces were not deleted: {error}");
                false
            }
        }
    }

    fn clear(&mut self) -> rusqlite::Result<()> {
        let mut queue = self.counters.queue;
        let delta = self.transaction(|writer| {
            retention::clear(&writer.connection)?;
            writer.forward_queue.clear(&writer.connection, &mut queue)
        })?;
        self.forward_queue.log(delta);
        self.forget();
        self.counters.spans = 0;
        self.counters.traces = 0;
        self.counters.waiting = 0;
        self.counters.indexed = self.counters.next_span - 1;
        self.counters.queue = queue;
        self.publish(&[]);
        // If this cannot return the space now, `retention::shrink` does so in steps.
        let _ = self.connection.execute_batch("PRAGMA incremental_vacuum");
        Ok(())
    }

    fn forget(&mut self) {
        self.cache = Cache::default();
    }

    fn publish(&self, changed: &[(i64, i64)]) {
        self.shared.spans.store(self.counters.spans, Ordering::Relaxed);
        self.shared.traces.store(self.counters.traces, Ordering::Relaxed);
        self.shared.behind.store(self.behind(), Ordering::Relaxed);
        self.shared.changes.add(changed, self.counters.seq);
        self.shared.forward_queue.publish(self.counters.queue);
    }
}

/// Whether a retry may succeed. A request that violates a constraint or makes the writer panic does so
/// every time, so it must not be reported as a temporary failure of the database.
fn not_kept(error: &rusqlite::Error) -> NotKept {
    use rusqlite::ErrorCode;
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(
            ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch
            | ErrorCode::TooBig
            | ErrorCode::ParameterOutOfRange
            | ErrorCode::InternalMalfunction,
        ) => NotKept::Never(reason),
        _ => NotKept::Failed(reason),
    }
}
