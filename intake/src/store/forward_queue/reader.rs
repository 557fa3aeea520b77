//! The forwarding thread's side of the queue: reads the rows in order and reports their outcomes.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use rusqlite::{Connection, OptionalExtension, params};

use super::notifier::Notifier;
use super::types::{Outcome, QueuedRequest};
use crate::store::shared::Shared;
use crate::store::write_queue::Job;

pub(crate) struct Reader {
    connection: Connection,
    jobs: Sender<Job>,
    shared: Arc<Shared>,
    receiver: String,
}

impl Reader {
    /// Reads the rows for this receiver.
    pub(crate) fn new(
        connection: Connection,
        jobs: Sender<Job>,
        shared: Arc<Shared>,
        receiver: &str,
    ) -> Self {
        Self { connection, jobs, shared, receiver: receiver.to_owned() }
    }

    /// The first row after `after`, with its id. It counts as being sent, and is not deleted to make room.
    pub(crate) fn next(&self, after: i64) -> rusqlite::Result<Option<(i64, QueuedRequest)>> {
        let first = self
            .connection
            .prepare_cached("SELECT min(id) FROM outbox WHERE receiver = ?1 AND id > ?2")?
            .query_row(params![self.receiver, after], |row| row.get::<_, Option<i64>>(0))?;
        let Some(first) = first else { return Ok(None) };
        self.shared.forward_queue.set_sending(first);
        let request = self
            .connection
            .prepare_cached(
                "SELECT place, content_type, headers, items, packed FROM outbox WHERE id = ?1",
            )?
            .query_row([first], |row| {
                let headers: String = row.get(2)?;
                Ok(QueuedRequest {
                    path: row.get(0)?,
                    content_type: row.get(1)?,
                    headers: serde_json::from_str(&headers).unwrap_or_default(),
                    items: row.get::<_, i64>(3)?.unsigned_abs(),
                    packed: row.get(4)?,
                })
            })
            .optional()?;
        // The writer deleted this row between the two queries, and all rows before it.
        let Some(request) = request else { return self.next(first) };
        Ok(Some((first, request)))
    }

    /// Notifies of new rows, and of the end.
    pub(crate) fn notifier(&self) -> Arc<Notifier> {
        self.shared.forward_queue.notifier()
    }

    /// Marks that no row is being sent.
    pub(crate) fn stop_sending(&self) {
        self.shared.forward_queue.set_sending(0);
    }

    /// Reports the outcome of a row to the writer.
    pub(crate) fn settle(&self, row: i64, outcome: Outcome) {
        // If the writer is gone, the row stays and the next intake sends it again.
        let _ = self.jobs.send(Job::Settle { row, outcome });
    }
}
